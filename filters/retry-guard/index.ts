// retry-guard: an AI call is not idempotent. Keeps proxies from sending one twice, knows repeats by clients, judges failures.
import { Part } from "../../runtime/ai/part";
import { Plugin } from "../../runtime/ai/plugin";
import { ObjectReader } from "../../runtime/config/reader";
import { SharedConfig } from "../../runtime/config/shared";
import { Compilation } from "../../runtime/match/compilation";
import { StreamContext } from "../../runtime/stream/context";
import { startModule } from "../../runtime/stream/dispatch";
import { Attempts } from "./attempts";
import { retryGuardParts } from "./parts";

export {
  proxy_abi_version_0_2_1,
  proxy_on_configure,
  proxy_on_context_create,
  proxy_on_delete,
  proxy_on_done,
  proxy_on_memory_allocate,
  proxy_on_vm_start,
} from "../../runtime/abi/exports/module";
export { proxy_on_queue_ready, proxy_on_tick } from "../../runtime/abi/exports/timer";
export {
  proxy_on_request_body,
  proxy_on_request_headers,
  proxy_on_request_trailers,
} from "../../runtime/abi/exports/request";
export {
  proxy_on_response_body,
  proxy_on_response_headers,
  proxy_on_response_trailers,
} from "../../runtime/abi/exports/response";
export { proxy_on_log } from "../../runtime/abi/exports/log";

class RetryGuard extends Plugin {
  private readonly attempts: Attempts = new Attempts();

  newStream(): StreamContext {
    return this.attempts.isPlacedUpstream ? this.attempts.take() : super.newStream();
  }

  protected readParts(reader: ObjectReader, shared: SharedConfig, compilation: Compilation): Part[] {
    return retryGuardParts(reader, shared, compilation, this.attempts);
  }
}

startModule(() => new RetryGuard("retry-guard"));
