// What is wanted of JSON request bodies, whatever the API: one table, compiled when the module starts.
import { PathMode, PathTable } from "../parse/paths";
import { MAX_MODEL_BYTES } from "./model";

/** The table of all request paths. */
export const REQUEST_PATHS: PathTable = new PathTable();

export const MODEL: i32 = REQUEST_PATHS.add("model", PathMode.Capture, MAX_MODEL_BYTES);
export const STREAM: i32 = short("stream");
export const STREAM_OPTIONS: i32 = REQUEST_PATHS.add("stream_options", PathMode.Presence);
export const INCLUDE_USAGE: i32 = short("stream_options.include_usage");
export const BACKGROUND: i32 = short("background");
export const SERVICE_TIER: i32 = REQUEST_PATHS.add("service_tier", PathMode.Capture, 32);

/** The first and the last of the places where a request bounds its output, next to each other in the table. */
export const FIRST_MAX_OUTPUT: i32 = short("max_tokens"); // OpenAI until 2024, Anthropic, Cohere, Mistral
short("max_completion_tokens"); // OpenAI chat
short("max_output_tokens"); // OpenAI responses
short("max_tokens_to_sample"); // Anthropic on Bedrock, old
short("generationConfig.maxOutputTokens"); // Gemini
short("generation_config.max_output_tokens"); // Gemini: protobuf's JSON takes both spellings
short("inferenceConfig.maxTokens"); // Bedrock Converse, Nova
short("textGenerationConfig.maxTokenCount"); // Bedrock, Titan
short("max_gen_len"); // Bedrock, Llama
short("parameters.max_tokens"); // DashScope
short("parameters.maxOutputTokens"); // Vertex predict
export const LAST_MAX_OUTPUT: i32 = short("options.num_predict"); // Ollama

/** As above, for the number of answers that are asked for at once. */
export const FIRST_CHOICES: i32 = short("n");
short("num_generations"); // Cohere
short("generationConfig.candidateCount"); // Gemini
short("generation_config.candidate_count");
export const LAST_CHOICES: i32 = short("parameters.n"); // DashScope

/** Numbers and booleans, of which no text is kept (a little for those that come as strings). */
function short(path: string): i32 {
  return REQUEST_PATHS.add(path, PathMode.Capture, 8);
}
