//! model-tag with a scanner in place of a parser: strings are skipped with SIMD (memchr), nothing is checked beyond need.
use memchr::memchr2;
use sluice_bench_peers::{tag::Root, Chat};

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root(find)));
}}

/// The body's own `model` and `stream`; the first of each counts.
fn find(body: &[u8]) -> Option<Chat> {
    let mut chat = Chat::default();
    let mut depth = 0;
    let mut at = 0;
    let mut key: Option<&[u8]> = None;
    while let Some(byte) = body.get(at) {
        match byte {
            b'"' => {
                let end = string_end(body, at + 1)?;
                let text = &body[at + 1..end];
                at = end;
                if depth == 1 {
                    match key.take() {
                        None => key = Some(text),
                        Some(b"model") if chat.model.is_none() => {
                            chat.model = serde_json::from_slice(&body[end - text.len() - 1..=end]).ok();
                        }
                        Some(_) => {}
                    }
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b't' if depth == 1 && key == Some(b"stream") => chat.stream = true,
            b',' if depth == 1 => key = None,
            _ => {}
        }
        at += 1;
    }
    Some(chat)
}

/// Where the string that begins at `at` has its closing quote.
fn string_end(body: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', body.get(at..)?)?;
        if body[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}
