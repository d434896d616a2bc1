//! A token bucket for each value of a header, in shared data.
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use serde::Deserialize;
use sluice_bench_peers::{change, count, now, pack, state, unpack};
use std::rc::Rc;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root { config: Rc::new(Config::default()) }));
}}

/// Requests per second, and how many at once.
#[derive(Deserialize, Default)]
struct Config {
    header: String,
    capacity: u64,
    refill: u64,
}

const SECOND: u64 = 1_000_000_000;

struct Root {
    config: Rc<Config>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let config = self.get_plugin_configuration().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        config.map(|config| self.config = Rc::new(config)).is_some()
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Limiter { config: self.config.clone(), left: None }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Limiter {
    config: Rc<Config>,
    /// Tokens left after this request; None where it was not limited.
    left: Option<u64>,
}

impl Limiter {
    /// Takes a token of the key's bucket: what is left, or None when it is empty. A host that fails lets pass.
    fn take(&self, key: &str) -> Option<u64> {
        let Config { capacity, refill, .. } = *self.config;
        let now = now();
        let taken = change(&format!("bucket/{key}"), |stored| {
            // Nano-tokens would overflow: what has come back is counted in whole tokens, and the time moves by as much.
            let (tokens, at) = unpack(stored).unwrap_or((capacity, now));
            let back = (now.saturating_sub(at) as u128 * refill as u128 / SECOND as u128) as u64;
            let full = tokens.saturating_add(back) >= capacity;
            let tokens = tokens.saturating_add(back).min(capacity);
            let at = if full { now } else { at + (back as u128 * SECOND as u128 / refill.max(1) as u128) as u64 };
            match tokens.checked_sub(1) {
                Some(left) => (Some(pack(left, at)), Some(left)),
                None => (None, None),
            }
        });
        taken.unwrap_or(Some(capacity))
    }
}

impl Context for Limiter {}

impl HttpContext for Limiter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let Some(key) = self.get_http_request_header(&self.config.header) else { return Action::Continue };
        self.left = self.take(&key);
        let verdict = if self.left.is_some() { "allowed" } else { "limited" };
        count(format!("rule=.=r;.;consumer=.=other;.;peer.ratelimit.{verdict}"), 1);
        if self.left.is_none() {
            self.send_http_response(429, vec![("retry-after", "1")], Some(b"too many requests"));
            return Action::Pause;
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        if let Some(left) = self.left {
            self.add_http_response_header("ratelimit-policy", &format!("\"r\";q={};w=1", self.config.capacity));
            self.add_http_response_header("ratelimit", &format!("\"r\";r={left};t=1"));
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        if let Some(left) = self.left {
            state("peer.ratelimit", "allowed");
            state("peer.ratelimit_rule", "r");
            state("peer.ratelimit_remaining", &left.to_string());
        }
    }
}
