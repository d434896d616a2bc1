// What every module says of a call when it is over: filter state for access logs, and the counter of requests.
import { MetricType } from "../abi/enums";
import { Bytes } from "../bytes/bytes";
import { getProperty } from "../host/properties";
import { configHashText } from "../telemetry/build-info";
import { setState, setStateFlag, State, statePath } from "../telemetry/filter-state";
import { Label, OTHER } from "../telemetry/labels";
import { Family } from "../telemetry/series";
import { apiText } from "./api";
import { AiCall } from "./call";
import { Exchange } from "./exchange";
import { Outcome, outcomeText, UsageStatus } from "./facts";
import { modelSourceText } from "./model";
import { providerText } from "./provider";
import { requestTypeText } from "./request-type";

/** The label `model` of all our metrics. */
export const modelLabel: Label = new Label("model", true);

const UNKNOWN = Bytes.constant("unknown");
const apiLabel = new Label("api");
const typeLabel = new Label("request_type");
const statusLabel = new Label("status");
const firstStatus = statusLabel.reserveAll(["2xx", "3xx", "4xx", "429", "5xx", "refused", "aborted"]);
const requests = new Family(MetricType.Counter, "sluice.requests", [apiLabel, modelLabel, typeLabel, statusLabel]);

const enum StatusClass {
  Success,
  Redirect,
  ClientError,
  Throttled,
  ServerError,
  Refused,
  Aborted,
}

/** Writes the facts of the exchange and counts the call. Within `onLog`. */
export function recordCall(call: AiCall, exchange: Exchange): void {
  if (!exchange.isCall) return;
  const plugin = call.plugin;
  const model = exchange.requestModel;
  // In a chain of modules the first counts the call, and one that had no need to read the body leaves alone what another
  // one found there.
  const isFirst = !getProperty(statePath(State.Model)).isPresent;
  if (isFirst || model.isPresent) {
    setState(State.Model, model.isPresent ? model : UNKNOWN);
    setState(State.ModelSource, modelSourceText(exchange.modelSource));
  }
  setState(State.ResponseModel, exchange.responseModel);
  setState(State.RequestType, requestTypeText(exchange.requestType));
  setState(State.Api, apiText(exchange.api));
  setState(State.Provider, providerText(exchange.provider));
  setStateFlag(State.Stream, exchange.isStream);
  setState(State.Outcome, outcomeText(call.isAnswered ? Outcome.None : exchange.outcome));
  const consumers = plugin.shared.consumers;
  const entry = consumers.entry(call.consumer);
  if (entry) {
    setState(State.Consumer, entry.name.bytes);
    const team = entry.team;
    if (team) setState(State.Team, team.bytes);
    const project = entry.project;
    if (project) setState(State.Project, project.bytes);
  } else {
    const stranger = consumers.defaultConsumer;
    if (stranger) setState(State.Consumer, stranger.bytes);
  }
  setState(State.ConfigHash, configHashText(plugin.configHash));
  if (!isFirst) return;
  requests.increment(
    1,
    apiLabel.reserve(apiText(exchange.api)),
    labelOfModel(call, exchange),
    labelOfType(exchange),
    labelOfStatus(call, exchange),
  );
}

/** The label of the model asked for: its own when it is configured or proven by a good answer, else `other`. */
export function labelOfModel(call: AiCall, exchange: Exchange): i32 {
  const model = exchange.requestModel;
  if (!model.isPresent) return OTHER;
  const isProven = exchange.outcome == Outcome.Ok && exchange.usage.status == UsageStatus.Complete;
  return isProven ? modelLabel.admit(model, call.plugin.shared.maxModels) : modelLabel.find(model);
}

function labelOfType(exchange: Exchange): i32 {
  return typeLabel.reserve(requestTypeText(exchange.requestType));
}

function labelOfStatus(call: AiCall, exchange: Exchange): i32 {
  let status = StatusClass.Success;
  if (call.isAnswered) status = StatusClass.Refused;
  else if (exchange.outcome == Outcome.Aborted) status = StatusClass.Aborted;
  else if (exchange.status == 429) status = StatusClass.Throttled;
  else if (exchange.status >= 500 || exchange.status == 0) status = StatusClass.ServerError;
  else if (exchange.status >= 400) status = StatusClass.ClientError;
  else if (exchange.status >= 300) status = StatusClass.Redirect;
  return firstStatus + <i32>status;
}
