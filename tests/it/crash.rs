//! The crash proof of sealing: real processes, real faults, at every counted point, and the same promise after each.
//!
//! The promise: nobody repairs anything by hand; the same command succeeds when it is given again; `countersign verify`
//! is content; what was acknowledged is there; the ledger continues every head that anybody saw. Start with [`proof`],
//! then [`scenario`]. The long variant, `COUNTERSIGN_LONG_TESTS=1 cargo test --test it crash`, looks at every point of
//! every scenario and takes hours; the short one takes a share of them, and both say how many.

mod faulty_store;
mod objects;
mod proof;
mod scenario;
mod shim;
mod syscalls;

use std::io::Write;

/// Whether every point is looked at.
fn thorough() -> bool {
    std::env::var_os("COUNTERSIGN_LONG_TESTS").is_some_and(|value| value == "1")
}

/// Says figures past the test harness, which hides what passing tests print.
fn loud(figures: &str) {
    writeln!(std::io::stderr(), "{figures}").unwrap();
}
