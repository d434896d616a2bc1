// CRC-32 as in gzip and AWS event streams (polynomial 0xedb88320, reflected), four bytes a step.

const TABLES: StaticArray<u32> = makeTables();

/** The checksum of more bytes after those whose checksum is `crc`; start with 0. */
export function crc32(crc: u32, ptr: usize, length: i32): u32 {
  const tables = changetype<usize>(TABLES);
  const end = ptr + <usize>max(length, 0);
  crc = ~crc;
  while (end - ptr >= 4) {
    crc ^= load<u32>(ptr);
    crc =
      entry(tables, 3, crc & 255) ^
      entry(tables, 2, (crc >> 8) & 255) ^
      entry(tables, 1, (crc >> 16) & 255) ^
      entry(tables, 0, crc >> 24);
    ptr += 4;
  }
  while (ptr < end) crc = (crc >> 8) ^ entry(tables, 0, (crc ^ load<u8>(ptr++)) & 255);
  return ~crc;
}


@inline function entry(tables: usize, table: u32, index: u32): u32 {
  return load<u32>(tables + <usize>(((table << 8) | index) << 2));
}

function makeTables(): StaticArray<u32> {
  const tables = new StaticArray<u32>(1024);
  for (let i: u32 = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xedb88320 : crc >> 1;
    tables[i] = crc;
  }
  for (let i = 256; i < 1024; i++) {
    const before = tables[i - 256];
    tables[i] = (before >> 8) ^ tables[before & 255];
  }
  return tables;
}
