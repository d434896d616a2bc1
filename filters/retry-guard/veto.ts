// What the two instances of `veto` tell each other.
import { Bytes } from "../../runtime/bytes/bytes";

/** Envoy repeats no answer that carries it (unless the policy lists `envoy-ratelimited`), and this value says who put it. */
export const VETO_HEADER = Bytes.constant("x-envoy-ratelimited");
export const VETO_VALUE = Bytes.constant("sluice");

/** Stream property: whether the downstream instance guards the stream. Absent where there is none. */
export const GUARDED = Bytes.constant("sluice.retry_guard.guarded");
export const YES = Bytes.constant("1");
export const NO = Bytes.constant("0");
