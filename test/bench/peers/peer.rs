//! What the peers share: counters by name, filter state, and changes of shared data that are tried until they win.
use proxy_wasm::hostcalls;
use proxy_wasm::types::{MetricType, Status};
use serde::Deserialize;
use std::cell::RefCell;
use std::collections::HashMap;

pub mod tag;

/// The paths that are AI calls.
pub const CHAT: &str = "/v1/chat/completions";

/// What is read of a chat's body.
#[derive(Deserialize, Default)]
pub struct Chat {
    pub model: Option<String>,
    #[serde(default)]
    pub stream: bool,
}

thread_local! {
    static METRICS: RefCell<HashMap<String, u32>> = RefCell::new(HashMap::new());
}

fn metric(kind: MetricType, name: String) -> Option<u32> {
    METRICS.with_borrow_mut(|all| match all.get(&name) {
        Some(id) => Some(*id),
        None => {
            let id = hostcalls::define_metric(kind, &name).ok()?;
            all.insert(name, id);
            Some(id)
        }
    })
}

/// Adds to a counter.
pub fn count(name: String, by: i64) {
    if let Some(id) = metric(MetricType::Counter, name) {
        let _ = hostcalls::increment_metric(id, by);
    }
}

/// Records a value of a histogram.
pub fn record(name: String, value: u64) {
    if let Some(id) = metric(MetricType::Histogram, name) {
        let _ = hostcalls::record_metric(id, value);
    }
}

/// Writes filter state for access logs.
pub fn state(name: &str, value: &str) {
    let _ = hostcalls::set_property(vec![name], Some(value.as_bytes()));
}

/// Nanoseconds since 1970.
pub fn now() -> u64 {
    let since = hostcalls::get_current_time().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(0, |passed| passed.as_nanos() as u64)
}

/// Any cas inserts a key that is missing, and only one of those who try wins.
const ABSENT: u32 = u32::MAX;

/// Changes a value of shared data until the change wins. `change` gets what is stored; None leaves it as it is.
pub fn change<T>(key: &str, mut change: impl FnMut(Option<&[u8]>) -> (Option<Vec<u8>>, T)) -> Option<T> {
    loop {
        let (stored, cas) = hostcalls::get_shared_data(key).ok()?;
        let (value, answer) = change(stored.as_deref());
        let Some(value) = value else { return Some(answer) };
        match hostcalls::set_shared_data(key, Some(&value), Some(cas.unwrap_or(ABSENT))) {
            Ok(()) => return Some(answer),
            Err(Status::CasMismatch) => continue,
            Err(_) => return None,
        }
    }
}

/// Two numbers as they are stored.
pub fn pack(a: u64, b: u64) -> Vec<u8> {
    [a.to_le_bytes(), b.to_le_bytes()].concat()
}

/// Reads what `pack` wrote.
pub fn unpack(bytes: Option<&[u8]>) -> Option<(u64, u64)> {
    let bytes = bytes?;
    Some((u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?), u64::from_le_bytes(bytes.get(8..16)?.try_into().ok()?)))
}
