// Finds the price of a call: the entry that names it most closely.
import { Bytes } from "../bytes/bytes";
import { NO_MATCH, Pattern } from "./patterns";
import { Price } from "./price";

/** Where a call went: what prices may depend on beside the model. Views are valid as long as their owner says. */
@final
export class Place {
  cluster: Bytes = Bytes.absent();
  host: Bytes = Bytes.absent();
  provider: Bytes = Bytes.absent();
  /** Days since 1970, in UTC. */
  day: i32 = 0;
}

/** One pattern of one price. */
@final
class Row {
  /** The next row with a model of the same hash, -1 at the end. */
  next: i32 = -1;

  constructor(
    readonly pattern: Pattern,
    readonly price: i32,
  ) {}
}

/**
 * The compiled table. The model decides first (exact names, then patterns by their length), then the cluster, the host, the
 * provider, and of entries that differ in nothing else the one that became valid last.
 */
@final
export class PriceTable {
  readonly prices: Price[] = [];
  private readonly exact: Row[] = [];
  private buckets: StaticArray<i32> = new StaticArray<i32>(1);
  private readonly globs: Row[] = []; // closest first
  // The best of those compared so far.
  private best: i32 = -1;
  private cluster: i32 = 0;
  private host: i32 = 0;
  private provider: i32 = 0;

  /** Takes all entries. Configure time. */
  constructor(prices: Price[]) {
    const globs: Row[] = [];
    for (let i = 0; i < prices.length; i++) {
      this.prices.push(prices[i]);
      const patterns = prices[i].models.all;
      for (let k = 0; k < patterns.length; k++) {
        const row = new Row(patterns[k], i);
        if (patterns[k].isExact) this.exact.push(row);
        else globs.push(row);
      }
    }
    this.orderGlobs(globs);
    this.hashModels();
  }

  get isEmpty(): bool {
    return this.prices.length == 0;
  }

  /** Whether some entry is for certain clusters, or for certain hosts, only. */
  get needsCluster(): bool {
    for (let i = 0; i < this.prices.length; i++) if (!this.prices[i].clusters.isEmpty) return true;
    return false;
  }

  get needsHost(): bool {
    for (let i = 0; i < this.prices.length; i++) if (!this.prices[i].hosts.isEmpty) return true;
    return false;
  }

  /** The price of a model in a place; null when there is none. Allocates nothing. */
  find(model: Bytes, place: Place): Price | null {
    if (model.isEmpty) return null;
    this.best = -1;
    let at = this.buckets[<i32>(model.hash32() & (<u32>(this.buckets.length - 1)))];
    while (at >= 0) {
      const row = this.exact[at];
      if (row.pattern.matches(model)) this.compare(row.price, place);
      at = row.next;
    }
    for (let i = 0, k = this.globs.length; i < k; i++) {
      const row = this.globs[i];
      if (this.best >= 0 && (i == 0 || row.pattern.closeness < this.globs[i - 1].pattern.closeness)) break;
      if (row.pattern.matches(model)) this.compare(row.price, place);
    }
    return this.best < 0 ? null : this.prices[this.best];
  }

  /** Whether some entry that is valid is for a model, wherever the call goes. */
  knows(model: Bytes, day: i32): bool {
    for (let i = 0, k = this.prices.length; i < k; i++) {
      const price = this.prices[i];
      if (price.validFrom <= day && price.models.closeness(model) != NO_MATCH) return true;
    }
    return false;
  }

  /** An entry that may have the same claim to a call as the one at `index`; -1 when there is none. Configure time. */
  rivalOf(index: i32): i32 {
    const price = this.prices[index];
    for (let i = 0; i < index; i++) {
      const other = this.prices[i];
      if (price.validFrom != other.validFrom || !price.providers.ties(other.providers)) continue;
      if (!price.clusters.ties(other.clusters) || !price.hosts.ties(other.hosts)) continue;
      if (price.models.ties(other.models)) return i;
    }
    return -1;
  }

  private compare(index: i32, place: Place): void {
    const price = this.prices[index];
    if (price.validFrom > place.day || index == this.best) return;
    const cluster = price.clusters.closeness(place.cluster);
    const host = price.hosts.closeness(place.host);
    const provider = price.providers.closeness(place.provider);
    if (cluster == NO_MATCH || host == NO_MATCH || provider == NO_MATCH) return;
    if (this.best >= 0 && !this.isCloser(cluster, host, provider, price.validFrom)) return;
    this.best = index;
    this.cluster = cluster;
    this.host = host;
    this.provider = provider;
  }

  private isCloser(cluster: i32, host: i32, provider: i32, validFrom: i32): bool {
    if (cluster != this.cluster) return cluster > this.cluster;
    if (host != this.host) return host > this.host;
    if (provider != this.provider) return provider > this.provider;
    return validFrom > this.prices[this.best].validFrom;
  }

  /** The closest first, alike ones in their order. Closeness is a length, so few differ. */
  private orderGlobs(globs: Row[]): void {
    let before = i32.MAX_VALUE;
    while (this.globs.length < globs.length) {
      let closest = i32.MIN_VALUE;
      for (let i = 0; i < globs.length; i++) {
        const closeness = globs[i].pattern.closeness;
        if (closeness < before) closest = max(closest, closeness);
      }
      for (let i = 0; i < globs.length; i++) if (globs[i].pattern.closeness == closest) this.globs.push(globs[i]);
      before = closest;
    }
  }

  private hashModels(): void {
    let size = 1;
    while (size < this.exact.length * 2) size *= 2;
    this.buckets = new StaticArray<i32>(size);
    for (let i = 0; i < size; i++) this.buckets[i] = -1;
    for (let i = 0; i < this.exact.length; i++) {
      const row = this.exact[i];
      const at = <i32>(row.pattern.hash & (<u32>(size - 1)));
      row.next = this.buckets[at];
      this.buckets[at] = i;
    }
  }
}
