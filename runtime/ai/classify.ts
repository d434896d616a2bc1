// What a request is, from its head alone: api, provider, kind of work, and the model where the path names it.
import { Bytes } from "../bytes/bytes";
import { MediaKind } from "../parse/media-type";
import { Api } from "./api";
import { Endpoint, endpointOf } from "./endpoints";
import { grpcModel, grpcRequestType } from "./grpc";
import { RequestHead } from "./head";
import { accepts, contentKind } from "./media";
import { ModelSource } from "./model";
import { azureDeployment, isVertexPath, pathModel } from "./path-model";
import { endsWithPath, lastSegment, normalPath, queryParameter } from "./paths";
import { Provider, providerOfApi, providerOfHost } from "./provider";
import { RequestType } from "./request-type";
import { ClassifyRule, ClassifyRules } from "./rules";
import { Verdict, Verdicts } from "./verdicts";

const POST = Bytes.constant("POST");
const PUT = Bytes.constant("PUT");
const PATCH = Bytes.constant("PATCH");
const WEBSOCKET = Bytes.constant("websocket");
const REALTIME = Bytes.constant("/v1/realtime");
const AZURE_REALTIME = Bytes.constant("/openai/realtime");
const DASHSCOPE_SOCKET = Bytes.constant("/api-ws/v1/inference");
const BIDI_GENERATE = Bytes.constant("BidiGenerateContent");
const MCP = Bytes.constant("/mcp");
const A2A = Bytes.constant("/a2a");
const MODEL = Bytes.constant("model");
const DEPLOYMENT = Bytes.constant("deployment");

/**
 * The verdict of the request at hand: where it is no call, nothing else of it counts. One for the whole module; views are
 * valid until the outermost callback returns.
 */
export class Classification extends Verdict {
  /** The model that the path (or for sessions the query) names; absent when the body has to. */
  model: Bytes = Bytes.absent();
  private readonly earlier: Verdicts = new Verdicts();

  /** Classifies a request. `rules` are asked first; null when there are none. */
  read(head: RequestHead, rules: ClassifyRules | null): void {
    this.isCall = false;
    const isUpgrade = !head.upgrade.isEmpty;
    const isPost = head.method.equals(POST);
    const isWrite = isPost || head.method.equals(PUT) || head.method.equals(PATCH);
    if (head.path.isEmpty || (!isWrite && !isUpgrade)) return;
    const mark = isPost && !isUpgrade ? this.earlier.markOf(head, rules) : 0;
    const earlier = mark ? this.earlier.find(head, mark) : null;
    if (earlier !== null) {
      this.repeat(earlier);
      this.model = earlier.modelOf(head);
      return;
    }
    this.repeat(NOTHING);
    this.model = Bytes.absent();
    const path = normalPath(head.path);
    this.judge(head, path, rules, isPost, isWrite);
    if (mark) this.earlier.add(head, mark, this, this.model, path);
  }

  private judge(head: RequestHead, path: Bytes, rules: ClassifyRules | null, isPost: bool, isWrite: bool): void {
    const rule = rules !== null && isWrite ? rules.find(path) : null;
    if (!isWrite) this.readSession(head, path);
    else if (contentKind(head.contentType) == MediaKind.Grpc) this.readGrpc(path, rule);
    else if (isPost || rule !== null) this.readPath(head, path);
    if (rule !== null) this.apply(rule);
    if (!this.isCall) return;
    // Whatever follows an upgrade is no body; a POST that asks for one is still the call that its path says.
    if (!head.upgrade.isEmpty) this.readsBody = false;
    const isVertex = isVertexPath(path);
    this.provider = providerOfHost(head.authority);
    if (this.provider == Provider.None && this.modelSource == ModelSource.Path && azureDeployment(path).isPresent) {
      this.provider = Provider.AzureAiOpenAi;
    }
    if (this.provider == Provider.None) this.provider = providerOfApi(this.api, isVertex);
  }

