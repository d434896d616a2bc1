// What the headers of Bedrock's answers tell.
import { Bytes } from "../bytes/bytes";
import { COLON } from "../parse/ascii";
import { Answer } from "./answer";
import { ResponseHead } from "./head";
import { addCounts } from "./usage";

/** Takes the counts of an InvokeModel answer; its body, where it has counts, replaces them. */
export function takeHeaderCounts(head: ResponseHead, answer: Answer): void {
  const usage = answer.usage;
  usage.cachedInput = max<i64>(head.bedrockCacheRead, 0);
  usage.cacheWrite = max<i64>(head.bedrockCacheWrite, 0);
  if (head.bedrockInput >= 0) {
    usage.input = addCounts(head.bedrockInput, addCounts(usage.cachedInput, usage.cacheWrite));
    answer.hasInput = true;
  }
  if (head.bedrockOutput >= 0) {
    usage.output = head.bedrockOutput;
    answer.hasOutput = true;
  }
}

/** The name in `x-amzn-errortype`, which may be followed by a colon and an address. */
export function errorName(value: Bytes): Bytes {
  const colon = value.indexOfByte(COLON);
  return colon < 0 ? value : value.slice(0, colon);
}
