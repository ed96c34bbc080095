//! Evidence formats of Countersign: what is written so that it outlives the product, and how anyone checks it.
//!
//! ```text
//! bytes ── digest ──> artifact ── record (canonical) ──> leaf ── ledger ──> head ── note ──> checkpoint
//!                        └───────────── archive (zip) + log object = vault ─────────────┘
//!                                        package (zip) for an auditor
//!                                        verify: vault and package, from bytes alone
//! ```
//! No async, no database, no clock, no network. `verify` shares the words of the formats with the writers (`names`,
//! `record`, `ledger`, `note`) but never their code. The specification is `docs/evidence-format.md`.

pub mod archive;
pub mod canonical;
pub mod container;
pub mod deleted;
pub mod digest;
pub mod ledger;
pub mod log;
pub mod manifest;
pub mod names;
pub mod note;
pub mod package;
pub mod proof;
pub mod record;
pub mod ssh;
mod steady;
pub mod sums;
pub mod tiles;
pub mod verify;
mod window;
