//! Replaces byte ranges that must never be kept, before anything is hashed.
