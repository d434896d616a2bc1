// The head of a request.
import { Bytes } from "../bytes/bytes";
import { pairReader } from "../host/pairs";
import { MessageHead, clear, ownView } from "./message-head";

const METHOD = Bytes.constant(":method");
const PATH = Bytes.constant(":path");
const AUTHORITY = Bytes.constant(":authority");
const ACCEPT = Bytes.constant("accept");
const TE = Bytes.constant("te");
const USER_AGENT = Bytes.constant("user-agent");
const MCP_VERSION = Bytes.constant("mcp-protocol-version");
const MCP_SESSION = Bytes.constant("mcp-session-id");
const A2A_VERSION = Bytes.constant("a2a-version");
const DASHSCOPE_ASYNC = Bytes.constant("x-dashscope-async");
const DASHSCOPE_SSE = Bytes.constant("x-dashscope-sse");

/** The head of a request. One for the whole module will do: it is filled anew for each. */
export class RequestHead extends MessageHead {
  readonly method: Bytes = ownView();
  /** The path as it came, with its query. */
  readonly path: Bytes = ownView();
  readonly authority: Bytes = ownView();
  readonly accept: Bytes = ownView();
  readonly te: Bytes = ownView();
  readonly userAgent: Bytes = ownView();
  /** Whether a header says that this is MCP, or A2A. */
  hasMcpHeader: bool = false;
  hasA2aHeader: bool = false;
  /** DashScope's own: the answer comes as a stream, or is fetched later. */
  readonly dashScopeSse: Bytes = ownView();
  readonly dashScopeAsync: Bytes = ownView();

  /** Reads the pairs of a request. The views stay valid as long as `pairs`. */
  open(pairs: Bytes): void {
    this.begin(pairs);
    clear(this.method);
    clear(this.path);
    clear(this.authority);
    clear(this.accept);
    clear(this.te);
    clear(this.userAgent);
    clear(this.dashScopeSse);
    clear(this.dashScopeAsync);
    this.hasMcpHeader = false;
    this.hasA2aHeader = false;
    while (pairReader.next()) {
      const name = pairReader.name;
      switch (name.length) {
        case 2:
          this.take(this.te, TE);
          break;
        case 5:
          this.take(this.path, PATH);
          break;
        case 6:
          this.take(this.accept, ACCEPT);
          break;
        case 7:
          this.take(this.method, METHOD);
          this.takeShared();
          break;
        case 10:
          this.take(this.authority, AUTHORITY);
          this.take(this.userAgent, USER_AGENT);
          break;
        case 11:
          if (name.equals(A2A_VERSION)) this.hasA2aHeader = true;
          break;
        case 14:
          if (name.equals(MCP_SESSION)) this.hasMcpHeader = true;
          else this.takeShared();
          break;
        case 15:
          this.take(this.dashScopeSse, DASHSCOPE_SSE);
          break;
        case 17:
          this.take(this.dashScopeAsync, DASHSCOPE_ASYNC);
          this.takeShared();
          break;
        case 20:
          if (name.equals(MCP_VERSION)) this.hasMcpHeader = true;
          break;
        default:
          this.takeShared();
      }
    }
    this.end();
  }
}
