// The head of a request.
import { Bytes } from "../bytes/bytes";
import { Header, MessageHead } from "./message-head";

/** The head of a request. One for the whole module will do: it is filled anew for each. */
@final
export class RequestHead extends MessageHead {
  get method(): Bytes {
    return this.view(Header.Method);
  }

  /** The path as it came, with its query. */
  get path(): Bytes {
    return this.view(Header.Path);
  }

  get authority(): Bytes {
    return this.view(Header.Authority);
  }

  get accept(): Bytes {
    return this.view(Header.Accept);
  }

  get upgrade(): Bytes {
    return this.view(Header.Upgrade);
  }

  get requestId(): Bytes {
    return this.view(Header.RequestId);
  }

  /** Whether a header says that this is MCP. */
  get hasMcpHeader(): bool {
    return this.view(Header.McpVersion).isPresent || this.view(Header.McpSession).isPresent;
  }

  /** Whether a header says that this is A2A. */
  get hasA2aHeader(): bool {
    return this.view(Header.A2aVersion).isPresent;
  }

  /** DashScope's own: the answer comes as a stream, or is fetched later. */
  get dashScopeSse(): Bytes {
    return this.view(Header.DashScopeSse);
  }

  get dashScopeAsync(): Bytes {
    return this.view(Header.DashScopeAsync);
  }
}
