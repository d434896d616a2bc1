// Repeats by clients: who repeats what, how the first call stands, and what is done about it.
import { GrpcStatus } from "../../runtime/abi/enums";
import { AiCall, requestHead } from "../../runtime/ai/call";
import { ErrorKind as ReplyKind } from "../../runtime/ai/reply";
import { Bytes } from "../../runtime/bytes/bytes";
import { SIPHASH_SIZE, sipFinal, sipInit, sipUpdate } from "../../runtime/bytes/siphash";
import { SharedConfig } from "../../runtime/config/shared";
import { Outcome } from "../../runtime/state/cas";
import { secretHigh, secretLow } from "../../runtime/state/secret";
import { addErrorKind, ErrorKind, reportError } from "../../runtime/telemetry/errors";
import { callerHash, bodySip, CallState, keepOriginalId, keepRequestId, originalId, requestId } from "./call-state";
import { hashCaller } from "./caller";
import { OnDuplicate, RetryGuardConfig } from "./config";
import { Evidence, IdKind } from "./evidence";
import { End, Original } from "./ledger-entry";
import { KeyKind, lastKeyHigh, lastKeyLow, Ledger, makeKey } from "./ledger";
import { Action, countRepeat, countSaved, modelOf } from "./metrics";
import { ReplayStore } from "./replay-store";

const NAME = "retry-guard";
const IDEMPOTENCY_KEY = Bytes.constant("idempotency-key");
const RETRY_COUNT = Bytes.constant("x-stainless-retry-count");
const INVOCATION_ID = Bytes.constant("amz-sdk-invocation-id");
const SDK_REQUEST = Bytes.constant("amz-sdk-request");
const ATTEMPT_COUNT = Bytes.constant("x-envoy-attempt-count");
const REPLAYED = Bytes.constant("x-ai-replayed");
const TRUE = Bytes.constant("true");

const CONFLICT = Bytes.constant("duplicate_request");
const KEY_REUSED = Bytes.constant("idempotency_key_reused");
const CONFLICT_DETAILS = Bytes.constant("sluice_duplicate_call");
const REUSED_DETAILS = Bytes.constant("sluice_idempotency_key_reused");
const REPLAY_DETAILS = Bytes.constant("sluice_replayed");
const RUNNING_TEXT = Bytes.constant("The call that this one repeats still runs. Wait for its answer.");
const COMPLETED_TEXT = Bytes.constant("The call that this one repeats was answered.");
const UNFINISHED_TEXT = Bytes.constant(
  "The call that this one repeats reached the model, and its answer was not read to the end. It may have been billed.",
);
const REUSED_TEXT = Bytes.constant("This idempotency key was used for a call with another body.");
const ID_TEXT = Bytes.constant(" Request id of the first call: ");

const INVALID_KEY = addErrorKind(
  "invalid_idempotency_key",
  "an idempotency key is no text of 1 to 255 printable characters: the call was taken as one without",
);
const NO_HASH = addErrorKind(
  "repeat_without_body",
  "a repeat could not be told by its body, which did not come or could not be held: passed",
);

const evidence = new Evidence();
const digest: usize = memory.data(16, 8);
const separator: usize = memory.data(8);

/** The say of one configuration in repeats. */
export class Repeats {
  private readonly ledger: Ledger;
  private readonly store: ReplayStore | null;
  private readonly trustsAttempts: bool;

  constructor(
    private readonly config: RetryGuardConfig,
    private readonly shared: SharedConfig,
    trustedHeaders: string[],
  ) {
    const instance = shared.instance.toString();
    const store = config.replays
      ? new ReplayStore(instance, config.duplicateWindowMs, config.maxReplayBytes, config.maxReplayTotal)
      : null;
    this.ledger = new Ledger(instance, shared.maxKeys, config.duplicateWindowMs);
    this.store = store;
    this.trustsAttempts = trustedHeaders.includes("x-envoy-attempt-count");
  }

  /** Makes shared state ready. */
  open(): void {
    this.ledger.open();
  }

  /** Ends what lives outside the heap that is collected. */
  free(): void {
    const store = this.store;
    if (store) store.free();
  }

  /** Where answers are kept, null when they are not. */
  get replays(): ReplayStore | null {
    return this.store;
  }

