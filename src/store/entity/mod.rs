//! One file a table. Private to `store`: no other module sees a row.

pub mod check_result;
pub mod collector_state;
pub mod connection;
pub mod control_status;
pub mod decision;
pub mod deleted_object;
pub mod evidence;
pub mod evidence_request;
pub mod gap;
pub mod gap_event;
mod hex_bytes;
pub mod instance;
pub mod ledger_leaf;
pub mod ledger_lease;
pub mod ledger_log;
pub mod ledger_tile;
pub mod organization;
pub mod replaced_archive;
pub mod report;
pub mod responsibility_event;
pub mod responsibility_version;
pub mod run;
pub mod secret;
pub mod signing_key;
pub mod stored_object;
pub mod target_lease;
