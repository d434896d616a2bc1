// What the heads of requests and responses have in common: the headers that matter, taken from the ABI's pairs in one walk.
//
// Where a header comes twice the first one counts: HTTP/1 and HTTP/2 servers refuse two different `content-length`s,
// pseudo-headers cannot repeat, and Envoy has already joined what it knows as lists with commas. `content-encoding` is
// a list: the first element alone decides nothing, so any second one makes the body "compressed", too.
import { Bytes } from "../bytes/bytes";
import { NO_NUMBER, parseU64 } from "../bytes/numbers";
import { pairReader } from "../host/pairs";

const CONTENT_TYPE = Bytes.constant("content-type");
const CONTENT_LENGTH = Bytes.constant("content-length");
const CONTENT_ENCODING = Bytes.constant("content-encoding");
const UPGRADE = Bytes.constant("upgrade");
const TRANSFER_ENCODING = Bytes.constant("transfer-encoding");
const REQUEST_ID = Bytes.constant("x-request-id");
const IDENTITY = Bytes.constant("identity");
const SEVERAL = Bytes.constant("several");

/** A view that a head owns: set it, never free it. */
export function ownView(): Bytes {
  const view = changetype<Bytes>(heap.alloc(offsetof<Bytes>()));
  clear(view);
  return view;
}

/** Makes a head's view absent. */
export function clear(view: Bytes): void {
  view.ptr = 0;
  view.length = 0;
}

/** The common part. Everything is valid until the outermost callback returns. */
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
    clear(this.contentType);
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
