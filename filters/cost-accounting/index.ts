// cost-accounting: counts the tokens of AI calls, prices them, and keeps budgets of money.
import { Part } from "../../runtime/ai/part";
import { Plugin } from "../../runtime/ai/plugin";
import { ObjectReader } from "../../runtime/config/reader";
import { SharedConfig } from "../../runtime/config/shared";
import { Compilation } from "../../runtime/match/compilation";
import { startModule } from "../../runtime/stream/dispatch";
import { costAccountingParts } from "./parts";

export {
  proxy_abi_version_0_2_1,
  proxy_on_configure,
  proxy_on_context_create,
  proxy_on_delete,
  proxy_on_memory_allocate,
  proxy_on_vm_start,
} from "../../runtime/abi/exports/module";
export { proxy_on_grpc_close, proxy_on_grpc_receive } from "../../runtime/abi/exports/calls";
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

class CostAccounting extends Plugin {
  protected readParts(reader: ObjectReader, shared: SharedConfig, compilation: Compilation): Part[] {
    return costAccountingParts(reader, shared, compilation);
  }
}

startModule(() => new CostAccounting("cost-accounting"));
