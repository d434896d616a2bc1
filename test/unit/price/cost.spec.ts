import { Bytes } from "../../../runtime/bytes/bytes";
import { Price } from "../../../runtime/price/price";
import { readPrices } from "../../../runtime/price/read";
import { Place, PriceTable } from "../../../runtime/price/table";
import { Units } from "../../../runtime/price/units";
import { Setup } from "../match/fake";

const NO_TIER = Bytes.absent();

function table(prices: string): PriceTable {
  const setup = new Setup('{"prices":[' + prices + "]}");
  const read = readPrices(setup.root);
  setup.root.finish();
  expect(setup.errors.text()).toBe("");
  return read;
}

function price(members: string): Price {
  return table('{"id":"p","models":["m"],' + members + "}").prices[0];
}

function errorsOf(prices: string): string {
  const setup = new Setup('{"prices":[' + prices + "]}");
  readPrices(setup.root);
  setup.root.finish();
  return setup.errors.text();
}

function tokens(input: i64, cached: i64, write: i64, write1h: i64, output: i64, reasoning: i64): Units {
  return new Units().divideInput(input, cached, write, write1h, 0, 0).divideOutput(output, reasoning, 0, 0);
}

function idOf(prices: PriceTable, model: string, place: Place = new Place()): string {
  const found = prices.find(Bytes.constant(model), place);
  return found ? found.id.toString() : "<none>";
}

