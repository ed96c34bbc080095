//! The crash proof of sealing: real processes, real faults, at every counted point, and the same promise after each.
//!
//! The promise: nobody repairs anything by hand; the same command succeeds when it is given again; `countersign verify`
//! is content; what was acknowledged is there; the ledger continues every head that anybody saw. Start with [`proof`],
//! then [`scenario`]. The long variant, `COUNTERSIGN_LONG_TESTS=1 cargo test --test it crash`, looks at every point of
//! every scenario and takes hours; the short one takes a share of them, and both say how many.

mod faulty_store;
mod full_disk;
mod kills;
mod objects;
mod proof;
mod scenario;
mod shim;
mod special;
mod syscalls;

use std::io::Write;

/// Whether every point is looked at.
fn thorough() -> bool {
    std::env::var_os("COUNTERSIGN_LONG_TESTS").is_some_and(|value| value == "1")
}

/// Says figures past the test harness, which hides what passing tests print.
fn loud(figures: &str) {
    std::io::stderr().write_all(format!("{figures}\n").as_bytes()).unwrap();
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }

    /// Between 0 and `most`.
    fn share_of(&mut self, most: std::time::Duration) -> std::time::Duration {
        most.mul_f64(f64::from(self.next()) / f64::from(u32::MAX))
    }
}
