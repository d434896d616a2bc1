import { Answer } from "../../../runtime/ai/answer";
import { Outcome, UsageStatus } from "../../../runtime/ai/facts";
import { RequestType } from "../../../runtime/ai/request-type";
import { Ending, estimateInput, estimateOutput, outcomeOf, settleUsage } from "../../../runtime/ai/settlement";
import { addCounts } from "../../../runtime/ai/usage";
import { Bytes } from "../../../runtime/bytes/bytes";

function finished(input: i64, output: i64): Answer {
  const answer = new Answer();
  answer.hasInput = true;
  answer.hasOutput = true;
  answer.isFinished = true;
  answer.usage.input = input;
  answer.usage.output = output;
  return answer;
}

describe("the outcome", () => {
  it("is an error from status 400 on", () => {
    expect(outcomeOf(400, new Answer(), Ending.Whole, true)).toBe(Outcome.Error);
    expect(outcomeOf(503, new Answer(), Ending.CutByClient, true)).toBe(Outcome.Error);
  });

  it("tells an error inside a stream from one instead of an answer", () => {
    const answer = new Answer();
    answer.fail(Bytes.constant("overloaded_error"));
    expect(outcomeOf(200, answer, Ending.Whole, true)).toBe(Outcome.Error);
    answer.isStream = true;
    expect(outcomeOf(200, answer, Ending.Whole, true)).toBe(Outcome.StreamError);
  });

  it("is ok when the mark of the end came, whoever left after it", () => {
    expect(outcomeOf(200, finished(1, 1), Ending.CutByClient, true)).toBe(Outcome.Ok);
  });

  it("says who cut it", () => {
    expect(outcomeOf(200, new Answer(), Ending.CutByClient, true)).toBe(Outcome.Aborted);
    expect(outcomeOf(200, new Answer(), Ending.CutByUpstream, true)).toBe(Outcome.Truncated);
  });

  it("does not call truncated what cannot be read", () => {
    expect(outcomeOf(200, new Answer(), Ending.Whole, false)).toBe(Outcome.Ok);
  });
});

describe("the usage", () => {
  it("is complete when the answer is", () => {
    const answer = finished(5, 7);
    settleUsage(answer, Outcome.Ok, RequestType.Chat, 100);
    expect(answer.usage.status).toBe(UsageStatus.Complete);
    expect(answer.usage.total).toBe(12);
  });

  it("keeps a usage of zero", () => {
    const answer = finished(0, 0);
    settleUsage(answer, Outcome.Ok, RequestType.Chat, 100);
    expect(answer.usage.isPresent).toBe(true);
    expect(answer.usage.total).toBe(0);
  });

  it("is partial when the answer was cut, and at least what passed by", () => {
    const answer = finished(5, 1);
    answer.isFinished = false;
    answer.addContent(400);
    settleUsage(answer, Outcome.Aborted, RequestType.Chat, 100);
    expect(answer.usage.status).toBe(UsageStatus.Partial);
    expect(answer.usage.output).toBe(100);
    expect(answer.usage.input).toBe(5);
  });

  it("is estimated when nothing was reported", () => {
    const answer = new Answer();
    answer.addContent(9);
    settleUsage(answer, Outcome.Ok, RequestType.Chat, 100);
    expect(answer.usage.status).toBe(UsageStatus.Estimated);
    expect(answer.usage.input).toBe(100);
    expect(answer.usage.output).toBe(3);
  });

  it("is none for errors and for what has no tokens", () => {
    const answer = new Answer();
    settleUsage(answer, Outcome.Error, RequestType.Chat, 100);
    expect(answer.usage.status).toBe(UsageStatus.None);
    settleUsage(answer, Outcome.Ok, RequestType.Image, 100);
    expect(answer.usage.status).toBe(UsageStatus.None);
  });

  it("counts parts that exceed their whole on top", () => {
    const answer = finished(5, 7);
    answer.usage.cachedInput = 20;
    answer.usage.reasoning = 10;
    settleUsage(answer, Outcome.Ok, RequestType.Chat, 100);
    expect(answer.usage.input).toBe(20);
    expect(answer.usage.output).toBe(17);
  });

  it("never overflows", () => {
    expect(addCounts(i64.MAX_VALUE, 1)).toBe(i64.MAX_VALUE);
    const answer = finished(i64.MAX_VALUE, i64.MAX_VALUE);
    settleUsage(answer, Outcome.Ok, RequestType.Chat, 0);
    expect(answer.usage.total).toBe(i64.MAX_VALUE);
  });
});

describe("estimates", () => {
  it("take four bytes for a token, and a piece of a stream for at least one", () => {
    expect(estimateInput(0, 0)).toBe(0);
    expect(estimateInput(9, 0)).toBe(3);
    expect(estimateInput(8, 2)).toBe(1602);
    expect(estimateOutput(8, 5)).toBe(5);
    expect(estimateOutput(80, 5)).toBe(20);
  });
});
