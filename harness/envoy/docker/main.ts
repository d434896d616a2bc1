// Brings the files beside it up to date that are made from sluice.yaml: node --import tsx harness/envoy/docker/main.ts
import { installation } from "../../sluice-yaml/filters.ts";
import { dockerFiles, writeDockerFiles } from "./files.ts";

writeDockerFiles(import.meta.dirname, dockerFiles(installation()));
