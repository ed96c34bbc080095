//! A vault, whole and damaged.
