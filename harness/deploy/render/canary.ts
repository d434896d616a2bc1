// Templates for those who shift traffic step by step: they read the outcome of a variant's calls from our metrics.
import type { Rendered } from "../yaml.ts";
import { metadata, type RenderContext } from "./head.ts";

/** Share of a variant's calls that failed, in percent, over the template's window. */
function errorShare(split: string, variant: string, window: string): string {
  const of = (more: string) =>
    `sum(rate(sluice_variant_requests{split="${split}",variant="${variant}"${more}}[${window}]))`;
  return `100 * ${of(',outcome=~"error|stream_error|truncated"')} / ${of("")}`;
}

/** Flagger: fails a step when the share passes the threshold that the Canary names (1 to advance, 5 to roll back). */
export function flaggerTemplate(context: RenderContext): Rendered {
  return {
    comment:
      "Flagger: in a Canary's analysis, metrics: [{name: errors, templateRef: {name: " +
      `${context.deploy.name}-errors}, thresholdRange:\n` +
      "{max: 1}, interval: 1m, templateVariables: {split: llama, variant: canary}}].",
    object: {
      apiVersion: "flagger.app/v1beta1",
      kind: "MetricTemplate",
      metadata: metadata(context, `${context.deploy.name}-errors`),
      spec: {
        provider: { type: "prometheus", address: context.deploy.prometheus },
        query: errorShare("{{ variables.split }}", "{{ variables.variant }}", "{{ interval }}"),
      },
    },
  };
}

/** Argo Rollouts: under 1 % a step succeeds, over 5 % the rollout fails, between them it waits. */
export function argoTemplate(context: RenderContext): Rendered {
  return {
    comment:
      "Argo Rollouts: an analysis with args split and variant. Under 1 % errors it advances, over 5 % it rolls back.",
    object: {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "AnalysisTemplate",
      metadata: metadata(context, `${context.deploy.name}-errors`),
      spec: {
        args: [{ name: "split" }, { name: "variant" }],
        metrics: [
          {
            name: "errors",
            interval: "1m",
            count: 5,
            // No calls at all is no verdict.
            successCondition: "len(result) > 0 && result[0] < 1",
            failureCondition: "len(result) > 0 && result[0] > 5",
            inconclusiveLimit: 5,
            provider: {
              prometheus: {
                address: context.deploy.prometheus,
                query: errorShare("{{args.split}}", "{{args.variant}}", "5m"),
              },
            },
          },
        ],
      },
    },
  };
}