  /** Reads what the request's head says. */
  readHead(call: AiCall, state: CallState): void {
    if (this.config.duplicateWindowMs == 0) return;
    state.isTracked = true;
    const entry = this.shared.consumers.entry(call.consumer);
    state.isKnownConsumer = hashCaller(entry, call.facts, callerHash(state));
    keepRequestId(state, requestHead.requestId);
    evidence.reset();
    const header = this.config.idempotent.header;
    if (header) evidence.takeKey(requestHead.find(header.bytes));
    if (evidence.kind == IdKind.None) evidence.takeKey(requestHead.find(IDEMPOTENCY_KEY));
    evidence.takeRetryCount(requestHead.find(RETRY_COUNT));
    const invocation = requestHead.find(INVOCATION_ID);
    // `find` answers with one view for all names: what it pointed to stays.
    if (invocation.isPresent) evidence.takeInvocation(invocation.slice(0), requestHead.find(SDK_REQUEST));
    if (this.trustsAttempts) evidence.takeAttempt(requestHead.requestId, requestHead.find(ATTEMPT_COUNT));
    if (evidence.hasInvalidKey) reportError(NAME, INVALID_KEY);
    state.isClaimed = evidence.isClaimed;
    state.idKind = evidence.kind;
    if (evidence.kind != IdKind.None) {
      makeKey(KeyKind.Id, <u8>evidence.kind, callerHash(state), evidence.id);
      state.idHigh = lastKeyHigh();
      state.idLow = lastKeyLow();
    }
    state.isHashing = true;
    const sip = bodySip(state);
    sipInit(sip, secretHigh(), secretLow());
    const path = requestHead.path;
    sipUpdate(sip, path.ptr, path.length);
    sipUpdate(sip, separator, 1);
  }

  /** Whether the decision needs the whole body: only where it can change what becomes of the call. */
  needsBody(state: CallState): bool {
    if (!state.isTracked || !this.config.isEnforced) return false;
    if (this.config.replays && state.idKind == IdKind.IdempotencyKey) return true;
    return state.isClaimed && state.idKind == IdKind.None && this.config.blocksByBody;
  }

  /** The next bytes of the body. */
  hash(state: CallState, ptr: usize, length: i32): void {
    if (state.isHashing) sipUpdate(bodySip(state), ptr, length);
  }

  /** The body is whole. */
  finishHash(state: CallState): void {
    if (!state.isHashing) return;
    state.isHashing = false;
    sipFinal(bodySip(state), digest);
    makeKey(KeyKind.Body, 0, callerHash(state), Bytes.view(digest, SIPHASH_SIZE));
    state.bodyHigh = lastKeyHigh();
    state.bodyLow = lastKeyLow();
    state.hasBodyHash = true;
    if (state.isHashAwaited || state.isBlocked) return; // `decide` comes next, and knows the id first
    this.enterBody(state);
  }

  /** Enters the call and decides: false answers it, as `call.reply` says. */
  decide(call: AiCall, state: CallState): bool {
    if (!state.isTracked) return true;
    if (state.idKind != IdKind.None) this.enterId(state);
    if (state.hasBodyHash) this.enterBody(state);
    else if (state.isHashAwaited) {
      state.isHashAwaited = false;
      reportError(NAME, NO_HASH);
    }
    if (!state.isRepeat) return true;
    if (this.config.isEnforced && this.block(call, state)) {
      state.isCounted = true;
      state.isBlocked = true;
      return false;
    }
    return true;
  }

  /** The call is over. */
  leave(call: AiCall, state: CallState, end: End, costNano: i64): void {
    // Counted only now, when the model is known whatever the headers waited for.
    if (!state.isCounted && (state.isRepeat || state.isClaimed)) {
      countRepeat(state.original, this.actionFor(state, false), modelOf(call));
    }
    const ended = state.isBlocked ? End.None : end;
    if (state.hasIdEntry) this.ledger.leave(state.idHigh, state.idLow, ended, costNano);
    if (state.hasBodyEntry) this.ledger.leave(state.bodyHigh, state.bodyLow, ended, costNano);
  }

