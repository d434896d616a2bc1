// The configuration of retry-guard: what is guarded, who may repeat what, and what becomes of repeats and failures.
import { TextForm } from "../../runtime/config/forms";
import { lowerText } from "../../runtime/config/lower";
import { ObjectReader } from "../../runtime/config/reader";
import { Profile, SharedConfig } from "../../runtime/config/shared";
import { Text } from "../../runtime/config/text";
import { Compilation } from "../../runtime/match/compilation";
import { GlobList } from "../../runtime/match/glob";
import { Match } from "../../runtime/match/match";
import { REQUEST_TYPES } from "../../runtime/match/vocabulary";
import { Fallbacks } from "./fallback";
import { NotBilled } from "./not-billed";
import { Timeouts } from "./timeouts";

/** Whether the guard acts. */
export const enum Mode {
  Shadow,
  Enforce,
}

/** Where the instance stands. */
export const enum Placement {
  /** In the listener's chain. */
  Downstream,
  /** In the cluster's, where each attempt is a stream of its own: the second instance of `veto`. */
  Upstream,
}

/** Who may repeat a call on the way to the upstream. */
export const enum ProxyRetries {
  /** Nobody. */
  Strict,
  /** Envoy, what was never sent; the route has no policy of its own. */
  Safe,
  /** The route's policy, as far as the second instance lets it. */
  Veto,
}

/** What becomes of a repeat. */
export const enum OnDuplicate {
  Pass,
  /** 409. */
  Reject,
  /** The stored answer, for equal idempotency keys. */
  Replay,
}

/** What clients are told of a failure that must not be repeated. */
export const enum ClientRetries {
  Observe,
  /** `x-should-retry: false`. */
  Stop,
}

const MODES: string[] = ["shadow", "enforce"];
const PLACEMENTS: string[] = ["downstream", "upstream"];
const PROXY_RETRIES: string[] = ["strict", "safe", "veto"];
const ON_DUPLICATE: string[] = ["pass", "reject"];
const ON_COMPLETED: string[] = ["pass", "reject", "replay"];
const CLIENT_RETRIES: string[] = ["observe", "stop"];

const MILLISECOND: i64 = 1_000_000;
const DAY: i64 = 86_400_000 * MILLISECOND;
const KIB: i64 = 1024;
const MIB: i64 = 1024 * KIB;

/** The fields of retry-guard, compiled. `{}` is valid: it watches and changes nothing. */
@final
export class RetryGuardConfig {
  readonly mode: Mode;
  readonly placement: Placement;
  /** Other requests that are guarded, of which POST and PATCH count; null when AI calls are all. */
  readonly match: Match | null;
  readonly idempotent: Idempotent;
  readonly proxyRetries: ProxyRetries;
  readonly maxRetries: i64;
  /** Ratios in 1e-9. */
  readonly budget: i64;
  readonly minSuccessRate: i64;
  /** How long a call is remembered; 0: not at all. */
  readonly duplicateWindowMs: i64;
  readonly duplicates: Duplicates;
  readonly maxReplayBytes: i32;
  readonly maxReplayTotal: i32;
  readonly notBilled: NotBilled;
  readonly clientRetries: ClientRetries;
  readonly timeouts: Timeouts;
  readonly fallbacks: Fallbacks;

