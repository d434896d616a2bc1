// All commands, in the order of a first day.
import type { Command } from "./command.ts";
import { init } from "./commands/init.ts";
import { render } from "./commands/render.ts";
import { schema } from "./commands/schema.ts";
import { validate } from "./commands/validate.ts";

/** What `sluice` can do. */
export const commands: readonly Command[] = [init, validate, render, schema];
