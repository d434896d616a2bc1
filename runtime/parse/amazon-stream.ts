// application/vnd.amazon.eventstream: checksummed binary frames, each a document (the payload).
import { AmazonHeaders } from "./amazon-headers";
import { crc32 } from "./crc32";
import { BodyFault, DocumentSource } from "./document";

/** Largest frame that is believed. */
export const FRAME_BYTES: i32 = 16 << 20;

const HEADER_BYTES: u32 = 131072;
const PRELUDE_BYTES: i32 = 12;
const CHECKSUM_BYTES: i32 = 4;

const enum Place {
  Prelude,
  Headers,
  Payload,
  Checksum,
}

/**
 * Each frame is a document, also one without a payload; its name is the event type (exception type or error code where
 * there is none), known at the start. Payload bytes are handed on before the frame's checksum is known: when it is
 * wrong, the document ends with `isDocumentWhole` false and the body is invalid. A frame: total length, header length,
 * checksum of these (4 bytes each, big-endian), headers, payload, checksum of all before it.
 */
export class AmazonEventStream extends DocumentSource {
  /** What the current frame is. */
  readonly headers: AmazonHeaders = new AmazonHeaders();
  private place: Place = Place.Prelude;
  private got: i32 = 0; // bytes of the prelude or checksum
  private headerBytes: i32 = 0; // still to come
  private payloadBytes: i32 = 0;
  private checksum: u32 = 0;
  private frameStart: i64 = 0;
  private readonly fixed: StaticArray<u8> = new StaticArray<u8>(PRELUDE_BYTES);

  reset(): void {
    super.reset();
    this.startFrame(0);
  }

  protected read(p: usize, end: usize): usize {
    const length = <i32>(end - p);
    switch (this.place) {
      case Place.Prelude: {
        const stop = this.collect(p, length, PRELUDE_BYTES);
        return this.got < PRELUDE_BYTES ? stop : this.readPrelude(stop);
      }
      case Place.Headers: {
        const part = min(length, this.headerBytes);
        const stop = p + <usize>part;
        const good = this.headers.feed(p, stop);
        if (good < stop) return this.refuse(good, BodyFault.BadHeader);
        this.checksum = crc32(this.checksum, p, part);
        this.headerBytes -= part;
        return this.headerBytes ? stop : this.endHeaders(stop);
      }
      case Place.Payload: {
        const part = min(length, this.payloadBytes);
        this.checksum = crc32(this.checksum, p, part);
        this.data(p, part);
        this.payloadBytes -= part;
        if (!this.payloadBytes) this.place = Place.Checksum;
        return p + <usize>part;
      }
      default: {
        const stop = this.collect(p, length, CHECKSUM_BYTES);
        return this.got < CHECKSUM_BYTES ? stop : this.endFrame(stop);
      }
    }
  }

  protected readEnd(): void {}

  private startFrame(start: i64): void {
    this.place = Place.Prelude;
    this.got = 0;
    this.checksum = 0;
    this.frameStart = start;
  }

  private collect(p: usize, length: i32, wanted: i32): usize {
    const part = min(length, wanted - this.got);
    memory.copy(changetype<usize>(this.fixed) + <usize>this.got, p, <usize>part);
    this.got += part;
    return p + <usize>part;
  }

  private readPrelude(p: usize): usize {
    const fixed = changetype<usize>(this.fixed);
    const total = bswap(load<u32>(fixed));
    const headers = bswap(load<u32>(fixed, 4));
    if (bswap(load<u32>(fixed, 8)) != crc32(0, fixed, 8)) return this.refuse(p, BodyFault.BadChecksum);
    const least = <u32>(PRELUDE_BYTES + CHECKSUM_BYTES);
    if (total > <u32>FRAME_BYTES || headers > HEADER_BYTES || total < least + headers) {
      return this.refuse(p, BodyFault.BadLength);
    }
    this.checksum = crc32(0, fixed, PRELUDE_BYTES);
    this.got = 0;
    this.headerBytes = <i32>headers;
    this.payloadBytes = <i32>(total - least - headers);
    this.headers.begin();
    this.place = Place.Headers;
    return headers ? p : this.endHeaders(p);
  }

  private endHeaders(p: usize): usize {
    if (!this.headers.isBetween) return this.refuse(p, BodyFault.BadHeader);
    this.clearName();
    const headers = this.headers;
    let name = headers.eventType;
    if (name.isEmpty) name = headers.exceptionType;
    if (name.isEmpty) name = headers.errorCode;
    this.addToName(name.ptr, name.length);
    this.begin(this.frameStart);
    this.place = this.payloadBytes ? Place.Payload : Place.Checksum;
    return p;
  }

  private endFrame(p: usize): usize {
    if (bswap(load<u32>(changetype<usize>(this.fixed))) != this.checksum) return this.refuse(p, BodyFault.BadChecksum);
    const end = this.origin + <i64>p;
    this.end(end, true);
    this.startFrame(end);
    return p;
  }
}