  private enterId(state: CallState): void {
    const ledger = this.ledger;
    const outcome = ledger.enter(
      state.idHigh,
      state.idLow,
      true,
      state.isClaimed,
      state.bodyHigh,
      state.bodyLow,
      requestId(state),
    );
    state.hasIdEntry = isEntered(outcome);
    if (!state.hasIdEntry) return;
    const original = ledger.foundOriginal;
    // A key that returns is a repeat by itself; the other ids are shared by attempts that say so.
    if (original != Original.Missing && (state.isClaimed || state.idKind == IdKind.IdempotencyKey)) {
      state.isRepeat = true;
      this.take(state);
    }
  }

  private enterBody(state: CallState): void {
    const isRepeat = state.isClaimed || state.isRepeat;
    const outcome = this.ledger.enter(state.bodyHigh, state.bodyLow, false, isRepeat, 0, 0, requestId(state));
    state.hasBodyEntry = isEntered(outcome);
    if (!state.isClaimed || state.isRepeat) return;
    state.isRepeat = true;
    if (state.hasBodyEntry) this.take(state);
  }

  private take(state: CallState): void {
    const ledger = this.ledger;
    state.original = ledger.foundOriginal;
    state.isOtherBody = ledger.foundOtherBody;
    state.originalCostNano = ledger.foundCostNano;
    keepOriginalId(state, ledger.foundRequestId);
  }

  private block(call: AiCall, state: CallState): bool {
    const action = this.actionFor(state, true);
    const model = modelOf(call);
    if (action == Action.Passed) return false;
    countRepeat(state.original, action, model);
    countSaved(state.originalCostNano);
    if (action == Action.Replayed) {
      this.replay(call, state);
      return true;
    }
    const isReused = action == Action.Refused;
    const reply = call.reply;
    const text = reply.open(
      isReused ? 422 : 409,
      isReused ? ReplyKind.InvalidRequest : ReplyKind.Conflict,
      isReused ? GrpcStatus.InvalidArgument : GrpcStatus.AlreadyExists,
      isReused ? KEY_REUSED : CONFLICT,
      isReused ? REUSED_DETAILS : CONFLICT_DETAILS,
    );
    text.add(isReused ? REUSED_TEXT : textOf(state.original));
    const id = originalId(state);
    if (id.length) text.add(ID_TEXT).add(id);
    return true;
  }

  private replay(call: AiCall, state: CallState): void {
    const store = this.store;
    if (!store) return;
    const answer = store.answer;
    call.reply.openWhole(answer.status, answer.contentType, REPLAY_DETAILS).add(answer.body);
    call.reply.headers.add(REPLAYED, TRUE);
    state.isReplayed = true;
  }

  /** What is done with a repeat, or (`acts` false) would be. */
  private actionFor(state: CallState, acts: bool): Action {
    const duplicates = this.config.duplicates;
    if (acts && state.isOtherBody && duplicates.completed == OnDuplicate.Replay) return Action.Refused;
    let wish = OnDuplicate.Pass;
    if (state.original == Original.Running) wish = duplicates.inFlight;
    else if (state.original == Original.Unfinished) wish = duplicates.unfinished;
    else if (state.original == Original.Completed) wish = duplicates.completed;
    if (wish == OnDuplicate.Reject) return acts ? Action.Rejected : this.wouldBe(Action.WouldReject);
    if (wish != OnDuplicate.Replay || state.idKind != IdKind.IdempotencyKey || !state.isKnownConsumer) {
      return Action.Passed;
    }
    if (!acts) return this.wouldBe(Action.WouldReplay);
    const store = this.store;
    return store && state.hasBodyHash && store.find(state) ? Action.Replayed : Action.Passed;
  }

  private wouldBe(action: Action): Action {
    return this.config.isEnforced ? Action.Passed : action;
  }
}

function textOf(original: Original): Bytes {
  if (original == Original.Running) return RUNNING_TEXT;
  return original == Original.Completed ? COMPLETED_TEXT : UNFINISHED_TEXT;
}

/** Whether a call has its entry; what goes wrong is counted, and the call passes. */
function isEntered(outcome: Outcome): bool {
  if (outcome == Outcome.Written) return true;
  if (outcome == Outcome.HostFault) reportError(NAME, ErrorKind.HostFault);
  else if (outcome == Outcome.Contended) reportError(NAME, ErrorKind.StateContended);
  else if (outcome == Outcome.Full) reportError(NAME, ErrorKind.StateFull);
  return false;
}
