import { contentKind } from "../../../runtime/ai/media";
import { Bytes } from "../../../runtime/bytes/bytes";
import { MediaKind } from "../../../runtime/parse/media-type";

const TYPES = [
  "application/json",
  "application/json; charset=utf-8",
  "application/jsom",
  "text/event-stream",
  "text/event-stream; charset=utf-8",
  "text/event-streax",
  "application/grpc",
  "application/grpd",
  "application/x-ndjson",
  "application/x-ndjsom",
  "application/vnd.amazon.eventstream",
  "application/json, text/plain",
  "text/plain, application/json",
  "multipart/form-data; boundary=------------------------0123456789abcdef",
  "application/json; a=------------------------0123456789abcdef",
  "",
  "x",
];
const KINDS: MediaKind[] = [
  MediaKind.Json,
  MediaKind.Json,
  MediaKind.Other,
  MediaKind.EventStream,
  MediaKind.EventStream,
  MediaKind.Other,
  MediaKind.Grpc,
  MediaKind.Other,
  MediaKind.Ndjson,
  MediaKind.Other,
  MediaKind.AmazonEventStream,
  MediaKind.Json,
  MediaKind.Other,
  MediaKind.Form,
  MediaKind.Json,
  MediaKind.None,
  MediaKind.Other,
];

describe("the kind of a content type", () => {
  it("is the same whatever came before", () => {
    for (let i = 0; i < TYPES.length; i++) {
      for (let k = 0; k < TYPES.length; k++) {
        expect(contentKind(Bytes.constant(TYPES[k]))).toBe(KINDS[k], TYPES[k]);
        expect(contentKind(Bytes.constant(TYPES[i]))).toBe(KINDS[i], TYPES[i]);
        expect(contentKind(Bytes.constant(TYPES[i]))).toBe(KINDS[i], TYPES[i]);
      }
    }
  });

  it("is none where there is none", () => {
    expect(contentKind(Bytes.absent())).toBe(MediaKind.None);
  });
});
