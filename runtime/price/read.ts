// Reads `prices` and `currency` of a configuration.
import { JsonType } from "../config/json";
import { insertAscending } from "../config/ascending";
import { ObjectReader } from "../config/reader";
import { TextForm } from "../config/forms";
import { Text } from "../config/text";
import { NO_DATE, parseDate } from "./date";
import { Patterns } from "./patterns";
import { Levels, Price, Tier } from "./price";
import { Rates } from "./rates";
import { PriceTable } from "./table";
import { TokenKind } from "./units";

/** The names of the kinds of tokens, in the order of `TokenKind`. */
const KINDS: string[] = [
  "input",
  "cachedInput",
  "cacheWrite",
  "cacheWrite1h",
  "audioInput",
  "imageInput",
  "output",
  "reasoning",
  "audioOutput",
  "imageOutput",
];

const PER_TEXTS: string[] = ["1M", "1K", "1"];
const PER: u32[] = [1_000_000, 1000, 1];
const MOST_TIERS: i32 = 8;
const MOST_TOKENS: i64 = 1_000_000_000;

/** Reads `prices`. Two entries that may claim one call are an error. */
export function readPrices(reader: ObjectReader): PriceTable {
  const readers = reader.objects("prices");
  const prices: Price[] = [];
  const ids: string[] = [];
  for (let i = 0; i < readers.length; i++) {
    const price = readPrice(readers[i]);
    const id = price.id.toString();
    if (id.length && ids.includes(id)) readers[i].error("id", "another price has the same id");
    ids.push(id);
    prices.push(price);
  }
  const table = new PriceTable(prices);
  for (let i = 0; i < prices.length; i++) {
    const rival = table.rivalOf(i);
    if (rival < 0 || ids[rival] == ids[i]) continue;
    readers[i].error("models", "prices some model as closely as " + ids[rival] + ": make one of them more specific");
  }
  return table;
}

/** Reads `currency`: three capitals of ISO 4217. */
export function readCurrency(reader: ObjectReader): Text {
  const text = reader.string("currency", "USD");
  let isCode = text.length == 3;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x41 || text.charCodeAt(i) > 0x5a) isCode = false;
  if (!isCode) reader.mismatch("currency", 'a currency of ISO 4217 such as "USD"');
  return new Text(text);
}

function readPrice(reader: ObjectReader): Price {
  const id = new Text(reader.requiredString("id", TextForm.Identifier));
  if (!reader.has("models")) reader.mismatch("models", "a list of at least one model");
  const models = new Patterns(reader.strings("models", TextForm.Glob));
  const clusters = new Patterns(reader.strings("clusters", TextForm.Glob));
  const hosts = new Patterns(reader.strings("hosts", TextForm.Glob), true);
  const providers = new Patterns(reader.strings("providers", TextForm.Glob));
  const per = PER[reader.enumeration("per", PER_TEXTS, 0)];
  if (!reader.has("input")) reader.mismatch("input", 'an amount as a decimal string such as "2.50"');
  const levels = readLevels(reader, readRates(reader).over(null));
  const price = new Price(id, models, clusters, hosts, providers, readDate(reader), per, levels);
  price.perRequest = reader.money("perRequest", 0);
  price.image = reader.money("image", 0);
  price.search = reader.money("search", 0);
  readTiers(reader.object("tiers"), price);
  return price;
}

function readDate(reader: ObjectReader): i32 {
  if (reader.typeOf("validFrom") == JsonType.Absent) return NO_DATE;
  const date = parseDate(reader.string("validFrom", ""));
  if (date == NO_DATE) reader.mismatch("validFrom", 'a date such as "2026-11-01"');
  return date;
}

/** The prices of tokens that an object names. */
function readRates(reader: ObjectReader): Rates {
  const rates = new Rates();
  for (let i = 0; i < KINDS.length; i++) {
    const amount = reader.money(KINDS[i], 0);
    if (reader.has(KINDS[i])) rates.name(<TokenKind>i, amount);
  }
  return rates;
}

/** Reads `above`. A level has what it does not name from the one below it. */
function readLevels(reader: ObjectReader, base: Rates): Levels {
  const readers = reader.objects("above");
  const levels = new Levels(base);
  const limits: i64[] = [];
  const own: Rates[] = [];
  for (let i = 0; i < readers.length; i++) {
    if (!readers[i].has("inputTokens")) readers[i].mismatch("inputTokens", "a number of tokens");
    const limit = readers[i].integer("inputTokens", 0, 0, MOST_TOKENS);
    if (limits.includes(limit)) readers[i].error("inputTokens", "another level begins at the same number");
    limits.push(limit);
    own.push(readRates(readers[i]));
  }
  const order: i64[] = [];
  for (let i = 0; i < limits.length; i++) insertAscending(order, limits[i]);
  let below = base;
  for (let i = 0; i < order.length; i++) {
    below = own[limits.indexOf(order[i])].over(below);
    levels.add(order[i], below);
  }
  return levels;
}

/** Reads `tiers`. A tier has what it does not name from the standard prices, of the same level unless it has its own. */
function readTiers(reader: ObjectReader, price: Price): void {
  const names = reader.names;
  const standard = price.levels;
  reader.demandMembers();
  if (names.length > MOST_TIERS)
    reader.errors.error(reader.path, "expected at most 8 tiers, got " + names.length.toString());
  for (let i = 0; i < names.length; i++) {
    if (!reader.checkName(names[i], TextForm.Identifier)) continue;
    const tier = reader.object(names[i]);
    const own = readRates(tier);
    const levels = readLevels(tier, own.over(standard.base));
    price.tiers.push(new Tier(new Text(names[i]), tier.lengthOf("above") > 0 ? levels : standard.under(own)));
  }
}
