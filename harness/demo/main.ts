// `make demo`: a gateway in front of two model servers, official clients in front of the gateway, a table of what became
// of each call. Exits with 1 when one is not as expected.
import { costAccountingListener, playCostAccounting } from "./cost-accounting.ts";
import { modelTagListener, playModelTag } from "./model-tag.ts";
import { playRateLimit, rateLimitListener } from "./rate-limit.ts";
import { playRetryGuard, retryGuardListeners } from "./retry-guard.ts";
import { closeStage, openStage, type Stage } from "./stage.ts";
import { bold, dim, mark, table } from "./table.ts";
import { compareVariants, playVariants, variantsListener } from "./variants.ts";

const acts = [playModelTag, playVariants, compareVariants, playRateLimit, playCostAccounting, playRetryGuard];
const listeners = [
  modelTagListener,
  variantsListener,
  rateLimitListener,
  costAccountingListener,
  ...retryGuardListeners,
];

const progress = (line: string) => process.stderr.write(`${dim(line)}\n`);
const stage: Stage = await openStage(listeners, progress);
progress(`Envoy ${stage.envoy.version} in front of two model servers, all on loopback`);
let bad = 0;
try {
  for (const play of acts) {
    const act = await play(stage);
    const wrong = act.rows.filter((row) => !row.good).length;
    bad += wrong;
    console.log(`\n${bold(act.title)}\n${act.words}\n`);
    console.log(
      table(
        act.heading,
        act.rows.map((row) => row.cells),
      ),
    );
  }
} finally {
  await closeStage(stage);
}
console.log(`\n${mark(bad === 0)} ${bad === 0 ? "all as expected" : `${bad} rows are not as expected`}`);
process.exitCode = bad === 0 ? 0 : 1;
