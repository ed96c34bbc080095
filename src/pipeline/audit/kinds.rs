//! How rows of each table are told apart and named, and which of their columns no record tells.

use super::rows::Kind;
use crate::store::{ByLeaf, Row};

/// Rows that each name the leaf of their record.
pub(super) const fn by_leaf(table: ByLeaf) -> &'static Kind {
    match table {
        ByLeaf::Evidence => &EVIDENCE,
        ByLeaf::Findings => &FINDING,
        ByLeaf::GapEvents => &GAP_EVENT,
        ByLeaf::Matrices => &MATRIX,
        ByLeaf::MatrixEvents => &MATRIX_EVENT,
        ByLeaf::Decisions => &DECISION,
        ByLeaf::Reports => &REPORT,
        ByLeaf::Deletions => &DELETION,
        ByLeaf::Replacements => &REPLACEMENT,
    }
}

const fn kind(key: &'static [&'static str], name: fn(&Row) -> String) -> Kind {
    Kind { key, but_for: &[], name, there: None }
}

const EVIDENCE: Kind = Kind {
    // How many rows the evidence comes to is worked out from it, and stands in no record.
    but_for: &["row_count"],
    ..kind(&["leaf"], |row| format!("record {} ({} of {})", row.get("leaf"), row.get("dataset"), row.get("target")))
};

const FINDING: Kind = kind(&["recorded_leaf", "check_id", "target"], |row| {
    format!("{} on {}, record {}", row.get("check_id"), row.get("target"), row.get("recorded_leaf"))
});

const GAP_EVENT: Kind =
    kind(&["gap_id", "sequence"], |row| format!("gap {}, event {}", row.get("gap_id"), row.get("sequence")));

const MATRIX: Kind = kind(&["framework", "version"], |row| {
    format!("responsibilities of {}, version {}", row.get("framework"), row.get("version"))
});

const MATRIX_EVENT: Kind = kind(&["framework", "version", "sequence"], |row| {
    let [framework, version, event] = ["framework", "version", "sequence"].map(|column| row.get(column));
    format!("responsibilities of {framework}, version {version}, event {event}")
});

const DECISION: Kind =
    kind(&["leaf"], |row| format!("{} of {}, record {}", row.get("kind"), row.get("subject"), row.get("leaf")));

const REPORT: Kind = Kind {
    // Where the file was put is no evidence.
    but_for: &["id", "path"],
    ..kind(&["leaf"], |row| format!("report {}, record {}", row.get("kind"), row.get("leaf")))
};

const DELETION: Kind = Kind {
    there: Some(["deleted", "not deleted"]),
    ..kind(&["sha256", "leaf"], |row| format!("object {}, record {}", row.get("sha256"), row.get("leaf")))
};

const REPLACEMENT: Kind =
    kind(&["archive", "leaf"], |row| format!("archive {}, record {}", row.get("archive"), row.get("leaf")));

pub(super) const STATUS: Kind = kind(&["framework", "control", "run_id"], |row| {
    format!("status of {} {} by run {}", row.get("framework"), row.get("control"), row.get("run_id"))
});

pub(super) const GAP: Kind =
    kind(&["id"], |row| format!("gap {} ({} on {})", row.get("id"), row.get("check_id"), row.get("target")));

pub(super) const REQUEST: Kind =
    kind(&["id"], |row| format!("request {} ({} {})", row.get("id"), row.get("framework"), row.get("control")));

pub(super) const LOG: Kind = kind(&["sequence"], |row| format!("log object {}", row.get("sequence")));

pub(super) const KEY: Kind = kind(&["key_id"], |row| format!("signing key {}", row.get("key_id")));

pub(super) const ORGANIZATION: Kind = kind(&["id"], |row| format!("organization {}", row.get("slug")));

pub(super) const TILE: Kind =
    kind(&["level", "position"], |row| format!("tile {} of level {}", row.get("position"), row.get("level")));

pub(super) const OBJECT: Kind = Kind {
    there: Some(["stored", "not stored"]),
    ..kind(&["sha256", "sequence"], |row| {
        format!("object {} of log object {}, in {}", row.get("sha256"), row.get("sequence"), row.get("archive"))
    })
};
