// Packs the static data of a module: most of it is UTF-16 text with headers and zeros between. The module unpacks it to
// the same addresses before anything else runs, which takes a fraction of a millisecond once per VM. A transform brings
// in the unpacker; without packed data behind the static memory it does nothing.
//
// The packed form is bytes of LZ77 (Ziv, Lempel 1977); n counts what is written, d is how far back:
//
//   0              the end
//   1..63          n bytes follow
//   64..127        n - 63 bytes follow, each of which stands before a zero (the UTF-16 form of ASCII)
//   128..191  d    n - 125 bytes again from d + 1 back
//   192..254  d:2  n - 188 bytes again from d + 1 back, little endian
//   255       n:2  so many bytes stay zero

import { Node, SourceKind } from "assemblyscript";

const WIDE = 64;
const NEAR = 128;
const FAR = 192;
const SKIP = 255;
const LEAST_NEAR = 3;
const LEAST_FAR = 4;
const MOST_NEAR = LEAST_NEAR + FAR - NEAR - 1;
const MOST_FAR = LEAST_FAR + SKIP - FAR - 1;
const MOST_RUN = 63;
const MOST_SKIP = 0xffff;
/** Earlier places that begin alike, of each byte, that are looked at. */
const MOST_TRIES = 1000;

const UNPACKER = `
@global function __sluiceUnpack(): void {
  let from = __heap_base;
  let to: usize = 0;
  while (true) {
    const code = <u32>load<u8>(from++);
    if (code < ${NEAR}) {
      if (!code) break;
      const isWide = code >= ${WIDE};
      let count = isWide ? code - ${MOST_RUN} : code;
      while (count--) {
        store<u8>(to, load<u8>(from++));
        to += isWide ? 2 : 1;
      }
    } else if (code == ${SKIP}) {
      to += load<u16>(from);
      from += 2;
    } else {
      let count = code - ${NEAR - LEAST_NEAR};
      let back = <usize>load<u8>(from++) + 1;
      if (code >= ${FAR}) {
        count = code - ${FAR - LEAST_FAR};
        back += <usize>load<u8>(from++) << 8;
      }
      while (count--) {
        store<u8>(to, load<u8>(to - back));
        to++;
      }
    }
  }
  memory.fill(__heap_base, 0, from - __heap_base);
}
`;

/** The transform that lets a module begin with unpacking. Then `heapBase` is where its static memory ends. */
export class Unpacking {
  static heapBase = 0;

  /** @param {import("assemblyscript").Parser} parser */
  afterParse(parser) {
    const entry = parser.sources.find((source) => source.sourceKind === SourceKind.UserEntry);
    if (entry === undefined) return;
    parser.parseFile(UNPACKER, "~lib/sluice/unpack.ts", false);
    const { range } = entry;
    const call = Node.createCallExpression(Node.createIdentifierExpression("__sluiceUnpack", range), null, [], range);
    entry.statements.unshift(Node.createExpressionStatement(call));
  }

  afterCompile(module) {
    const { init } = this.binaryen.getGlobalInfo(module.getGlobal("~lib/memory/__heap_base"));
    Unpacking.heapBase = this.binaryen.getExpressionInfo(init).value;
  }
}

/**
 * The same module with its data packed, as one segment that begins where the static memory ends. `heapBase` as the
 * transform that compiled it says.
 * @param {Uint8Array} wasm
 * @param {number} heapBase
 * @returns {Uint8Array}
 */
export function packData(wasm, heapBase) {
  const sections = readSections(wasm);
  const data = sections.find(({ id }) => id === Section.Data);
  if (data === undefined) return wasm;
  const image = new Uint8Array(heapBase);
  for (const [offset, bytes] of readSegments(data.body)) image.set(bytes, offset);
  const packed = pack(image);
  if (Buffer.compare(unpack(packed, heapBase), image) !== 0) throw new Error("packed data does not unpack to itself");
  data.body = Uint8Array.from([1, 0, I32_CONST, ...signed(heapBase), END, ...unsigned(packed.length), ...packed]);
  for (const section of sections) {
    if (section.id === Section.DataCount) section.body = Uint8Array.from([1]);
    if (section.id === Section.Memory) section.body = withRoom(section.body, heapBase + packed.length);
  }
  return Buffer.concat([
    wasm.subarray(0, HEADER_BYTES),
    ...sections.flatMap(({ id, body }) => [Uint8Array.from([id, ...unsigned(body.length)]), body]),
  ]);
}

