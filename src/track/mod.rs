//! Who owns what and what is still open: the rules of gaps, requests and responsibilities. Pure; `pipeline` saves.

pub mod assignment;
pub mod gaps;
pub mod history;
pub mod owner;
pub mod requests;
pub mod responsibilities;

#[cfg(test)]
mod tests;
