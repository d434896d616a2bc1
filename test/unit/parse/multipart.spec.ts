import { Bytes } from "../../../runtime/bytes/bytes";
import { BodyState } from "../../../runtime/parse/document";
import { FormField, FormFields } from "../../../runtime/parse/form-fields";
import { BOUNDARY_BYTES, MultipartParser, PART_HEADER_BYTES } from "../../../runtime/parse/multipart";
import { Collector } from "./collector";

const sink = new Collector();
const parser = new MultipartParser(sink);
const HEAD = '--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n';

function parts(body: string, boundary: string = "b"): string {
  const bytes = Bytes.constant(boundary);
  parser.setBoundary(bytes.ptr, bytes.length);
  return sink.readText(parser, body);
}

/** Name and data of the only part. */
function part(body: string): string {
  const all = parts(body);
  return all.substring(0, all.lastIndexOf("|"));
}

describe("a form", () => {
  it("has a document per part, named by its field", () => {
    const second =
      '--b\r\ncontent-disposition: form-data; name=file; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n';
    expect(parts(`${HEAD}whisper-1\r\n${second}--b--\r\n`)).toBe("model|whisper-1|5-62\nfile|RIFF|69-161");
    expect(parser.state).toBe(BodyState.Ended);
  });

  it("ignores what is in front of the first boundary and behind the last", () => {
    expect(part(`preamble\r\n--bx\r\n${HEAD}v\r\n--b--\r\nepilogue\r\n--b\r\n`)).toBe("model|v");
  });

  it("does not count the line end before a boundary to the value", () => {
    expect(part(`${HEAD}v\r\n\r\n--b--`)).toBe("model|v\r\n");
  });

  it("keeps text that looks like a boundary", () => {
    expect(part(`${HEAD}a--b\r\n--bc\r\n--b-\r\n-b\r\n--\r\n--b x\r\n--b--`)).toBe(
      "model|a--b\r\n--bc\r\n--b-\r\n-b\r\n--\r\n--b x",
    );
  });

  it("finds a boundary behind a broken one", () => {
    expect(part(`${HEAD}v\r\r\n--b--`)).toBe("model|v\r");
    expect(part(`${HEAD}v\r\n-\r\n--b--`)).toBe("model|v\r\n-");
    expect(part(`${HEAD}v\n\r\n--b--`)).toBe("model|v\n");
  });

  it("allows white space behind a boundary", () => {
    expect(part(`${HEAD.replace("--b\r", "--b \t\r")}v\r\n--b--`)).toBe("model|v");
  });

  it("allows lines that end with LF alone", () => {
    expect(part(`${HEAD.replaceAll("\r", "")}v\n--b--\n`)).toBe("model|v");
  });

  it("may have an empty part, with or without a line end of its own", () => {
    expect(part(`${HEAD}\r\n--b--`)).toBe("model|");
    expect(part(`${HEAD}--b--`)).toBe("model|");
  });

  it("may have no part", () => {
    expect(parts("--b--")).toBe("");
    expect(parts("")).toBe("");
  });

  it("has a part that is not whole when it is cut off", () => {
    expect(parts(`${HEAD}v`)).toBe("model|v|5-54!");
    expect(parts(`${HEAD}v\r\n--b`)).toBe("model|v\r\n--b|5-59!");
  });

  it("has no part when it is cut off in the header", () => {
    expect(parts("--b\r\nContent-Disposition: form-data; name=model\r\n")).toBe("");
  });

  it("reads a folded header, in any case of letters", () => {
    expect(part('--b\r\nCONTENT-DISPOSITION: form-data;\r\n\tNAME="model"\r\n\r\nv\r\n--b--')).toBe("model|v");
  });

  it("reads a quoted name with escapes and semicolons", () => {
    expect(part('--b\r\nContent-Disposition: form-data; filename="name=x;\\";"; name="a;\\"b"\r\n\r\nv\r\n--b--')).toBe(
      'a;"b|v',
    );
  });

  it("has an empty name where there is none", () => {
    expect(part("--b\r\nContent-Type: text/plain\r\n\r\nv\r\n--b--")).toBe("|v");
    expect(part('--b\r\nX: name="no"\r\n\r\nv\r\n--b--')).toBe("|v");
  });

  it("is refused when a header block is too long", () => {
    const long = "X: " + "x".repeat(PART_HEADER_BYTES);
    expect(sink.read(parser, String.UTF8.encode(`--b\r\n${long}\r\n\r\nv\r\n--b--`), 1000)).toBe("");
    expect(parser.state).toBe(BodyState.Invalid);
    expect(parser.faultOffset).toBe(5 + PART_HEADER_BYTES);
  });

  it("has no part without a boundary", () => {
    expect(parts(`${HEAD}v\r\n--b--`, "")).toBe("");
    expect(parts(`${HEAD}v\r\n--b--`, "x".repeat(BOUNDARY_BYTES + 1))).toBe("");
  });

  it("knows which parts are files", () => {
    parts("--b\r\nContent-Disposition: form-data; name=a; filename*=UTF-8''x\r\n\r\nv\r\n--b");
    expect(parser.isFile).toBe(true);
    parts("--b\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--b");
    expect(parser.isFile).toBe(false);
  });
});

const fields = new FormFields();
const fieldsParser = new MultipartParser(fields);
const model = fields.add(Bytes.constant("model"), 16);

function field(body: string): FormField {
  fields.reset();
  fieldsParser.reset();
  fieldsParser.setBoundary(Bytes.constant("b").ptr, 1);
  const bytes = String.UTF8.encode(body);
  for (let at = 0; at < bytes.byteLength; at += 3) {
    fieldsParser.feed(changetype<usize>(bytes) + <usize>at, min(3, bytes.byteLength - at));
  }
  fieldsParser.finish();
  return fields.field(model)!;
}

describe("a wanted form field", () => {
  it("is kept", () => {
    const found = field(`${HEAD}whisper-1\r\n--b--`);
    expect(found.text.toText()).toBe("whisper-1");
    expect(found.isKnown).toBe(true);
    expect(found.seen).toBe(1);
  });

  it("is not known until its part ends", () => {
    expect(field(`${HEAD}whisper`).isKnown).toBe(false);
  });

  it("is cut at its bound and says so", () => {
    const found = field(`${HEAD}0123456789abcdefghij\r\n--b--`);
    expect(found.text.toText()).toBe("0123456789abcdef");
    expect(found.isTruncated).toBe(true);
    expect(found.size).toBe(20);
  });

  it("counts with its last part", () => {
    const found = field(`${HEAD}one\r\n${HEAD}two\r\n--b--`);
    expect(found.text.toText()).toBe("two");
    expect(found.seen).toBe(2);
    expect(found.differs).toBe(true);
  });

  it("does not differ when its parts are equal", () => {
    expect(field(`${HEAD}one\r\n${HEAD}one\r\n--b--`).differs).toBe(false);
    expect(field(`${HEAD}one\r\n${HEAD}on\r\n--b--`).differs).toBe(true);
  });

  it("is not confused by another field", () => {
    expect(field(`${HEAD.replace("model", "models")}no\r\n--b--`).seen).toBe(0);
  });
});
