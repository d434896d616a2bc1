// What one key spent in the running period. Pure: it reads and writes a slot of shared data that it is given.
//
//    0  start      seconds since 1970 at which the period began
//    8  end        ... and at which it ends; 0 in a slot that was never written
//   16  spent      1e-9 of the currency; corrections may bring it below zero
//   24  rest       u32, 1e-12 of the currency that do not make 1e-9 yet
//   28  generation u32, of the youngest reservations
//   32  reserved   1e-9, of calls that began in this generation and are not settled
//   40  before     ... and in the one before it
//   48  unsent     1e-9 that the rate limit service is to be told, less than one of its units; below zero: too much told
//   56  sent       its units that it was told in this period and window
//   64  year       u32, the service's window: 365 days, counted from 1970
//
// Nothing is kept of a single reservation: one that nobody settles is forgotten with its generation, after 15 to 30 minutes.
import { SlotLayout } from "../../runtime/state/slots";
import { Window } from "./window";

/** The layout of ledgers. */
export const LEDGER = new SlotLayout(1, 72);

const START: usize = 0;
const END: usize = 8;
const SPENT: usize = 16;
const REST: usize = 24;
const GENERATION: usize = 28;
const RESERVED: usize = 32;
const BEFORE: usize = 40;
const UNSENT: usize = 48;
const SENT: usize = 56;
const YEAR: usize = 64;

const GENERATION_SECONDS: i64 = 900;
const YEAR_SECONDS: i64 = 365 * 86_400;
const UNITS_PER_NANO: i64 = 1000;
/** Beyond every budget, and far from the ends of i64: sums of three fit. */
const MOST: i64 = 1 << 61;

/** Brings a ledger up to `now` (seconds): a period that is over is forgotten, what calls in flight reserved is not. */
export function refresh(slot: usize, window: Window, now: i64): void {
  const start = window.startOf(now, load<i64>(slot, START));
  if (start != load<i64>(slot, START) || load<i64>(slot, END) == 0) {
    // A worker whose clock is behind by a moment does not bring the last period back.
    if (start >= load<i64>(slot, START) || load<i64>(slot, START) - now > 60) {
      store<i64>(slot, start, START);
      store<i64>(slot, window.endOf(start), END);
      store<i64>(slot, 0, SPENT);
      store<u32>(slot, 0, REST);
      store<i64>(slot, 0, SENT);
    }
  }
  const current = <u32>(now / GENERATION_SECONDS);
  const last = load<u32>(slot, GENERATION);
  if (current == last) return;
  if (current < last && last - current <= 1) return;
  store<i64>(slot, current == last + 1 ? load<i64>(slot, RESERVED) : 0, BEFORE);
  store<i64>(slot, 0, RESERVED);
  store<u32>(slot, current, GENERATION);
}

/** Whether a call of about `estimate` may be made: with all calls in flight it stays within `amount`. */
export function admits(slot: usize, amount: i64, estimate: i64): bool {
  return fits(takenOf(slot), amount, estimate);
}

/** Whether a call of about `estimate` fits into an amount of which so much is taken. */
export function fits(taken: i64, amount: i64, estimate: i64): bool {
  return taken < amount && min(estimate, amount) <= amount - max<i64>(taken, 0);
}

/** Reserves for a call that is admitted; what `settle` is to be told. */
export function reserve(slot: usize, estimate: i64): void {
  store<i64>(slot, bounded(load<i64>(slot, RESERVED) + bounded(estimate)), RESERVED);
}

/**
 * Ends a reservation made in a generation. `cost` is in 1e-12 of the currency; 0 for a call that was not charged. How many
 * 1e-9 were spent by it, and by remainders of calls before it.
 */
export function settle(slot: usize, reserved: i64, generation: u32, cost: i64): i64 {
  const current = load<u32>(slot, GENERATION);
  if (generation == current) giveBack(slot, RESERVED, reserved);
  else if (generation + 1 == current) giveBack(slot, BEFORE, reserved);
  const units = <i64>load<u32>(slot, REST) + (cost % UNITS_PER_NANO);
  const nanos = bounded(cost / UNITS_PER_NANO + units / UNITS_PER_NANO);
  store<i64>(slot, bounded(spentOf(slot) + nanos), SPENT);
  store<u32>(slot, <u32>(units % UNITS_PER_NANO), REST);
  return nanos;
}

/**
 * How many whole units (of so many 1e-9) the rate limit service is to be told, now that `nanos` more were spent. What is left
 * is told with the next; below zero: so much is to be taken back. The service forgets all every 365 days: a period
 * that goes on then is told anew.
 */
export function tell(slot: usize, nanos: i64, unit: i64, now: i64): i64 {
  if (unit <= 0) return 0;
  const year = <u32>(now / YEAR_SECONDS);
  const known = load<u32>(slot, YEAR);
  let unsent = load<i64>(slot, UNSENT);
  let sent = load<i64>(slot, SENT);
  if (year > known) {
    unsent = within(unsent + sent * unit);
    sent = 0;
    store<u32>(slot, year, YEAR);
  }
  unsent = within(unsent + within(nanos));
  const units = unsent / unit;
  store<i64>(slot, unsent - units * unit, UNSENT);
  store<i64>(slot, min(max(sent + units, -MOST / unit), MOST / unit), SENT);
  return units;
}

/** Of what `tell` said, so many units did not reach the rate limit service. */
export function untell(slot: usize, units: i64, unit: i64): void {
  if (unit <= 0) return;
  const bounds = min(max(units, -MOST / unit), MOST / unit);
  store<i64>(slot, within(unsentOf(slot) + bounds * unit), UNSENT);
  if (load<u32>(slot, YEAR) != 0) store<i64>(slot, load<i64>(slot, SENT) - bounds, SENT);
}

/** What the rate limit service does not know yet. */
export function unsentOf(slot: usize): i64 {
  return load<i64>(slot, UNSENT);
}

/** Reserved by calls in flight. */
export function reservedOf(slot: usize): i64 {
  return bounded(load<i64>(slot, RESERVED) + load<i64>(slot, BEFORE));
}

/** Corrects what was spent. */
export function adjust(slot: usize, amount: i64): void {
  store<i64>(slot, max<i64>(bounded(spentOf(slot) + amount), -MOST), SPENT);
}

/** Spent in this period, in 1e-9. */
export function spentOf(slot: usize): i64 {
  return load<i64>(slot, SPENT);
}

/** Spent, and reserved by calls in flight. */
export function takenOf(slot: usize): i64 {
  return bounded(spentOf(slot) + reservedOf(slot));
}

/** When the period ends, in seconds since 1970. */
export function endOf(slot: usize): i64 {
  return load<i64>(slot, END);
}

/** The generation of a reservation made now. */
export function generationOf(slot: usize): u32 {
  return load<u32>(slot, GENERATION);
}

/** Which ledger may be given up: one of a period that ended long ago first, never one that has something to remember. */
export function spareness(slot: usize, now: i64): i64 {
  const end = load<i64>(slot, END);
  if (end <= now) return now - end + 1;
  return takenOf(slot) == 0 && load<u32>(slot, REST) == 0 && unsentOf(slot) == 0 ? 0 : -1;
}

function giveBack(slot: usize, field: usize, reserved: i64): void {
  const there = load<i64>(slot + field);
  store<i64>(slot + field, max<i64>(there - reserved, 0));
}

function bounded(amount: i64): i64 {
  return min(amount, MOST);
}

function within(amount: i64): i64 {
  return min(max(amount, -MOST), MOST);
}
