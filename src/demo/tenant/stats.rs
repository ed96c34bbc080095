//! What the simulator saw: counts for assertions and a short log. It never keeps a token or a secret.

use std::collections::BTreeMap;

/// Counts since the tenant started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SimulatorStats {
    /// Graph requests of any kind, refused ones included; a batch is one.
    pub requests: u64,
    /// Requests within batches; paths and statuses count each of them, too.
    pub batch_items: u64,
    pub token_requests: u64,
    pub tokens_issued: u64,
    /// Requests by path below the version; the token endpoint included.
    pub by_path: BTreeMap<String, u64>,
    pub by_status: BTreeMap<u16, u64>,
    /// Answers with 429.
    pub throttled: u64,
    /// Those of them a client that knows the documented limits and obeys `Retry-After` would not have caused.
    pub avoidable_429: u64,
    /// Anything but GET to Graph: an evidence tool must never cause one.
    pub refused_writes: u64,
}

/// One request as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRequest {
    pub method: String,
    /// Path with version, as sent.
    pub path: String,
    pub query: String,
    pub status: u16,
    pub request_id: String,
    pub client_request_id: Option<String>,
    pub user_agent: Option<String>,
    /// Whether it came as a part of a batch.
    pub in_batch: bool,
}

/// How many requests the log keeps; older ones are dropped.
pub(super) const LOG_LENGTH: usize = 10_000;
