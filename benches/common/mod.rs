//! What benchmarks share: files like those of a tenant, and the cost of a program.

#![allow(dead_code, reason = "each benchmark uses its part")]

pub mod files;
pub mod measure;
