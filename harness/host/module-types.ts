// Reads from a Wasm binary what the JavaScript API does not tell: the signatures of imported and exported functions.

/** A function's signature, e.g. `iii>i` (i = i32, I = i64, f = f32, F = f64, v = v128, r = reference). */
export type Signature = string;

/** Imported and exported functions of a module. */
export interface ModuleTypes {
  imports: { module: string; name: string; signature: Signature }[];
  exports: Map<string, Signature>;
}

const valueTypes: Record<number, string> = { 0x7f: "i", 0x7e: "I", 0x7d: "f", 0x7c: "F", 0x7b: "v" };

class Reader {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  byte(): number {
    return this.bytes[this.at++] as number;
  }

  unsigned(): number {
    let value = 0;
    let shift = 0;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
      shift += 7;
    }
  }

  name(): string {
    const length = this.unsigned();
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return text;
  }

  limits(): void {
    const flags = this.byte();
    this.unsigned();
    if (flags & 1) this.unsigned();
  }
}

/** Reads the signatures. `bytes` must be a module that WebAssembly.Module accepts. */
export function readModuleTypes(bytes: Uint8Array): ModuleTypes {
  const reader = new Reader(bytes);
  reader.at = 8;
  const types: Signature[] = [];
  const functions: Signature[] = [];
  const result: ModuleTypes = { imports: [], exports: new Map() };
  while (reader.at < bytes.length) {
    const section = reader.byte();
    const size = reader.unsigned();
    const end = reader.at + size;
    if (section === 1) readTypes(reader, types);
    else if (section === 2) readImports(reader, types, functions, result);
    else if (section === 3) {
      for (let count = reader.unsigned(); count > 0; count--) functions.push(types[reader.unsigned()] ?? "?");
    } else if (section === 7) {
      for (let count = reader.unsigned(); count > 0; count--) {
        const name = reader.name();
        const kind = reader.byte();
        const index = reader.unsigned();
        if (kind === 0) result.exports.set(name, functions[index] ?? "?");
      }
    }
    reader.at = end;
  }
  return result;
}

function readTypes(reader: Reader, types: Signature[]): void {
  for (let count = reader.unsigned(); count > 0; count--) {
    if (reader.byte() !== 0x60) return; // Garbage-collected types: no Proxy-Wasm module has them.
    const list = (): string => {
      let text = "";
      for (let n = reader.unsigned(); n > 0; n--) text += valueTypes[reader.byte()] ?? "r";
      return text;
    };
    const parameters = list();
    types.push(`${parameters}>${list()}`);
  }
}

function readImports(reader: Reader, types: Signature[], functions: Signature[], result: ModuleTypes): void {
  for (let count = reader.unsigned(); count > 0; count--) {
    const module = reader.name();
    const name = reader.name();
    const kind = reader.byte();
    if (kind === 0) {
      const signature = types[reader.unsigned()] ?? "?";
      functions.push(signature);
      result.imports.push({ module, name, signature });
    } else if (kind === 1) {
      reader.byte();
      reader.limits();
    } else if (kind === 2) {
      reader.limits();
    } else if (kind === 3) {
      reader.byte();
      reader.byte();
    } else {
      reader.byte();
      reader.unsigned();
    }
  }
}
