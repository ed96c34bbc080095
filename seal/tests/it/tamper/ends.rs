//! Rows about where a zip begins and ends: its end record, its central directory, the records for large zips.

use super::handmade::{build_after, directory, large, parts};
use super::zips::{FINE, zipped};
use super::{Evidence, Made, Outside, Package, Row, Says, forge};

pub const ROWS: &[Row] = &[
    Row {
        name: "a byte follows the end",
        make: || zip_bytes(|zip| zip.push(0)),
        says: &[Says(Package, 3, "the zip"), Says(Outside, 3, "does not end with its end record")],
    },
    Row {
        name: "a byte precedes the start",
        make: || zip_bytes(|zip| zip.insert(0, 0)),
        says: &[Says(Package, 3, "the zip"), Says(Outside, 3, "central directory does not end where")],
    },
    Row {
        name: "a script precedes the start, and all offsets were moved",
        make: || {
            let (_, entries) = forge::original();
            Made::package(build_after(b"#!/bin/sh\nexit 0\n", &parts(&entries)))
        },
        says: &[Says(Package, 3, "belong to no entry"), Says(Outside, 3, "bytes that no entry of the zip owns")],
    },
    Row {
        name: "the zip has a comment",
        make: || {
            zip_bytes(|zip| {
                let end = zip.len();
                zip[end - 2] = 5;
                zip.extend(b"hello");
            })
        },
        says: &[Says(Package, 3, "the zip"), Says(Outside, 3, "does not end with its end record")],
    },
    Row {
        name: "the zip has a comment that looks like an end record",
        make: || {
            zip_bytes(|zip| {
                let end = zip[zip.len() - 22..].to_vec();
                let last = zip.len();
                zip[last - 2] = 22;
                zip.extend(end);
            })
        },
        says: &[Says(Package, 3, "the zip"), Says(Outside, 3, "central directory does not end where")],
    },
    Row {
        name: "a second zip follows the first",
        make: || zip_bytes(|zip| zip.extend(zip.clone())),
        says: &[Says(Package, 3, "the zip"), Says(Outside, 3, "central directory does not end where")],
    },
    Row {
        name: "a second central directory stands before the one at the end",
        make: || {
            zip_bytes(|zip| {
                let start = directory(zip);
                let first = zip[start..].to_vec();
                zip.splice(start..start, first.clone());
                let (end, moved) = (zip.len(), start + first.len());
                zip[end - 6..end - 2].copy_from_slice(&u32::try_from(moved).unwrap().to_le_bytes());
            })
        },
        says: &[Says(Package, 3, "belong to no entry"), Says(Outside, 3, "bytes that no entry of the zip owns")],
    },
    Row {
        name: "bytes stand between the central directory and the end record",
        make: || {
            zip_bytes(|zip| {
                let end = zip.len() - 22;
                zip.splice(end..end, [0; 4]);
            })
        },
        says: &[
            Says(Package, 3, "right before its end record"),
            Says(Outside, 3, "central directory does not end where"),
        ],
    },
    Row {
        name: "the end record counts an entry less",
        make: || {
            zip_bytes(|zip| {
                let end = zip.len();
                zip[end - 14] -= 1;
                zip[end - 12] -= 1;
            })
        },
        says: &[
            Says(Package, 3, "its end record counts"),
            Says(Outside, 3, "the central directory has bytes that nothing names"),
        ],
    },
    Row {
        name: "records for large zips say the same as the end record",
        make: || zip_bytes(|zip| large(zip, |_, _| {})),
        says: &[Says(Package, 0, FINE), Says(Outside, 0, FINE)],
    },
    Row {
        name: "records for large zips count another number of entries",
        make: || {
            zip_bytes(|zip| {
                large(zip, |record, _| {
                    record[24] += 1;
                    record[32] += 1;
                });
            })
        },
        says: &[Says(Package, 3, "contradict each other"), Says(Outside, 3, "the two end records disagree")],
    },
    Row {
        name: "records for large zips name another central directory",
        make: || zip_bytes(|zip| large(zip, |record, _| record[48] ^= 1)),
        says: &[Says(Package, 3, "contradict each other"), Says(Outside, 3, "the two end records disagree")],
    },
    Row {
        name: "the locator for large zips points elsewhere",
        make: || zip_bytes(|zip| large(zip, |_, locator| locator[8] ^= 1)),
        says: &[Says(Package, 3, "records for large zips are malformed"), Says(Outside, 3, "the zip64 locator lies")],
    },
    Row {
        name: "the zip was cut short",
        make: || zip_bytes(|zip| zip.truncate(zip.len() - 30)),
        says: &[Says(Package, 3, "the zip"), Says(Outside, 2, "this is not a zip, or its end is missing")],
    },
    Row {
        name: "somebody sent a letter instead",
        make: || Made::package(b"Dear auditor, please find the evidence attached.".to_vec()),
        says: &[Says(Package, 2, "is not a zip file"), Says(Outside, 2, "this is not a zip")],
    },
];

fn zip_bytes(edit: impl FnOnce(&mut Vec<u8>)) -> Made {
    let mut made = zipped(|_| {});
    if let Evidence::Package(zip) = &mut made.evidence {
        edit(zip);
    }
    made
}
