// What a call costs: its usage divided into what has a price, and the price that is for it.
import { Exchange } from "./exchange";
import { Outcome } from "./facts";
import { providerText } from "./provider";
import { RequestType } from "./request-type";
import { addCounts } from "./usage";
import { Bytes } from "../bytes/bytes";
import { SharedConfig } from "../config/shared";
import { Text } from "../config/text";
import { getProperty, propertyPath } from "../host/properties";
import { hostName } from "../match/address";
import { DAY_SECONDS } from "../price/date";
import { Price } from "../price/price";
import { Place, PriceTable } from "../price/table";
import { Units } from "../price/units";

const CLUSTER = propertyPath("xds.cluster_name");
const NANOS: u64 = 1_000_000_000;

/** Prices the calls of one configuration. One look-up at a time: what it found stays until the next. */
@final
export class Pricer {
  /** The price that the last `price` used; null without one. */
  found: Price | null = null;
  /** That price stands for a model without one, or does not price all of the call. */
  isUncertain: bool = false;
  private readonly place: Place = new Place();
  private readonly units: Units = new Units();
  private readonly needsCluster: bool;

  constructor(
    private readonly prices: PriceTable,
    /** The model whose price stands for those without one; null: none does. */
    private readonly priceAs: Text | null,
    private readonly shared: SharedConfig,
  ) {
    this.needsCluster = prices.needsCluster;
  }

  /** The cost of a call, in 1e-12 of the currency; -1 when no price is for it. Its stream is the effective context. */
  price(exchange: Exchange, host: Bytes, nowNanos: u64): i64 {
    this.isUncertain = false;
    this.found = this.find(exchange, host, nowNanos);
    const price = this.found;
    if (!price) return -1;
    const cost = price.cost(this.unitsOf(exchange), exchange.serviceTier);
    if (price.isIncomplete) this.isUncertain = true;
    return cost;
  }

  /** What so many tokens would cost, `cached` of the input from a cache; -1 when no price is for the call. */
  estimate(exchange: Exchange, host: Bytes, input: i64, output: i64, nowNanos: u64, cached: i64 = 0): i64 {
    this.isUncertain = false;
    this.found = this.find(exchange, host, nowNanos);
    const price = this.found;
    if (!price) return -1;
    const units = this.units.clear().divideInput(input, cached, 0, 0, 0, 0).divideOutput(output, 0, 0, 0);
    units.images = imagesOf(exchange);
    return price.cost(units, exchange.serviceTier);
  }

  /** Whether the model asked for may have a price, wherever the call goes. */
  knows(exchange: Exchange, nowNanos: u64): bool {
    return this.prices.knows(exchange.requestModel, dayOf(nowNanos));
  }

  private find(exchange: Exchange, host: Bytes, nowNanos: u64): Price | null {
    const prices = this.prices;
    if (prices.isEmpty) return null;
    const place = this.place;
    place.day = dayOf(nowNanos);
    place.provider = orEmpty(providerText(exchange.provider));
    place.host = hostName(host);
    place.cluster = this.needsCluster ? orEmpty(getProperty(CLUSTER)) : Bytes.empty();
    const answered = exchange.responseModel;
    if (answered.isPresent) {
      const price = prices.find(this.shared.aliases.resolve(answered), place);
      if (price) return price;
    }
    const price = prices.find(exchange.requestModel, place);
    const priceAs = this.priceAs;
    if (price || !priceAs) return price;
    this.isUncertain = true;
    return prices.find(priceAs.bytes, place);
  }

  private unitsOf(exchange: Exchange): Units {
    const usage = exchange.usage;
    // The same numbers whether the call is over (and they are settled) or its headers are about to leave.
    const input = max<i64>(usage.input, addCounts(usage.cachedInput, usage.cacheWrite));
    const output = usage.reasoning > usage.output ? addCounts(usage.output, usage.reasoning) : usage.output;
    const units = this.units.clear();
    units.divideInput(input, usage.cachedInput, usage.cacheWrite, usage.cacheWrite1h, usage.audioInput, 0);
    units.divideOutput(output, usage.reasoning, usage.audioOutput, 0);
    units.searches = usage.searchUnits;
    if (exchange.outcome <= Outcome.Ok) units.images = imagesOf(exchange);
    return units;
  }
}

/** Images that a call asks for. */
function imagesOf(exchange: Exchange): i64 {
  return exchange.requestType == RequestType.Image ? exchange.request.choices : 0;
}

function dayOf(nanos: u64): i32 {
  return <i32>(nanos / NANOS / <u64>DAY_SECONDS);
}

function orEmpty(text: Bytes): Bytes {
  return text.isPresent ? text : Bytes.empty();
}
