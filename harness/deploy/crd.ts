// A custom resource definition, as far as it says what an object may look like.

/** An OpenAPI schema with Kubernetes' own members. */
export interface CrdSchema {
  type?: string;
  properties?: Record<string, CrdSchema>;
  items?: CrdSchema;
  additionalProperties?: boolean | CrdSchema;
  default?: unknown;
  nullable?: boolean;
  "x-kubernetes-validations"?: CelRule[];
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-embedded-resource"?: boolean;
  "x-kubernetes-int-or-string"?: boolean;
  [keyword: string]: unknown;
}

/** A rule in CEL over `self`. */
export interface CelRule {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
}

/** One kind. A version that looks like another names it. */
export interface Crd {
  /** Where it is from: a Go module and its version. */
  source: string;
  group: string;
  kind: string;
  versions: Record<string, CrdSchema | string>;
}
