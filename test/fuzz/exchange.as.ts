// The exchange as a module that a test drives: heads and bodies in, every answer out as a number or a text.
import { apiText } from "../../runtime/ai/api";
import { Exchange, ExchangeSettings } from "../../runtime/ai/exchange";
import { outcomeText, usageStatusText } from "../../runtime/ai/facts";
import { RequestHead, ResponseHead } from "../../runtime/ai/head";
import { modelProblemText, modelSourceText } from "../../runtime/ai/model";
import { providerText } from "../../runtime/ai/provider";
import { requestTypeText } from "../../runtime/ai/request-type";
import { ClassifyRules } from "../../runtime/ai/rules";
import { arenaReset } from "../../runtime/bytes/arena";
import { Bytes } from "../../runtime/bytes/bytes";
import { ConfigErrors } from "../../runtime/config/errors";
import { readConfig } from "../../runtime/config/reader";
import { Compilation } from "../../runtime/match/compilation";
import { Aliases } from "../../runtime/match/aliases";

const CAPACITY: i32 = 4 << 20;
const buffer = new StaticArray<u8>(CAPACITY);
const requestHead = new RequestHead();
const responseHead = new ResponseHead();
let settings = new ExchangeSettings();
let exchange = Exchange.take();
let text = Bytes.absent();

export function input(): usize {
  return changetype<usize>(buffer);
}

export function capacity(): i32 {
  return CAPACITY;
}

/** Reads `{classify, aliases}`; the number of errors. */
export function configure(length: i32): i32 {
  const errors = new ConfigErrors("test");
  const root = readConfig(errors, input(), length);
  settings = new ExchangeSettings();
  settings.rules = new ClassifyRules(root);
  settings.aliases = new Aliases(root, new Compilation());
  root.finish();
  return errors.errorCount;
}

/** Puts the exchange back and takes one. */
export function begin(): void {
  exchange.release();
  exchange = Exchange.take();
}

export function openRequest(length: i32): void {
  requestHead.open(Bytes.view(input(), length));
  exchange.openRequest(requestHead, settings);
  arenaReset();
}

export function feedRequest(at: i32, length: i32): void {
  exchange.feedRequest(input() + <usize>at, length);
  arenaReset();
}

export function endRequest(): void {
  exchange.endRequest();
  arenaReset();
}

export function limitReached(): void {
  exchange.limitReached();
}

export function isRequestKnown(facts: i32): bool {
  return exchange.isRequestKnown(facts);
}

export function openResponse(length: i32): void {
  responseHead.open(Bytes.view(input(), length));
  exchange.openResponse(responseHead);
  arenaReset();
}

export function feedResponse(at: i32, length: i32): void {
  exchange.feedResponse(input() + <usize>at, length);
  arenaReset();
}

export function endResponse(): void {
  exchange.endResponse();
  arenaReset();
}

export function abortResponse(byUpstream: bool): void {
  exchange.abortResponse(byUpstream);
  arenaReset();
}

export function isResponseKnown(facts: i32): bool {
  return exchange.isResponseKnown(facts);
}

/** Numbers, in the order of the driver's list. */
export function fact(index: i32): f64 {
  const request = exchange.request;
  const usage = exchange.usage;
  switch (index) {
    case 0:
      return exchange.isCall;
    case 1:
      return exchange.isUncounted;
    case 2:
      return exchange.isFree;
    case 3:
      return exchange.wantsRequestBody;
    case 4:
      return exchange.isStream;
    case 5:
      return <f64>exchange.maxOutputTokens;
    case 6:
      return <f64>request.choices;
    case 7:
      return <f64>request.modelStart;
    case 8:
      return <f64>request.modelEnd;
    case 9:
      return request.modelCount;
    case 10:
      return <f64>request.streamOptionsStart;
    case 11:
      return <f64>request.streamOptionsEnd;
    case 12:
      return request.isStreamOptionsEmpty;
    case 13:
      return request.includesUsage;
    case 14:
      return <f64>request.bodyOpen;
    case 15:
      return <f64>request.bodyClose;
    case 16:
      return <f64>request.textBytes;
    case 17:
      return request.mediaItems;
    case 18:
      return exchange.status;
    case 19:
      return exchange.wantsResponseBody;
    case 20:
      return exchange.isResponseCompressed;
    case 21:
      return exchange.isResponseStream;
    case 22:
      return exchange.hasFirstToken;
    case 23:
      return <f64>exchange.contentDeltas;
    case 24:
      return <f64>exchange.contentBytes;
    case 25:
      return <f64>usage.input;
    case 26:
      return <f64>usage.cachedInput;
    case 27:
      return <f64>usage.cacheWrite;
    case 28:
      return <f64>usage.output;
    case 29:
      return <f64>usage.reasoning;
    case 30:
      return <f64>usage.searchUnits;
    case 31:
      return <f64>usage.cacheWrite1h;
    default:
      return <f64>exchange.estimatedInput;
  }
}

/** Texts, in the order of the driver's list: the address, 0 when absent; `textLength` goes with it. */
export function textAt(index: i32): usize {
  switch (index) {
    case 0:
      text = apiText(exchange.api);
      break;
    case 1:
      text = providerText(exchange.provider);
      break;
    case 2:
      text = requestTypeText(exchange.requestType);
      break;
    case 3:
      text = exchange.requestModel;
      break;
    case 4:
      text = exchange.rawModel;
      break;
    case 5:
      text = modelSourceText(exchange.modelSource);
      break;
    case 6:
      text = modelProblemText(exchange.modelProblem);
      break;
    case 7:
      text = exchange.responseModel;
      break;
    case 8:
      text = outcomeText(exchange.outcome);
      break;
    case 9:
      text = usageStatusText(exchange.usage.status);
      break;
    case 10:
      text = exchange.errorType;
      break;
    default:
      text = exchange.serviceTier;
  }
  return text.ptr;
}

export function textLength(): i32 {
  return text.length;
}
