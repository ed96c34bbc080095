//! The keys that people have anyway, and the program they sign with.

use std::process::{Command, Stdio};

use super::skip;

/// Runs ssh-keygen; none where it is not installed.
pub fn keygen(arguments: &[&str]) -> Option<()> {
    match Command::new("ssh-keygen").args(arguments).stdin(Stdio::null()).output() {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            Some(())
        }
        Err(fault) => {
            skip("signatures with SSH keys", &fault.to_string());
            None
        }
    }
}
