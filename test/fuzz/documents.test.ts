// The document sources against simple references: any body, any cut into chunks, damaged bodies, noise.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { crc32 } from "node:zlib";
import { BodyState, DocumentsDriver, Source, type Body, type Document } from "./documents-driver.ts";
import { Random, fuzz } from "./random.ts";

type Wanted = Pick<Document, "data" | "name" | "start" | "end" | "isWhole">;

function plain(documents: readonly Document[]): Wanted[] {
  return documents.map(({ data, name, start, end, isWhole }) => ({ data, name, start, end, isWhole }));
}

const LONG = "x".repeat(70);

/** The WHATWG rules on a whole body, plus the last event that nothing ends. */
function referenceEvents(body: string): Wanted[] {
  const events: Wanted[] = [];
  let data: string[] = [];
  let name = "";
  let isSkipped = false;
  let start = 0;
  const end = (offset: number, isWhole: boolean) => {
    const text = isSkipped ? "" : data.join("\n");
    if (data.length > 0) events.push({ data: text, name: name.slice(0, 64), start, end: offset, isWhole });
    data = [];
    name = "";
    start = offset;
  };
  const mark = body.startsWith("\xef\xbb\xbf") ? 3 : 0;
  for (const match of body.slice(mark).matchAll(/([^\r\n]*)(\r\n|\r|\n|$)/g)) {
    const [, line = "", terminator] = match;
    const after = mark + match.index + match[0].length;
    if (line === "" && terminator !== "") end(after, true);
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data" && data.push(value) === 1) isSkipped = name.startsWith("skip");
    if (field === "event") name = value;
  }
  end(body.length, false);
  return events;
}

function randomEvents(random: Random): string {
  const lines = [
    ...'data: {"a":1}|data:x|data|data:|data: |data:  two|event: ping|event:skip|event|event: |: comment|:|id: 7|retry: 1'.split(
      "|",
    ),
    ...[
      "datax: no",
      " data: no",
      "data : no",
      "",
      "",
      "",
      `event: ${LONG}`,
      "data: \xc3\xa9\xf0\x9f\x98\x80",
      `data: ${LONG}${LONG}`,
    ],
  ];
  const one = random.pick(["\n", "\r\n", "\r"]);
  const mixed = random.chance(0.3);
  let body = random.chance(0.1) ? random.pick(["\xef\xbb\xbf", "\xef\xbb", "\xef"]) : "";
  for (let count = random.below(14); count > 0; count--) {
    body += random.pick(lines) + (mixed ? random.pick(["\n", "\r\n", "\r"]) : one);
  }
  return random.chance(0.3) ? body + random.pick(lines) : body;
}

function referenceLines(body: string): Wanted[] {
  return [...body.matchAll(/([^\n]*)(\n|$)/g)]
    .map(([all, line = "", terminator], index, matches) => {
      const start = matches.slice(0, index).reduce((sum, match) => sum + match[0].length, 0);
      const data = line.replace(/^[ \t\r]+/, "").replace(/\r$/, "");
      return { data, name: "", start, end: start + all.length, isWhole: terminator !== "" };
    })
    .filter(({ data }) => data !== "");
}

interface Part {
  name: string;
  content: string;
  isFile: boolean;
}

function randomParts(random: Random, boundary: string, eol: string): Part[] {
  const pieces = [
    "\r\n",
    "\r",
    "\n",
    "--",
    boundary,
    boundary.slice(0, -1),
    `\r\n--${boundary}x`,
    `\n--${boundary}-`,
    "gpt-4o",
    "\0\xff",
    " ",
  ];
  return Array.from({ length: random.below(5) }, () => {
    const content = Array.from({ length: random.pick([0, 1, 3, 10, 60]) }, () => random.pick(pieces)).join("");
    const isBoundaryInside = new RegExp(`(^|\\r?\\n)--${boundary}(--|[ \\t]*\\r?\\n)`).test(content + eol);
    return {
      name: random.pick(["model", "file", "skip", "a;b", 'q"q', "prompt[]"]),
      content: isBoundaryInside || (eol === "\n" && content.endsWith("\r")) ? "plain" : content,
      isFile: random.chance(0.3),
    };
  });
}

