// The second instance of `veto`, in the cluster's chain: each attempt is a stream of its own. It marks answers that must
// not be repeated, and answers an attempt itself when the one before it may have been billed.
import { BodyStatus, GrpcStatus, HeaderMap, HeadersStatus } from "../../runtime/abi/enums";
import { Api } from "../../runtime/ai/api";
import { requestHead, responseHead } from "../../runtime/ai/call";
import { classification } from "../../runtime/ai/classify";
import { ErrorKind, Reply } from "../../runtime/ai/reply";
import { Bytes } from "../../runtime/bytes/bytes";
import { getPairs, setHeader } from "../../runtime/host/headers";
import { getProperty, getPropertyI64, propertyPath, setProperty } from "../../runtime/host/properties";
import { StreamContext } from "../../runtime/stream/context";
import { Attempts } from "./attempts";
import { RetryGuardConfig } from "./config";
import { Billing } from "./verdict";
import { GUARDED, VETO_HEADER, VETO_VALUE, YES } from "./veto";

/** What the attempts of one stream tell each other. */
const STANDING = Bytes.constant("sluice.retry_guard.attempt");
const ATTEMPTS = propertyPath("upstream.request_attempt_count");
const TRANSPORT_FAILURE = propertyPath("upstream.transport_failure_reason");
const SENT = Bytes.constant("sent");
const NOT_SENT = Bytes.constant("not_sent");

const CODE = Bytes.constant("retry_vetoed");
const DETAILS = Bytes.constant("sluice_retry_vetoed");
const TEXT = Bytes.constant(
  "The provider did not answer, and the call may have been billed: the gateway does not send it again.",
);

const reply = new Reply();

/** One attempt. */
export class Attempt extends StreamContext {
  private isGuarded: bool = false;
  private isStopped: bool = false;
  private hasAnswer: bool = false;
  private isHarmless: bool = false;
  private api: Api = Api.None;

  constructor(private readonly owner: Attempts) {
    super();
  }

  onRequestHeaders(count: i32, endOfStream: bool): HeadersStatus {
    this.isStopped = false;
    this.hasAnswer = false;
    this.isHarmless = false;
    this.isGuarded = false;
    const config = this.owner.config;
    if (!config || !config.isEnforced) return HeadersStatus.Continue;
    const pairs = getPairs(HeaderMap.RequestHeaders);
    if (!pairs.isPresent) return HeadersStatus.Continue;
    requestHead.open(pairs);
    const told = getProperty(GUARDED);
    this.isGuarded = this.owner.guards();
    if (told.isPresent) this.isGuarded = told.equals(YES);
    this.api = classification.api;
    if (!this.isGuarded || getPropertyI64(ATTEMPTS, 1) <= 1 || !getProperty(STANDING).equals(SENT)) {
      return HeadersStatus.Continue;
    }
    this.isStopped = true;
    reply.open(503, ErrorKind.BadGateway, GrpcStatus.Unavailable, CODE, DETAILS).add(TEXT);
    reply.send(this.api);
    return HeadersStatus.StopIteration;
  }

  onRequestBody(size: i32, endOfStream: bool): BodyStatus {
    return this.isStopped ? BodyStatus.StopIterationNoBuffer : BodyStatus.Continue;
  }

  onResponseHeaders(count: i32, endOfStream: bool): HeadersStatus {
    if (!this.isGuarded || this.isStopped) return HeadersStatus.Continue;
    const pairs = getPairs(HeaderMap.ResponseHeaders);
    if (!pairs.isPresent) return HeadersStatus.Continue;
    responseHead.open(pairs);
    if (responseHead.status < 200) return HeadersStatus.Continue;
    this.hasAnswer = true;
    const isFailure = responseHead.status >= 400 || !responseHead.grpcStatus.isEmpty;
    this.isHarmless = isFailure && this.billing() == Billing.None;
    if (isFailure && !this.isHarmless) setHeader(HeaderMap.ResponseHeaders, VETO_HEADER, VETO_VALUE);
    return HeadersStatus.Continue;
  }

  onDone(): bool {
    // What another attempt said stays when this one was stopped.
    if (this.isGuarded && !this.isStopped) setProperty(STANDING, this.mayBeBilled() ? SENT : NOT_SENT);
    return true;
  }

  onDelete(): void {
    this.owner.put(this);
  }

  private mayBeBilled(): bool {
    if (this.hasAnswer) return !this.isHarmless;
    return getProperty(TRANSPORT_FAILURE).isEmpty;
  }

  private billing(): Billing {
    const config: RetryGuardConfig | null = this.owner.config;
    if (!config) return Billing.Possible;
    return config.notBilled.judge(responseHead.status, responseHead.amznErrorType, false, this.owner.provider());
  }
}
