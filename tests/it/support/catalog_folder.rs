//! A user's own data files: a folder that a settings file names, and the program run with it.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::command::{Told, countersign, scratch};

/// A folder of a user's data files, named by a settings file.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        let folder = Self(scratch());
        std::fs::create_dir_all(folder.path("extra/controls")).unwrap();
        folder.settings(&format!("[catalog]\nfolders = [\"{}\"]\n", folder.path("extra").display()));
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn settings(&self, text: &str) {
        std::fs::write(self.path("countersign.toml"), text).unwrap();
    }

    pub fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.path("extra").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    pub fn run(&self, arguments: &[&str]) -> Told {
        let settings = self.path("countersign.toml");
        countersign(&[arguments, &["--config", settings.to_str().unwrap()]].concat())
    }

    pub fn lint(&self) -> Told {
        self.run(&["catalog", "lint"])
    }
}

/// A file of the repository.
pub fn shipped(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}
