//! Tokens and money of chats: of a JSON answer, and of a stream, whose usage is asked for and taken out again.
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use serde::Deserialize;
use serde_json::{json, Value};
use sluice_bench_peers::{count, now, record, state, CHAT};

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root));
}}

#[derive(Deserialize, Default)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
}

#[derive(Deserialize)]
struct Answer {
    model: Option<String>,
    usage: Option<Usage>,
}

/// Of gpt-4o: nano-dollars for a token of input, and of output.
const PRICE: (u64, u64) = (2_500, 10_000);

#[derive(PartialEq, Default)]
enum Form {
    #[default]
    Other,
    Json,
    Events,
}

struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Accountant::default()))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

#[derive(Default)]
struct Accountant {
    is_call: bool,
    started: u64,
    model: String,
    strips: bool,
    form: Form,
    first: u64,
    /// A line of a stream that has not ended.
    line: Vec<u8>,
    usage: Option<Usage>,
}

impl Accountant {
    /// Reads a piece of a stream; answers what goes on where it is not the piece as it came.
    fn events(&mut self, piece: &[u8]) -> Option<Vec<u8>> {
        let has_whole = self.line.is_empty() && piece.ends_with(b"\n\n");
        self.line.extend_from_slice(piece);
        let Some(end) = self.line.windows(2).rposition(|two| two == b"\n\n") else { return Some(Vec::new()) };
        let rest = self.line.split_off(end + 2);
        let whole = std::mem::replace(&mut self.line, rest);
        let mut out = Vec::with_capacity(whole.len());
        for event in whole.split_inclusive(|byte| *byte == b'\n').filter(|line| line.len() > 1) {
            let data = event.strip_prefix(b"data: ").unwrap_or_default();
            let is_usage = memchr::memmem::find(data, b"\"usage\":{").is_some();
            if is_usage {
                self.usage = serde_json::from_slice::<Answer>(data).ok().and_then(|answer| answer.usage);
            }
            if !(is_usage && self.strips) {
                out.extend_from_slice(event);
                out.push(b'\n');
            }
        }
        if has_whole && out.len() == piece.len() { None } else { Some(out) }
    }
}

impl Context for Accountant {}

impl HttpContext for Accountant {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        let is_post = self.get_http_request_header(":method").as_deref() == Some("POST");
        self.is_call = is_post && !end && self.get_http_request_header(":path").as_deref() == Some(CHAT);
        if !self.is_call {
            return Action::Continue;
        }
        self.started = now();
        self.set_http_request_header("accept-encoding", Some("identity"));
        Action::Pause
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        if !self.is_call {
            return Action::Continue;
        }
        if !end {
            return Action::Pause;
        }
        let body = self.get_http_request_body(0, size).unwrap_or_default();
        let Ok(mut chat) = serde_json::from_slice::<Value>(&body) else { return Action::Continue };
        self.model = chat["model"].as_str().unwrap_or("unknown").to_owned();
        if chat["stream"] == true && chat["stream_options"].is_null() {
            self.strips = true;
            chat["stream_options"] = json!({ "include_usage": true });
            let body = chat.to_string();
            self.set_http_request_header("content-length", Some(&body.len().to_string()));
            self.set_http_request_body(0, size, body.as_bytes());
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        let content_type = self.get_http_response_header("content-type").unwrap_or_default();
        self.form = match content_type.split(';').next() {
            Some("application/json") if self.is_call => Form::Json,
            Some("text/event-stream") if self.is_call => Form::Events,
            _ => Form::Other,
        };
        if self.form == Form::Json { Action::Pause } else { Action::Continue }
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        if self.form == Form::Events && size > 0 {
            if self.first == 0 {
                self.first = now();
            }
            let piece = self.get_http_response_body(0, size).unwrap_or_default();
            if let Some(changed) = self.events(&piece) {
                self.set_http_response_body(0, size, &changed);
            }
        }
        if self.form != Form::Json {
            return Action::Continue;
        }
        if !end {
            return Action::Pause;
        }
        let body = self.get_http_response_body(0, size).unwrap_or_default();
        if let Ok(Answer { model, usage }) = serde_json::from_slice(&body) {
            self.model = model.unwrap_or_default();
            self.usage = usage;
        }
        if let Some(usage) = &self.usage {
            self.set_http_response_header("x-ai-tokens-input", Some(&usage.prompt_tokens.to_string()));
            self.set_http_response_header("x-ai-tokens-output", Some(&usage.completion_tokens.to_string()));
            self.set_http_response_header("x-ai-tokens-cached-input", Some("0"));
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        if !self.is_call {
            return;
        }
        let model = &self.model;
        let Usage { prompt_tokens: input, completion_tokens: output } = self.usage.take().unwrap_or_default();
        let nano = input * PRICE.0 + output * PRICE.1;
        for (name, value) in [("model", model.as_str()), ("api", "openai-chat"), ("request_type", "chat")] {
            state(&format!("peer.{name}"), value);
        }
        state("peer.input_tokens", &input.to_string());
        state("peer.output_tokens", &output.to_string());
        state("peer.cached_input_tokens", "0");
        state("peer.usage_status", "complete");
        state("peer.cost", &format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000));
        state("peer.currency", "USD");
        state("peer.price_id", "p");
        let took = |to: u64| to.saturating_sub(self.started) / 1_000_000;
        record(format!("model=.={model};.;peer.request.duration_ms"), took(now()));
        if self.first > 0 {
            record(format!("model=.={model};.;peer.time_to_first_token_ms"), took(self.first));
        }
        count(format!("api=.=openai-chat;.;model=.={model};.;request_type=.=chat;.;peer.requests"), 1);
        count(format!("model=.={model};.;consumer=.=other;.;peer.input_tokens"), input as i64);
        count(format!("model=.={model};.;consumer=.=other;.;peer.output_tokens"), output as i64);
        count(format!("currency=.=USD;.;model=.={model};.;consumer=.=other;.;peer.cost_nano"), nano as i64);
        count(format!("model=.={model};.;peer.priced_calls"), 1);
    }
}
