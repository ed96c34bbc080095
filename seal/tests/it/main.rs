//! The formats from outside: golden vectors, properties, and every kind of damage that both verifiers must refuse.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation,
    reason = "a helper of a test may stop at the first surprise, as the test itself may"
)]

mod command;
mod damage;
mod deletion;
mod fixtures;
mod golden;
mod outside;
mod properties;
mod support;
mod tamper;
mod tiles;
mod vault;
