// Reservations: taken in front of a call, settled to what it cost when it is over, given back when nobody settles.
//
// Had a call reserved less, the deficit would have been lower ever since, but never below zero: a bucket that was full stays
// full, and what came back meanwhile was not saved up. So a reservation that was too large by x is not owed x where the
// deficit fell below what is outstanding: that much (`paid`) came back of the reservations themselves. Whoever ends first
// goes without it. That never gives back more than if every call had taken what it cost from the start, so that many calls
// ending at once cannot overspend together, and it gives back all where the limit is near: there the deficit is deep.
//
// Nothing is kept of a single reservation. A slot knows how much was reserved in each of the last four generations (a third
// of the time to live each) and is not settled; what is still there when a generation is too old is given back, and a call
// that ends after that pays all it cost.
import { refresh, take } from "./bucket";
import { Meter } from "./meter";
import { DEFICIT, GENERATION, GENERATIONS, LENGTH, OUTSTANDING, PAID, SCALE } from "./slot";

const NANOS_PER_MILLI: i64 = 1_000_000;

/** Milliseconds of a generation for a time to live: a reservation lives for three to four of them. */
export function generationLength(timeToLiveNanos: i64): u32 {
  return <u32>max<i64>(timeToLiveNanos / 3 / NANOS_PER_MILLI, 1);
}

/** Brings a reserving slot up to `now`; reservations that are too old are given back. */
export function refreshReserving(slot: usize, meter: Meter, length: u32, now: i64): void {
  const isFresh = load<i64>(slot, SCALE) == 0;
  refresh(slot, meter, now, true);
  const current = <u32>(now / NANOS_PER_MILLI / <i64>max<u32>(length, 1));
  if (isFresh) {
    store<u32>(slot, current, GENERATION);
    store<u32>(slot, length, LENGTH);
    return;
  }
  const paid = outstanding(slot) - load<i64>(slot, DEFICIT);
  if (paid > load<i64>(slot, PAID)) store<i64>(slot, paid, PAID);
  const last = load<u32>(slot, GENERATION);
  // Another time to live, or a clock that was set back: what is outstanding counts as reserved now.
  if (load<u32>(slot, LENGTH) != length || last > current + 1) gather(slot, current, length);
  else if (current > last) advance(slot, last, current);
}

/** Reserves units that are admitted, in the slot's generation. */
export function reserve(slot: usize, meter: Meter, units: i64): void {
  take(slot, meter, units);
  const place = placeOf(load<u32>(slot, GENERATION));
  setOutstanding(slot, place, outstandingAt(slot, place) + units);
}

/** Ends a reservation of `reserved` units made in this generation: the call cost `cost`. */
export function settle(slot: usize, meter: Meter, reserved: i64, generation: u32, cost: i64): void {
  const isThere = reserved > 0 && isLive(slot, generation) && withdraw(slot, generation, reserved);
  const taken: i64 = isThere ? reserved : 0;
  if (cost > taken) take(slot, meter, cost - taken);
  else giveBack(slot, taken - cost);
  boundPaid(slot);
}

/** Units reserved and not settled. */
export function outstanding(slot: usize): i64 {
  let sum: i64 = 0;
  for (let i: u32 = 0; i < GENERATIONS; i++) sum += outstandingAt(slot, i);
  return sum;
}

/** Until when a slot has to stay for its reservations: nanoseconds since 1970, 0 when there are none. */
export function reservedUntil(slot: usize): i64 {
  const last = load<u32>(slot, GENERATION);
  for (let back: u32 = 0; back < GENERATIONS; back++) {
    if (outstandingAt(slot, placeOf(last - back)) == 0) continue;
    const end = <i64>(last - back) + <i64>GENERATIONS;
    return end * <i64>load<u32>(slot, LENGTH) * NANOS_PER_MILLI;
  }
  return 0;
}

/** Units that were reserved and not needed: but for those that came back by themselves. */
function giveBack(slot: usize, units: i64): void {
  const paid = load<i64>(slot, PAID);
  const kept = min(units, paid);
  store<i64>(slot, paid - kept, PAID);
  store<i64>(slot, max<i64>(load<i64>(slot, DEFICIT) - (units - kept), 0), DEFICIT);
}

/** No more of what is outstanding can be paid than there is. */
function boundPaid(slot: usize): void {
  store<i64>(slot, min(load<i64>(slot, PAID), outstanding(slot)), PAID);
}

/** Time went on: generations that are too old give back what is left of them. */
function advance(slot: usize, last: u32, current: u32): void {
  const steps = min(current - last, GENERATIONS);
  for (let step: u32 = 1; step <= steps; step++) {
    const place = placeOf(last + step);
    const left = outstandingAt(slot, place);
    if (left == 0) continue;
    setOutstanding(slot, place, 0);
    giveBack(slot, left);
  }
  store<u32>(slot, current, GENERATION);
  boundPaid(slot);
}

/** Puts all that is outstanding into the current generation. */
function gather(slot: usize, current: u32, length: u32): void {
  const sum = outstanding(slot);
  for (let i: u32 = 0; i < GENERATIONS; i++) setOutstanding(slot, i, 0);
  setOutstanding(slot, placeOf(current), sum);
  store<u32>(slot, current, GENERATION);
  store<u32>(slot, length, LENGTH);
}

function isLive(slot: usize, generation: u32): bool {
  return load<u32>(slot, GENERATION) - generation < GENERATIONS;
}

/** Takes a reservation out of its generation; where it was gathered into another, out of that. False: it is not there. */
function withdraw(slot: usize, generation: u32, units: i64): bool {
  if (outstanding(slot) < units) return false;
  let rest = withdrawFrom(slot, placeOf(generation), units);
  for (let i: u32 = 0; i < GENERATIONS && rest > 0; i++) rest = withdrawFrom(slot, i, rest);
  return true;
}

function withdrawFrom(slot: usize, place: usize, units: i64): i64 {
  const there = outstandingAt(slot, place);
  const taken = min(there, units);
  setOutstanding(slot, place, there - taken);
  return units - taken;
}


@inline function placeOf(generation: u32): usize {
  return <usize>(generation & (GENERATIONS - 1));
}

function outstandingAt(slot: usize, place: usize): i64 {
  return load<i64>(slot + (place << 3), OUTSTANDING);
}

function setOutstanding(slot: usize, place: usize, units: i64): void {
  store<i64>(slot + (place << 3), units, OUTSTANDING);
}