describe("the cost of a call", () => {
  it("is tokens times prices, exactly", () => {
    const all = price(
      '"input":"2.50","cachedInput":"1.25","cacheWrite":"3","cacheWrite1h":"6","output":"10","reasoning":"12"',
    );
    expect(all.cost(tokens(1_000_000, 0, 0, 0, 0, 0), NO_TIER)).toBe(2_500_000_000_000);
    expect(all.cost(tokens(1000, 0, 0, 0, 100, 0), NO_TIER)).toBe(3_500_000_000);
    expect(all.cost(tokens(100, 10, 20, 5, 30, 7), NO_TIER)).toBe(
      70 * 2_500_000 + 10 * 1_250_000 + 15 * 3_000_000 + 5 * 6_000_000 + 23 * 10_000_000 + 7 * 12_000_000,
    );
    expect(all.isIncomplete).toBe(false);
  });

  it("takes the price of the whole for a part without its own", () => {
    const plain = price('"input":"1","output":"2"');
    expect(plain.cost(tokens(100, 40, 30, 10, 50, 20), NO_TIER)).toBe(100 * 1_000_000 + 50 * 2_000_000);
    const cached = price('"input":"1","cacheWrite":"4","output":"2"');
    expect(cached.cost(tokens(10, 0, 10, 10, 0, 0), NO_TIER)).toBe(40_000_000);
  });

  it("is rounded once, half up", () => {
    const fine = price('"input":"0.0000005","cachedInput":"0.000000499999"');
    expect(fine.cost(tokens(1, 0, 0, 0, 0, 0), NO_TIER)).toBe(1);
    expect(fine.cost(tokens(1, 1, 0, 0, 0, 0), NO_TIER)).toBe(0);
    expect(fine.cost(tokens(3, 0, 0, 0, 0, 0), NO_TIER)).toBe(2);
    expect(fine.cost(tokens(4, 2, 0, 0, 0, 0), NO_TIER)).toBe(2);
  });

  it("reads prices for one and for a thousand tokens", () => {
    expect(price('"input":"0.0000025","per":"1"').cost(tokens(7, 0, 0, 0, 0, 0), NO_TIER)).toBe(17_500_000);
    expect(price('"input":"0.0025","per":"1K"').cost(tokens(7, 0, 0, 0, 0, 0), NO_TIER)).toBe(17_500_000);
  });

  it("knows prices above a length of the input", () => {
    const long = price(
      '"input":"1","output":"2","above":[{"inputTokens":200,"input":"3"},{"inputTokens":100,"input":"2","output":"4"}]',
    );
    expect(long.cost(tokens(100, 0, 0, 0, 1, 0), NO_TIER)).toBe(102_000_000);
    expect(long.cost(tokens(101, 0, 0, 0, 1, 0), NO_TIER)).toBe(206_000_000);
    expect(long.cost(tokens(201, 201, 0, 0, 1, 0), NO_TIER)).toBe(607_000_000);
  });

  it("knows service tiers, which have the rest from the standard prices", () => {
    const tiers = price(
      '"input":"4","output":"8","above":[{"inputTokens":100,"input":"6","output":"9"}],"tiers":{"flex":{"input":"2"},' +
        '"priority":{"output":"20","above":[{"inputTokens":50,"input":"7"}]}}',
    );
    const flex = Bytes.constant("Flex");
    const priority = Bytes.constant("priority");
    expect(tiers.cost(tokens(10, 0, 0, 0, 1, 0), flex)).toBe(28_000_000);
    expect(tiers.cost(tokens(101, 0, 0, 0, 1, 0), flex)).toBe(211_000_000);
    expect(tiers.cost(tokens(10, 0, 0, 0, 1, 0), priority)).toBe(60_000_000);
    expect(tiers.cost(tokens(51, 0, 0, 0, 1, 0), priority)).toBe(377_000_000);
    expect(tiers.cost(tokens(10, 0, 0, 0, 1, 0), Bytes.constant("default"))).toBe(48_000_000);
  });

  it("adds what is charged for each request, image and search", () => {
    const each = price('"input":"0","perRequest":"0.01","image":"0.04","search":"0.002"');
    const units = tokens(0, 0, 0, 0, 0, 0);
    expect(each.cost(units, NO_TIER)).toBe(10_000_000_000);
    units.images = 2;
    units.searches = 3;
    expect(each.cost(units, NO_TIER)).toBe(96_000_000_000);
  });

  it("stays at the end of the numbers and says so", () => {
    const dear = price('"input":"18446744","output":"1","per":"1"');
    expect(dear.cost(tokens(1, 0, 0, 0, 0, 0), NO_TIER)).toBe(i64.MAX_VALUE);
    expect(dear.isIncomplete).toBe(true);
    expect(dear.cost(tokens(i64.MAX_VALUE, 0, 0, 0, 0, 0), NO_TIER)).toBe(i64.MAX_VALUE);
    expect(dear.isIncomplete).toBe(true);
  });

  it("says when there is output that nothing prices", () => {
    const embedding = price('"input":"1"');
    embedding.cost(tokens(5, 0, 0, 0, 0, 0), NO_TIER);
    expect(embedding.isIncomplete).toBe(false);
    embedding.cost(tokens(5, 0, 0, 0, 1, 0), NO_TIER);
    expect(embedding.isIncomplete).toBe(true);
    const image = price('"input":"1","imageOutput":"40"');
    image.cost(new Units().divideOutput(9, 0, 0, 9), NO_TIER);
    expect(image.isIncomplete).toBe(false);
  });

  it("cuts parts that are larger than their whole", () => {
    const plain = price('"input":"1","cachedInput":"2","output":"3","reasoning":"4"');
    expect(plain.cost(tokens(10, 99, 99, 99, 5, 99), NO_TIER)).toBe(40_000_000);
    expect(plain.cost(tokens(-1, -1, -1, -1, -1, -1), NO_TIER)).toBe(0);
  });
});

