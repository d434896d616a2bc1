// Templates for those who shift traffic step by step: they read the outcome of a variant's calls from our metrics.
import type { Rendered } from "../yaml.ts";
import { metadata, type RenderContext } from "./head.ts";

/** Rates of a variant's calls by outcome, of which some are left out: who leaves says nothing about the variant. */
function callRate(split: string, variant: string, window: string, outcomes: string): string {
  return `sum(rate(sluice_variant_requests{split="${split}",variant="${variant}",outcome${outcomes}}[${window}]))`;
}

/**
 * Share of a variant's calls that failed, in percent, over a window. 0 where none failed yet; nothing where there were no
 * calls, because both tools take what is not a number for a good one.
 */
function errorShare(split: string, variant: string, window: string): string {
  const failed = callRate(split, variant, window, '=~"error|stream_error|truncated"');
  const all = callRate(split, variant, window, '!="aborted"');
  return `100 * (${failed} or vector(0)) / (${all} > 0)`;
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

/**
 * Argo Rollouts: under 1 % a step succeeds, one look over 5 % fails the rollout, between them it waits. What is neither is
 * counted as a look too, so fewer of those are allowed than looks: else a step without any good one would succeed.
 */
export function argoTemplate(context: RenderContext): Rendered {
  return {
    comment:
      "Argo Rollouts: an analysis with args split and variant. Under 1 % errors it advances, over 5 % it rolls back, " +
      "between them\nit waits and, after three such minutes, pauses for a person to decide.",
    object: {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "AnalysisTemplate",
      metadata: metadata(context, `${context.deploy.name}-errors`),
      spec: {
        args: [{ name: "split" }, { name: "variant" }],
        metrics: [
          {
            name: "errors",
            initialDelay: "5m",
            interval: "1m",
            count: 5,
            failureLimit: 0,
            inconclusiveLimit: 2,
            // No calls at all is no verdict.
            successCondition: "len(result) > 0 && result[0] < 1",
            failureCondition: "len(result) > 0 && result[0] > 5",
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
