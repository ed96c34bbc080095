//! One run of the demo, shared by all stories that only look at what it left.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use super::command::{Told, copy, countersign, scratch};
use tempfile::TempDir;

/// What a run of the demo left behind.
pub struct Demo {
    pub data: PathBuf,
    /// What `--json` printed.
    pub report: Value,
    pub told: Told,
}

impl Demo {
    /// The run of this test process, made at the first question. Nobody may change its folder: see [`Demo::copied`].
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Demo> = OnceLock::new();
        SHARED.get_or_init(|| {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("demo-{}", std::process::id()));
            sweep(folder.parent().unwrap());
            Self::run(&folder.join("data"), &[])
        })
    }

    /// Runs the demo into a fresh folder.
    pub fn run(data: &Path, further: &[&str]) -> Self {
        let mut arguments = vec!["demo", "--no-serve", "--json", "--data", data.to_str().unwrap()];
        arguments.extend(further);
        let told = countersign(&arguments).fine();
        Self { data: data.to_owned(), report: told.json(), told }
    }

    /// A copy of the shared run's folder, to be changed at will.
    pub fn copied() -> TempDir {
        let folder = scratch();
        copy(&Self::shared().data, folder.path());
        folder
    }

    pub fn package(&self) -> PathBuf {
        PathBuf::from(self.report["package"].as_str().unwrap())
    }
}

/// Removes what test processes that have ended left: a static is never dropped.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.strip_prefix("demo-").is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            std::fs::remove_dir_all(entry.path()).ok();
        }
    }
}
