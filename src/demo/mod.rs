//! To be written.

pub mod tenant;
