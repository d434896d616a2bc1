import { Bytes } from "../../../runtime/bytes/bytes";
import { mediaBoundary, mediaKind, MediaKind } from "../../../runtime/parse/media-type";
import { percentDecode } from "../../../runtime/parse/percent";

const out = new ArrayBuffer(64);

function kind(contentType: string): MediaKind {
  return mediaKind(Bytes.constant(contentType));
}

function boundary(contentType: string): string {
  const length = mediaBoundary(Bytes.constant(contentType), changetype<usize>(out), 64);
  return length < 0 ? "(none)" : length > 64 ? "(too long)" : String.UTF8.decodeUnsafe(changetype<usize>(out), length);
}

function decoded(segment: string, room: i32 = 64): string {
  const bytes = Bytes.constant(segment);
  const length = percentDecode(bytes.ptr, bytes.length, changetype<usize>(out), room);
  return length < 0 ? "(no room)" : String.UTF8.decodeUnsafe(changetype<usize>(out), length);
}

describe("a media type", () => {
  it("names the format, whatever its case and parameters", () => {
    expect(kind("application/json")).toBe(MediaKind.Json);
    expect(kind("Application/JSON; charset=utf-8")).toBe(MediaKind.Json);
    expect(kind("application/json ;x")).toBe(MediaKind.Json);
    expect(kind("application/vnd.api+json")).toBe(MediaKind.Json);
    expect(kind("text/event-stream;charset=utf-8")).toBe(MediaKind.EventStream);
    expect(kind("application/x-ndjson")).toBe(MediaKind.Ndjson);
    expect(kind("multipart/form-data; boundary=b")).toBe(MediaKind.Form);
    expect(kind("application/vnd.amazon.eventstream")).toBe(MediaKind.AmazonEventStream);
    expect(kind("application/grpc+proto")).toBe(MediaKind.Grpc);
  });

  it("may be another, or none", () => {
    expect(kind("text/plain")).toBe(MediaKind.Other);
    expect(kind("application/jsonx")).toBe(MediaKind.Other);
    expect(kind("multipart/mixed")).toBe(MediaKind.Other);
    expect(kind("image/svg+json")).toBe(MediaKind.Other);
    expect(kind("")).toBe(MediaKind.None);
    expect(kind(" ;")).toBe(MediaKind.None);
    expect(mediaKind(Bytes.absent())).toBe(MediaKind.None);
  });
});

describe("the boundary", () => {
  it("is a token or a quoted text", () => {
    expect(boundary("multipart/form-data; boundary=----WebKit")).toBe("----WebKit");
    expect(boundary('multipart/form-data; boundary="a b;c\\"d"')).toBe('a b;c"d');
    expect(boundary("multipart/form-data;charset=x ; Boundary = b ")).toBe("b");
  });

  it("is the first of several", () => {
    expect(boundary("multipart/form-data; boundary=a; boundary=b")).toBe("a");
  });

  it("is not taken from inside another parameter", () => {
    expect(boundary('multipart/form-data; x="; boundary=no"; boundary=yes')).toBe("yes");
  });

  it("may be missing, empty or longer than the room for it", () => {
    expect(boundary("multipart/form-data")).toBe("(none)");
    expect(boundary("multipart/form-data; boundary")).toBe("(none)");
    expect(boundary("multipart/form-data; boundaryx=1; xboundary=2")).toBe("(none)");
    expect(boundary("multipart/form-data; boundary=")).toBe("");
    expect(boundary("multipart/form-data; boundary=" + "x".repeat(65))).toBe("(too long)");
  });

  it("may lack its closing quote", () => {
    expect(boundary('multipart/form-data; boundary="abc')).toBe("abc");
    expect(boundary('multipart/form-data; boundary="abc\\')).toBe("abc\\");
  });
});

describe("percent-decoding", () => {
  it("decodes digits of either case", () => {
    expect(decoded("arn%3aaws%3Abedrock%2Fm")).toBe("arn:aws:bedrock/m");
    expect(decoded("%C3%A9")).toBe("é");
  });

  it("leaves what is no escape", () => {
    expect(decoded("100%")).toBe("100%");
    expect(decoded("%zz%4")).toBe("%zz%4");
    expect(decoded("%%41+")).toBe("%A+");
  });

  it("needs room for the decoded text only", () => {
    expect(decoded("%41%42", 2)).toBe("AB");
    expect(decoded("%41%42", 1)).toBe("(no room)");
    expect(decoded("", 0)).toBe("");
  });
});