  /** Reads the filter's own fields: of the root in the single module, of `retryGuard` in the suite. */
  constructor(reader: ObjectReader, shared: SharedConfig, compilation: Compilation) {
    this.mode = <Mode>reader.enumeration("mode", MODES, Mode.Shadow);
    this.placement = <Placement>reader.enumeration("placement", PLACEMENTS, Placement.Downstream);
    const match = reader.object("match");
    this.match = match.isPresent ? new Match(match, compilation) : null;
    this.idempotent = new Idempotent(reader.object("idempotent"));
    const proxyRetries = <ProxyRetries>reader.enumeration("proxyRetries", PROXY_RETRIES, ProxyRetries.Strict);
    const isClaimed = reader.bool("routeHasNoRetryPolicy", false);
    if (proxyRetries == ProxyRetries.Safe && !isClaimed)
      reader.mismatch(
        "routeHasNoRetryPolicy",
        'true with proxyRetries "safe": the route must have no retry policy (Istio: retries.attempts: 0), because ' +
          "over one the guard's headers raise the number of retries",
      );
    this.proxyRetries = proxyRetries;
    this.maxRetries = reader.integer("maxRetries", 2, 1, 10);
    this.budget = reader.ratio("budget", 200_000_000);
    this.minSuccessRate = reader.ratio("minSuccessRate", 500_000_000);
    this.duplicateWindowMs = reader.duration("duplicateWindow", 600_000 * MILLISECOND, 0, DAY) / MILLISECOND;
    const duplicates = new Duplicates(reader.object("duplicates"));
    this.duplicates = duplicates;
    this.maxReplayBytes = <i32>reader.integer("maxReplayBytes", 64 * KIB, KIB, 256 * KIB);
    this.maxReplayTotal = <i32>reader.integer("maxReplayTotal", 4 * MIB, KIB, 64 * MIB);
    if (duplicates.completed == OnDuplicate.Replay && shared.profile == Profile.Edge) {
      reader.errors.warn(reader.at("duplicates.completed"), "profile edge stores no answers: repeats are passed");
      duplicates.completed = OnDuplicate.Pass;
    }
    this.notBilled = new NotBilled(reader.objects("notBilled"));
    this.clientRetries = <ClientRetries>reader.enumeration("clientRetries", CLIENT_RETRIES, ClientRetries.Observe);
    this.timeouts = new Timeouts(reader.objects("timeouts"));
    this.fallbacks = new Fallbacks(reader.objects("fallback"), compilation);
  }

  /** Whether anything is changed at all. */
  get isEnforced(): bool {
    return this.mode == Mode.Enforce;
  }

  /** Whether answers are stored. */
  get replays(): bool {
    return this.isEnforced && this.duplicates.completed == OnDuplicate.Replay && this.duplicateWindowMs > 0;
  }

  /** Whether a repeat that is known by its body alone may be answered from here. */
  get blocksByBody(): bool {
    if (!this.isEnforced || this.duplicateWindowMs == 0) return false;
    const duplicates = this.duplicates;
    return (
      duplicates.inFlight == OnDuplicate.Reject ||
      duplicates.completed == OnDuplicate.Reject ||
      duplicates.unfinished == OnDuplicate.Reject
    );
  }

  /** Whether headers ever wait for a body. */
  get mayHold(): bool {
    if (!this.isEnforced) return false;
    return (
      this.proxyRetries == ProxyRetries.Safe ||
      this.blocksByBody ||
      this.replays ||
      this.clientRetries == ClientRetries.Stop ||
      this.timeouts.needsModel ||
      this.timeouts.needsStream ||
      !this.fallbacks.isEmpty
    );
  }
}

/** `duplicates`: what becomes of a repeat, by how the first call stands. */
@final
export class Duplicates {
  readonly inFlight: OnDuplicate;
  completed: OnDuplicate;
  readonly unfinished: OnDuplicate;

  constructor(reader: ObjectReader) {
    this.inFlight = <OnDuplicate>reader.enumeration("inFlight", ON_DUPLICATE, OnDuplicate.Pass);
    this.completed = <OnDuplicate>reader.enumeration("completed", ON_COMPLETED, OnDuplicate.Pass);
    this.unfinished = <OnDuplicate>reader.enumeration("unfinished", ON_DUPLICATE, OnDuplicate.Pass);
  }
}

/** `idempotent`: what may be repeated freely. One member that holds is enough. */
@final
export class Idempotent {
  readonly methods: GlobList;
  readonly requestTypes: GlobList;
  readonly header: Text | null;

  constructor(reader: ObjectReader) {
    reader.demandMembers();
    this.methods = new GlobList(reader.strings("methods", TextForm.Method));
    const types = reader.enumerations("requestTypes", REQUEST_TYPES);
    const names: string[] = [];
    for (let i = 0; i < types.length; i++) names.push(REQUEST_TYPES[types[i]]);
    this.requestTypes = new GlobList(names);
    const header = reader.string("header", "", TextForm.HeaderName);
    this.header = header.length ? new Text(lowerText(header)) : null;
  }
}
