//! When collectors run, and the loop that runs them.
//!
//! [`due`] turns crontab lines into moments and [`alarm`] says who has gone silent; both are pure. [`timetable`] puts
//! them together with what the database remembers, and [`runner`] keeps the times. Nothing here collects or judges:
//! that is [`crate::pipeline`]. Start with [`due::next_due`], then [`runner::serve`].

pub mod alarm;
pub mod due;
pub mod runner;
pub mod timetable;

pub use runner::serve;
pub use timetable::{Planned, alarming, alarms, next_times};

#[cfg(test)]
pub(crate) mod tests;
