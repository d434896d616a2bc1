import { hmacPrepare, hmacSha256, HMAC_KEY_SIZE, sha256, sha256Final, sha256Init } from "../../../runtime/bytes/sha256";
import { sha256Update, SHA256_SIZE, SHA256_STATE_SIZE } from "../../../runtime/bytes/sha256";
import { hex, repeated } from "./hex";

const digest = new ArrayBuffer(SHA256_SIZE);

function sha256Of(message: ArrayBuffer): string {
  sha256(changetype<usize>(message), message.byteLength, changetype<usize>(digest));
  return hex(digest);
}

function hmacOf(key: ArrayBuffer, message: ArrayBuffer): string {
  const prepared = new ArrayBuffer(HMAC_KEY_SIZE);
  hmacPrepare(changetype<usize>(key), key.byteLength, changetype<usize>(prepared));
  hmacSha256(changetype<usize>(prepared), changetype<usize>(message), message.byteLength, changetype<usize>(digest));
  return hex(digest);
}

describe("SHA-256 (FIPS 180-4 examples)", () => {
  it("hashes the empty message", () => {
    expect(sha256Of(new ArrayBuffer(0))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("hashes one block", () => {
    const message = String.UTF8.encode("abc");
    expect(sha256Of(message)).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it("hashes two blocks", () => {
    const message = String.UTF8.encode("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
    expect(sha256Of(message)).toBe("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  });

  it("gives the same digest whatever the pieces", () => {
    const message = repeated(0x61, 1000);
    const whole = sha256Of(message);
    const memory = new ArrayBuffer(SHA256_STATE_SIZE); // held here, so that no collection frees it
    const state = changetype<usize>(memory);
    for (let piece = 1; piece < 140; piece += 9) {
      sha256Init(state);
      for (let at = 0; at < 1000; at += piece) {
        sha256Update(state, changetype<usize>(message) + <usize>at, min(piece, 1000 - at));
      }
      sha256Final(state, changetype<usize>(digest));
      expect(hex(digest)).toBe(whole);
    }
  });
});

describe("HMAC-SHA256 (RFC 4231)", () => {
  it("takes a short key", () => {
    const mac = hmacOf(repeated(0x0b, 20), String.UTF8.encode("Hi There"));
    expect(mac).toBe("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  });

  it("hashes a key longer than a block first", () => {
    const message = String.UTF8.encode("Test Using Larger Than Block-Size Key - Hash Key First");
    const mac = hmacOf(repeated(0xaa, 131), message);
    expect(mac).toBe("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  });
});
