// One configuration of one plugin: the shared fields, its parts, and what a configuration's life demands.
import { HeaderMap, LogLevel } from "../abi/enums";
import { Bytes } from "../bytes/bytes";
import { ConfigErrors } from "../config/errors";
import { ObjectReader, readConfig } from "../config/reader";
import { SharedConfig } from "../config/shared";
import { grpcMessage } from "../host/calls";
import { removeHeader } from "../host/headers";
import { logText } from "../host/log";
import { getProperty, propertyPath } from "../host/properties";
import { HeaderNames } from "../host/header-names";
import { pairReader } from "../host/pairs";
import { Compilation } from "../match/compilation";
import { Text } from "../config/text";
import { addToCount } from "../state/count";
import { Call } from "../stream/call";
import { pluginConfiguration } from "../stream/dispatch";
import { Cause } from "../stream/half";
import { HoldRoot, Role } from "../stream/hold-root";
import { BuildInfo } from "../telemetry/build-info";
import { ErrorKind, reportError } from "../telemetry/errors";
import { allowSeries } from "../telemetry/series";
import { AiCall } from "./call";
import { CallFacts } from "./call-facts";
import { ExchangeSettings } from "./exchange";
import { Expressions } from "./expressions";
import { LiveRoots } from "./live-roots";
import { Part } from "./part";
import { PassedConfigs } from "./passed-configs";
import { modelLabel } from "./record";
import { wantsRefusal } from "./refusal";

const PLUGIN_NAME = propertyPath("plugin_name");
const VM_COUNTER = Bytes.constant("sluice/vms");
/** Ticks (of a second) between two reports of a configuration that is wrong. */
const INVALID_REPORT_TICKS: i32 = 60;

let vmNumber: i64 = 0;

export abstract class Plugin extends HoldRoot {
  shared: SharedConfig = defaultShared();
  parts: Part[] = [];
  settings: ExchangeSettings = new ExchangeSettings();
  readonly facts: CallFacts = new CallFacts();
  /** The configuration is wrong: everything passes, only the headers that clients may not send are removed. */
  isPassive: bool = false;
  /** The parts that want requests which are no AI call, too. */
  generalParts: Part[] = [];
  /** Whether one of them reads the heads of their answers. */
  readsEveryAnswer: bool = false;
  /** Whether a part ever lets headers wait. */
  mayHold: bool = false;
  readonly expressions: Expressions = new Expressions();
  private readonly live: LiveRoots = new LiveRoots();
  private readonly passed: PassedConfigs = new PassedConfigs();
  private readonly build: BuildInfo;
  private pairName: Text = new Text("");
  private faults: string[] = [];
  private ticksToReport: i32 = 0;
  private ownHeaders: HeaderNames = new HeaderNames([]);
  private trustsClient: bool = false;
  private slots: i32 = 0;

  /** `module` is the filter's folder: the name of the module, the first word of its log lines, its metrics' label. */
  constructor(readonly module: string) {
    super();
    this.build = new BuildInfo();
  }

  /** Reads the filter's own fields and makes its parts. With a reader of nothing it makes them with their defaults. */
  protected abstract readParts(reader: ObjectReader, shared: SharedConfig, compilation: Compilation): Part[];

  newCall(slot: i32): Call {
    if (slot >= this.slots) {
      this.slots = max(16, this.slots * 2);
      for (let i = 0; i < this.parts.length; i++) this.parts[i].grow(this.slots);
    }
    return new AiCall(this, slot);
  }

  onConfigure(size: i32): bool {
    const text = size > 0 ? pluginConfiguration(size) : Bytes.empty();
    const errors = new ConfigErrors(this.module);
    const reader = readConfig(errors, text.ptr, text.length);
    const compilation = new Compilation();
    const shared = new SharedConfig(reader, compilation);
    const parts = this.readParts(reader, shared, compilation);
    reader.finish();
    this.expressions.create(compilation, errors);
    for (let i = 0; i < errors.warnings.length; i++) logText(LogLevel.Warn, errors.warnings[i]);
    const name = getProperty(PLUGIN_NAME);
    this.live.open(this.module, name);
    this.passed.open(this.module, name);
    if (!errors.isValid) {
      freeAll(parts);
      return this.onInvalid(errors, text);
    }
    this.configHash = reader.hash();
    this.use(shared, parts);
    allowSeries(shared.maxSeries);
    for (let i = 0; i < compilation.models.length; i++) modelLabel.reserve(new Text(compilation.models[i]).bytes);
    for (let i = 0; i < parts.length; i++) parts[i].onOpen(this.configHash);
    this.build.publish(this.configHash);
    this.startTick();
    return true;
  }

  onTick(): void {
    super.onTick();
    this.build.repeat();
    for (let i = 0; i < this.parts.length; i++) this.parts[i].onTick();
    if (!this.isPassive) this.live.beat();
    else if (++this.ticksToReport >= INVALID_REPORT_TICKS) this.reportInvalid();
  }

  onGrpcReceive(token: u32, size: i32): void {
    const message = grpcMessage(size);
    for (let i = 0; i < this.parts.length; i++) if (this.parts[i].onGrpcReceive(token, message)) return;
  }

