// Brings up to date what is made from the schemas: each filter's bundled schema and the tables in its README.
//
//   node --import tsx harness/schema/main.ts [--check]

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { refreshSchemas } from "./refresh.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const stale = await refreshSchemas(ROOT, { write: !values.check });
for (const file of stale) console.log(values.check ? `${file} is not up to date: run harness/schema/main.ts` : file);
process.exitCode = values.check && stale.length > 0 ? 1 : 0;
