import { RequestHead, ResponseHead } from "../../../runtime/ai/head";
import { Bytes } from "../../../runtime/bytes/bytes";
import { PairWriter } from "../../../runtime/host/pairs";

const writer = new PairWriter();

function pairs(texts: string[]): Bytes {
  writer.clear();
  for (let i = 0; i + 1 < texts.length; i += 2) writer.add(Bytes.constant(texts[i]), Bytes.constant(texts[i + 1]));
  return writer.finish();
}

describe("the head of a request", () => {
  it("takes each header by its name", () => {
    const head = new RequestHead();
    head.open(
      pairs([":method", "POST", ":path", "/v1?x", ":authority", "h:1", "content-type", "a/b", "content-length", "12"]),
    );
    expect(head.method.toText()).toBe("POST");
    expect(head.path.toText()).toBe("/v1?x");
    expect(head.authority.toText()).toBe("h:1");
    expect(head.contentType.toText()).toBe("a/b");
    expect(head.contentLength).toBe(12);
    expect(head.upgrade.isPresent).toBe(false);
  });

  it("forgets the request before", () => {
    const head = new RequestHead();
    head.open(pairs(["upgrade", "websocket", "mcp-session-id", "1", "content-length", "1"]));
    expect(head.hasMcpHeader).toBe(true);
    head.open(pairs([":method", "GET"]));
    expect(head.upgrade.isPresent).toBe(false);
    expect(head.hasMcpHeader).toBe(false);
    expect(head.contentLength).toBe(-1);
  });

  it("keeps the first of two, but for encodings", () => {
    const head = new RequestHead();
    head.open(pairs(["content-type", "a/b", "content-type", "c/d", "content-encoding", "identity"]));
    expect(head.contentType.toText()).toBe("a/b");
    expect(head.isIdentity).toBe(true);
    head.open(pairs(["content-encoding", "identity", "content-encoding", "gzip"]));
    expect(head.isIdentity).toBe(false);
  });

  it("takes no odd length", () => {
    const head = new RequestHead();
    head.open(pairs(["content-length", "12x"]));
    expect(head.contentLength).toBe(-1);
    head.open(pairs(["content-length", "18446744073709551614"]));
    expect(head.contentLength).toBe(-1);
  });

  it("finds any other header", () => {
    const head = new RequestHead();
    head.open(pairs(["x-a", "1", "x-b", "2"]));
    expect(head.find(Bytes.constant("x-b")).toText()).toBe("2");
    expect(head.find(Bytes.constant("x-c")).isPresent).toBe(false);
  });

  it("knows every header from those with like names", () => {
    const names = [":method", ":path", ":authority", "accept", "upgrade", "x-request-id"];
    const others = [":methoe", ":parh", ":autgority", "accepu", "upgrbde", "x-request-ie", "", "a", "x-request-i"];
    const head = new RequestHead();
    for (let i = 0; i < names.length; i++) {
      const all: string[] = [];
      for (let k = 0; k < others.length; k++) (all.push(others[k]), all.push("other"));
      head.open(pairs(all.concat([names[i], "own"])));
      const values = [head.method, head.path, head.authority, head.accept, head.upgrade, head.requestId];
      for (let k = 0; k < values.length; k++) {
        if (k == i) expect(values[k].toText()).toBe("own", names[i]);
        else expect(values[k].isPresent).toBe(false, names[i]);
      }
    }
  });

  it("takes an empty value for a header that is there", () => {
    const head = new RequestHead();
    head.open(pairs(["mcp-session-id", "", "a2a-version", "", "accept", "", "accept", "a/b"]));
    expect(head.hasMcpHeader).toBe(true);
    expect(head.hasA2aHeader).toBe(true);
    expect(head.accept.isPresent).toBe(true);
    expect(head.accept.isEmpty).toBe(true);
  });

  it("survives bytes that are no pairs", () => {
    const head = new RequestHead();
    head.open(Bytes.constant("\x05\x00\x00\x00 nonsense"));
    expect(head.method.isPresent).toBe(false);
    head.open(Bytes.empty());
    expect(head.path.isPresent).toBe(false);
  });
});

describe("the head of an answer", () => {
  it("takes status, hints and Bedrock's counts", () => {
    const head = new ResponseHead();
    head.open(
      pairs(
        [":status", "429", "retry-after", "7", "x-should-retry", "false", "retry-after-ms", "70"].concat([
          "x-amzn-bedrock-input-token-count",
          "5",
          "x-amzn-bedrock-output-token-count",
          "6",
          "grpc-status",
          "8",
        ]),
      ),
    );
    expect(head.status).toBe(429);
    expect(head.find(Bytes.constant("retry-after")).toText()).toBe("7");
    expect(head.find(Bytes.constant("retry-after-ms")).toText()).toBe("70");
    expect(head.xShouldRetry.toText()).toBe("false");
    expect(head.grpcStatus.toText()).toBe("8");
    expect(head.bedrockInput).toBe(5);
    expect(head.bedrockOutput).toBe(6);
    expect(head.bedrockCacheRead).toBe(-1);
  });

  it("takes no odd status", () => {
    const head = new ResponseHead();
    head.open(pairs([":status", "abc"]));
    expect(head.status).toBe(0);
    head.open(pairs([":status", "99999"]));
    expect(head.status).toBe(0);
  });
});
