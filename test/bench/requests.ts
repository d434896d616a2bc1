// The requests that are sent, as the bytes of HTTP/1.1, and the answers that the upstream gives to them.

/** How many keys "100 keys" are. */
export const keys = 100;

const words = (bytes: number): string =>
  "The quick brown fox jumps over the lazy dog. ".repeat(Math.ceil(bytes / 45)).slice(0, Math.max(0, bytes));

function request(method: string, path: string, body: string, more: string[] = []): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    "host: gateway.test",
    "authorization: Bearer key-of-team-a",
    "user-agent: bench/1.0",
    "accept: application/json",
    "x-request-id: 00000000-0000-4000-8000-000000000000",
    ...more,
  ];
  if (body !== "") head.push("content-type: application/json", `content-length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** A request that is no AI call. */
export const get: Buffer[] = [request("GET", "/health", "")];

/** The same from a hundred callers in turn. */
export const getByKey: Buffer[] = Array.from({ length: keys }, (_, key) =>
  request("GET", "/health", "", [`x-team: team-${key}`]),
);

/** A chat whose body has about `bytes` bytes; `answer` names what the upstream sends back (`x-answer`). */
export function chat(bytes: number, answer = "json-1k", modelLast = false): Buffer[] {
  const messages = [{ role: "user", content: words(bytes - 80) }];
  const stream = answer === "sse" ? { stream: true } : {};
  const body = modelLast ? { messages, ...stream, model: "gpt-4o" } : { model: "gpt-4o", ...stream, messages };
  return [request("POST", "/v1/chat/completions", JSON.stringify(body), [`x-answer: ${answer}`])];
}

/** Events of a streamed answer. */
export const events = 200;

const usage = { prompt_tokens: 200, completion_tokens: 140, total_tokens: 340 };
const json = (bytes: number): string =>
  JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1_700_000_000,
    model: "gpt-4o-2024-08-06",
    choices: [{ index: 0, message: { role: "assistant", content: words(bytes - 300) }, finish_reason: "stop" }],
    usage,
  });

const event = (index: number): string => {
  const chunk = {
    id: "c",
    object: "chat.completion.chunk",
    model: "gpt-4o",
    choices: [{ index: 0, delta: { content: `word ${index} ` } }],
  };
  return `data: ${JSON.stringify({ ...chunk, pad: "" })}\n\n`;
};
const padded = (text: string): string =>
  text.replace('"pad":""', `"pad":"${"x".repeat(Math.max(0, 150 - text.length))}"`);

/** Answers by name: content type, and the pieces that are written one after the other. */
export const answers: Record<string, { type: string; pieces: string[] }> = {
  "json-1k": { type: "application/json", pieces: [json(1024)] },
  "json-64k": { type: "application/json", pieces: [json(65_536)] },
  sse: {
    type: "text/event-stream",
    pieces: [
      ...Array.from({ length: events }, (_, index) => padded(event(index))),
      `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", model: "gpt-4o", choices: [], usage })}\n\n`,
      "data: [DONE]\n\n",
    ],
  },
};
