//! Reads a file that somebody names, never more of it than is allowed.
//!
//! What a file says about its own size is not believed: a pipe and a device say nothing and have no end. Start with [`read`].

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// A file's bytes; none: it has more than `most`.
///
/// # Errors
/// The system's, when it cannot be opened or read.
pub fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    // One byte more than is allowed tells that there is too much.
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

/// As [`read`], as text.
///
/// # Errors
/// Also when it is not UTF-8.
pub fn text(path: &Path, most: u64) -> Result<Option<String>> {
    let Some(bytes) = read(path, most)? else { return Ok(None) };
    String::from_utf8(bytes).map(Some).map_err(|fault| Error::new(ErrorKind::InvalidData, fault))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{read, text};

    #[test]
    fn a_file_without_an_end_is_refused_after_what_is_allowed() {
        #[cfg(unix)]
        assert_eq!(read(Path::new("/dev/zero"), 1_000).unwrap(), None);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "abc").unwrap();
        assert_eq!((read(&file, 3).unwrap(), read(&file, 2).unwrap()), (Some(b"abc".to_vec()), None));
        std::fs::write(&file, b"\xff").unwrap();
        assert!(text(&file, 3).is_err() && text(&file, 0).unwrap().is_none());
    }
}
