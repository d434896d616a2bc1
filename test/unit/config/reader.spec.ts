import { ConfigErrors } from "../../../runtime/config/errors";
import { TextForm } from "../../../runtime/config/forms";
import { JsonType } from "../../../runtime/config/json";
import { ObjectReader, readConfig } from "../../../runtime/config/reader";

let errors = new ConfigErrors("rate-limit");

function read(text: string): ObjectReader {
  errors = new ConfigErrors("rate-limit");
  const bytes = String.UTF8.encode(text);
  return readConfig(errors, changetype<usize>(bytes), bytes.byteLength);
}

/** The message of the only error, without the filter's name. */
function only(): string {
  if (errors.errors.length != 1) return errors.errors.length.toString() + " errors: " + errors.text();
  return errors.errors[0].substring("rate-limit: config: ".length);
}

describe("reading a configuration", () => {
  it("answers the default of what is absent", () => {
    const root = read("{}");
    expect(root.integer("a", 7, 0, 10)).toBe(7);
    expect(root.string("b", "x")).toBe("x");
    expect(root.bool("c", true)).toBe(true);
    expect(root.duration("d", 5, 0, 10)).toBe(5);
    expect(root.money("e", 3)).toBe(3);
    expect(root.object("f").isPresent).toBe(false);
    expect(root.object("f").object("g").integer("h", 1, 0, 2)).toBe(1);
    expect(root.objects("i").length).toBe(0);
    expect(root.typeOf("j")).toBe(JsonType.Absent);
    root.finish();
    expect(errors.isValid).toBe(true);
  });

  it("names the place, what was found and what was expected", () => {
    const root = read('{"rules":[{},{},{"limit":{"interval":60}}]}');
    const rules = root.objects("rules");
    rules[2].object("limit").duration("interval", 1, 0, i64.MAX_VALUE);
    root.finish();
    const line = 'rate-limit: config: rules[2].limit.interval: expected a duration such as "60s", got 60';
    expect(errors.text()).toBe(line);
  });

  it("refuses null for everything", () => {
    const root = read('{"a":null,"b":null,"c":null,"d":null,"e":null,"f":null,"g":null,"h":null}');
    root.integer("a", 0, 0, 1);
    root.string("b", "");
    root.bool("c", false);
    root.duration("d", 0, 0, 1);
    root.money("e", 0);
    root.object("f");
    root.objects("g");
    root.strings("h");
    expect(errors.errorCount).toBe(8);
    expect(errors.errors[0]).toBe("rate-limit: config: a: expected a whole number from 0 to 1, got null");
  });

  it("takes whole numbers however the host prints them", () => {
    const root = read('{"a":1e+06,"b":100000,"c":2.0,"d":1.5,"e":"3"}');
    expect(root.integer("a", 0, 0, 2000000)).toBe(1000000);
    expect(root.integer("b", 0, 0, 2000000)).toBe(100000);
    expect(root.integer("c", 0, 0, 2)).toBe(2);
    expect(root.integer("d", 9, 0, 2)).toBe(9);
    expect(root.integer("e", 9, 0, 2)).toBe(9);
    expect(errors.errorCount).toBe(2);
  });

  it("reads durations and bounds them", () => {
    const root = read('{"a":"250ms","b":"1h","c":"1d","d":"60","e":"1.5s","f":"2d","g":"99999999999999999999d"}');
    const day: i64 = 86400000000000;
    expect(root.duration("a", 0, 0, day)).toBe(250000000);
    expect(root.duration("b", 0, 0, day)).toBe(3600000000000);
    expect(root.duration("c", 0, 0, day)).toBe(day);
    root.duration("d", 0, 0, day);
    root.duration("e", 0, 0, day);
    root.duration("f", 0, 1000000, day);
    root.duration("g", 0, 0, day);
    expect(errors.errors.length).toBe(4);
    expect(errors.errors[2]).toBe('rate-limit: config: f: expected a duration from 1ms to 1d, got "2d"');
  });

  it("keeps money exact and warns when it is too fine", () => {
    const root = read(
      '{"a":"2.50","b":"0.0000000000005","c":"18446744.073709551615","d":"18446745","e":2.5,"f":"-1.5"}',
    );
    expect(root.money("a", 0)).toBe(2500000000000);
    expect(root.money("b", 0)).toBe(1);
    expect(root.money("c", 0)).toBe(u64.MAX_VALUE);
    expect(root.money("d", 0)).toBe(0);
    expect(root.money("e", 0)).toBe(0);
    expect(root.signedMoney("f", 0)).toBe(-1500000000000);
    expect(errors.errorCount).toBe(2);
    expect(errors.warnings[0]).toBe('rate-limit: config: b: "0.0000000000005" is finer than 1e-12 and was rounded');
  });

  it("reads ratios as decimal strings from 0 to 1", () => {
    const root = read('{"a":"0.05","b":"1","c":"1.000000001","d":0.5,"e":"0.0000000001"}');
    expect(root.ratio("a", 0)).toBe(50000000);
    expect(root.ratio("b", 0)).toBe(1000000000);
    root.ratio("c", 0);
    root.ratio("d", 0);
    root.ratio("e", 0);
    expect(errors.errorCount).toBe(3);
  });

  it("bounds scaled numbers by their exact value", () => {
    const root = read('{"a":33.33335,"b":100.00000001,"c":-0.00000001,"d":99.99999999}');
    expect(root.scaled("a", 0, 4, 0, 1000000)).toBe(333334);
    expect(root.scaled("b", 7, 4, 0, 1000000)).toBe(7);
    expect(root.scaled("c", 7, 4, 0, 1000000)).toBe(7);
    expect(root.scaled("d", 7, 4, 0, 1000000)).toBe(1000000);
    expect(errors.errors[0]).toBe("rate-limit: config: b: expected a number from 0 to 100, got 100.00000001");
  });

  it("lists what an enumeration may be", () => {
    const root = read('{"mode":"Enforce"}');
    root.requiredEnumeration("mode", ["enforce", "shadow"]);
    expect(only()).toBe('mode: expected one of "enforce", "shadow", got "Enforce"');
  });

  it("reports what is missing", () => {
    const root = read('{"a":{}}');
    root.object("a").requiredString("name", TextForm.Identifier);
    expect(only()).toBe("a.name: missing, expected a name of 1 to 64 letters, digits, '.', '_' or '-'");
  });

  it("reports each wrong element of a list", () => {
    const root = read('{"paths":["/v1/*",3,"a*b",""]}');
    expect(root.strings("paths", TextForm.Glob)).toStrictEqual(["/v1/*"]);
    expect(errors.errorCount).toBe(3);
    expect(errors.errors[0]).toBe(
      "rate-limit: config: paths[1]: expected a text with '*' at its start or end only, got 3",
    );
  });

  it("refuses an empty list, which would match nothing", () => {
    read('{"paths":[]}').strings("paths", TextForm.Glob);
    expect(only()).toBe(
      "paths: expected a list of at least one text with '*' at its start or end only, got an empty list",
    );
  });

  it("names the nearest known field for an unknown one, at every depth", () => {
    const root = read('{"rules":[{"intervall":"60s"}],"max_held_bytes":1}');
    root.integer("maxHeldBytes", 0, 0, 1);
    root.integer("maxHeldTotal", 0, 0, 1);
    root.objects("rules")[0].duration("interval", 0, 0, 1);
    root.finish();
    expect(errors.errors).toStrictEqual([
      'rate-limit: config: unknown field "max_held_bytes", did you mean "maxHeldBytes"?',
      'rate-limit: config: rules[0]: unknown field "intervall", did you mean "interval"?',
    ]);
  });

  it("lists the known fields when none is near", () => {
    const root = read('{"zzzzzz":1}');
    root.bool("tagAll", false);
    root.bool("split", false);
    root.finish();
    expect(only()).toBe('unknown field "zzzzzz", known here: tagAll, split');
  });

  it("says where JSON ends to be JSON, once", () => {
    const root = read('{"a":1,}');
    root.finish();
    expect(only()).toBe("not valid JSON: expected a member name in double quotes at line 1, column 8 (byte 7)");
  });

  it("refuses a root that is no object", () => {
    read("[]").finish();
    expect(only()).toBe("expected an object, got an empty list");
  });

  it("keeps 50 lines and counts the others", () => {
    const root = read("{" + '"a":1,'.repeat(0) + '"list":[' + "1,".repeat(59) + "1]}");
    root.strings("list");
    expect(errors.errors.length).toBe(50);
    expect(errors.errorCount).toBe(60);
    expect(errors.text().endsWith("\nrate-limit: config: and 10 more errors")).toBe(true);
  });

  it("shows long and odd values cut and cleaned", () => {
    read('{"a":"' + "x".repeat(100) + '"}').integer("a", 0, 0, 1);
    expect(only()).toBe('a: expected a whole number from 0 to 1, got "' + "x".repeat(64) + '…"');
    read('{"a":"\\n\\u0000"}').integer("a", 0, 0, 1);
    expect(only()).toBe('a: expected a whole number from 0 to 1, got "??"');
  });
});
