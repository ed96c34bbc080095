//! Plain values shared by every stage: ids, times, evidence, findings, controls, responsibilities, gaps.
//!
//! Nothing here does I/O, reads a clock or knows a database. Start with [`evidence`] (what was seen), then
//! [`finding`] (what it means), [`control`] (what a framework asks) and [`responsibility`] (who owns it).

pub mod control;
pub mod evidence;
pub mod finding;
pub mod gap;
pub mod id;
pub mod organization;
pub mod responsibility;
pub mod time;
