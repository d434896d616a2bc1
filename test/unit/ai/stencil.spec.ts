// Which events a stencil lets pass. That they are then counted right is fuzzed (test/fuzz/repeated-events.test.ts).
import { Answer } from "../../../runtime/ai/answer";
import { Stencil } from "../../../runtime/ai/stencil";
import { DocumentSink, DocumentSource } from "../../../runtime/parse/document";
import { JsonScanner } from "../../../runtime/parse/json";
import { PathMode, PathTable } from "../../../runtime/parse/paths";
import { SseParser } from "../../../runtime/parse/sse";

const HEAD = "data: ";

class Ignored extends DocumentSink {
  onDocumentStart(source: DocumentSource): bool {
    return false;
  }

  onDocumentData(ptr: usize, length: i32): void {}

  onDocumentEnd(source: DocumentSource): void {}
}

const table = new PathTable();
table.add("name", PathMode.Capture);
table.add("text", PathMode.Measure);
table.add("pad", PathMode.Presence);
table.add("number", PathMode.Presence);
const answer = new Answer();

/** How many bytes of `stream` pass after an event with this document. */
function passed(document: string, stream: string): i32 {
  const events = new SseParser(new Ignored());
  const json = new JsonScanner(table);
  const stencil = new Stencil(events);
  const event = String.UTF8.encode(HEAD + document + "\n\n");
  const from = changetype<usize>(event);
  const start = from + HEAD.length;
  json.feed(start, event.byteLength - HEAD.length - 2);
  events.feed(from, event.byteLength);
  stencil.cut(from, from + event.byteLength, start, json);
  answer.reset();
  const next = String.UTF8.encode(stream);
  const ptr = changetype<usize>(next);
  const stop = stencil.pass(ptr, ptr + next.byteLength, answer);
  assert(events.restStart == events.fed);
  return <i32>(stop - ptr);
}

const LIKE = 'data: {"name":"n","text":"longer","pad":""}\n\n';

describe("a stencil", () => {
  it("lets events pass that repeat one but for its texts", () => {
    expect(passed('{"name":"n","text":"t","pad":"p"}', LIKE + LIKE)).toBe(2 * LIKE.length);
    expect(answer.contentDeltas).toBe(2);
    expect(answer.contentBytes).toBe(12);
  });

  it("lets numbers vary that nobody wants", () => {
    const like = 'data: {"number":123,"text":"t"}\n\n';
    expect(passed('{"number":0,"text":"t"}', like)).toBe(like.length);
    expect(passed('{"number":0.5,"text":"t"}', like)).toBe(0);
    expect(passed('{"number":1,"text":"t"}', like.replace("123", "012"))).toBe(0);
  });

  it("stops at the first that does not, or is not whole", () => {
    expect(passed('{"name":"n","text":"t","pad":"p"}', LIKE + LIKE.substring(0, LIKE.length - 1))).toBe(LIKE.length);
    expect(passed('{"name":"o","text":"t","pad":"p"}', LIKE)).toBe(0);
    expect(answer.contentDeltas).toBe(0);
  });

  it("lets nothing vary that was empty, or of which a text is kept", () => {
    expect(passed('{"name":"n","text":"","pad":"p"}', LIKE)).toBe(0);
    expect(passed('{"name":"n"}', 'data: {"name":"n"}\n\n')).toBe(0);
  });

  it("is not cut from what is too long", () => {
    const long = '{"text":"t","x":"' + "x".repeat(3000) + '"}';
    expect(passed(long, HEAD + long + "\n\n")).toBe(0);
  });
});
