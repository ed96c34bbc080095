//! The files a catalog is read from: those compiled in, and folders a user adds.
//!
//! Gathers bytes and names, in a fixed order; never looks inside a file beyond its first line. What cannot be gathered
//! (a link, a file that is too large, a second file of the same name) is kept as a fault and reported with all others when
//! the catalog is loaded. Start with [`FileSet`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use super::fault::Faults;

/// No data file is larger: the largest one shipped is a tenth of it.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// No folder a user adds holds more files.
pub const MAX_FILES: usize = 5_000;
/// No folder a user adds is deeper.
const MAX_DEPTH: usize = 8;
/// First line of a user's file that takes the place of a built-in one; a reason follows.
pub const OVERRIDE_MARK: &str = "# override:";

#[derive(rust_embed::Embed)]
#[folder = "controls/"]
struct EmbeddedControls;

#[derive(rust_embed::Embed)]
#[folder = "collectors/"]
struct EmbeddedCollectors;

/// One data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogFile {
    /// Where it stands in the catalog, with `/`: `controls/cmmc-l2/framework.yaml`.
    pub path: String,
    /// The path people see: the same for built-in files, the path on disk for a user's.
    pub shown: String,
    pub bytes: Cow<'static, [u8]>,
}

impl CatalogFile {
    /// Whether these are the very bytes compiled into a release binary, which its tests have read and compiled. In debug
    /// builds every file is read from a folder and may just have been edited.
    #[must_use]
    pub fn is_compiled_in(&self) -> bool {
        matches!(self.bytes, Cow::Borrowed(_))
    }
}

/// Every data file by its place in the catalog. Iterates in the order of the places, on every machine the same.
#[derive(Debug, Clone, Default)]
pub struct FileSet {
    files: BTreeMap<String, CatalogFile>,
    faults: Faults,
}

impl FileSet {
    /// The files compiled into this binary (read from the source folder in debug builds).
    #[must_use]
    pub fn embedded() -> Self {
        let mut set = Self::default();
        set.embed::<EmbeddedControls>("controls");
        set.embed::<EmbeddedCollectors>("collectors");
        set
    }

    /// Adds a user's folder laid out like ours: `controls/` and `collectors/`, either of which may be missing.
    #[must_use]
    pub fn with_folder(self, folder: &Path) -> Self {
        let mut set = self;
        let mut found = false;
        for part in ["controls", "collectors"] {
            let below = folder.join(part);
            if below.is_dir() {
                found = true;
                set = set.with_part(part, &below);
            }
        }
        if !found {
            let message =
                "the folder has neither `controls` nor `collectors` in it; check the path in the configuration";
            set.faults.add(folder.display().to_string(), None, message);
        }
        set
    }

    /// Adds a user's folder as a part of the catalog: `part` is `controls` or `collectors`.
    #[must_use]
    pub fn with_part(mut self, part: &str, folder: &Path) -> Self {
        let mut found = BTreeMap::new();
        walk(folder, part, 0, &mut found, &mut self.faults);
        self.add_all(found);
        self
    }

    /// Adds one file; for tests and for files that come from elsewhere than a folder.
    #[must_use]
    pub fn with_file(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let file = CatalogFile { path: path.to_owned(), shown: path.to_owned(), bytes: Cow::Owned(bytes.into()) };
        self.add_all(BTreeMap::from([(path.to_owned(), file)]));
        self
    }

    pub fn iter(&self) -> impl Iterator<Item = &CatalogFile> {
        self.files.values()
    }

    #[must_use]
    pub fn get(&self, path: &str) -> Option<&CatalogFile> {
        self.files.get(path)
    }

    /// The files below a folder of the catalog, such as `controls/crosswalk/`.
    pub fn below<'set>(&'set self, prefix: &'set str) -> impl Iterator<Item = &'set CatalogFile> {
        self.files
            .range(prefix.to_owned()..)
            .map(|(_, file)| file)
            .take_while(move |file| file.path.starts_with(prefix))
    }

    /// What could not be gathered.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    fn embed<E: rust_embed::Embed>(&mut self, part: &str) {
        for name in E::iter() {
            // Debug builds list a folder as the operating system names it.
            let path = format!("{part}/{}", name.replace('\\', "/"));
            if is_hidden(&path) {
                continue;
            }
            if let Some(file) = E::get(&name) {
                let file = CatalogFile { path: path.clone(), shown: path.clone(), bytes: file.data };
                self.files.insert(path, file);
            }
        }
    }

    fn add_all(&mut self, found: BTreeMap<String, CatalogFile>) {
        // A user's rule replaces the whole check: the built-in cases would test another rule.
        let replaced =
            found.values().filter(|file| overrides(file)).filter_map(|file| file.path.strip_suffix("check.rego"));
        for folder in replaced {
            self.files.retain(|path, _| !path.starts_with(folder));
        }
        for (path, file) in found {
            if path.ends_with("/README.md") || !self.files.contains_key(&path) || overrides(&file) {
                self.files.insert(path, file);
            } else {
                let message = format!(
                    "a file `{path}` exists already; choose another id, or begin the file with `{OVERRIDE_MARK} ` and the reason why it replaces the other"
                );
                self.faults.add(file.shown, Some(1), message);
            }
        }
    }
}

fn overrides(file: &CatalogFile) -> bool {
    let first = file.bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    first.strip_prefix(OVERRIDE_MARK.as_bytes()).is_some_and(|reason| !reason.trim_ascii().is_empty())
}

fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') || part.ends_with('~'))
}

fn walk(folder: &Path, place: &str, depth: usize, found: &mut BTreeMap<String, CatalogFile>, faults: &mut Faults) {
    let shown = |path: &Path| path.display().to_string();
    if depth > MAX_DEPTH {
        faults.add(shown(folder), None, format!("the folder is more than {MAX_DEPTH} levels deep; move it up"));
        return;
    }
    let entries = match std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries,
        Err(error) => return faults.add(shown(folder), None, format!("the folder cannot be read: {error}")),
    };
    for entry in entries {
        let path = entry.path();
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            faults.add(shown(&path), None, "the name is not UTF-8; rename the file");
            continue;
        };
        let place = format!("{place}/{name}");
        if is_hidden(&name) {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&path, &place, depth + 1, found, faults),
            Ok(kind) if kind.is_file() => match read_limited(&path) {
                Ok(_) if found.len() >= MAX_FILES => {
                    faults.add(shown(folder), None, format!("the folder holds more than {MAX_FILES} files"));
                    return;
                }
                Ok(bytes) => {
                    let file = CatalogFile { path: place.clone(), shown: shown(&path), bytes: Cow::Owned(bytes) };
                    found.insert(place, file);
                }
                Err(message) => faults.add(shown(&path), None, message),
            },
            Ok(_) => faults.add(shown(&path), None, "only plain files are read; put a copy here instead of a link"),
            Err(error) => faults.add(shown(&path), None, format!("the file cannot be looked at: {error}")),
        }
    }
}

fn read_limited(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read;

    let cannot = |error: std::io::Error| format!("the file cannot be read: {error}");
    let file = std::fs::File::open(path).map_err(cannot)?;
    // Room for all of it and the end: without, a file is read in several pieces.
    let size = file.metadata().map_err(cannot)?.len().min(MAX_FILE_BYTES) + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("the file is larger than {MAX_FILE_BYTES} bytes; split it"));
    }
    Ok(bytes)
}
