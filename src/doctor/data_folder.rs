//! The data folder: whether only its owner can read it, and whether its disk has room for what is to come.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{Bench, Line};

const AREA: &str = "data folder";
const MEGABYTE: u64 = 1_000_000;
/// Below this sealing fails at any moment.
const LAST_ROOM: u64 = 200 * MEGABYTE;
const LITTLE_ROOM: u64 = 1_000 * MEGABYTE;
const LAST_INODES: u64 = 1_000;
const LITTLE_INODES: u64 = 20_000;
/// Archives this young tell what a month takes.
const MONTH: Duration = Duration::from_hours(30 * 24);

pub(super) async fn look(bench: &Bench) -> Vec<Line> {
    let (folder, vault) = (bench.data.path().to_owned(), bench.vault_folder());
    if !folder.is_dir() || !bench.data.secret_key_file(&bench.config).exists() && !bench.data.config_file().exists() {
        let says = format!("{} holds no Countersign data", folder.display());
        let next =
            format!("name the right folder with --data, or make one: countersign init --data {}", folder.display());
        return vec![Line::problem(AREA, "", says).missing("everything").next(next)];
    }
    let files = [bench.data.secret_key_file(&bench.config), bench.data.database_file(), bench.data.config_file()];
    let now = SystemTime::from(bench.now.as_datetime());
    let look = move || {
        let mut lines = vec![rights_in_words(&folder, open_to_others(&folder, &vault, &files))];
        let month = month_of(&vault, now);
        for place in places(&folder, &vault) {
            lines.push(match room(place) {
                Some(room) => room_in_words(place, room, month),
                None => {
                    Line::warning("disk", "", format!("how full the disk of {} is cannot be told", place.display()))
                }
            });
        }
        lines
    };
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

/// The data folder, and the vault if that is on another disk.
fn places<'a>(folder: &'a Path, vault: &'a Path) -> Vec<&'a Path> {
    let is_elsewhere = vault.is_dir() && device(vault) != device(folder);
    std::iter::once(folder).chain(is_elsewhere.then_some(vault)).collect()
}

#[cfg(unix)]
fn device(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|facts| std::os::unix::fs::MetadataExt::dev(&facts))
}

#[cfg(not(unix))]
fn device(_: &Path) -> Option<u64> {
    None
}

/// A path whose rights are not as they must be, and the command that mends it.
struct Open {
    what: String,
    cure: String,
}

#[cfg(unix)]
fn open_to_others(folder: &Path, vault: &Path, files: &[std::path::PathBuf]) -> Vec<Open> {
    use std::os::unix::fs::MetadataExt;
    let own = rustix::process::geteuid().as_raw();
    let mut found = Vec::new();
    let folders = [folder, vault].map(|path| (path, 0o700));
    let all = folders.into_iter().chain(files.iter().map(|file| (file.as_path(), 0o600)));
    for (path, wanted) in all {
        let Ok(facts) = std::fs::metadata(path) else { continue };
        let (mode, shown) = (facts.mode() & 0o777, path.display());
        if mode & 0o077 != 0 {
            let what = format!("{shown} is open to others (mode {mode:o})");
            found.push(Open { what, cure: format!("chmod {wanted:o} {shown}") });
        }
        // Root may use what others own; anybody else needs to own it.
        if facts.uid() != own && own != 0 {
            let what = format!("{shown} belongs to user {}, but this runs as user {own}", facts.uid());
            found.push(Open { what, cure: "run it as the owner".to_owned() });
        }
    }
    found
}

#[cfg(not(unix))]
fn open_to_others(_: &Path, _: &Path, _: &[std::path::PathBuf]) -> Vec<Open> {
    Vec::new()
}

fn rights_in_words(folder: &Path, open: Vec<Open>) -> Line {
    if open.is_empty() {
        return Line::ok(AREA, "", format!("only its owner can read {}", folder.display()));
    }
    let (what, cure): (Vec<String>, Vec<String>) = open.into_iter().map(|one| (one.what, one.cure)).unzip();
    Line::warning(AREA, "", what.join("; ")).next(cure.join("; "))
}

