import { AmazonEventStream } from "../../../runtime/parse/amazon-stream";
import { crc32 } from "../../../runtime/parse/crc32";
import { BodyFault, BodyState } from "../../../runtime/parse/document";
import { Collector } from "./collector";

const sink = new Collector();
const parser = new AmazonEventStream(sink);

function putU32(bytes: Array<u8>, value: u32): void {
  for (let shift = 24; shift >= 0; shift -= 8) bytes.push(<u8>(value >> shift));
}

function checksum(bytes: Array<u8>): u32 {
  return crc32(0, bytes.dataStart, bytes.length);
}

function putText(bytes: Array<u8>, text: string): void {
  for (let i = 0; i < text.length; i++) bytes.push(<u8>text.charCodeAt(i));
}

function header(name: string, value: string): Array<u8> {
  const bytes: Array<u8> = [<u8>name.length];
  putText(bytes, name);
  bytes.push(7);
  bytes.push(<u8>(value.length >> 8));
  bytes.push(<u8>value.length);
  putText(bytes, value);
  return bytes;
}

function frame(headers: Array<u8>, payload: string): Array<u8> {
  const bytes: Array<u8> = [];
  putU32(bytes, 16 + headers.length + payload.length);
  putU32(bytes, headers.length);
  putU32(bytes, checksum(bytes));
  const body = bytes.concat(headers);
  putText(body, payload);
  putU32(body, checksum(body));
  return body;
}

function event(name: string, payload: string): Array<u8> {
  return frame(header(":message-type", "event").concat(header(":event-type", name)), payload);
}

/** The documents, the same for every cut in two; else where they differ. */
function documents(bytes: Array<u8>): string {
  const body = new ArrayBuffer(bytes.length);
  const ptr = changetype<usize>(body);
  memory.copy(ptr, bytes.dataStart, bytes.length);
  const whole = sink.read(parser, body, i32.MAX_VALUE);
  const fault = parser.fault;
  for (let cut = 1; cut < bytes.length; cut++) {
    parser.reset();
    sink.documents = [];
    parser.feed(ptr, cut);
    parser.feed(ptr + <usize>cut, bytes.length - cut);
    parser.finish();
    if (sink.documents.join("\n") != whole || parser.fault != fault) return `cut at ${cut}`;
  }
  return whole;
}

describe("CRC-32", () => {
  it("has the known check value", () => {
    const text = String.UTF8.encode("123456789");
    expect(crc32(0, changetype<usize>(text), 9)).toBe(0xcbf43926);
  });

  it("goes on where it stopped", () => {
    const text = String.UTF8.encode("123456789");
    const ptr = changetype<usize>(text);
    for (let cut = 0; cut <= 9; cut++) expect(crc32(crc32(0, ptr, cut), ptr + <usize>cut, 9 - cut)).toBe(0xcbf43926);
  });
});

describe("an AWS event stream", () => {
  it("has a document per frame, named by its event type", () => {
    const body = event("messageStart", "{}").concat(event("metadata", '{"usage":{}}'));
    expect(documents(body)).toBe('messageStart|{}|0-67\nmetadata|{"usage":{}}|67-140');
    expect(parser.state).toBe(BodyState.Ended);
  });

  it("may have a frame without a payload, or without headers", () => {
    expect(documents(frame([], ""))).toBe("||0-16");
    expect(documents(frame([], "x"))).toBe("|x|0-17");
  });

  it("names an exception by its type", () => {
    const headers = header(":exception-type", "throttlingException").concat(header(":message-type", "exception"));
    expect(documents(frame(headers, "{}"))).toBe("throttlingException|{}|0-82");
    expect(parser.headers.messageType.toText()).toBe("exception");
    expect(parser.headers.exceptionType.toText()).toBe("throttlingException");
  });

  it("names an error by its code", () => {
    expect(documents(frame(header(":error-code", "InternalError"), ""))).toBe("InternalError||0-44");
  });

  it("skips headers of all types", () => {
    const headers: Array<u8> = [];
    const sizes: Array<i32> = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16];
    for (let type = 0; type < sizes.length; type++) {
      headers.push(1);
      headers.push(0x78);
      headers.push(<u8>type);
      if (sizes[type] < 0) putText(headers, "\0\x02ab");
      for (let i = 0; i < sizes[type]; i++) headers.push(0xff);
    }
    expect(documents(frame(headers.concat(header(":event-type", "e")), "p"))).toBe("e|p|0-110");
  });

  it("is refused when any bit is flipped", () => {
    const good = event("metadata", "{}");
    for (let at = 0; at < good.length; at++) {
      const bad = good.slice(0);
      bad[at] ^= 4;
      documents(bad);
      expect(parser.state).toBe(BodyState.Invalid, at.toString());
    }
  });

  it("ends the document as not whole when its checksum is wrong", () => {
    const bad = frame([], "payload");
    bad[bad.length - 1] ^= 1;
    expect(documents(bad)).toBe("|payload|0-23!");
    expect(parser.fault).toBe(BodyFault.BadChecksum);
  });

  it("refuses lengths that cannot be", () => {
    const lengths: Array<u32> = [0, 15, 0x01000001, 0xffffffff];
    for (let i = 0; i < lengths.length; i++) {
      const bytes: Array<u8> = [];
      putU32(bytes, lengths[i]);
      putU32(bytes, 0);
      putU32(bytes, checksum(bytes));
      expect(documents(bytes)).toBe("");
      expect(parser.fault).toBe(BodyFault.BadLength);
    }
  });

  it("refuses headers that are longer than the frame or of no known type", () => {
    const bytes: Array<u8> = [];
    putU32(bytes, 20);
    putU32(bytes, 5);
    putU32(bytes, checksum(bytes));
    documents(bytes);
    expect(parser.fault).toBe(BodyFault.BadLength);
    documents(frame([1, 0x78, 10], ""));
    expect(parser.fault).toBe(BodyFault.BadHeader);
    documents(frame([0], ""));
    expect(parser.fault).toBe(BodyFault.BadHeader);
    documents(frame([1, 0x78, 4, 0], ""));
    expect(parser.fault).toBe(BodyFault.BadHeader);
  });

  it("has a document that is not whole when it is cut off", () => {
    const good = event("metadata", "{}");
    expect(documents(good.slice(0, good.length - 1))).toBe("metadata|{}|0-62!");
  });
});
