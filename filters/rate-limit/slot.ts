// How a bucket lies in its slot of shared data. Pure: it reads and writes memory that it is given.
//
//    0  deficit      units taken and not come back; beyond the capacity it is debt
//    8  time         nanoseconds since 1970 up to which what came back is counted
//   16  scale        units of a token; 0 in a slot that was never written
//   24  full at      nanoseconds since 1970 at which the bucket is full if nobody takes: who goes first when slots are short
// and where calls reserve before they cost:
//   32  paid         units of what is outstanding that came back already: reservation.ts
//   40  generation   u32, the youngest one
//   44  length       u32, milliseconds of a generation
//   48  outstanding  4 i64, units reserved in each generation and not settled
import { SlotLayout } from "../../runtime/state/slots";

/** Buckets that are only taken from. */
export const PLAIN = new SlotLayout(1, 32);
/** Buckets of which calls reserve. */
export const RESERVING = new SlotLayout(1, 80);

export const DEFICIT: usize = 0;
export const TIME: usize = 8;
export const SCALE: usize = 16;
export const FULL_AT: usize = 24;
export const PAID: usize = 32;
export const GENERATION: usize = 40;
export const LENGTH: usize = 44;
export const OUTSTANDING: usize = 48;

/** Generations of reservations that live at once: a power of two. */
export const GENERATIONS: u32 = 4;

export function deficitOf(slot: usize): i64 {
  return load<i64>(slot, DEFICIT);
}

export function timeOf(slot: usize): i64 {
  return load<i64>(slot, TIME);
}
