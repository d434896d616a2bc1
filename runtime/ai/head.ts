// The headers that matter to every call, taken from the ABI's pairs in one walk.
//
// Where a header comes twice the first one counts: HTTP/1 and HTTP/2 servers refuse two different `content-length`s,
// pseudo-headers cannot repeat, and Envoy has already joined what it knows as lists with commas. `content-encoding` is
// a list: the first element alone decides nothing, so any second one makes the body "compressed", too.
import { Bytes } from "../bytes/bytes";
import { parseU64, NO_NUMBER } from "../bytes/numbers";
import { pairReader } from "../host/pairs";

/** A view that the head owns: set it, never free it. */
function ownView(): Bytes {
  const view = changetype<Bytes>(heap.alloc(offsetof<Bytes>()));
  view.ptr = 0;
  view.length = 0;
  return view;
}

const METHOD = Bytes.constant(":method");
const PATH = Bytes.constant(":path");
const AUTHORITY = Bytes.constant(":authority");
const STATUS = Bytes.constant(":status");
const ACCEPT = Bytes.constant("accept");
const CONTENT_TYPE = Bytes.constant("content-type");
const CONTENT_LENGTH = Bytes.constant("content-length");
const CONTENT_ENCODING = Bytes.constant("content-encoding");
const UPGRADE = Bytes.constant("upgrade");
const TE = Bytes.constant("te");
const TRANSFER_ENCODING = Bytes.constant("transfer-encoding");
const USER_AGENT = Bytes.constant("user-agent");
const REQUEST_ID = Bytes.constant("x-request-id");
const MCP_VERSION = Bytes.constant("mcp-protocol-version");
const MCP_SESSION = Bytes.constant("mcp-session-id");
const A2A_VERSION = Bytes.constant("a2a-version");
const DASHSCOPE_ASYNC = Bytes.constant("x-dashscope-async");
const DASHSCOPE_SSE = Bytes.constant("x-dashscope-sse");
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

/** What requests and responses have in common. Everything is valid until the outermost callback returns. */
export class MessageHead {
  readonly contentType: Bytes = ownView();
  /** Absent, or what the body is encoded with. */
  readonly contentEncoding: Bytes = ownView();
  /** The declared length of the body, -1 when there is none (or none that is a number). */
  contentLength: i64 = -1;
  readonly transferEncoding: Bytes = ownView();
  readonly upgrade: Bytes = ownView();
  readonly requestId: Bytes = ownView();
  protected readonly pairs: Bytes = ownView();
  private readonly found: Bytes = ownView();
  private readonly length: Bytes = ownView();

  /** The value of any other header, by its lower-case name; absent when there is none. Walks over all headers. */
  find(name: Bytes): Bytes {
    pairReader.open(this.pairs);
    while (pairReader.next()) {
      if (pairReader.name.equals(name)) return this.view(this.found, pairReader.value);
    }
    return Bytes.absent();
  }

  /** Whether the body comes as it is: no content-encoding but `identity`. */
  get isIdentity(): bool {
    const encoding = this.contentEncoding;
    return encoding.isEmpty || encoding.equalsIgnoreCase(IDENTITY);
  }

  protected take(slot: Bytes, name: Bytes): void {
    if (slot.ptr == 0 && pairReader.name.equals(name)) this.view(slot, pairReader.value);
  }

  /** Takes the headers that both kinds of messages have. */
  protected takeShared(): void {
    switch (pairReader.name.length) {
      case 7:
        this.take(this.upgrade, UPGRADE);
        break;
      case 12:
        this.take(this.contentType, CONTENT_TYPE);
        this.take(this.requestId, REQUEST_ID);
        break;
      case 14:
        this.take(this.length, CONTENT_LENGTH);
        break;
      case 16:
        if (this.contentEncoding.isPresent && pairReader.name.equals(CONTENT_ENCODING)) {
          this.view(this.contentEncoding, SEVERAL);
        } else this.take(this.contentEncoding, CONTENT_ENCODING);
        break;
      case 17:
        this.take(this.transferEncoding, TRANSFER_ENCODING);
    }
  }

  protected begin(pairs: Bytes): void {
    this.view(this.pairs, pairs);
    this.contentType.ptr = 0;
    this.contentType.length = 0;
    clear(this.contentEncoding);
    clear(this.transferEncoding);
    clear(this.upgrade);
    clear(this.requestId);
    clear(this.length);
    pairReader.open(pairs);
  }

  protected end(): void {
    const length = parseU64(this.length);
    this.contentLength = length == NO_NUMBER || length > <u64>i64.MAX_VALUE ? -1 : <i64>length;
  }

  private view(slot: Bytes, value: Bytes): Bytes {
    slot.ptr = value.ptr;
    slot.length = value.length;
    return slot;
  }
}

/** The head of a request. One for the whole module will do: it is filled anew for each. */
export class RequestHead extends MessageHead {
  readonly method: Bytes = ownView();
  /** The path as it came, with its query. */
  readonly path: Bytes = ownView();
  readonly authority: Bytes = ownView();
  readonly accept: Bytes = ownView();
  readonly te: Bytes = ownView();
  readonly userAgent: Bytes = ownView();
  /** Whether a header says that this is MCP, or A2A. */
  hasMcpHeader: bool = false;
  hasA2aHeader: bool = false;
  /** DashScope's own: the answer comes as a stream, or is fetched later. */
  readonly dashScopeSse: Bytes = ownView();
  readonly dashScopeAsync: Bytes = ownView();

  /** Reads the pairs of a request. The views stay valid as long as `pairs`. */
  open(pairs: Bytes): void {
    this.begin(pairs);
    clear(this.method);
    clear(this.path);
    clear(this.authority);
    clear(this.accept);
    clear(this.te);
    clear(this.userAgent);
    clear(this.dashScopeSse);
    clear(this.dashScopeAsync);
    this.hasMcpHeader = false;
    this.hasA2aHeader = false;
    while (pairReader.next()) {
      const name = pairReader.name;
      switch (name.length) {
        case 2:
          this.take(this.te, TE);
          break;
        case 5:
          this.take(this.path, PATH);
          break;
        case 6:
          this.take(this.accept, ACCEPT);
          break;
        case 7:
          this.take(this.method, METHOD);
          this.takeShared();
          break;
        case 10:
          this.take(this.authority, AUTHORITY);
          this.take(this.userAgent, USER_AGENT);
          break;
        case 11:
          if (name.equals(A2A_VERSION)) this.hasA2aHeader = true;
          break;
        case 14:
          if (name.equals(MCP_SESSION)) this.hasMcpHeader = true;
          else this.takeShared();
          break;
        case 15:
          this.take(this.dashScopeSse, DASHSCOPE_SSE);
          break;
        case 17:
          this.take(this.dashScopeAsync, DASHSCOPE_ASYNC);
          this.takeShared();
          break;
        case 20:
          if (name.equals(MCP_VERSION)) this.hasMcpHeader = true;
          break;
        default:
          this.takeShared();
      }
    }
    this.end();
  }
}

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

const IDENTITY = Bytes.constant("identity");
const SEVERAL = Bytes.constant("several");


@inline function clear(slot: Bytes): void {
  slot.ptr = 0;
  slot.length = 0;
}
