import { ByteBuffer } from "../../../runtime/bytes/buffer";
import { Bytes } from "../../../runtime/bytes/bytes";
import { addDescriptor } from "../../../filters/rate-limit/rls-request";
import { beginRequest } from "../../../runtime/rls/request";
import { ResponseReader } from "../../../runtime/rls/response";

const out = new ByteBuffer(256);
const reader = new ResponseReader();

function hex(ptr: usize, length: i32): string {
  let text = "";
  for (let i = 0; i < length; i++)
    text += load<u8>(ptr + <usize>i)
      .toString(16)
      .padStart(2, "0");
  return text;
}

function unhex(text: string): Bytes {
  const bytes = Bytes.constant(" ".repeat(text.length / 2));
  for (let i = 0; i < bytes.length; i++) {
    store<u8>(bytes.ptr + <usize>i, <u8>parseInt(text.substring(2 * i, 2 * i + 2), 16));
  }
  return bytes;
}

function request(index: i32, hits: u64): string {
  beginRequest(out, Bytes.constant("d"));
  addDescriptor(out, Bytes.constant("team"), index, 1, 2, hits);
  return hex(out.ptr, out.length);
}

const RULE = "0a0c0a0472756c6512047465616d";
const OWN = "0a0c0a056c696d697412036f776e";
const KEY = "0a270a036b657912" + "20" + "30303030303030303030303030303031" + "30303030303030303030303030303032";

describe("a question to the rate limit service", () => {
  it("names rule, limit and key, and asks without taking where nothing is taken", () => {
    expect(request(-1, 0)).toBe("0a0164" + "1247" + RULE + OWN + KEY + "1a00");
  });

  it("says how much is taken", () => {
    expect(request(-1, 1)).toBe("0a0164" + "1249" + RULE + OWN + KEY + "1a020801");
    expect(request(-1, 300)).toBe("0a0164" + "124a" + RULE + OWN + KEY + "1a0308ac02");
    expect(request(-1, 0xffffffff)).toBe("0a0164" + "124d" + RULE + OWN + KEY + "1a0608ffffffff0f");
  });

  it("names an override by its number", () => {
    expect(request(12, 0).includes("0a0b0a056c696d697412023132")).toBeTruthy();
  });
});

/** Two descriptors: one over a limit of 10 a minute for 7.5 s, one with 299 of 300 a day left. */
const ANSWER =
  "0802" +
  "1212" +
  "0802" +
  "1204080a1002" +
  "2208080710" +
  "80cab5ee01" +
  "12" +
  "0c" +
  "0801" +
  "120508ac021004" +
  "18ab02";

describe("an answer of the rate limit service", () => {
  it("tells of each descriptor how it stands", () => {
    const bytes = unhex(ANSWER);
    reader.open(bytes);
    expect(reader.next()).toBeTruthy();
    expect(reader.status.isOver).toBeTruthy();
    expect(reader.status.limit).toBe(10);
    expect(reader.status.window).toBe(60);
    expect(reader.status.reset).toBe(7_500_000_000);
    expect(reader.next()).toBeTruthy();
    expect(reader.status.isOver).toBeFalsy();
    expect(reader.status.limit).toBe(300);
    expect(reader.status.remaining).toBe(299);
    expect(reader.status.window).toBe(86_400);
    expect(reader.next()).toBeFalsy();
    expect(reader.isSound).toBeTruthy();
  });

  it("may come without a limit, with fields of other kinds, and empty", () => {
    reader.open(unhex("1202" + "0801" + "29" + "0102030405060708" + "35" + "01020304"));
    expect(reader.next()).toBeTruthy();
    expect(reader.status.hasLimit).toBeFalsy();
    expect(reader.next()).toBeFalsy();
    expect(reader.isSound).toBeTruthy();
    reader.open(Bytes.empty());
    expect(reader.next()).toBeFalsy();
  });

  it("harms nobody when it is cut or broken anywhere", () => {
    const bytes = unhex(ANSWER);
    for (let length = 0; length <= bytes.length; length++) {
      reader.open(bytes.slice(0, length));
      let count = 0;
      while (reader.next()) count++;
      expect(count <= 2).toBeTruthy();
    }
    for (let at = 0; at < bytes.length; at++) {
      let flip: u8 = 1;
      for (let bit = 0; bit < 8; bit++) {
        const broken = unhex(ANSWER);
        store<u8>(broken.ptr + <usize>at, load<u8>(broken.ptr + <usize>at) ^ flip);
        flip += flip;
        reader.open(broken);
        let count = 0;
        while (reader.next()) count++;
        expect(count <= bytes.length).toBeTruthy();
      }
    }
  });
});
