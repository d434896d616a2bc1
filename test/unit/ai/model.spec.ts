import { isPrintableUtf8, ModelProblem, problemOfModel } from "../../../runtime/ai/model";
import { apiNamed, apiText, Api } from "../../../runtime/ai/api";
import { requestTypeNamed, requestTypeText, RequestType, usualRequestType } from "../../../runtime/ai/request-type";
import { APIS, REQUEST_TYPES } from "../../../runtime/match/vocabulary";
import { Bytes } from "../../../runtime/bytes/bytes";

function raw(bytes: u8[]): Bytes {
  return Bytes.view(bytes.dataStart, bytes.length).persist();
}

describe("the name of a model", () => {
  it("is printable UTF-8 of 1 to 256 bytes", () => {
    expect(problemOfModel(Bytes.constant("gpt-4o"), false)).toBe(ModelProblem.None);
    expect(problemOfModel(Bytes.constant("модель-中"), false)).toBe(ModelProblem.None);
    expect(problemOfModel(Bytes.constant(""), false)).toBe(ModelProblem.Empty);
    expect(problemOfModel(Bytes.constant("a\nb"), false)).toBe(ModelProblem.ControlCharacters);
    expect(problemOfModel(Bytes.constant("a".repeat(256)), false)).toBe(ModelProblem.None);
    expect(problemOfModel(Bytes.constant("a".repeat(257)), false)).toBe(ModelProblem.TooLong);
    expect(problemOfModel(Bytes.constant("a"), true)).toBe(ModelProblem.TooLong);
  });

  it("is checked byte by byte", () => {
    expect(isPrintableUtf8(raw([0x7f]))).toBe(false);
    expect(isPrintableUtf8(raw([0x80]))).toBe(false);
    expect(isPrintableUtf8(raw([0xc0, 0x80]))).toBe(false);
    expect(isPrintableUtf8(raw([0xc2, 0x85]))).toBe(false);
    expect(isPrintableUtf8(raw([0xc2, 0xa9]))).toBe(true);
    expect(isPrintableUtf8(raw([0xc3]))).toBe(false);
    expect(isPrintableUtf8(raw([0xe0, 0x80, 0x80]))).toBe(false);
    expect(isPrintableUtf8(raw([0xed, 0xa0, 0x80]))).toBe(false);
    expect(isPrintableUtf8(raw([0xf0, 0x9f, 0x98, 0x80]))).toBe(true);
    expect(isPrintableUtf8(raw([0xf4, 0x90, 0x80, 0x80]))).toBe(false);
    expect(isPrintableUtf8(raw([0xf5, 0x80, 0x80, 0x80]))).toBe(false);
  });
});

describe("names of APIs and types", () => {
  it("come back as what they were", () => {
    for (let i = 0; i < APIS.length; i++) expect(apiText(apiNamed(APIS[i])).toText()).toBe(APIS[i]);
    for (let i = 0; i < REQUEST_TYPES.length; i++) {
      expect(requestTypeText(requestTypeNamed(REQUEST_TYPES[i])).toText()).toBe(REQUEST_TYPES[i]);
    }
  });

  it("are none when unknown", () => {
    expect(apiNamed("nonsense")).toBe(Api.None);
    expect(requestTypeNamed("nonsense")).toBe(RequestType.None);
    expect(apiText(Api.None).isPresent).toBe(false);
    expect(requestTypeText(RequestType.None).isPresent).toBe(false);
    expect(usualRequestType(Api.None)).toBe(RequestType.None);
  });
});
