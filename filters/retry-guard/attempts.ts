// The pool of attempts of one upstream instance, and what their configuration says of a request.
import { requestHead } from "../../runtime/ai/call";
import { classification } from "../../runtime/ai/classify";
import { providerText } from "../../runtime/ai/provider";
import { requestTypeText } from "../../runtime/ai/request-type";
import { Bytes } from "../../runtime/bytes/bytes";
import { StreamContext } from "../../runtime/stream/context";
import { Attempt } from "./attempt";
import { Placement, RetryGuardConfig } from "./config";

export class Attempts {
  /** The configuration in force. */
  config: RetryGuardConfig | null = null;
  private readonly pool: Attempt[] = [];

  /** Whether streams of this plugin are attempts. */
  get isPlacedUpstream(): bool {
    const config = this.config;
    return config != null && config.placement == Placement.Upstream;
  }

  /** A context for a new attempt. */
  take(): StreamContext {
    return this.pool.length > 0 ? this.pool.pop() : new Attempt(this);
  }

  /** Takes one back. */
  put(attempt: Attempt): void {
    this.pool.push(attempt);
  }

  /** Classifies the request whose head was read. Whether it is guarded, where no downstream instance says it better. */
  guards(): bool {
    const config = this.config;
    if (!config) return false;
    classification.read(requestHead, null);
    const idempotent = config.idempotent;
    const header = idempotent.header;
    if (header && requestHead.find(header.bytes).isPresent) return false;
    if (idempotent.methods.matches(requestHead.method)) return false;
    return classification.isCall && !idempotent.requestTypes.matches(requestTypeText(classification.requestType));
  }

  /** The provider of the request whose head was read last. */
  provider(): Bytes {
    return providerText(classification.provider);
  }
}
