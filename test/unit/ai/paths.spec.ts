import { endsWithPath, lastSegment, normalPath, parentPath, queryParameter } from "../../../runtime/ai/paths";
import { Bytes } from "../../../runtime/bytes/bytes";

function normal(path: string): string {
  return normalPath(Bytes.constant(path)).toText();
}

function query(path: string, name: string): string {
  const value = queryParameter(Bytes.constant(path), Bytes.constant(name));
  return value.isPresent ? value.toText() : "<absent>";
}

describe("the normal form of a path", () => {
  it("cuts the query and the fragment", () => {
    expect(normal("/a/b?c=/d")).toBe("/a/b");
    expect(normal("/a/b#c")).toBe("/a/b");
  });

  it("decodes once, slashes and backslashes too", () => {
    expect(normal("/a%2Fb%5cc%41")).toBe("/a/b/cA");
    expect(normal("/a%252Fb")).toBe("/a%2Fb");
    expect(normal("/a\\b")).toBe("/a/b");
  });

  it("leaves alone what is no escape", () => {
    expect(normal("/%")).toBe("/%");
    expect(normal("/%4")).toBe("/%4");
    expect(normal("/%zz")).toBe("/%zz");
  });

  it("resolves empty, single and double dot segments", () => {
    expect(normal("//a///b/./c/../d/")).toBe("/a/b/d");
    expect(normal("/a/%2e%2e/b")).toBe("/b");
    expect(normal("/../../a")).toBe("/a");
    expect(normal("/a/..")).toBe("/");
    expect(normal("/...")).toBe("/...");
  });

  it("cuts parameters off segments", () => {
    expect(normal("/a;x=1/b;y")).toBe("/a/b");
    expect(normal("/a/..;/b")).toBe("/b");
  });

  it("begins with a slash whatever comes", () => {
    expect(normal("")).toBe("/");
    expect(normal("a")).toBe("/a");
    expect(normal("*")).toBe("/*");
    expect(normalPath(Bytes.absent()).isPresent).toBe(false);
  });
});

describe("segments", () => {
  it("compares the end of a path without case", () => {
    expect(endsWithPath(Bytes.constant("/v1/Chat/Completions"), Bytes.constant("/chat/completions"))).toBe(true);
    expect(endsWithPath(Bytes.constant("/v1/xchat/completions"), Bytes.constant("/chat/completions"))).toBe(false);
    expect(endsWithPath(Bytes.constant("/c"), Bytes.constant("/chat"))).toBe(false);
  });

  it("tells last segment and parent", () => {
    expect(lastSegment(Bytes.constant("/a/b")).toText()).toBe("b");
    expect(parentPath(Bytes.constant("/a/b")).toText()).toBe("/a");
    expect(parentPath(Bytes.constant("/a")).toText()).toBe("");
    expect(lastSegment(Bytes.constant("")).toText()).toBe("");
  });
});

describe("query parameters", () => {
  it("finds the first of a name, decoded", () => {
    expect(query("/x?a=1&model=gpt%2D4+o&model=b", "model")).toBe("gpt-4 o");
    expect(query("/x?models=1&model=", "model")).toBe("");
    expect(query("/x?model", "model")).toBe("<absent>");
    expect(query("/x", "model")).toBe("<absent>");
  });
});
