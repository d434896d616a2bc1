// What the heads of requests and responses have in common: the headers that matter, taken from the ABI's pairs in one walk.
//
// Where a header comes twice the first one counts: HTTP/1 and HTTP/2 servers refuse two different `content-length`s,
// pseudo-headers cannot repeat, and Envoy has already joined what it knows as lists with commas. `content-encoding` is
// a list: the first element alone decides nothing, so any second one makes the body "compressed", too.
import { Bytes } from "../bytes/bytes";
import { parseU64 } from "../bytes/numbers";
import { HeaderNames } from "../host/header-names";
import { pairReader } from "../host/pairs";
import { constants } from "./api";

/** The headers that matter to one kind of message or the other, in the order of the names below. */
export const enum Header {
  Method,
  Path,
  Authority,
  Accept,
  Upgrade,
  RequestId,
  McpVersion,
  McpSession,
  A2aVersion,
  DashScopeSse,
  DashScopeAsync,
  ContentType,
  ContentLength,
  ContentEncoding,
  Status,
  ShouldRetry,
  GrpcStatus,
  AmznErrorType,
  BedrockInput,
  BedrockOutput,
  BedrockCacheRead,
  BedrockCacheWrite,
  /** Number of them. */
  Count,
}

const NAMES = new HeaderNames(
  constants([
    ":method",
    ":path",
    ":authority",
    "accept",
    "upgrade",
    "x-request-id",
    "mcp-protocol-version",
    "mcp-session-id",
    "a2a-version",
    "x-dashscope-sse",
    "x-dashscope-async",
    "content-type",
    "content-length",
    "content-encoding",
    ":status",
    "x-should-retry",
    "grpc-status",
    "x-amzn-errortype",
    "x-amzn-bedrock-input-token-count",
    "x-amzn-bedrock-output-token-count",
    "x-amzn-bedrock-cache-read-input-token-count",
    "x-amzn-bedrock-cache-write-input-token-count",
  ]),
);
const IDENTITY = Bytes.constant("identity");
const SEVERAL = Bytes.constant("several");
const VIEWS_BYTES: usize = <usize>Header.Count * offsetof<Bytes>();

/** The common part. Everything is valid until the outermost callback returns. */
export class MessageHead {
  /** The declared length of the body, -1 when there is none (or none that is a number). */
  contentLength: i64 = -1;
  private readonly views: usize = heap.alloc(VIEWS_BYTES + 2 * offsetof<Bytes>()); // one for each header, and two
  private readonly pairs: Bytes = changetype<Bytes>(this.views + VIEWS_BYTES);
  private readonly found: Bytes = changetype<Bytes>(this.views + VIEWS_BYTES + offsetof<Bytes>());

  constructor() {
    this.open(Bytes.absent());
  }

  /** Reads the pairs of a message. The views stay valid as long as `pairs`. */
  open(pairs: Bytes): void {
    memory.fill(this.views, 0, VIEWS_BYTES);
    set(this.pairs, pairs);
    pairReader.open(pairs);
    while (pairReader.next()) {
      const header = NAMES.find(pairReader.name);
      if (header < 0) continue;
      const view = this.view(header);
      if (!view.isPresent) set(view, pairReader.value);
      else if (header == Header.ContentEncoding) set(view, SEVERAL);
    }
    this.contentLength = this.count(Header.ContentLength);
  }

  get contentType(): Bytes {
    return this.view(Header.ContentType);
  }

  /** Absent, or what the body is encoded with. */
  get contentEncoding(): Bytes {
    return this.view(Header.ContentEncoding);
  }

  /** The value of any other header, by its lower-case name; absent when there is none. Walks over all headers. */
  find(name: Bytes): Bytes {
    pairReader.open(this.pairs);
    while (pairReader.next()) {
      if (pairReader.name.equals(name)) return set(this.found, pairReader.value);
    }
    return Bytes.absent();
  }

  /** Whether the body comes as it is: no content-encoding but `identity`. */
  get isIdentity(): bool {
    const encoding = this.contentEncoding;
    return encoding.isEmpty || encoding.equalsIgnoreCase(IDENTITY);
  }

  /** The value of a header; absent when there is none. */
  @inline protected view(header: i32): Bytes {
    return changetype<Bytes>(this.views + <usize>header * offsetof<Bytes>());
  }

  /** The value as a number, -1 when it is none. */
  protected count(header: i32): i64 {
    const count = parseU64(this.view(header));
    return count > <u64>i64.MAX_VALUE ? -1 : <i64>count;
  }
}


@inline function set(view: Bytes, value: Bytes): Bytes {
  view.ptr = value.ptr;
  view.length = value.length;
  return view;
}
