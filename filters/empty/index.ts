// The smallest filter: it loads, accepts any configuration and lets every request pass.
// `make new NAME=x` copies this folder; `make bench` measures what a filter costs that does nothing.
import { HeadersStatus } from "../../runtime/abi/enums";
import { RootContext, StreamContext } from "../../runtime/stream/context";
import { startModule } from "../../runtime/stream/dispatch";

export {
  proxy_abi_version_0_2_1,
  proxy_on_configure,
  proxy_on_context_create,
  proxy_on_delete,
  proxy_on_memory_allocate,
  proxy_on_vm_start,
} from "../../runtime/abi/exports/module";
export { proxy_on_request_headers } from "../../runtime/abi/exports/request";

/** One configuration of the filter. It keeps the contexts of streams that ended, for streams to come. */
class EmptyRoot extends RootContext {
  readonly idle: EmptyStream[] = [];

  newStream(): StreamContext {
    return this.idle.length > 0 ? this.idle.pop() : new EmptyStream(this);
  }
}

/** The filter on one stream: override here what it does (runtime/stream/context.ts lists the callbacks). */
class EmptyStream extends StreamContext {
  constructor(private readonly root: EmptyRoot) {
    super();
  }

  onRequestHeaders(count: i32, endOfStream: bool): HeadersStatus {
    return HeadersStatus.Continue;
  }

  onDelete(): void {
    this.root.idle.push(this);
  }
}

startModule(() => new EmptyRoot());
