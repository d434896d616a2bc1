// The head of an answer.
import { Bytes } from "../bytes/bytes";
import { parseU64 } from "../bytes/numbers";
import { pairReader } from "../host/pairs";
import { MessageHead, clear, ownView } from "./message-head";

const STATUS = Bytes.constant(":status");
const RETRY_AFTER = Bytes.constant("retry-after");
const RETRY_AFTER_MS = Bytes.constant("retry-after-ms");
const X_SHOULD_RETRY = Bytes.constant("x-should-retry");
const X_MS_RETRY_AFTER_MS = Bytes.constant("x-ms-retry-after-ms");
const GRPC_STATUS = Bytes.constant("grpc-status");
const AMZN_ERROR_TYPE = Bytes.constant("x-amzn-errortype");
const BEDROCK_INPUT = Bytes.constant("x-amzn-bedrock-input-token-count");
const BEDROCK_OUTPUT = Bytes.constant("x-amzn-bedrock-output-token-count");
const BEDROCK_CACHE_READ = Bytes.constant("x-amzn-bedrock-cache-read-input-token-count");
const BEDROCK_CACHE_WRITE = Bytes.constant("x-amzn-bedrock-cache-write-input-token-count");

/** The head of an answer. */
export class ResponseHead extends MessageHead {
  /** The status code, 0 when there is none. */
  status: i32 = 0;
  readonly retryAfter: Bytes = ownView();
  readonly retryAfterMs: Bytes = ownView();
  readonly xMsRetryAfterMs: Bytes = ownView();
  readonly xShouldRetry: Bytes = ownView();
  readonly grpcStatus: Bytes = ownView();
  /** Bedrock's error type. */
  readonly amznErrorType: Bytes = ownView();
  /** Bedrock's counts for InvokeModel, -1 when absent. */
  bedrockInput: i64 = -1;
  bedrockOutput: i64 = -1;
  bedrockCacheRead: i64 = -1;
  bedrockCacheWrite: i64 = -1;
  private readonly statusText: Bytes = ownView();

  /** Reads the pairs of an answer. The views stay valid as long as `pairs`. */
  open(pairs: Bytes): void {
    this.begin(pairs);
    clear(this.statusText);
    clear(this.retryAfter);
    clear(this.retryAfterMs);
    clear(this.xMsRetryAfterMs);
    clear(this.xShouldRetry);
    clear(this.grpcStatus);
    clear(this.amznErrorType);
    this.bedrockInput = -1;
    this.bedrockOutput = -1;
    this.bedrockCacheRead = -1;
    this.bedrockCacheWrite = -1;
    while (pairReader.next()) {
      switch (pairReader.name.length) {
        case 7:
          this.take(this.statusText, STATUS);
          this.takeShared();
          break;
        case 11:
          this.take(this.retryAfter, RETRY_AFTER);
          this.take(this.grpcStatus, GRPC_STATUS);
          break;
        case 14:
          this.take(this.retryAfterMs, RETRY_AFTER_MS);
          this.take(this.xShouldRetry, X_SHOULD_RETRY);
          this.takeShared();
          break;
        case 16:
          this.take(this.amznErrorType, AMZN_ERROR_TYPE);
          this.takeShared();
          break;
        case 19:
          this.take(this.xMsRetryAfterMs, X_MS_RETRY_AFTER_MS);
          break;
        case 32:
        case 33:
        case 43:
        case 44:
          this.takeCount();
          break;
        default:
          this.takeShared();
      }
    }
    const status = parseU64(this.statusText);
    this.status = status <= 999 ? <i32>status : 0;
    this.end();
  }

  private takeCount(): void {
    const name = pairReader.name;
    const count = parseU64(pairReader.value);
    if (count > <u64>i64.MAX_VALUE) return;
    if (name.equals(BEDROCK_INPUT)) this.bedrockInput = <i64>count;
    else if (name.equals(BEDROCK_OUTPUT)) this.bedrockOutput = <i64>count;
    else if (name.equals(BEDROCK_CACHE_READ)) this.bedrockCacheRead = <i64>count;
    else if (name.equals(BEDROCK_CACHE_WRITE)) this.bedrockCacheWrite = <i64>count;
  }
}
