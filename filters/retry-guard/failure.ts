// What became of an attempt at the upstream, from what Envoy says of it.
import { Bytes } from "../../runtime/bytes/bytes";

/** Envoy's response flags, as bits of the property `response.flags`. */
export const enum Flag {
  /** UH: no healthy host. */
  NoHealthyUpstream = 1 << 1,
  /** UT: the request, or one try, took too long. */
  RequestTimeout = 1 << 2,
  /** LR: Envoy reset the connection. */
  LocalReset = 1 << 3,
  /** UR: the upstream reset the stream. */
  RemoteReset = 1 << 4,
  /** UF: no connection. */
  ConnectionFailure = 1 << 5,
  /** UC: the connection ended. */
  ConnectionTermination = 1 << 6,
  /** UO: a circuit breaker; on an upstream's answer only that a retry was not allowed. */
  Overflow = 1 << 7,
  /** NR: no route. */
  NoRoute = 1 << 8,
  /** URX: the retry policy wanted one more. */
  RetryLimitExceeded = 1 << 15,
  /** SI: nothing came for too long. */
  StreamIdleTimeout = 1 << 16,
  /** UMSDR: the stream took too long. */
  MaxDuration = 1 << 19,
  /** UPE: the answer was no HTTP. */
  ProtocolError = 1 << 23,
  /** NC: the route's cluster does not exist. */
  NoCluster = 1 << 24,
}

const TIMEOUTS: i64 = Flag.RequestTimeout | Flag.StreamIdleTimeout | Flag.MaxDuration;
const RESETS: i64 = Flag.LocalReset | Flag.RemoteReset | Flag.ConnectionTermination | Flag.ProtocolError;
const NOWHERE: i64 = Flag.NoHealthyUpstream | Flag.NoRoute | Flag.NoCluster;

const VIA_UPSTREAM = Bytes.constant("via_upstream");
const REFUSED_STREAM = Bytes.constant("remote_refused_stream_reset");

/** How the last attempt failed. */
export const enum Failure {
  /** It did not. */
  None,
  /** No host, route or cluster. */
  NoHealthyUpstream,
  /** No connection came about. */
  ConnectFailure,
  /** A circuit breaker let nothing through. */
  Overflow,
  /** Another filter answered before the request got to an upstream. */
  NotForwarded,
  /** The upstream says by HTTP/2 that it did not look at the request. */
  RefusedStream,
  /** It took too long. */
  Timeout,
  /** The connection or stream broke off. */
  Reset,
  /** The upstream answered with a failure. */
  Answer,
}

/** Whether nothing of the last attempt reached a server that would act on it. */
export function isNeverSent(failure: Failure): bool {
  return failure >= Failure.NoHealthyUpstream && failure <= Failure.RefusedStream;
}

/** Whether the bits say that the route's retry policy would have repeated what came last. */
export function isRetryWanted(flags: i64): bool {
  return (flags & Flag.RetryLimitExceeded) != 0;
}

/**
 * How an attempt failed that is known to have failed. `flags` and `details` are Envoy's (`response.flags`,
 * `response.code_details`), `attempts` is `upstream.request_attempt_count`, -1 where the host does not tell.
 */
export function failureOf(flags: i64, details: Bytes, attempts: i64): Failure {
  if (details.equals(VIA_UPSTREAM)) return Failure.Answer;
  if ((flags & NOWHERE) != 0) return Failure.NoHealthyUpstream;
  if ((flags & Flag.ConnectionFailure) != 0) return Failure.ConnectFailure;
  if ((flags & Flag.Overflow) != 0) return Failure.Overflow;
  if ((flags & TIMEOUTS) != 0) return Failure.Timeout;
  if ((flags & RESETS) != 0) {
    return details.indexOf(REFUSED_STREAM) >= 0 ? Failure.RefusedStream : Failure.Reset;
  }
  return attempts == 0 ? Failure.NotForwarded : Failure.Answer;
}
