//! The filter of model_tag.rs and model_tag_fast.rs, which differ in how they find the model in a body.
use crate::{count, state, Chat, CHAT};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};

/// Finds the model in a whole body.
pub type Find = fn(&[u8]) -> Option<Chat>;

/// Tags chats by what `find` finds.
pub struct Root(pub Find);

impl Context for Root {}

impl RootContext for Root {
    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Tagger { find: self.0, is_call: false, chat: None, is_json: false, answered: None, status: 0 }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Tagger {
    find: Find,
    is_call: bool,
    chat: Option<Chat>,
    is_json: bool,
    answered: Option<String>,
    status: u32,
}

impl Context for Tagger {}

impl HttpContext for Tagger {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        let is_post = self.get_http_request_header(":method").as_deref() == Some("POST");
        self.is_call = is_post && !end && self.get_http_request_header(":path").as_deref() == Some(CHAT);
        if self.is_call { Action::Pause } else { Action::Continue }
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        if !self.is_call {
            return Action::Continue;
        }
        if !end {
            return Action::Pause;
        }
        self.chat = self.get_http_request_body(0, size).and_then(|body| (self.find)(&body));
        if let Some(chat) = &self.chat {
            self.set_http_request_header("x-ai-model", Some(chat.model.as_deref().unwrap_or("unknown")));
            self.set_http_request_header("x-ai-request-type", Some("chat"));
            self.set_http_request_header("x-ai-stream", Some(if chat.stream { "true" } else { "false" }));
            let _ = self.call_foreign_function("clear_route_cache", None);
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, end: bool) -> Action {
        if !self.is_call {
            return Action::Continue;
        }
        self.status = self.get_http_response_header(":status").and_then(|text| text.parse().ok()).unwrap_or(0);
        let content_type = self.get_http_response_header("content-type").unwrap_or_default();
        self.is_json = content_type.starts_with("application/json") && !end;
        if self.is_json { Action::Pause } else { Action::Continue }
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        if !self.is_json {
            return Action::Continue;
        }
        if !end {
            return Action::Pause;
        }
        self.answered = self.get_http_response_body(0, size).and_then(|body| (self.find)(&body)?.model);
        if let Some(model) = &self.answered {
            self.set_http_response_header("x-ai-model", Some(model));
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        let Some(chat) = &self.chat else { return };
        let model = chat.model.as_deref().unwrap_or("unknown");
        state("peer.model", model);
        state("peer.response_model", self.answered.as_deref().unwrap_or(""));
        state("peer.model_source", "body");
        state("peer.request_type", "chat");
        state("peer.api", "openai-chat");
        state("peer.stream", if chat.stream { "true" } else { "false" });
        state("peer.outcome", if self.status < 400 { "ok" } else { "error" });
        let class = self.status / 100;
        count(format!("api=.=openai-chat;.;model=.={model};.;request_type=.=chat;.;status=.={class}xx;.;peer.requests"), 1);
    }
}
