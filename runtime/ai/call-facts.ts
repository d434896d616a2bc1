// What rules ask about a call, answered from the request's head, the exchange and the host's attributes.
import { Bytes } from "../bytes/bytes";
import { ByteBuffer } from "../bytes/buffer";
import { getProperty, propertyPath } from "../host/properties";
import { Facts } from "../match/facts";
import { AiCall, requestHead } from "./call";
import { providerText } from "./provider";
import { requestTypeText } from "./request-type";

const URI_SAN = propertyPath("connection.uri_san_peer_certificate");
const SOURCE_ADDRESS = propertyPath("source.address");
/** Where jwt_authn leaves the payload of a verified token: Istio's name for it, and the one in Envoy's documentation. */
const JWT_PAYLOADS: Bytes[] = [
  propertyPath("metadata.filter_metadata.envoy\\.filters\\.http\\.jwt_authn.payload."),
  propertyPath("metadata.filter_metadata.envoy\\.filters\\.http\\.jwt_authn.jwt_payload."),
];
const claimPath: ByteBuffer = new ByteBuffer(256);
const QUESTION_MARK: u8 = 0x3f;

/** One for each plugin, turned to the call whose request headers callback is running. */
export class CallFacts extends Facts {
  private call: AiCall | null = null;
  private hash: Bytes = Bytes.absent();
  private isHashed: bool = false;

  /** Turns to a call. */
  open(call: AiCall): void {
    this.call = call;
    this.hash = Bytes.absent();
    this.isHashed = false;
  }

  /** As `open`, unless this is the call already: another one may have come while this one waited. */
  turnTo(call: AiCall): void {
    if (this.call != call) this.open(call);
  }

  path(): Bytes {
    const path = requestHead.path;
    const end = path.indexOfByte(QUESTION_MARK);
    return end < 0 ? path : path.slice(0, end);
  }

  query(): Bytes {
    const path = requestHead.path;
    const start = path.indexOfByte(QUESTION_MARK);
    return start < 0 ? Bytes.absent() : path.slice(start + 1);
  }

  host(): Bytes {
    return requestHead.authority;
  }

  method(): Bytes {
    return requestHead.method;
  }

  header(name: Bytes): Bytes {
    return this.disregards(name) ? Bytes.absent() : requestHead.find(name);
  }

  model(): Bytes {
    const call = this.call;
    const exchange = call ? call.exchange : null;
    return exchange ? exchange.requestModel : Bytes.absent();
  }

  requestType(): Bytes {
    const call = this.call;
    const exchange = call ? call.exchange : null;
    return exchange ? requestTypeText(exchange.requestType) : Bytes.absent();
  }

  provider(): Bytes {
    const call = this.call;
    const exchange = call ? call.exchange : null;
    return exchange ? providerText(exchange.provider) : Bytes.absent();
  }

  consumer(): Bytes {
    const call = this.call;
    return call ? call.plugin.shared.consumers.nameOf(call.consumer, this) : Bytes.absent();
  }

  team(): Bytes {
    const call = this.call;
    const entry = call ? call.plugin.shared.consumers.entry(call.consumer) : null;
    const text = entry ? entry.team : null;
    return text ? text.bytes : Bytes.absent();
  }

  project(): Bytes {
    const call = this.call;
    const entry = call ? call.plugin.shared.consumers.entry(call.consumer) : null;
    const text = entry ? entry.project : null;
    return text ? text.bytes : Bytes.absent();
  }

  tier(): Bytes {
    const call = this.call;
    const entry = call ? call.plugin.shared.consumers.entry(call.consumer) : null;
    const text = entry ? entry.tier : null;
    return text ? text.bytes : Bytes.absent();
  }

  principal(): Bytes {
    return getProperty(URI_SAN);
  }

  bearer(): Bytes {
    const call = this.call;
    if (call && !this.isHashed) {
      this.isHashed = true;
      this.hash = call.plugin.shared.bearerHash.of(this);
    }
    return this.hash;
  }

  jwtClaim(name: Bytes): Bytes {
    for (let i = 0; i < JWT_PAYLOADS.length; i++) {
      const value = getProperty(claimPath.clear().add(JWT_PAYLOADS[i]).add(name).view());
      if (value.isPresent) return value;
    }
    return Bytes.absent();
  }

  sourceAddress(): Bytes {
    return getProperty(SOURCE_ADDRESS);
  }

  property(path: Bytes): Bytes {
    return getProperty(path);
  }

  expression(index: i32): Bytes {
    const call = this.call;
    return call ? call.plugin.expressions.evaluate(index) : Bytes.absent();
  }

  private disregards(name: Bytes): bool {
    const call = this.call;
    return call != null && call.plugin.disregards(name);
  }
}
