//! Any byte of any file: a spread of them always, every one of them with `COUNTERSIGN_LONG_TESTS=1`.
//!
//! The verifiers that are processes of their own see a part of what the library's see, in both variants.

use std::fs;
use std::sync::Mutex;
use std::time::Instant;

use super::Who::{self, Outside, Package, Script};
use super::{Evidence, Made, forge};
use crate::support::{Vault, pack};

/// One changed byte.
struct Place {
    file: usize,
    byte: usize,
    bit: u8,
    slow: bool,
}

fn long() -> bool {
    std::env::var_os("COUNTERSIGN_LONG_TESTS").is_some_and(|value| value == "1")
}

/// First, last, middle and some bytes between of every file, as chance has it, but the same chance every time; or all.
fn places(lengths: &[usize]) -> Vec<Place> {
    let mut chance: u64 = 0x5eed;
    let mut next = |below: usize| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) as usize % below
    };
    let mut places = Vec::new();
    for (file, length) in lengths.iter().copied().enumerate().filter(|(_, length)| *length > 0) {
        let spread: Vec<usize> = if long() {
            (0..length).collect()
        } else {
            let mut spread = vec![0, length - 1, length / 2];
            spread.extend((0..8).map(|_| next(length)));
            spread.sort_unstable();
            spread.dedup();
            spread
        };
        let slow = if long() { [0, length / 3, length / 2, length - 1, next(length)] } else { [next(length); 5] };
        for byte in spread {
            places.push(Place { file, byte, bit: 1 << next(8), slow: slow.contains(&byte) });
        }
        // What a spread does not hit is looked at all the same.
        for byte in slow.into_iter().take(usize::from(!long())) {
            places.push(Place { file, byte, bit: 1 << next(8), slow: true });
        }
    }
    places
}

/// Every place is refused by everyone; gives how often somebody looked.
fn refused(places: Vec<Place>, quick: Who, slow: &[Who], change: impl Fn(&Place) -> (String, Made) + Sync) -> usize {
    let (next, wrong) = (Mutex::new(places.iter()), Mutex::new(Vec::new()));
    let looks = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                loop {
                    let Some(place) = next.lock().unwrap().next() else { return };
                    let (what, made) = change(place);
                    for who in std::iter::once(&quick).chain(slow.iter().filter(|_| place.slow)) {
                        let Some((code, text)) = made.checked_by(*who) else { continue };
                        looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        if code != 3 || !text.contains("ALTERED") {
                            wrong.lock().unwrap().push(format!("{who:?}: {what}: exit code {code}\n{text}"));
                        }
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} changed bytes were not noticed:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(5)].join("\n")
    );
    looks.into_inner()
}

#[test]
fn one_changed_bit_in_any_file_of_a_package_is_noticed_by_all_three_verifiers() {
    let started = Instant::now();
    let (_, entries) = forge::original();
    let lengths: Vec<usize> = entries.iter().map(|(_, bytes)| bytes.len()).collect();
    let looks = refused(places(&lengths), Package, &[Script, Outside], |place| {
        let mut entries = entries.clone();
        entries[place.file].1[place.byte] ^= place.bit;
        let what = format!("bit {:#x} of byte {} of {}", place.bit, place.byte, entries[place.file].0);
        (what, Made::package(pack(&entries)))
    });
    println!("{looks} looks at packages in {:?}", started.elapsed());
}

#[test]
fn a_byte_more_or_less_in_any_file_of_a_package_is_noticed_by_all_three_verifiers() {
    let (_, entries) = forge::original();
    let places = (0..entries.len() * 2).map(|file| Place { file, byte: 0, bit: 0, slow: long() || file % 3 == 0 });
    refused(places.collect(), Package, &[Script, Outside], |place| {
        let mut entries = entries.clone();
        let (name, bytes) = &mut entries[place.file / 2];
        let what = format!("{name} with a byte {}", if place.file % 2 == 0 { "more" } else { "less" });
        if place.file % 2 == 0 {
            bytes.push(b'\n');
        } else {
            bytes.pop();
        }
        (what, Made::package(pack(&entries)))
    });
}

#[test]
fn one_changed_bit_anywhere_in_the_zip_of_a_package_is_noticed_unless_it_is_a_time_or_a_right() {
    let (_, entries) = forge::original();
    let zip = pack(&entries);
    let refused_or_harmless = |at: usize| {
        let mut changed = zip.clone();
        changed[at] ^= 0x10;
        let made = Made::package(changed);
        let answers = [Package, Outside].map(|who| made.checked_by(who).map(|(code, _)| code));
        (at, answers)
    };
    let step = if long() { 61 } else { zip.len() / 20 };
    for (at, [package, outside]) in (0..zip.len()).step_by(step).map(refused_or_harmless) {
        // Both must come to the same verdict; "not a zip" (2) and "altered" (3) are both a refusal.
        let refuses = |code: Option<u8>| code.is_none_or(|code| code != 0);
        assert!(
            outside.is_none() || refuses(package) == refuses(outside),
            "byte {at}: {package:?}, outside {outside:?}"
        );
    }
}

#[test]
fn one_changed_bit_in_any_file_of_a_vault_is_noticed_by_both_verifiers() {
    let started = Instant::now();
    let home = Vault::small("bytes-of-a-vault");
    let mut files: Vec<std::path::PathBuf> = Vec::new();
    for folder in ["archives", "log"] {
        let folder = home.home().join(folder);
        files.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.sort();
    let lengths: Vec<usize> = files.iter().map(|path| fs::read(path).unwrap().len()).collect();
    let looks = refused(places(&lengths), Who::Vault, &[Outside], |place| {
        let vault = Vault::small("a-byte-of-a-vault");
        let path = vault.folder.0.join(files[place.file].strip_prefix(&home.folder.0).unwrap());
        let mut bytes = fs::read(&path).unwrap();
        bytes[place.byte] ^= place.bit;
        fs::write(&path, bytes).unwrap();
        let what = format!("bit {:#x} of byte {} of {}", place.bit, place.byte, path.display());
        (what, Made::vault(vault))
    });
    println!("{looks} looks at vaults in {:?}", started.elapsed());
}

#[test]
#[should_panic(expected = "changed bytes were not noticed")]
fn the_table_of_bytes_would_tell_if_nobody_noticed() {
    let places = vec![Place { file: 0, byte: 0, bit: 0, slow: false }];
    refused(places, Package, &[], |_| ("nothing".to_owned(), forge::package(forge::After::Nothing, |_| {})));
}

#[test]
fn a_package_and_a_vault_are_what_the_rows_believe_them_to_be() {
    let made = forge::package(forge::After::Nothing, |_| {});
    assert!(matches!(made.evidence, Evidence::Package(_)));
    assert_eq!(made.checked_by(Package).unwrap().0, 0);
    assert_eq!(Made::vault(Vault::small("believed")).checked_by(Who::Vault).unwrap().0, 0);
}
