//! model-tag with serde_json.
use sluice_bench_peers::tag::Root;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root(|body| serde_json::from_slice(body).ok())));
}}
