// What the guard learnt of each route's own retry policy, in shared data: what one worker saw holds for all.
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { getProperty, propertyPath } from "../../runtime/host/properties";
import { SlotLayout } from "../../runtime/state/slots";
import { Eviction, SlotChange, Table } from "../../runtime/state/table";
import { CallState } from "./call-state";
import { Failure } from "./failure";
import { KeyKind, lastKeyHigh, lastKeyLow, makeKey } from "./ledger";
import { learn, Trust } from "./route-trust";

const LAYOUT = new SlotLayout(1, 8);
const MOST_ROUTES: i32 = 1024;
const DIGITS: i32 = 1;
const ROUTE_NAME = propertyPath("xds.route_name");
const CLUSTER_NAME = propertyPath("xds.cluster_name");

/** The route of the last `resolve`, for the log. */
export const routeText: ByteBuffer = new ByteBuffer(256, 512);

/** A route that is known to be unsafe stays; of the others any may go. */
class Harmless extends Eviction {
  score(payload: usize): i64 {
    return load<u8>(payload) == Trust.Unsafe ? -1 : 0;
  }
}

class Lesson extends SlotChange {
  asked: bool = false;
  attempts: i64 = 0;
  failure: Failure = Failure.None;
  status: i32 = 0;
  flags: i64 = 0;
  before: Trust = Trust.Unproven;
  after: Trust = Trust.Unproven;

  apply(payload: usize, isFresh: bool): bool {
    const known = load<u8>(payload);
    const before = known <= <u8>Trust.Unsafe ? <Trust>known : Trust.Unproven;
    this.before = before;
    this.after = learn(before, this.asked, this.attempts, this.failure, this.status, this.flags);
    if (this.after == before) return false;
    store<u8>(payload, <u8>this.after);
    return true;
  }
}

const lesson = new Lesson();
const harmless = new Harmless();

/** Of one configuration. */
export class Routes {
  private readonly table: Table;

  constructor(instance: string) {
    this.table = new Table(instance, "routes", LAYOUT, MOST_ROUTES, harmless, null, DIGITS);
  }

  /** Makes it ready, after `openSecret`. */
  open(): void {
    this.table.open();
  }

  /** Finds the route of the effective stream, as it is now, and what is known of it. */
  resolve(state: CallState): Trust {
    const name = routeText.clear();
    name.add(getProperty(ROUTE_NAME)).byte(0x20).add(getProperty(CLUSTER_NAME));
    makeKey(KeyKind.Route, 0, 0, name.view());
    state.routeHigh = lastKeyHigh();
    state.routeLow = lastKeyLow();
    state.hasRoute = true;
    const found = this.table.find(state.routeHigh, state.routeLow);
    const trust = found ? load<u8>(found) : <u8>Trust.Unproven;
    return trust <= <u8>Trust.Unsafe ? <Trust>trust : Trust.Unproven;
  }

  /** Learns from a call that is over. Answers what is known now where that is news, else -1. */
  learn(state: CallState): i32 {
    lesson.asked = state.isRetryAsked;
    lesson.attempts = state.attempts;
    lesson.failure = state.failure;
    lesson.status = state.status;
    lesson.flags = state.flags;
    // Nearly all calls tell nothing: no write, and no read either.
    const isQuiet = state.isRetryAsked && state.attempts <= 1;
    if (isQuiet || !state.hasRoute) return -1;
    lesson.before = lesson.after = Trust.Unproven;
    this.table.change(state.routeHigh, state.routeLow, lesson);
    return lesson.after != lesson.before ? lesson.after : -1;
  }
}
