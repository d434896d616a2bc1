// The fields that every module has beside its filters' own.
import { Aliases } from "../match/aliases";
import { BearerHash } from "../match/bearer";
import { Compilation } from "../match/compilation";
import { ConsumerTable } from "../match/consumers";
import { Facts, isTrue } from "../match/facts";
import { GlobList } from "../match/glob";
import { TextForm } from "./forms";
import { lowerText } from "./lower";
import { ObjectReader } from "./reader";
import { Text } from "./text";

/** Which half of a pair this instance is. */
export const enum PairRole {
  /** One instance that does it all. */
  None,
  Outer,
  Inner,
}

/** How much memory and how many series a configuration may use. */
export const enum Profile {
  Standard,
  /** For gateways of 64 Mi. */
  Edge,
}

const PAIR_ROLES: string[] = ["outer", "inner"];
const PROFILES: string[] = ["standard", "edge"];

const KIB: i64 = 1024;
const MIB: i64 = 1024 * KIB;
const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1000 * MILLISECOND;

/** The shared fields, compiled. `{}` is valid. */
@final
export class SharedConfig {
  /** Separates the state of several configurations of one gateway. */
  readonly instance: Text;
  readonly pair: PairRole;
  readonly profile: Profile;
  readonly consumers: ConsumerTable;
  readonly aliases: Aliases;
  readonly trustedClients: TrustedClients;
  /** Key of the hashes that must be the same in every process. */
  readonly hashKey: string;
  /** Hashes credentials under `hashKey`. */
  readonly bearerHash: BearerHash;
  /** Bytes of one held body, of all held bodies of a VM, and how long a body may be held. */
  readonly maxHeldBytes: i32;
  readonly maxHeldTotal: i32;
  readonly maxHeldNanos: i64;
  /** Metric series in all. */
  readonly maxSeries: i32;
  /** Whether the upstream is asked for uncompressed answers where usage is needed. */
  readonly forceIdentity: bool;

  /** Reads the root of a module's configuration. */
  constructor(root: ObjectReader, compilation: Compilation) {
    const trusted = root.strings("trustedHeaders", TextForm.HeaderName);
    for (let i = 0; i < trusted.length; i++) compilation.trustedHeaders.push(lowerText(trusted[i]));
    this.instance = new Text(root.string("instance", "default", TextForm.Identifier));
    this.pair = <PairRole>(root.enumeration("pair", PAIR_ROLES, -1) + 1);
    const profile = <Profile>root.enumeration("profile", PROFILES, Profile.Standard);
    const isEdge = profile == Profile.Edge;
    this.profile = profile;
    this.consumers = new ConsumerTable(root, compilation);
    this.aliases = new Aliases(root, compilation);
    this.trustedClients = new TrustedClients(root.object("trustClientHeaders"), compilation);
    const hashKey = root.string("hashKey", "sluice");
    this.hashKey = hashKey;
    this.bearerHash = new BearerHash(hashKey);
    this.maxHeldBytes = <i32>root.integer("maxHeldBytes", isEdge ? 128 * KIB : MIB, KIB, 64 * MIB);
    this.maxHeldTotal = <i32>root.integer("maxHeldTotal", isEdge ? 2 * MIB : 8 * MIB, KIB, 1024 * MIB);
    this.maxHeldNanos = root.duration("maxHeldTime", 30 * SECOND, MILLISECOND, 600 * SECOND);
    this.maxSeries = <i32>root.integer("maxSeries", 5000, 1, 100_000);
    this.forceIdentity = root.bool("forceIdentity", true);
  }

  /** Models that may have a label of their own. */
  get maxModels(): i32 {
    return this.profile == Profile.Edge ? 20 : i32.MAX_VALUE;
  }

  /** Consumers that may have a label of their own. */
  get maxConsumers(): i32 {
    return this.profile == Profile.Edge ? 20 : i32.MAX_VALUE;
  }

  /** Keys of one table in shared data, where the filter's own field does not say less. */
  get maxKeys(): i32 {
    return this.profile == Profile.Edge ? 4096 : 65536;
  }
}

/** `trustClientHeaders`: whose copies of the headers that Sluice writes are let through. Absent: nobody's. */
@final
export class TrustedClients {
  private readonly principals: GlobList;
  private readonly expression: i32;

  constructor(reader: ObjectReader, compilation: Compilation) {
    reader.demandMembers();
    this.principals = new GlobList(reader.strings("principals", TextForm.Glob));
    this.expression = compilation.readExpression(reader, "cel");
  }

  /** Whether the caller is one of them: by its identity or by the expression. */
  include(facts: Facts): bool {
    if (!this.principals.isEmpty && this.principals.matches(facts.principal())) return true;
    return this.expression >= 0 && isTrue(facts.expression(this.expression));
  }
}