/// What is left of a disk. Some file systems have no fixed number of inodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Room {
    bytes: u64,
    inodes: Option<u64>,
}

#[cfg(unix)]
fn room(path: &Path) -> Option<Room> {
    let facts = rustix::fs::statvfs(path).ok()?;
    let inodes = (facts.f_files > 0).then_some(facts.f_favail);
    Some(Room { bytes: facts.f_bavail.saturating_mul(facts.f_frsize), inodes })
}

#[cfg(not(unix))]
fn room(_: &Path) -> Option<Room> {
    None
}

/// Bytes that archives of one month take: what came in the last 30 days, or, when all of it is younger, that much for
/// every day of the month. None before the first archive.
fn month_of(vault: &Path, now: SystemTime) -> Option<u64> {
    let (mut bytes, mut oldest) = (0_u64, Duration::ZERO);
    for organization in std::fs::read_dir(vault).ok()?.flatten() {
        let folder = organization.path().join(countersign_seal::names::ARCHIVES);
        for archive in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(facts) = archive.metadata() else { continue };
            let age = facts.modified().ok().and_then(|at| now.duration_since(at).ok()).unwrap_or_default();
            oldest = oldest.max(age);
            if age <= MONTH {
                bytes = bytes.saturating_add(facts.len());
            }
        }
    }
    let days = (oldest.as_secs() / 86_400 + 1).min(30);
    (bytes > 0).then(|| bytes.saturating_mul(30) / days)
}

fn room_in_words(place: &Path, room: Room, month: Option<u64>) -> Line {
    let of = place.display();
    let free = format!("{} free at {of}", bytes_in_words(room.bytes));
    let says = match month {
        Some(month) => format!("{free}; a month of archives takes about {}", bytes_in_words(month)),
        None => free,
    };
    let lost = "what is collected can no longer be sealed once the disk is full";
    let next = "free some space, or move the vault to a larger disk (vault.folder)";
    if room.bytes < LAST_ROOM {
        return Line::problem("disk", "", says).missing(lost).next(next);
    }
    if room.inodes.is_some_and(|inodes| inodes < LAST_INODES) {
        let says = format!("hardly any files can be made at {of}: {} inodes are free", room.inodes.unwrap_or_default());
        return Line::problem("disk", "", says).missing(lost).next("remove small files from that disk");
    }
    if room.bytes < LITTLE_ROOM.max(month.unwrap_or_default().saturating_mul(2)) {
        return Line::warning("disk", "", says).missing(lost).next(next);
    }
    if room.inodes.is_some_and(|inodes| inodes < LITTLE_INODES) {
        let says = format!("few files can be made at {of}: {} inodes are free", room.inodes.unwrap_or_default());
        return Line::warning("disk", "", says).missing(lost).next("remove small files from that disk");
    }
    Line::ok("disk", "", says)
}

fn bytes_in_words(bytes: u64) -> String {
    match bytes {
        0..MEGABYTE => format!("{} kB", bytes / 1_000),
        MEGABYTE..1_000_000_000 => format!("{} MB", bytes / MEGABYTE),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{MEGABYTE, Room, room_in_words};
    use crate::doctor::Level;

    fn level(megabytes: u64, inodes: Option<u64>, month: Option<u64>) -> Level {
        let room = Room { bytes: megabytes * MEGABYTE, inodes };
        room_in_words(Path::new("/srv"), room, month.map(|month| month * MEGABYTE)).level
    }

    #[test]
    fn a_disk_without_room_is_a_problem_and_one_that_two_months_of_archives_would_fill_a_warning() {
        assert_eq!(level(199, None, None), Level::Problem);
        assert_eq!(level(900, Some(1_000_000), None), Level::Warning);
        assert_eq!(level(5_000, Some(1_000_000), Some(400)), Level::Ok);
        assert_eq!(level(5_000, Some(1_000_000), Some(2_600)), Level::Warning);
    }

    #[test]
    fn a_disk_without_inodes_is_full_whatever_room_it_has() {
        assert_eq!(level(900_000, Some(999), None), Level::Problem);
        assert_eq!(level(900_000, Some(19_999), None), Level::Warning);
        assert_eq!(level(900_000, None, None), Level::Ok);
    }
}