  onGrpcClose(token: u32, status: i32): void {
    for (let i = 0; i < this.parts.length; i++) if (this.parts[i].onGrpcClose(token, status)) return;
  }

  onDelete(): void {
    for (let i = 0; i < this.parts.length; i++) this.parts[i].onDelete();
    freeAll(this.parts);
    super.onDelete();
    this.expressions.free();
    this.build.withdraw();
  }

  /** Removes what the client may not send from the request whose headers callback is running. */
  stripClientHeaders(pairs: Bytes): void {
    this.trustsClient = this.shared.trustedClients.include(this.facts);
    if (this.trustsClient) return;
    pairReader.open(pairs);
    while (pairReader.next()) {
      const own = this.ownHeaders.find(pairReader.name);
      if (own >= 0) removeHeader(HeaderMap.RequestHeaders, pairReader.name);
    }
  }

  /** Whether the client's copy of a header counts for nothing, because the plugin writes it itself. */
  disregards(name: Bytes): bool {
    return !this.trustsClient && this.ownHeaders.find(name) >= 0;
  }

  /** A host call that cannot fail did: the stream goes on as it is. */
  reportHostFault(): void {
    reportError(this.module, ErrorKind.HostFault);
  }

  /** Headers went on before all was known. */
  reportHeld(cause: Cause): void {
    if (cause == Cause.Limit) reportError(this.module, ErrorKind.HeldLimit);
    else if (cause == Cause.Memory) reportError(this.module, ErrorKind.HeldMemory);
    else if (cause == Cause.Time) reportError(this.module, ErrorKind.HeldTime);
    else if (cause == Cause.HostFault) reportError(this.module, ErrorKind.HostFault);
  }

  onPairMismatch(): void {
    reportError(this.module, ErrorKind.PairMismatch);
  }

  onMissingFlag(): void {
    reportError(this.module, ErrorKind.MissingFlag);
    logText(
      LogLevel.Error,
      this.module +
        ": Envoy delivers no body while headers wait. Set allow_on_headers_stop_iteration: true in this plugin's " +
        'config, or use two instances with pair: "outer" and pair: "inner" (README, Deployment). Until then nothing ' +
        "that the body says can be written to headers.",
    );
  }

  queueName(): Bytes {
    if (vmNumber == 0) vmNumber = addToCount(VM_COUNTER, 1);
    return new Text("sluice/" + this.module + "/release/" + vmNumber.toString()).bytes;
  }

  private use(shared: SharedConfig, parts: Part[]): void {
    this.shared = shared;
    this.parts = parts;
    this.role = <Role>shared.pair;
    this.maxHeldNanos = shared.maxHeldNanos;
    this.settings.aliases = shared.aliases;
    this.pairName = new Text("sluice.pair." + this.module + "." + shared.instance.toString());
    this.pairPath = this.pairName.bytes;
    const general: Part[] = [];
    this.readsEveryAnswer = false;
    this.mayHold = false;
    const ownHeaders: Bytes[] = [];
    for (let i = 0; i < parts.length; i++) {
      parts[i].root = this.id;
      if (parts[i].wantsEveryRequest) general.push(parts[i]);
      if (parts[i].readsEveryAnswer) this.readsEveryAnswer = true;
      if (parts[i].mayHold) this.mayHold = true;
      if (this.slots > 0) parts[i].grow(this.slots); // the pool's calls have their slots already
      const rules = parts[i].classifyRules;
      if (rules) this.settings.rules = rules;
      const own = parts[i].ownHeaders();
      for (let k = 0; k < own.length; k++) ownHeaders.push(own[k]);
    }
    this.ownHeaders = new HeaderNames(StaticArray.fromArray(ownHeaders));
    this.generalParts = general;
  }

  /** A wrong configuration never takes traffic down: refused where a good one is in use, else all passes and it is said. */
  private onInvalid(errors: ConfigErrors, text: Bytes): bool {
    for (let i = 0; i < errors.errors.length; i++) logText(LogLevel.Error, errors.errors[i]);
    if (wantsRefusal()) return false;
    if (!this.passed.has(text)) {
      if (this.live.isAny) return false;
      this.passed.add(text);
    }
    const nothing = new ObjectReader(new ConfigErrors(this.module), null, "");
    const shared = defaultShared();
    this.use(shared, this.readParts(nothing, shared, new Compilation()));
    this.isPassive = true;
    this.faults = errors.errors;
    this.build.publishInvalid();
    this.reportInvalid();
    this.startTick();
    return true;
  }

  private reportInvalid(): void {
    this.ticksToReport = 0;
    logText(LogLevel.Error, this.module + ": config: invalid, all traffic passes through untouched");
    for (let i = 0; i < this.faults.length; i++) logText(LogLevel.Error, this.faults[i]);
  }
}

function freeAll(parts: Part[]): void {
  for (let i = 0; i < parts.length; i++) parts[i].free();
}

/** The shared fields with nothing configured. */
function defaultShared(): SharedConfig {
  return new SharedConfig(new ObjectReader(new ConfigErrors(""), null, ""), new Compilation());
}
