//! What is lost and what comes back: a transaction, a database, an installation.

mod answers;
mod transaction;