function encodeForm(
  parts: readonly Part[],
  boundary: string,
  eol: string,
  random: Random,
): { body: string; documents: Wanted[] } {
  let body = random.chance(0.2) ? `preamble --${boundary} is ignored${eol}` : "";
  const documents: Wanted[] = [];
  const padding = () => (random.chance(0.1) ? " \t".repeat(1 + random.below(20)) : "");
  for (const { name, content, isFile } of parts) {
    body += `--${boundary}${padding()}${eol}`;
    const start = body.length;
    const quoted = name.replace(/"/g, '\\"');
    const disposition = `form-data; name="${quoted}"${isFile ? '; filename="C:\\dir\\x; name=no"' : ""}`;
    const headers = [
      `Content-Disposition: ${disposition}`,
      "Content-Type: text/plain",
      `X-Long: ${LONG.repeat(random.below(30))}`,
    ];
    if (random.chance(0.3)) headers.reverse();
    if (random.chance(0.2)) headers[0] = (headers[0] as string).replace("; ", `;${eol} `).replace("Content", "CONTENT");
    body += headers.join(eol) + eol + eol + content;
    const data = name.startsWith("skip") ? "" : content;
    documents.push({ data, name, start, end: body.length, isWhole: true });
    body += content === "" && random.chance(0.3) ? "" : eol;
  }
  body += `--${boundary}--` + random.pick(["", eol, `${eol}epilogue${eol}--${boundary}${eol}`]);
  return { body, documents };
}

function frame(headers: readonly (readonly [string, string | number])[], payload: Buffer): Buffer {
  const block = Buffer.concat(
    headers.map(([name, value]) => {
      const head = Buffer.concat([Buffer.from([name.length]), Buffer.from(name)]);
      if (typeof value === "number") return Buffer.concat([head, Buffer.from([4]), Buffer.alloc(4, value)]);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(value.length);
      return Buffer.concat([head, Buffer.from([7]), length, Buffer.from(value)]);
    }),
  );
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(16 + block.length + payload.length, 0);
  prelude.writeUInt32BE(block.length, 4);
  const checksum = (bytes: Buffer) => {
    const out = Buffer.alloc(4);
    out.writeUInt32BE(crc32(bytes));
    return out;
  };
  const unchecked = Buffer.concat([prelude, checksum(prelude), block, payload]);
  return Buffer.concat([unchecked, checksum(unchecked)]);
}

for (const simd of [true, false]) {
  describe(`document sources (${simd ? "SIMD" : "scalar"})`, () => {
    let driver: DocumentsDriver;
    before(async () => {
      driver = await DocumentsDriver.load(simd);
    });

    const readCut = (source: number, body: Buffer, random: Random, boundary = ""): Body => {
      const whole = driver.read(source, body, [body.length], boundary);
      const bytes = Array.from({ length: body.length }, () => 1);
      const cut = random.chance(0.3) ? bytes : random.chunks(body.length);
      assert.deepEqual(driver.read(source, body, cut, boundary), whole, JSON.stringify(body.toString("latin1")));
      assert.equal(whole.open, 0);
      return whole;
    };

    it("finds the events that the WHATWG rules find, and may cut each of them out", () => {
      fuzz("SSE", (random) => {
        let body = randomEvents(random);
        if (random.chance(0.3)) body = random.mutate(Buffer.from(body, "latin1"), "\r\n: dataevent").toString("latin1");
        const { documents, state } = readCut(Source.Sse, Buffer.from(body, "latin1"), random);
        assert.equal(state, BodyState.Ended);
        assert.deepEqual(plain(documents), referenceEvents(body), JSON.stringify(body));
        documents.forEach((document, index) => {
          if (!document.isWhole) return;
          const rest = body.slice(0, document.start) + body.slice(document.end);
          if (rest.startsWith("\xef\xbb\xbf") !== body.startsWith("\xef\xbb\xbf")) return;
          const left = referenceEvents(rest).map(({ data }) => data);
          assert.deepEqual(
            left,
            documents.filter((_, other) => other !== index).map(({ data }) => data),
            JSON.stringify(body),
          );
        });
      });
    });

    it("finds the lines of newline-delimited JSON", () => {
      fuzz("NDJSON", (random) => {
        const pieces = ["\n", "\r\n", "\r", " ", "\t", '{"a":1}', "x", "\n\n", LONG];
        const body = Array.from({ length: random.below(12) }, () => random.pick(pieces)).join("");
        const { documents } = readCut(Source.Ndjson, Buffer.from(body), random);
        assert.deepEqual(plain(documents), referenceLines(body), JSON.stringify(body));
      });
    });

    it("finds the elements of a root array", () => {
      fuzz("root array", (random) => {
        const texts = [
          '{"a":[1,"]}"]}',
          "[]",
          "[[{}]]",
          '"a\\"],b"',
          "12",
          "-1.5e3",
          "null",
          '{"k":"\\\\"}',
          `"${LONG}"`,
        ];
        const space = () => random.pick(["", "", " ", "\n", "\r\n\t"]);
        const elements = Array.from({ length: random.below(6) }, () => random.pick(texts));
        const isArray = random.chance(0.8);
        let body = (random.chance(0.1) ? "\xef\xbb\xbf" : "") + space();
        const expected: Wanted[] = [];
        const add = (text: string) => {
          expected.push({ data: text, name: "", start: body.length, end: body.length + text.length, isWhole: true });
          body += text;
        };
        if (isArray) {
          body += "[" + space();
          elements.forEach((text, index) => {
            if (index > 0) body += space() + "," + space();
            add(text);
          });
          body += space() + "]" + space();
        } else {
          add(random.pick(texts.filter((text) => !text.startsWith("["))));
          body += space();
        }
        const { documents, state } = readCut(Source.Array, Buffer.from(body, "latin1"), random);
        assert.deepEqual(plain(documents), expected, JSON.stringify(body));
        assert.equal(state, BodyState.Ended);
      });
    });

    it("finds the parts of a form, whatever looks like a boundary", () => {
      fuzz("multipart", (random) => {
        const boundary = random.pick(["b", "----WebKitFormBoundaryAbC123", "=_x.y", LONG]);
        const eol = random.pick(["\r\n", "\r\n", "\n"]);
        const parts = randomParts(random, boundary.replace(/[.]/g, "\\."), eol);
        const { body, documents } = encodeForm(parts, boundary, eol, random);
        const read = readCut(Source.Multipart, Buffer.from(body, "latin1"), random, boundary);
        assert.deepEqual(plain(read.documents), documents, JSON.stringify(body));
        assert.deepEqual(
          read.documents.map(({ isFile }) => isFile),
          parts.map(({ isFile }) => isFile),
          JSON.stringify(body),
        );
        assert.equal(read.state, BodyState.Ended);
        const broken = random.mutate(Buffer.from(body, "latin1"), `\r\n-${boundary}`);
        readCut(Source.Multipart, broken.subarray(0, random.below(broken.length + 1)), random, boundary);
      });
    });

    it("finds the frames of an AWS event stream and refuses damaged ones", () => {
      fuzz("AWS event stream", (random) => {
        const frames: Buffer[] = [];
        const expected: Wanted[] = [];
        let offset = 0;
        for (let count = random.below(4); count > 0; count--) {
          const name = random.pick(["metadata", "contentBlockDelta", "skipped", LONG]);
          const isException = random.chance(0.2);
          const headers: [string, string | number][] = [
            [isException ? ":exception-type" : ":event-type", name],
            [":message-type", isException ? "exception" : "event"],
            [":content-type", "application/json"],
            ["number", 9],
          ];
          if (random.chance(0.3)) headers.reverse();
          const payload = Buffer.from(random.pick(["", '{"usage":{}}', LONG.repeat(random.below(40))]));
          const bytes = frame(headers, payload);
          frames.push(bytes);
          const data = name.startsWith("skip") ? "" : payload.toString();
          expected.push({ data, name: name.slice(0, 64), start: offset, end: (offset += bytes.length), isWhole: true });
        }
        const body = Buffer.concat(frames);
        const whole = readCut(Source.Amazon, body, random);
        assert.deepEqual(plain(whole.documents), expected);
        assert.equal(whole.state, BodyState.Ended);
        if (frames.length === 0) return;
        const damaged = Buffer.from(body);
        const at = random.below(damaged.length);
        damaged[at] = (damaged[at] as number) ^ (1 << random.below(8));
        const refused = readCut(Source.Amazon, damaged, random);
        const before = expected.filter(({ end }) => end <= at);
        assert.equal(refused.state, BodyState.Invalid);
        assert.deepEqual(plain(refused.documents.slice(0, before.length)), before);
        assert.ok(refused.documents.slice(before.length).every(({ isWhole }) => !isWhole));
        const cut = readCut(Source.Amazon, body.subarray(0, at), random);
        assert.equal(cut.documents.filter(({ isWhole }) => isWhole).length, before.length);
      });
    });

    it("survives noise without growing", () => {
      const memory = driver.memoryBytes;
      fuzz("noise", (random) => {
        const alphabet = random.pick([
          "\r\n:dataevnt ",
          '[]{}",\\ \n',
          "\r\n-b; :",
          "\0\x01\x07\x10\xff",
          "\xef\xbb\xbf\r\n[{",
        ]);
        const length = random.below(400);
        const noise = Buffer.from(
          Array.from({ length }, () =>
            random.chance(0.05) ? random.below(256) : alphabet.charCodeAt(random.below(alphabet.length)),
          ),
        );
        for (const source of Object.values(Source))
          readCut(source, noise, random, random.pick(["b", "", "-", "\r\n", LONG.repeat(4)]));
        const text = noise.toString("latin1");
        driver.kindOf(text);
        driver.boundaryOf(text, random.below(20));
        driver.percentDecoded(text, random.below(400));
      });
      assert.equal(driver.memoryBytes, memory);
    });
  });
}
