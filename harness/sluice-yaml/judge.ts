// Judges documents by a JSON Schema and puts each fault at its line.
import { Ajv2020 } from "ajv/dist/2020.js";
import { addKeywords } from "../schema/keywords.ts";
import type { Schema } from "../schema/schema.ts";
import { explain } from "./explain.ts";
import type { Fault } from "./fault.ts";
import type { Path, SourceDocument } from "./source.ts";

/** Finds what is wrong with a document, or with the part of it at `path`. */
export type Judge = (document: SourceDocument, path?: Path, value?: unknown) => Fault[];

/** Compiles a schema. The value judged is the document's own unless it is given. */
export function compileJudge(schema: Schema): Judge {
  const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: false });
  addKeywords(ajv);
  const validate = ajv.compile(schema);
  return (document, path = [], value = document.value) => {
    if (validate(value)) return [];
    return (validate.errors ?? []).flatMap((error) => {
      const explained = explain(error, value);
      if (explained === undefined) return [];
      const { message, at, cure } = explained;
      return [document.fault([...path, ...explained.path], message, { at, ...(cure && { cure }) })];
    });
  };
}
