import { ByteBuffer } from "../../../runtime/bytes/buffer";
import { Bytes } from "../../../runtime/bytes/bytes";
import { appendLabelValue } from "../../../runtime/telemetry/label-text";

function written(value: string): string {
  const buffer = new ByteBuffer(64);
  appendLabelValue(buffer, Bytes.constant(value));
  return buffer.view().toText();
}

/** Takes a name apart as Istio's rule does: from `label=.=` to the first `;.;`. */
function readBack(text: string): string {
  const name = "label=.=" + text + ";.;metric";
  const from = name.indexOf("=.=") + 3;
  return name.substring(from, name.indexOf(";.;", from));
}

describe("a label's value", () => {
  test("stays as it is where it can", () => {
    const plain = ["", "gpt-4o", "meta/llama-3.1:free", "a=b;c.d", "=.", ";", "=.;", ";=.", "modèle 🦙"];
    for (let i = 0; i < plain.length; i++) expect(written(plain[i])).toBe(plain[i]);
  });

  test("of every short mix of the separators' characters is read back whole, and is no label of its own", () => {
    const alphabet = ";.=a";
    for (let code = 0; code < 4096; code++) {
      let value = "";
      for (let rest = code, i = 0; i < 6; i++, rest >>= 2) value += alphabet.charAt(rest & 3);
      const text = written(value);
      expect(readBack(text)).toBe(text);
      expect(text.includes("=.=")).toBe(false);
    }
  });

  test("with a bad byte at any place has `_` there", () => {
    const bytes = Bytes.constant("aé✓🦙b");
    for (let i = 0; i < bytes.length; i++) {
      const copy = bytes.persist();
      store<u8>(copy.ptr + <usize>i, 0xff);
      const buffer = new ByteBuffer(64);
      appendLabelValue(buffer, copy);
      expect(buffer.view().toText().includes("_")).toBe(true);
      expect(buffer.view().indexOfByte(0xff)).toBe(-1);
      copy.free();
    }
  });
});
