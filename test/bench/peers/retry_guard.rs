//! retry-guard's safe mode: which retries the router may make, within a budget; repeats by clients are found by body.
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use sluice_bench_peers::{change, count, now, pack, state, unpack, Chat, CHAT};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root));
}}

const RUNNING: u64 = 1;
const COMPLETED: u64 = 2;
const FAILED: u64 = 3;
/// How long a call is remembered, in nanoseconds.
const WINDOW: u64 = 600_000_000_000;

struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Guard::default()))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

#[derive(Default)]
struct Guard {
    is_call: bool,
    route: String,
    caller: String,
    model: String,
    call: Option<String>,
    status: u32,
}

impl Guard {
    /// Whether one call in five of this route's last ones was not a retry.
    fn has_budget(&self) -> bool {
        change(&format!("budget/{}", self.route), |stored| {
            let (calls, retries) = unpack(stored).unwrap_or((0, 0));
            // Halved now and then, so that old calls fade.
            let (calls, retries) = if calls >= 1_000 { (calls / 2, retries / 2) } else { (calls, retries) };
            (Some(pack(calls + 1, retries)), retries * 5 <= calls)
        })
        .unwrap_or(false)
    }

    /// Enters the call under its caller's and body's hash; answers whether an equal one runs.
    fn enter(&mut self, body: &[u8]) -> bool {
        let mut hash = DefaultHasher::new();
        (&self.caller, CHAT, body).hash(&mut hash);
        let key = format!("call/{}", hash.finish() % 65_536);
        let now = now();
        let runs = change(&key, |stored| {
            let (what, at) = unpack(stored).unwrap_or((0, 0));
            (Some(pack(RUNNING, now)), what == RUNNING && now.saturating_sub(at) < WINDOW)
        });
        self.call = Some(key);
        runs.unwrap_or(false)
    }
}

impl Context for Guard {}

impl HttpContext for Guard {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        let is_post = self.get_http_request_header(":method").as_deref() == Some("POST");
        self.is_call = is_post && !end && self.get_http_request_header(":path").as_deref() == Some(CHAT);
        if !self.is_call {
            return Action::Continue;
        }
        self.caller = self.get_http_request_header("authorization").unwrap_or_default();
        let route = self.get_property(vec!["xds", "route_name"]).unwrap_or_default();
        self.route = String::from_utf8(route).unwrap_or_default();
        let retries = if self.has_budget() { "2" } else { "0" };
        self.set_http_request_header("x-envoy-retry-on", Some("connect-failure,refused-stream,reset-before-request"));
        self.set_http_request_header("x-envoy-max-retries", Some(retries));
        self.set_http_request_header("x-envoy-upstream-rq-per-try-timeout-ms", None);
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        if !self.is_call {
            return Action::Continue;
        }
        if !end {
            return Action::Pause;
        }
        let body = self.get_http_request_body(0, size).unwrap_or_default();
        let chat: Chat = serde_json::from_slice(&body).unwrap_or_default();
        self.model = chat.model.unwrap_or_default();
        if self.enter(&body) {
            count(format!("original=.=running;.;action=.=pass;.;model=.={};.;peer.repeats", self.model), 1);
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.status = self.get_http_response_header(":status").and_then(|text| text.parse().ok()).unwrap_or(0);
        Action::Continue
    }

    fn on_log(&mut self) {
        let Some(call) = &self.call else { return };
        let attempts = self.get_property(vec!["upstream", "request_attempt_count"]);
        let attempts = attempts.and_then(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?))).unwrap_or(1);
        let is_well = self.status < 400;
        change(call, |_| (Some(pack(if is_well { COMPLETED } else { FAILED }, now())), ()));
        if attempts > 1 {
            change(&format!("budget/{}", self.route), |stored| {
                let (calls, retries) = unpack(stored).unwrap_or((0, 0));
                (Some(pack(calls, retries + attempts - 1)), ())
            });
        }
        state("peer.model", &self.model);
        state("peer.attempts", &attempts.to_string());
        state("peer.api", "openai-chat");
        state("peer.outcome", if is_well { "ok" } else { "error" });
        if !is_well {
            state("peer.retry_verdict", "unsafe");
            count(format!("reason=.=server_error;.;model=.={};.;peer.unsafe", self.model), 1);
        }
        count(format!("api=.=openai-chat;.;model=.={};.;peer.requests", self.model), 1);
        count(format!("model=.={};.;peer.attempts", self.model), attempts as i64);
    }
}