  private readPath(head: RequestHead, path: Bytes): void {
    if (pathModel.read(path)) {
      this.call(pathModel.api, pathModel.requestType);
      this.takeModel(pathModel.model);
      this.isUncounted = pathModel.isUncounted;
      this.isFree = pathModel.isFree;
      this.isStreamByPath = true;
      this.isStream = pathModel.isStream;
      return;
    }
    const endpoint = endpointOf(path);
    if (endpoint !== null) {
      this.readEndpoint(head, path, endpoint);
      return;
    }
    if (contentKind(head.contentType) != MediaKind.Json) return;
    if (head.hasA2aHeader || endsWithPath(path, A2A)) this.call(Api.A2a, RequestType.Tool);
    else if (head.hasMcpHeader || endsWithPath(path, MCP) || acceptsBoth(head.accept)) {
      this.call(Api.Mcp, RequestType.Tool);
    }
    this.readsBody = false;
  }

  private readEndpoint(head: RequestHead, path: Bytes, endpoint: Endpoint): void {
    this.call(endpoint.api, endpoint.requestType);
    this.isUncounted = endpoint.isUncounted;
    this.isFree = endpoint.isFree;
    this.readsBody = endpoint.hasBodyModel;
    const deployment = azureDeployment(path);
    if (deployment.isPresent) this.takeModel(deployment);
    if (endpoint.api == Api.DashScope) {
      // Its own API streams when a header asks for it, or the accepted type does; the body has no `stream`.
      this.isStreamByPath = true;
      this.isStream = head.dashScopeSse.equalsIgnoreCase(ENABLE) || accepts(head.accept, MediaKind.EventStream);
      if (head.dashScopeAsync.equalsIgnoreCase(ENABLE)) this.isUncounted = true;
    }
  }

  /** A realtime session: billed elsewhere, its model is in the query or in its first message. */
  private readSession(head: RequestHead, path: Bytes): void {
    if (!head.upgrade.equalsIgnoreCase(WEBSOCKET)) return;
    const last = lastSegment(path);
    let api = Api.None;
    if (endsWithPath(path, REALTIME) || endsWithPath(path, AZURE_REALTIME)) api = Api.OpenAiRealtime;
    else if (endsWithPath(path, DASHSCOPE_SOCKET)) api = Api.DashScope;
    else if (last.length >= BIDI_GENERATE.length && last.endsWith(BIDI_GENERATE)) api = Api.Gemini;
    else {
      const endpoint = endpointOf(path);
      if (endpoint !== null) api = endpoint.api;
    }
    if (api == Api.None) return;
    this.call(api, RequestType.Chat);
    this.isUncounted = true;
    this.isStreamByPath = true;
    this.isStream = true;
    this.readsBody = false;
    const model = queryParameter(head.path, MODEL);
    this.takeModel(model.isEmpty ? queryParameter(head.path, DEPLOYMENT) : model);
  }

  private readGrpc(path: Bytes, rule: ClassifyRule | null): void {
    const type = grpcRequestType(path);
    if (type == RequestType.None && rule === null) return;
    this.call(Api.Grpc, type);
    this.readsBody = false;
    this.model = grpcModel(path);
    this.modelSource = ModelSource.Grpc;
  }

  /** What the configuration says of a path counts, but a model that the path names stays. */
  private apply(rule: ClassifyRule): void {
    const isGrpcCall = this.api == Api.Grpc;
    this.isCall = true;
    this.requestType = rule.requestType;
    this.isUncounted = rule.requestType == RequestType.Batch;
    if (isGrpcCall) return;
    if (this.api != rule.api && this.modelSource != ModelSource.Path) this.isStreamByPath = false;
    this.api = rule.api;
    this.readsBody = rule.requestType != RequestType.Tool && rule.api != Api.Grpc;
  }

  private call(api: Api, type: RequestType): void {
    this.isCall = true;
    this.api = api;
    this.requestType = type;
    this.readsBody = true;
  }

  private takeModel(model: Bytes): void {
    if (model.isEmpty) return;
    this.model = model;
    this.modelSource = ModelSource.Path;
  }
}

const ENABLE = Bytes.constant("enable");
const NOTHING = new Verdict();

/** The classifier. */
export const classification = new Classification();

/** MCP's clients must accept both an answer and a stream of them; nobody else asks for both. */
function acceptsBoth(accept: Bytes): bool {
  return accepts(accept, MediaKind.Json) && accepts(accept, MediaKind.EventStream);
}
