//! Stories about the product as a whole: one binary, one file a story.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a helper of a test may stop at the first surprise, as the test itself may"
)]

mod asked;
mod catalogs;
mod changes;
mod contract;
mod crash;
mod decisions;
mod deletion;
mod demo;
mod forms;
mod gaps;
mod hostile;
mod keys;
mod lawful;
mod layers;
mod packages;
mod pages;
mod proofs;
mod providers;
mod recovery;
mod responsibilities;
mod runs;
mod schedule;
mod spool;
mod start;
mod stated;
mod status_dates;
mod stores;
mod support;
mod tampering;
mod three_weeks;
