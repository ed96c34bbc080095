//! Rows about `SHA256SUMS` and which files there are.

use countersign_seal::names;

use super::forge::{self, After, bytes_mut, lines, replace};
use super::{Outside, Package, Row, Says, Script};

const SUMS: &str = names::SUMS;

pub const ROWS: &[Row] = &[
    // --- Lists.
    Row {
        name: "the list has a digest in upper case",
        make: || {
            forge::package(After::Nothing, |entries| {
                lines(entries, SUMS, |lines| lines[0] = lines[0][..64].to_uppercase() + &lines[0][64..]);
            })
        },
        says: &[
            Says(Package, 3, "a strict list of digests"),
            Says(Script, 3, "line 1 of SHA256SUMS has another form"),
            Says(Outside, 3, "SHA256SUMS is malformed"),
        ],
    },
    Row {
        name: "the list names one file more",
        make: || {
            forge::package(After::Nothing, |entries| {
                lines(entries, SUMS, |lines| lines.push(format!("{:064x}  zzz", 0)));
            })
        },
        says: &[
            Says(Package, 3, "the file is missing"),
            Says(Script, 3, "./zzz is listed but missing"),
            Says(Outside, 3, "missing: zzz"),
        ],
    },
    Row {
        name: "the list lacks a file that is there",
        make: || forge::package(After::Nothing, |entries| lines(entries, SUMS, |lines| drop(lines.remove(0)))),
        says: &[
            Says(Package, 3, "the file was added"),
            Says(Script, 3, "./README.txt is here but not listed"),
            Says(Outside, 3, "not in the list: README.txt"),
        ],
    },
    Row {
        name: "the list names a file twice",
        make: || {
            forge::package(After::Nothing, |entries| lines(entries, SUMS, |lines| lines.insert(0, lines[0].clone())))
        },
        says: &[
            Says(Package, 3, "a strict list of digests"),
            Says(Script, 3, "line 2 of SHA256SUMS repeats a name"),
            Says(Outside, 3, "names a file twice"),
        ],
    },
    Row {
        name: "the list is out of order",
        make: || forge::package(After::Nothing, |entries| lines(entries, SUMS, |lines| lines.swap(0, 1))),
        says: &[
            Says(Package, 3, "a strict list of digests"),
            Says(Script, 3, "line 2 of SHA256SUMS is out of order"),
            Says(Outside, 3, "SHA256SUMS is not sorted"),
        ],
    },
    Row {
        name: "the list marks a file as binary",
        make: || forge::package(After::Nothing, |entries| replace(entries, SUMS, "  README.txt", " *README.txt")),
        says: &[
            Says(Package, 3, "a strict list of digests"),
            Says(Script, 3, "line 1 of SHA256SUMS has another form"),
            Says(Outside, 3, "SHA256SUMS is malformed"),
        ],
    },
    Row {
        name: "the list has line ends of Windows",
        make: || {
            forge::package(After::Nothing, |entries| {
                lines(entries, SUMS, |lines| lines.iter_mut().for_each(|line| line.push('\r')));
            })
        },
        says: &[
            Says(Package, 3, "a strict list of digests"),
            Says(Script, 3, "line 1 of SHA256SUMS has a name that is not allowed"),
            Says(Outside, 3, "SHA256SUMS is malformed"),
        ],
    },
    Row {
        name: "the list ends without a line end",
        make: || {
            forge::package(After::Nothing, |entries| {
                bytes_mut(entries, SUMS).pop();
            })
        },
        says: &[
            Says(Package, 3, "a strict list of digests"),
            Says(Script, 3, "SHA256SUMS does not end with a line end"),
            Says(Outside, 3, "SHA256SUMS does not end with a line end"),
        ],
    },
    Row {
        name: "the list lists itself",
        make: || forge::package(After::Nothing, |entries| replace(entries, SUMS, "  README.txt", "  SHA256SUMS")),
        says: &[
            Says(Package, 3, "no line for SHA256SUMS"),
            Says(Script, 3, "SHA256SUMS"),
            Says(Outside, 3, "not in the list: README.txt"),
        ],
    },
    Row {
        name: "a file that the format has no place for was added and the list sealed again",
        make: || forge::package(After::Seal, |entries| entries.push(("notes.txt".to_owned(), b"more".to_vec()))),
        says: &[
            Says(Package, 3, "a file this format knows"),
            Says(Script, 3, "notes.txt does not belong into a package"),
            Says(Outside, 3, "notes.txt does not belong into a package"),
        ],
    },
    Row {
        name: "two names differ in case only and the list was sealed again",
        make: || {
            forge::package(After::Seal, |entries| {
                entries.push(("reports/Readiness.html".to_owned(), b"another".to_vec()));
            })
        },
        says: &[
            Says(Package, 3, "is there twice"),
            Says(Script, 3, "repeats a name"),
            Says(Outside, 3, "the name stands twice"),
        ],
    },
];
