// Time and events. The test drives it; between two events of one worker nothing else runs on that worker.

/** One event to come. */
export interface Timer {
  readonly at: number;
  readonly order: number;
  readonly worker: number;
  run: (() => void) | null;
}

/** Events that belong to no worker (clients, upstreams). */
export const noWorker = -2;

/** A discrete clock: milliseconds since its start, and every event in the order of time. */
export class Clock {
  /** Milliseconds since the start. */
  now = 0;
  /** Wall clock at the start, in milliseconds since 1970. Change it to make the wall clock step. */
  epochMs: number;
  readonly #heap: Timer[] = [];
  #order = 0;
  #cancelled = 0;
  readonly #busy = new Set<number>();
  #afterEvent: (() => void)[] = [];

  constructor(epochMs = 1_760_000_000_000) {
    this.epochMs = epochMs;
  }

  /** Wall clock in nanoseconds since 1970. */
  get wallNanos(): bigint {
    return BigInt(Math.round((this.epochMs + this.now) * 1000)) * 1000n;
  }

  /** Nanoseconds since the start; never steps back. */
  get monotonicNanos(): bigint {
    return BigInt(Math.round(this.now * 1000)) * 1000n;
  }

  /** Number of events to come. */
  get pending(): number {
    return this.#heap.length;
  }

  /** Runs `run` after `delayMs`, on a worker (which must not be inside a VM then). */
  after(delayMs: number, worker: number, run: () => void): Timer {
    const timer: Timer = { at: this.now + Math.max(0, delayMs), order: this.#order++, worker, run };
    this.#push(timer);
    return timer;
  }

  /** Runs `run` as the next free event of the worker. */
  post(worker: number, run: () => void): void {
    this.after(0, worker, run);
  }

  /** Cancels an event. */
  cancel(timer: Timer | null | undefined): void {
    if (!timer || timer.run === null) return;
    timer.run = null;
    this.#cancelled++;
    if (this.#cancelled > 1000 && this.#cancelled * 2 > this.#heap.length) this.#sweep();
  }

  /** Runs `run` when the event that runs now has ended (Envoy's deferred deletion). */
  atEventEnd(run: () => void): void {
    this.#afterEvent.push(run);
  }

  /** Marks a worker as being inside a VM: its events wait. Answers whether it was free. */
  enter(worker: number): boolean {
    if (this.#busy.has(worker)) return false;
    this.#busy.add(worker);
    return true;
  }

  leave(worker: number): void {
    this.#busy.delete(worker);
  }

  /** Runs everything that is due now, and what that makes due. May be called from inside an event: other workers go on. */
  settle(): void {
    this.#runTo(this.now, undefined);
  }

  /** Lets `ms` pass, running what comes due on the way. */
  advance(ms: number): void {
    const end = this.now + ms;
    this.#runTo(end, undefined);
    if (this.now < end) this.now = end;
  }

  /** Runs events, letting time pass, until `isDone` or none is left or `limitMs` passed. Answers `isDone()`. */
  runUntil(isDone: () => boolean, limitMs = 3_600_000): boolean {
    this.#runTo(this.now + limitMs, isDone);
    return isDone();
  }

  #runTo(end: number, isDone: (() => boolean) | undefined): void {
    const waiting: Timer[] = [];
    while (this.#heap.length > 0 && !isDone?.()) {
      const timer = this.#heap[0] as Timer;
      if (timer.run === null) {
        this.#pop();
        this.#cancelled--;
        continue;
      }
      if (timer.at > end) break;
      this.#pop();
      if (this.#busy.has(timer.worker)) {
        waiting.push(timer);
        continue;
      }
      if (timer.at > this.now) this.now = timer.at;
      const run = timer.run;
      timer.run = null;
      const outer = this.#afterEvent;
      this.#afterEvent = [];
      try {
        run();
      } finally {
        for (let i = 0; i < this.#afterEvent.length; i++) (this.#afterEvent[i] as () => void)();
        this.#afterEvent = outer;
      }
    }
    for (const timer of waiting) this.#push(timer);
  }

  // Drops cancelled events, which would else wait for their time.
  #sweep(): void {
    const live = this.#heap.filter((timer) => timer.run !== null);
    this.#heap.length = 0;
    this.#cancelled = 0;
    for (const timer of live) this.#push(timer);
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up] as Timer;
      if (!isBefore(timer, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Timer;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++;
      if (!isBefore(heap[child] as Timer, last)) break;
      heap[at] = heap[child] as Timer;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
