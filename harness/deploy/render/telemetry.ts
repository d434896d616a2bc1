// What Istio's own telemetry and metrics are taught of our tags.
import type { SluiceConfig } from "../../sluice-yaml/model.ts";
import { yamlText, type Rendered, type RenderedObject } from "../yaml.ts";
import { labelsOf, metadata, type RenderContext } from "./head.ts";
import { tagHeaders } from "./match.ts";
import { target } from "./wasm-plugins.ts";

/** Tags on spans and, where wanted, labels on Istio's metrics; each with what stands for a call that is no AI call. */
export function telemetryObject(context: RenderContext, config: SluiceConfig): Rendered | undefined {
  const { tracing, metrics } = context.deploy.telemetry;
  if (config.filters["modelTag"] === undefined || (!tracing && !metrics)) return undefined;
  const headers = tagHeaders(config.filters);
  const tags: [header: string, absent: string][] = [
    [headers.model, "unknown"],
    [headers.requestType, "chat"],
  ];
  const tagOverrides = Object.fromEntries(
    tags.map(([header, absent]) => [
      header.replaceAll("-", "_"),
      { value: `'${header}' in request.headers ? request.headers['${header}'] : '${absent}'` },
    ]),
  );
  return {
    comment: "Istio's telemetry knows the model and the kind of work.",
    object: {
      apiVersion: "telemetry.istio.io/v1",
      kind: "Telemetry",
      metadata: metadata(context, context.deploy.name),
      spec: {
        ...target(context),
        ...(tracing && {
          tracing: [
            {
              customTags: Object.fromEntries(
                tags.map(([header, absent]) => [header, { header: { name: header, defaultValue: absent } }]),
              ),
            },
          ],
        }),
        ...(metrics && {
          metrics: [
            {
              providers: [{ name: "prometheus" }],
              overrides: ["REQUEST_COUNT", "REQUEST_DURATION"].map((metric) => ({
                match: { metric, mode: "CLIENT" },
                tagOverrides,
              })),
            },
          ],
        }),
      },
    },
  };
}

/** The patch that teaches a gateway's proxy the labels of our metrics; undefined where no workload is named. */
export function statTagsPatch(context: RenderContext, config: SluiceConfig): Rendered | undefined {
  const { workload } = context.deploy;
  if (workload === undefined) return undefined;
  const annotations = {
    "proxy.istio.io/config": yamlText({
      extraStatTags: labelsOf(config),
      proxyStatsMatcher: { inclusionPrefixes: ["wasmcustom"] },
    }),
  };
  const { labels: _, ...head } = metadata(context, workload.name);
  const isGateway = workload.kind === "Gateway";
  const object: RenderedObject = {
    apiVersion: isGateway ? "gateway.networking.k8s.io/v1" : "apps/v1",
    kind: workload.kind,
    metadata: head,
    spec: isGateway ? { infrastructure: { annotations } } : { template: { metadata: { annotations } } },
  };
  return {
    comment:
      "A patch, no whole object: kubectl patch, or patches: in a kustomization. Without it models are part of our\n" +
      "metrics' names instead of labels. The pods start anew.",
    object,
  };
}
