// All commands, in the order of a first day.
import type { Command } from "./command.ts";
import { bill } from "./commands/bill.ts";
import { completionCommand } from "./commands/completion.ts";
import { demo } from "./commands/demo.ts";
import { init } from "./commands/init.ts";
import { lint } from "./commands/lint.ts";
import { prices } from "./commands/prices.ts";
import { push } from "./commands/push.ts";
import { render } from "./commands/render.ts";
import { replay } from "./commands/replay.ts";
import { run } from "./commands/run.ts";
import { schema } from "./commands/schema.ts";
import { stats } from "./commands/stats.ts";
import { suggest } from "./commands/suggest.ts";
import { validate } from "./commands/validate.ts";
import { why } from "./commands/why.ts";

/** What `sluice` can do. */
export const commands: readonly Command[] = [
  demo,
  init,
  run,
  stats,
  validate,
  lint,
  render,
  push,
  replay,
  suggest,
  why,
  bill,
  prices,
  schema,
  completionCommand(() => commands),
];
