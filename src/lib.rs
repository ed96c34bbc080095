//! Countersign: evidence that both parties can stand behind.
//!
//! ```text
//! schedule -> collect -> dataset -> seal -> evaluate -> assess -> track -> report -> deliver
//!             RawEvidence      SealedEvidence  CheckResult  ControlStatus  Gap   ReportData
//! ```
//!
//! Stages take and return values; only [`pipeline`] saves them. Start reading there.

pub mod app;
pub mod assess;
pub mod catalog;
pub mod cli;
pub mod collect;
pub mod config;
pub mod dataset;
pub mod deliver;
pub mod demo;
pub mod doctor;
pub mod evaluate;
pub mod model;
pub mod pipeline;
pub mod recovery;
pub mod render;
pub mod report;
pub mod schedule;
pub mod spool;
pub mod store;
pub mod telemetry;
pub mod track;
pub mod vault;
pub mod web;
