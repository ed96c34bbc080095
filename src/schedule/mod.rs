//! When collectors run, and the loop that runs them.
//!
//! [`due`] turns crontab lines into moments and [`alarm`] says who has gone silent; both are pure. [`timetable`] puts
//! them together with what the database remembers, [`runner`] keeps the times and [`sealing`] empties the spool. Nothing here collects or judges:
//! that is [`crate::pipeline`]. Start with [`due::next_due`], then [`runner::serve`].

pub mod alarm;
pub mod due;
pub mod runner;
pub mod sealing;
pub mod timetable;

pub use runner::serve;
pub use sealing::keep_sealing;
pub use timetable::{Planned, alarming, alarms, credential_alarms, next_times, spool_alarms};

#[cfg(test)]
pub(crate) mod tests;
