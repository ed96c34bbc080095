//! Rows about the zip around a package: all files have their listed bytes, or one reader sees them so.
//!
//! `verify.sh` works on unpacked files and cannot see a zip. It is in rows that must pass, and in none of the others.

use std::io::Write;
use std::process::Command;

use super::handmade::{Part, build, parts};
use super::{Made, Outside, Package, Row, Says, Script, forge};
use crate::support::{Folder, have, pack, unfold};

pub const FINE: &str = "internally consistent, key not compared";

pub const ROWS: &[Row] = &[
    Row {
        name: "zipped again without compression",
        make: || zipped(|_| {}),
        says: &[Says(Package, 0, FINE), Says(Script, 0, FINE), Says(Outside, 0, FINE)],
    },
    Row {
        name: "zipped again in another order, at another level, with folders",
        make: || {
            let (_, mut entries) = forge::original();
            entries.reverse();
            let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            let options = zip::write::SimpleFileOptions::default().compression_level(Some(9));
            for folder in ["evidence/", "evidence/objects/", "keys/", "reports/"] {
                zip.add_directory(folder, options).unwrap();
            }
            for (name, bytes) in &entries {
                zip.start_file(name.as_str(), options.large_file(name.len() % 2 == 0)).unwrap();
                zip.write_all(bytes).unwrap();
            }
            Made::package(zip.finish().unwrap().into_inner())
        },
        says: &[Says(Package, 0, FINE), Says(Script, 0, FINE), Says(Outside, 0, FINE)],
    },
    Row {
        name: "zipped again by Info-ZIP",
        make: || info_zip(&["-q", "-r", "-6", "again.zip", "."]),
        says: &[Says(Package, 0, FINE), Says(Script, 0, FINE), Says(Outside, 0, FINE)],
    },
    Row {
        name: "zipped again by Info-ZIP at its best, without folders and extra fields",
        make: || info_zip(&["-q", "-r", "-9", "-D", "-X", "again.zip", "."]),
        says: &[Says(Package, 0, FINE), Says(Script, 0, FINE), Says(Outside, 0, FINE)],
    },
    Row {
        name: "zipped again by Info-ZIP with sizes after the data",
        make: || info_zip(&["-q", "-r", "-fd", "again.zip", "."]),
        says: &[Says(Package, 0, FINE), Says(Script, 0, FINE), Says(Outside, 0, FINE)],
    },
    // --- Content.
    Row {
        name: "a file was edited in the zip, with the right checksum",
        make: || zipped(|parts| parts[0] = Part::new("README.txt", b"Trust me.")),
        says: &[Says(Package, 3, "README.txt: expected SHA-256"), Says(Outside, 3, "README.txt was altered")],
    },
    Row {
        name: "a checksum in the zip is wrong, in both headers",
        make: || zipped(|parts| parts[0].crc ^= 1),
        says: &[Says(Package, 3, "README.txt: expected SHA-256"), Says(Outside, 3, "README.txt: wrong checksum")],
    },
    Row {
        name: "an entry unpacks to one byte more than its headers say",
        make: || {
            zipped(|parts| {
                parts[0].deflate();
                parts[0].size -= 1;
            })
        },
        says: &[Says(Package, 3, "README.txt"), Says(Outside, 3, "README.txt: unpacks to another length")],
    },
    Row {
        name: "an entry unpacks to one byte less than its headers say",
        make: || {
            zipped(|parts| {
                parts[0].deflate();
                parts[0].size += 1;
            })
        },
        says: &[Says(Package, 3, "README.txt"), Says(Outside, 3, "README.txt: unpacks to another length")],
    },
    Row {
        name: "a stored entry has two sizes",
        make: || zipped(|parts| parts[0].size += 1),
        says: &[Says(Package, 3, "README.txt"), Says(Outside, 3, "README.txt: unpacks to another length")],
    },
    Row {
        name: "an entry claims to grow ten thousand times",
        make: || {
            zipped(|parts| {
                parts[0].deflate();
                parts[0].size = 100_000_000;
            })
        },
        says: &[
            Says(Package, 3, "claims to grow beyond what is possible"),
            Says(Outside, 3, "unpacks to more than it can hold"),
        ],
    },
    Row {
        name: "an added entry unpacks to twenty megabytes",
        make: || {
            zipped(|parts| {
                let mut bomb = Part::new("bomb", &vec![0; 20_000_000]);
                bomb.deflate();
                parts.push(bomb);
            })
        },
        says: &[Says(Package, 3, "bomb: expected a line in SHA256SUMS"), Says(Outside, 3, "not in the list: bomb")],
    },
    // --- Names.
    Row {
        name: "an entry is there twice",
        make: || zipped(|parts| parts.push(Part::new("README.txt", b"another"))),
        says: &[Says(Package, 3, "there twice"), Says(Outside, 3, "README.txt: the name stands twice")],
    },
    Row {
        name: "an entry is there twice with the same bytes",
        make: || {
            zipped(|parts| {
                let again = parts[0].clone();
                parts.push(again);
            })
        },
        says: &[Says(Package, 3, "there twice"), Says(Outside, 3, "README.txt: the name stands twice")],
    },
    Row {
        name: "two entries differ in case only",
        make: || zipped(|parts| parts.push(Part::new("readme.TXT", b"another"))),
        says: &[Says(Package, 3, "there twice"), Says(Outside, 3, "readme.TXT: the name stands twice")],
    },
    Row {
        name: "a name leaves its folder",
        make: || zipped(|parts| parts.push(Part::new("reports/../../escape", b"out"))),
        says: &[Says(Package, 3, "is not allowed"), Says(Outside, 3, "a name that is not allowed")],
    },
    Row {
        name: "a name is absolute",
        make: || zipped(|parts| parts.push(Part::new("/etc/escape", b"out"))),
        says: &[Says(Package, 3, "is not allowed"), Says(Outside, 3, "a name that is not allowed")],
    },
    Row {
        name: "a name has a backslash",
        make: || zipped(|parts| parts.push(Part::new("reports\\..\\escape", b"out"))),
        says: &[Says(Package, 3, "is not allowed"), Says(Outside, 3, "a name that is not allowed")],
    },
    Row {
        name: "a name has an empty part",
        make: || zipped(|parts| parts.push(Part::new("reports//escape", b"out"))),
        says: &[Says(Package, 3, "is not allowed"), Says(Outside, 3, "a name that is not allowed")],
    },
    Row {
        name: "a name has a drive letter",
        make: || zipped(|parts| parts.push(Part::new("C:escape", b"out"))),
        says: &[Says(Package, 3, "is not allowed"), Says(Outside, 3, "a name that is not allowed")],
    },
    Row {
        name: "a name ends in a NUL",
        make: || zipped(|parts| parts.push(Part::new("README.txt\0", b"another"))),
        says: &[Says(Package, 3, "is not allowed"), Says(Outside, 3, "a name that is not allowed")],
    },
    Row {
        name: "a name is not ASCII",
        make: || zipped(|parts| parts.push(Part::new("reports/r\u{e9}sum\u{e9}", b"another"))),
        says: &[Says(Package, 3, "odd name"), Says(Outside, 3, "a name that is not allowed")],
    },
    Row {
        name: "a folder without a file is there",
        make: || zipped(|parts| parts.push(Part::new("empty/", b""))),
        says: &[Says(Package, 3, "folder `empty/` has no file"), Says(Outside, 3, "empty/ is no folder of a file")],
    },
    Row {
        name: "a folder has content",
        make: || zipped(|parts| parts.push(Part::new("keys/", b"hidden"))),
        says: &[Says(Package, 3, "is not allowed"), Says(Outside, 3, "keys/ is no folder of a file")],
    },
    Row {
        name: "a folder is there twice",
        make: || zipped(|parts| parts.extend([Part::new("keys/", b""), Part::new("keys/", b"")])),
        says: &[Says(Package, 3, "there twice"), Says(Outside, 3, "keys/: the name stands twice")],
    },
    // --- Headers.
    Row {
        name: "the two headers of an entry have different names",
        make: || zipped(|parts| parts[0].local_name = Some(b"README.doc".to_vec())),
        says: &[Says(Package, 3, "different things in its two headers"), Says(Outside, 3, "the two headers disagree")],
    },
    Row {
        name: "the two headers of an entry have different sizes",
        make: || zipped(|parts| parts[0].local_size = Some(1)),
        says: &[Says(Package, 3, "different things in its two headers"), Says(Outside, 3, "the two headers disagree")],
    },
    Row {
        name: "an entry says that it is encrypted",
        make: || zipped(|parts| parts[0].flags = 1),
        says: &[Says(Package, 3, "packed in a way that is not allowed"), Says(Outside, 3, "encrypted, or flags")],
    },
    Row {
        name: "an entry says that its headers are encrypted",
        make: || zipped(|parts| parts[0].flags = 1 << 13),
        says: &[Says(Package, 3, "packed in a way that is not allowed"), Says(Outside, 3, "encrypted, or flags")],
    },
    Row {
        name: "an entry says a method that few programs know",
        make: || zipped(|parts| parts[0].method = 93),
        says: &[Says(Package, 3, "packed in a way that is not allowed"), Says(Outside, 3, "a method other than")],
    },
    Row {
        name: "an entry has a comment",
        make: || zipped(|parts| parts[0].comment = b"see also".to_vec()),
        says: &[Says(Package, 3, "has a comment"), Says(Outside, 3, "README.txt: comment")],
    },
    Row {
        name: "an extra field gives an entry another name",
        make: || zipped(|parts| parts[0].extra = [b"up\x0a\0\x01".as_slice(), &[0; 4], b"other"].concat()),
        says: &[
            Says(Package, 3, "extra field that is not allowed"),
            Says(Outside, 3, "extra field that is not allowed"),
        ],
    },
    Row {
        name: "an extra field for large zips gives an entry a size that its header does not ask for",
        make: || zipped(|parts| parts[0].extra = [b"\x01\0\x08\0".as_slice(), &9_u64.to_le_bytes()].concat()),
        says: &[Says(Package, 3, "extra field"), Says(Outside, 3, "zip64 field that nothing needs")],
    },
    Row {
        name: "an entry says that its sizes come after the data, and they do not",
        make: || zipped(|parts| parts[0].flags = 8),
        says: &[
            Says(Package, 3, "different things in its two headers"),
            Says(Outside, 3, "bytes that no entry of the zip owns"),
        ],
    },
    Row {
        name: "two entries share their bytes",
        make: || {
            zipped(|parts| {
                let mut again = parts[0].clone();
                again.name = b"reports/again.txt".to_vec();
                again.offset = Some(0);
                parts.push(again);
            })
        },
        says: &[Says(Package, 3, "the zip is damaged"), Says(Outside, 3, "the two headers disagree")],
    },
    Row {
        name: "an entry begins within another",
        make: || {
            zipped(|parts| {
                let inner = build(&[Part::new("reports/inner.html", b"inner")]);
                let hidden = inner[..30 + 18 + 5].to_vec();
                parts.insert(0, Part::new("reports/outer.html", &hidden));
                let mut inner = Part::new("reports/inner.html", b"inner");
                inner.offset = Some(30 + 18);
                parts.push(inner);
            })
        },
        says: &[Says(Package, 3, "the zip is damaged"), Says(Outside, 3, "or entries overlap")],
    },
];

/// The package as parts of a zip, changed, and zipped by hand.
pub fn zipped(edit: impl FnOnce(&mut Vec<Part>)) -> Made {
    let (_, entries) = forge::original();
    let mut parts = parts(&entries);
    edit(&mut parts);
    Made::package(build(&parts))
}

/// Zipped by the program most people have; as it was, loudly, where it is missing.
fn info_zip(arguments: &[&str]) -> Made {
    let (_, entries) = forge::original();
    if !have(&["zip"], "a package zipped by Info-ZIP") {
        return Made::package(pack(&entries));
    }
    let folder = Folder::new("info-zip");
    unfold(&entries, &folder.0);
    assert!(Command::new("zip").args(arguments).current_dir(&folder.0).status().unwrap().success());
    Made::package(std::fs::read(folder.0.join("again.zip")).unwrap())
}
