// What model-tag is made of, for its own module and for those that compose several filters.
import { Part } from "../../runtime/ai/part";
import { ObjectReader } from "../../runtime/config/reader";
import { SharedConfig } from "../../runtime/config/shared";
import { Compilation } from "../../runtime/match/compilation";
import { ModelTagConfig } from "./config";
import { Tagger } from "./tagger";
import { Variants } from "./variants";

/** Reads the filter's own fields and makes its parts: the tagger, and the variants where calls are shared out. */
export function modelTagParts(reader: ObjectReader, shared: SharedConfig, compilation: Compilation): Part[] {
  const config = new ModelTagConfig(reader, shared, compilation);
  const parts: Part[] = [new Tagger(config, shared)];
  if (config.splits.length) parts.push(new Variants(config, shared.hashKey, shared.instance.toString()));
  return parts;
}
