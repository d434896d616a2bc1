// What one key spent in the running period. Pure: it reads and writes a slot of shared data that it is given.
//
//    0  start      seconds since 1970 at which the period began
//    8  end        ... and at which it ends; 0 in a slot that was never written
//   16  spent      1e-9 of the currency; corrections may bring it below zero
//   24  rest       u32, 1e-12 of the currency that do not make 1e-9 yet
//   28  generation u32, of the youngest reservations
//   32  reserved   1e-9, of calls that began in this generation and are not settled
//   40  before     ... and in the one before it
//
// Nothing is kept of a single reservation: one that nobody settles is forgotten with its generation, after 15 to 30 minutes.
import { SlotLayout } from "../../runtime/state/slots";
import { Window } from "./window";

/** The layout of ledgers. */
export const LEDGER = new SlotLayout(1, 48);

const START: usize = 0;
const END: usize = 8;
const SPENT: usize = 16;
const REST: usize = 24;
const GENERATION: usize = 28;
const RESERVED: usize = 32;
const BEFORE: usize = 40;

const GENERATION_SECONDS: i64 = 900;
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
  const taken = takenOf(slot);
  return taken < amount && min(estimate, amount) <= amount - max<i64>(taken, 0);
}

/** Reserves for a call that is admitted; what `settle` is to be told. */
export function reserve(slot: usize, estimate: i64): void {
  store<i64>(slot, bounded(load<i64>(slot, RESERVED) + bounded(estimate)), RESERVED);
}

/** Ends a reservation made in a generation. `cost` is in 1e-12 of the currency; 0 for a call that was not charged. */
export function settle(slot: usize, reserved: i64, generation: u32, cost: i64): void {
  const current = load<u32>(slot, GENERATION);
  if (generation == current) giveBack(slot, RESERVED, reserved);
  else if (generation + 1 == current) giveBack(slot, BEFORE, reserved);
  const units = <i64>load<u32>(slot, REST) + (cost % UNITS_PER_NANO);
  store<i64>(slot, bounded(spentOf(slot) + bounded(cost / UNITS_PER_NANO + units / UNITS_PER_NANO)), SPENT);
  store<u32>(slot, <u32>(units % UNITS_PER_NANO), REST);
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
  return bounded(spentOf(slot) + bounded(load<i64>(slot, RESERVED) + load<i64>(slot, BEFORE)));
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
  return takenOf(slot) == 0 && load<u32>(slot, REST) == 0 ? 0 : -1;
}

function giveBack(slot: usize, field: usize, reserved: i64): void {
  const there = load<i64>(slot + field);
  store<i64>(slot + field, max<i64>(there - reserved, 0));
}

function bounded(amount: i64): i64 {
  return min(amount, MOST);
}
