// Error answers as each provider writes them.
// Sources: OpenAI API reference, "Error codes"; Azure OpenAI, "Quotas and limits" and REST errors; Claude API reference,
// "Errors"; Gemini API, "Troubleshooting" (google.rpc.Status); Bedrock API reference, "Common errors" and Converse's errors;
// Cohere API reference, "Errors"; Ollama's docs/api.md; DashScope, "Error codes"; Mistral and Groq API references.
import type { HeaderList } from "../scenario/scenario.ts";
import type { Variant } from "./sample.ts";

/** Families of error bodies. */
export type ErrorFamily =
  "openai" | "azure" | "anthropic" | "gemini" | "bedrock" | "cohere" | "ollama" | "dashscope" | "mistral";

export interface ErrorAnswer {
  status: number;
  headers: HeaderList;
  body: string;
}

/** The error of `status` in a family's form. 502 and 504 come from a proxy before the provider, as HTML. */
export function errorAnswer(family: ErrorFamily, status: number, message?: string): ErrorAnswer {
  if (status === 502 || status === 504) {
    const title = status === 502 ? "502 Bad Gateway" : "504 Gateway Time-out";
    const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
    return { status, headers: [["content-type", "text/html"]], body };
  }
  const { body, headers = [] } = families[family](status, message);
  return { status, headers: [["content-type", "application/json"], ...headers], body: JSON.stringify(body) };
}

/** The family of a dialect of OpenAI's API. */
export function familyOf(variant: Variant): ErrorFamily {
  return variant === "azure" || variant === "mistral" ? variant : "openai";
}

type Maker = (status: number, message: string | undefined) => { body: unknown; headers?: HeaderList };