const Section = { Memory: 5, Data: 11, DataCount: 12 };
const HEADER_BYTES = 8;
const PAGE_BYTES = 65_536;
const I32_CONST = 0x41;
const END = 0x0b;

/** Reads LEB128 and bytes one after the other. */
class Reader {
  at = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
  }

  get isAtEnd() {
    return this.at >= this.bytes.length;
  }

  unsigned() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** @param {number} length */
  take(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

/** @param {Uint8Array} wasm */
function readSections(wasm) {
  const reader = new Reader(wasm);
  reader.take(HEADER_BYTES);
  const sections = [];
  while (!reader.isAtEnd) {
    const [id = 0] = reader.take(1);
    sections.push({ id, body: reader.take(reader.unsigned()) });
  }
  return sections;
}

/**
 * Address and bytes of each segment. All are active, at constant addresses: the compiler makes no others.
 * @param {Uint8Array} body
 * @returns {[number, Uint8Array][]}
 */
function readSegments(body) {
  const reader = new Reader(body);
  return Array.from({ length: reader.unsigned() }, () => {
    const [mode, op] = reader.take(2);
    const offset = reader.unsigned();
    const [end] = reader.take(1);
    if (mode !== 0 || op !== I32_CONST || end !== END) throw new Error("a data segment of an unknown form");
    return [offset, reader.take(reader.unsigned())];
  });
}

/** @param {Uint8Array} memory @param {number} bytes */
function withRoom(memory, bytes) {
  const reader = new Reader(memory);
  const [count = 1, limits = 0] = reader.take(2);
  const pages = Math.max(reader.unsigned(), Math.ceil(bytes / PAGE_BYTES));
  return Uint8Array.from([count, limits, ...unsigned(pages), ...memory.subarray(reader.at)]);
}

/** LEB128. @param {number} value */
function unsigned(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

/** LEB128 of a number that is not negative, for an instruction that takes signed ones. @param {number} value */
function signed(value) {
  const bytes = unsigned(value);
  const last = bytes.length - 1;
  return (bytes[last] & 0x40) === 0 ? bytes : [...bytes.slice(0, last), bytes[last] | 0x80, 0];
}

/** A place on the cheapest way through the image: what was written before it, and how it went on from there. */
const Mode = { Free: 0, Bytes: 1, Wide: 2 };

/**
 * The shortest packed form that is found, by dynamic programming over all places of the image.
 * @param {Uint8Array} image
 */
export function pack(image) {
  const size = image.length;
  const modes = Object.values(Mode);
  const costs = modes.map(() => new Float64Array(size + 1).fill(Infinity));
  // How a place was reached: from where and in which mode, how many bytes at once and from how far back.
  const froms = modes.map(() => new Int32Array(size + 1));
  const counts = modes.map(() => new Int32Array(size + 1));
  const backs = modes.map(() => new Int32Array(size + 1));
  costs[Mode.Free][0] = 0;
  const reach = (to, mode, cost, at, from, count = 0, back = 0) => {
    if (to > size || cost >= costs[mode][to]) return;
    costs[mode][to] = cost;
    froms[mode][to] = at * modes.length + from;
    counts[mode][to] = count;
    backs[mode][to] = back;
  };
  const cheapest = (at) => modes.reduce((best, mode) => (costs[mode][at] < costs[best][at] ? mode : best));
  const zeros = zeroRuns(image);
  const matches = new Matches(image);
  for (let at = 0; at < size; at++) {
    const mode = cheapest(at);
    const cost = costs[mode][at];
    reach(at + 1, Mode.Bytes, cost + 2, at, mode);
    reach(at + 1, Mode.Bytes, costs[Mode.Bytes][at] + 1, at, Mode.Bytes);
    if (zeros[at + 1] > 0) {
      reach(at + 2, Mode.Wide, cost + 2, at, mode);
      reach(at + 2, Mode.Wide, costs[Mode.Wide][at] + 1, at, Mode.Wide);
    }
    const skip = Math.min(zeros[at], MOST_SKIP);
    if (skip > 0) reach(at + skip, Mode.Free, cost + 3, at, mode, skip);
    if (zeros[at] > MOST_NEAR) continue;
    for (const { back, least, most } of matches.at(at)) {
      const price = cost + (back <= 256 ? 2 : 3);
      for (let count = least; count <= most; count++) reach(at + count, Mode.Free, price, at, mode, count, back);
    }
  }
  const way = [];
  for (let to = size, mode = cheapest(size); to > 0;) {
    const from = froms[mode][to];
    const at = Math.floor(from / modes.length);
    way.push({ at, mode, count: counts[mode][to], back: backs[mode][to] });
    to = at;
    mode = from % modes.length;
  }
  return encode(image, way.reverse());
}

/** @param {Uint8Array} image */
function encode(image, way) {
  const packed = [];
  for (let i = 0; i < way.length;) {
    const { mode, count, back } = way[i];
    if (mode !== Mode.Free) {
      const run = [];
      for (; way[i]?.mode === mode && run.length < MOST_RUN; i++) run.push(image[way[i].at]);
      packed.push(mode === Mode.Wide ? run.length + MOST_RUN : run.length, ...run);
      continue;
    }
    if (back === 0) packed.push(SKIP, count & 0xff, count >> 8);
    else if (back <= 256) packed.push(NEAR + count - LEAST_NEAR, back - 1);
    else packed.push(FAR + count - LEAST_FAR, (back - 1) & 0xff, (back - 1) >> 8);
    i++;
  }
  return Uint8Array.from([...packed, 0]);
}

/** How many zeros follow from each place on. @param {Uint8Array} image */
function zeroRuns(image) {
  const runs = new Uint32Array(image.length + 2);
  for (let at = image.length - 1; at >= 0; at--) runs[at] = image[at] === 0 ? runs[at + 1] + 1 : 0;
  return runs;
}

/** Finds what stood before. Ask for places in order; those that were not asked for are not found. */
class Matches {
  last = new Int32Array(0x10000).fill(-1);

  /** @param {Uint8Array} image */
  constructor(image) {
    this.image = image;
    this.previous = new Int32Array(image.length).fill(-1);
  }

  /** What may be repeated at a place: from how far back, and from how many to how many bytes. */
  at(at) {
    const { image, last, previous } = this;
    const found = [];
    const room = image.length - at;
    if (room < LEAST_NEAR) return found;
    const key = ((image[at] * 0x9e5f) ^ (image[at + 1] * 0x3d4d) ^ (image[at + 2] * 0x5bd1)) & 0xffff;
    let near = LEAST_NEAR - 1;
    let far = LEAST_FAR - 1;
    let candidate = last[key];
    for (let tries = MOST_TRIES; candidate >= 0 && tries > 0; tries--, candidate = previous[candidate]) {
      const back = at - candidate;
      if (back > PAGE_BYTES) break;
      const most = Math.min(room, back <= 256 ? MOST_NEAR : MOST_FAR);
      const known = back <= 256 ? near : far;
      let count = 0;
      while (count < most && image[candidate + count] === image[at + count]) count++;
      if (count <= known) continue;
      found.push({ back, least: known + 1, most: count });
      if (back <= 256) near = count;
      far = Math.max(far, count);
    }
    previous[at] = last[key];
    last[key] = at;
    return found;
  }
}

/**
 * What the module's own unpacker does.
 * @param {Uint8Array} packed
 * @param {number} size
 */
export function unpack(packed, size) {
  const image = new Uint8Array(size);
  let at = 0;
  for (let from = 0; ;) {
    const code = packed[from++] ?? 0;
    if (code === 0) return image;
    if (code < NEAR) {
      const isWide = code >= WIDE;
      for (let count = isWide ? code - MOST_RUN : code; count > 0; count--, at += isWide ? 2 : 1)
        image[at] = packed[from++];
    } else if (code === SKIP) {
      at += packed[from] + packed[from + 1] * 256;
      from += 2;
    } else {
      const isFar = code >= FAR;
      const back = packed[from++] + 1 + (isFar ? packed[from++] * 256 : 0);
      for (let count = isFar ? code - FAR + LEAST_FAR : code - NEAR + LEAST_NEAR; count > 0; count--, at++) {
        image[at] = image[at - back];
      }
    }
  }
}
