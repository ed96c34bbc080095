//! A disk that is really full: a small file system of its own, with more to import than there is room for.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::proof::{at_once, heads, remember, verified};
use super::scenario::{Place, Stage, in_memory};
use super::{Random, shim};
use crate::support::command::{ORG, copy, entries};
use crate::support::not_permitted;

/// A file system of a few megabytes; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn at(folder: &Path) -> Result<Self, String> {
        std::fs::create_dir(folder).unwrap();
        let mut mount = Command::new("mount");
        let told = mount.args(["-t", "tmpfs", "-o", "size=12m,mode=700", "tmpfs"]).arg(folder).output();
        let told = told.map_err(|fault| fault.to_string())?;
        if told.status.success() {
            Ok(Self(folder.to_owned()))
        } else {
            Err(String::from_utf8_lossy(&told.stderr).trim().to_owned())
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("--lazy").arg(&self.0).status().ok();
    }
}

/// The installation on a small disk, and files for it elsewhere.
fn installed(place: &Place) -> Result<(SmallDisk, PathBuf), String> {
    let disk = SmallDisk::at(&place.folder().join("disk"))?;
    let data = disk.0.join("data");
    copy(&place.data(), &data);
    Ok((disk, data))
}

#[test]
fn an_import_that_finds_the_disk_full_says_which_and_succeeds_once_there_is_room() {
    let place = Stage::WithOrganization.place();
    let (disk, data) = match installed(&place) {
        Ok(made) => made,
        Err(reason) => return not_permitted("a disk that is full", &format!("a tmpfs cannot be mounted: {reason}")),
    };
    let elsewhere = in_memory();
    let inbox = elsewhere.path().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    let mut random = Random::of(7);
    let file: Vec<u8> = std::iter::repeat_with(|| random.byte()).take(3 << 20).collect();
    std::fs::write(inbox.join("scan.bin"), file).unwrap();
    let arguments = ["import", "files", inbox.to_str().unwrap(), "--org", ORG, "--json"];
    let mut seen = heads(&data);

    // What is left runs out while the archive is made, while it is copied into the vault, and while the database is told.
    for left in [1 << 20, 2 << 20, 4 << 20, 5 << 20, (6 << 20) + 4096] {
        let ballast = disk.0.join("ballast");
        fill(&ballast, left);
        // Where the disk was too full to give the lease back, its holder is dead, and that is noticed at once.
        let refused = at_once(&mut shim::command(&arguments, &data, Duration::ZERO)).unwrap();
        assert_eq!(refused.code, Some(2), "{left} bytes were left: {refused:#?}");
        let mounted = format!("the disk at {},", disk.0.display());
        for words in ["error: ", "next: ", mounted.as_str(), "is full"] {
            assert!(refused.stderr.contains(words), "`{words}` is not said with {left} bytes left: {refused:#?}");
        }
        assert_eq!(refused.stdout, "", "{left} bytes were left");
        assert_eq!(heads(&data), seen, "{left} bytes were left, and something was committed");

        std::fs::remove_file(&ballast).unwrap();
        verified(elsewhere.path(), &data, &seen, Duration::ZERO).unwrap();
    }

    // Leftovers of the attempts are removed when they are a day old; here there is no room to wait for that.
    for leftover in entries(&data.join("staging")) {
        std::fs::remove_file(leftover).unwrap();
    }
    let done = at_once(&mut shim::command(&arguments, &data, Duration::ZERO)).unwrap();
    assert_eq!(done.code, Some(0), "{done:#?}");
    remember(&data, &mut seen);
    verified(elsewhere.path(), &data, &seen, Duration::ZERO).unwrap();
}

/// Fills the disk until so many bytes are left.
fn fill(ballast: &Path, left: usize) {
    let page = [0; 4096];
    let mut file = std::fs::File::create(ballast).unwrap();
    while std::io::Write::write_all(&mut file, &page).is_ok() {}
    let size = file.metadata().unwrap().len();
    file.set_len(size.saturating_sub(left as u64)).unwrap();
}