describe("the price table", () => {
  it("prefers exact names, then the longest pattern", () => {
    const prices = table(
      '{"id":"any","models":["*"],"input":"1"},{"id":"family","models":["gpt-4*"],"input":"1"},' +
        '{"id":"longer","models":["gpt-4o-*","o3"],"input":"1"},{"id":"exact","models":["gpt-4o-mini"],"input":"1"}',
    );
    expect(idOf(prices, "gpt-4o-mini")).toBe("exact");
    expect(idOf(prices, "gpt-4o-x")).toBe("longer");
    expect(idOf(prices, "gpt-4.1")).toBe("family");
    expect(idOf(prices, "o3")).toBe("longer");
    expect(idOf(prices, "claude")).toBe("any");
    expect(idOf(prices, "")).toBe("<none>");
  });

  it("prefers the entry of the cluster, then of the host, then of the provider", () => {
    const prices = table(
      '{"id":"all","models":["m"],"input":"1"},{"id":"azure","models":["m"],"providers":["azure.*"],"input":"1"},' +
        '{"id":"host","models":["m"],"hosts":["*.example"],"input":"1"},{"id":"own","models":["m"],"clusters":["vllm"],"input":"0"}',
    );
    const place = new Place();
    expect(idOf(prices, "m", place)).toBe("all");
    place.provider = Bytes.constant("azure.ai.openai");
    expect(idOf(prices, "m", place)).toBe("azure");
    place.host = Bytes.constant("LLM.example");
    expect(idOf(prices, "m", place)).toBe("host");
    place.cluster = Bytes.constant("vllm");
    expect(idOf(prices, "m", place)).toBe("own");
    place.cluster = Bytes.constant("other");
    expect(idOf(prices, "m", place)).toBe("host");
    expect(prices.needsCluster && prices.needsHost).toBe(true);
  });

  it("falls back to a less close model where no closer one is for that place", () => {
    const prices = table(
      '{"id":"there","models":["m"],"hosts":["a"],"input":"1"},{"id":"else","models":["*"],"input":"1"}',
    );
    expect(idOf(prices, "m")).toBe("else");
  });

  it("takes the entry that became valid last", () => {
    const prices = table(
      '{"id":"old","models":["m"],"input":"1"},{"id":"new","models":["m"],"validFrom":"2026-11-01","input":"2"},' +
        '{"id":"next","models":["m"],"validFrom":"2027-01-01","input":"3"}',
    );
    const place = new Place();
    place.day = 20757; // 2026-10-31
    expect(idOf(prices, "m", place)).toBe("old");
    place.day = 20758;
    expect(idOf(prices, "m", place)).toBe("new");
    place.day = 30000;
    expect(idOf(prices, "m", place)).toBe("next");
  });

  it("refuses two entries that may claim one call", () => {
    const tie = "prices some model as closely as";
    const a = '{"id":"a","models":["gpt-4o","x*"],"input":"1"}';
    expect(errorsOf(a + ',{"id":"b","models":["gpt-4o"],"input":"1"}').includes(tie)).toBe(true);
    expect(errorsOf(a + ',{"id":"b","models":["*y"],"input":"1"}').includes(tie)).toBe(true);
    expect(errorsOf(a + ',{"id":"b","models":["y*"],"input":"1"}')).toBe("");
    expect(errorsOf(a + ',{"id":"b","models":["gpt-4o"],"hosts":["h"],"input":"1"}')).toBe("");
    expect(errorsOf(a + ',{"id":"b","models":["gpt-4o"],"validFrom":"2026-01-01","input":"1"}')).toBe("");
  });

  it("reports what is missing or wrong with its place", () => {
    const all = errorsOf('{"models":[],"per":"2M","above":[{"input":1}],"tiers":{"a b":{}},"validFrom":"2026-02-30"}');
    for (let i = 0; i < 7; i++) {
      const expected = [
        "prices[0].id: missing",
        "prices[0].models: expected a list",
        'prices[0].per: expected one of "1M"',
        "prices[0].input: missing",
        "prices[0].above[0].inputTokens: missing",
        "prices[0].tiers: expected a name",
        'prices[0].validFrom: expected a date such as "2026-11-01", got "2026-02-30"',
      ][i];
      if (!all.includes(expected)) expect(all).toBe(expected);
    }
  });
});
