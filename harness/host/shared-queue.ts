// Shared queues: process-wide by vm_id and name. Whoever registers last is told of each new entry, later.
import { Status } from "./status.ts";

interface Queue {
  entries: Uint8Array[];
  notify: (token: number) => void;
}

/** The process's shared queues. */
export class SharedQueues {
  readonly #tokens = new Map<string, number>();
  readonly #queues = new Map<number, Queue>();
  #nextToken = 1;

  /** Registers (again): `notify` is called at each enqueue and must itself put the event off. Entries are kept. */
  register(vmId: string, name: string, notify: (token: number) => void): number {
    const key = `${vmId}\0${name}`;
    let token = this.#tokens.get(key);
    if (token === undefined) {
      token = this.#nextToken++;
      this.#tokens.set(key, token);
      this.#queues.set(token, { entries: [], notify });
    } else {
      (this.#queues.get(token) as Queue).notify = notify;
    }
    return token;
  }

  /** The token, or 0 where there is no such queue. */
  resolve(vmId: string, name: string): number {
    return this.#tokens.get(`${vmId}\0${name}`) ?? 0;
  }

  /** Number of entries that wait in a queue. */
  size(token: number): number {
    return this.#queues.get(token)?.entries.length ?? 0;
  }

  enqueue(token: number, data: Uint8Array): number {
    const queue = this.#queues.get(token);
    if (queue === undefined) return Status.NotFound;
    queue.entries.push(data);
    queue.notify(token);
    return Status.Ok;
  }

  /** The oldest entry, or a status. */
  dequeue(token: number): Uint8Array | number {
    const queue = this.#queues.get(token);
    if (queue === undefined) return Status.NotFound;
    return queue.entries.shift() ?? Status.Empty;
  }
}