const families: Record<ErrorFamily, Maker> = {
  openai(status, message) {
    const error = (text: string, type: string, code: string | null) => ({
      body: { error: { message: message ?? text, type, param: null, code } },
    });
    if (status === 429) {
      const text =
        "Rate limit reached for gpt-4o in organization org-example on tokens per min (TPM): Limit 30000, Used 29500, " +
        "Requested 1200. Please try again in 1.4s. Visit https://platform.openai.com/account/rate-limits to learn more.";
      const headers: HeaderList = [
        ["retry-after", "2"],
        ["retry-after-ms", "1400"],
        ["x-ratelimit-limit-tokens", "30000"],
        ["x-ratelimit-remaining-tokens", "500"],
        ["x-ratelimit-reset-tokens", "1.4s"],
      ];
      return { ...error(text, "tokens", "rate_limit_exceeded"), headers };
    }
    if (status === 401) return error("Incorrect API key provided.", "invalid_request_error", "invalid_api_key");
    if (status === 404)
      return error(
        "The model `none` does not exist or you do not have access to it.",
        "invalid_request_error",
        "model_not_found",
      );
    if (status === 503)
      return error("The engine is currently overloaded, please try again later", "service_unavailable", null);
    if (status >= 500)
      return error("The server had an error while processing your request. Sorry about that!", "server_error", null);
    return error("Invalid request.", "invalid_request_error", null);
  },
  azure(status, message) {
    if (status === 429) {
      const text =
        "Requests to the ChatCompletions_Create Operation under Azure OpenAI API have exceeded token rate limit of your " +
        "current OpenAI S0 pricing tier. Please retry after 9 seconds.";
      const headers: HeaderList = [
        ["retry-after", "9"],
        ["retry-after-ms", "8640"],
      ];
      return { body: { error: { code: "429", message: message ?? text } }, headers };
    }
    const text = status >= 500 ? "The server had an error processing your request. Sorry about that!" : "Bad request.";
    const code = status === 500 ? "InternalServerError" : String(status);
    return { body: { error: { code, message: message ?? text } } };
  },
  anthropic(status, message) {
    const types: Record<number, [string, string]> = {
      400: ["invalid_request_error", "messages: at least one message is required"],
      401: ["authentication_error", "invalid x-api-key"],
      403: ["permission_error", "Your API key does not have permission to use the specified resource."],
      404: ["not_found_error", "model: none"],
      413: ["request_too_large", "Request exceeds the maximum size"],
      429: [
        "rate_limit_error",
        "This request would exceed your organization's rate limit of 40,000 input tokens per minute.",
      ],
      500: ["api_error", "Internal server error"],
      503: ["overloaded_error", "Overloaded"],
      529: ["overloaded_error", "Overloaded"],
    };
    const [type, text] = types[status] ?? ["api_error", "Internal server error"];
    const requestId = "req_011CSHoEeqs5C35K2UUqR7Fy";
    const headers: HeaderList = [["request-id", requestId]];
    if (status === 429) {
      headers.push(["retry-after", "12"], ["anthropic-ratelimit-input-tokens-limit", "40000"]);
      headers.push(
        ["anthropic-ratelimit-input-tokens-remaining", "0"],
        ["anthropic-ratelimit-input-tokens-reset", "2025-03-09T12:00:12Z"],
      );
    }
    if (status === 529) headers.push(["x-should-retry", "true"]);
    return { body: { type: "error", error: { type, message: message ?? text }, request_id: requestId }, headers };
  },
  gemini(status, message) {
    const types: Record<number, [string, string]> = {
      400: ["INVALID_ARGUMENT", "Request contains an invalid argument."],
      403: ["PERMISSION_DENIED", "Permission denied."],
      404: ["NOT_FOUND", "models/none is not found for API version v1beta."],
      429: ["RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."],
      500: ["INTERNAL", "An internal error has occurred."],
      503: ["UNAVAILABLE", "The model is overloaded. Please try again later."],
    };
    const [name, text] = types[status] ?? ["UNKNOWN", "Unknown error."];
    return { body: { error: { code: status, message: message ?? text, status: name } } };
  },
  bedrock(status, message) {
    const types: Record<number, [string, string]> = {
      400: ["ValidationException", "The provided model identifier is invalid."],
      403: ["AccessDeniedException", "You don't have access to the model with the specified model ID."],
      404: ["ResourceNotFoundException", "Could not resolve the foundation model."],
      424: ["ModelErrorException", "The request failed due to an error while processing the model."],
      429: ["ThrottlingException", "Too many requests, please wait before trying again."],
      500: [
        "InternalServerException",
        "The system encountered an unexpected error during processing. Try your request again.",
      ],
      503: ["ServiceUnavailableException", "Bedrock is unable to process your request."],
    };
    const [type, text] = types[status] ?? ["InternalServerException", "Internal error."];
    return { body: { message: message ?? text }, headers: [["x-amzn-errortype", type]] };
  },
  cohere(status, message) {
    const text =
      status === 429
        ? "You are using a Trial key, which is limited to 10 API calls / minute."
        : status >= 500
          ? "internal server error"
          : "invalid request: message must be at least 1 token long";
    return { body: { id: "5f1b2c3d-0000-4000-8000-000000000000", message: message ?? text } };
  },
  ollama(status, message) {
    const text =
      status === 503
        ? "server busy, please try again.  maximum pending requests exceeded"
        : 'model "none" not found, try pulling it first';
    return { body: { error: message ?? text } };
  },
  dashscope(status, message) {
    const types: Record<number, [string, string]> = {
      400: ["InvalidParameter", "Required parameter(s) missing or invalid."],
      401: ["InvalidApiKey", "Invalid API-key provided."],
      429: ["Throttling.RateQuota", "Requests rate limit exceeded, please try again later."],
      503: ["ModelUnavailable", "Model is unavailable, please try again later."],
    };
    const [code, text] = types[status] ?? ["InternalError", "An internal error has occured, please try again later."];
    return { body: { code, message: message ?? text, request_id: "7574ee8f-38a3-4b1e-9280-11c33ab46e51" } };
  },
  mistral(status, message) {
    const text =
      status === 429 ? "Requests rate limit exceeded" : status >= 500 ? "Service unavailable." : "Invalid request";
    const type = status === 429 ? "rate_limited" : status >= 500 ? "internal_server_error" : "invalid_request_error";
    return {
      body: { object: "error", message: message ?? text, type, param: null, code: status === 429 ? "1300" : "1000" },
    };
  },
};
