// Where the host writes the pointer, the size and the numbers that it answers with.
import { Bytes } from "../bytes/bytes";

/** Address of the answer's pointer. */
export const ANSWER_PTR: usize = memory.data(16, 8);
/** Address of the answer's size. */
export const ANSWER_SIZE: usize = ANSWER_PTR + 4;
/** Address of a number in the answer (cas, token, status): up to 8 bytes. */
export const ANSWER_NUMBER: usize = ANSWER_PTR + 8;

/** Forgets the last answer: the host leaves the pointer alone when there are no bytes. */
@inline export function expectAnswer(): void {
  store<u64>(ANSWER_PTR, 0);
}

/** The bytes of the last answer, a view in the arena; empty when the host sent none. */
export function answerBytes(): Bytes {
  const ptr = load<u32>(ANSWER_PTR);
  return ptr ? Bytes.view(ptr, load<i32>(ANSWER_SIZE)) : Bytes.empty();
}
