//! Evidence formats of Countersign.
pub mod digest;
