//! Every change that somebody could make, and the words that name it.

use sea_orm::DbBackend;

/// One change of one table.
pub struct Change {
    pub name: &'static str,
    pub table: &'static str,
    /// What comes after the verb and the table: `SET ... WHERE ...`, `WHERE ...`, or a whole `SELECT`. A member of a JSON
    /// column is set by `{column.member=json}`; NEW is a fresh id.
    pub change: Sql,
    /// All of them stand in one difference.
    pub words: &'static [&'static str],
}

pub enum Sql {
    Update(&'static str),
    Delete(&'static str),
    Insert(&'static str),
}

impl Change {
    pub fn statement(&self, backend: DbBackend) -> String {
        let table = self.table;
        let text = match self.change {
            Update(rest) => format!("UPDATE {table} SET {rest}"),
            Delete(rest) => format!("DELETE FROM {table} {rest}"),
            Insert(select) => format!("INSERT INTO {table} {select}"),
        };
        let member = regex::Regex::new(r"\{(\w+)\.(\w+)=([^}]*)\}").unwrap();
        let (set, id, bytes) = if backend == DbBackend::Sqlite {
            ("$1 = json_set($1, '$$.$2', json('$3'))", "X'0193f0c123457abc8def0123456789ab'", "zeroblob(32)")
        } else {
            (
                "$1 = jsonb_set($1, '{$2}', '$3')",
                "'0193f0c1-2345-7abc-8def-0123456789ab'::uuid",
                "decode(repeat('00', 32), 'hex')",
            )
        };
        member.replace_all(&text, set).replace("NEW", id).replace("ZEROS", bytes)
    }
}

const fn change(name: &'static str, table: &'static str, change: Sql, words: &'static [&'static str]) -> Change {
    Change { name, table, change, words }
}

use Sql::{Delete, Insert, Update};

#[rustfmt::skip]
pub const CHANGES: &[Change] = &[
    change("a finding passes", "check_result", Update("outcome = 'pass' WHERE check_id = 'm365/users_may_not_register_apps' AND outcome = 'fail'"),
        &["m365/users_may_not_register_apps on", "outcome: fail", "outcome: pass"]),
    change("an old finding is gone", "check_result", Delete("WHERE check_id = 'm365/users_may_not_register_apps' AND recorded_leaf = (SELECT min(recorded_leaf) FROM check_result)"),
        &["m365/users_may_not_register_apps on", "outcome: fail", "in the database nothing of it"]),
    change("a finding of another day", "check_result", Update("recorded_leaf = 99999 WHERE check_id = 'm365/users_may_not_register_apps' AND outcome = 'pass'"),
        &["record 99999", "sealed nothing of it"]),
    change("a finding rests on other evidence", "check_result", Update("evidence = '[1]' WHERE check_id = 'm365/users_may_not_register_apps'"),
        &["m365/users_may_not_register_apps on", "evidence: [1]"]),
    change("a control is met", "control_status", Update("state = 'met' WHERE state <> 'met'"),
        &["status of", "state: met"]),
    change("a status is gone", "control_status", Delete("WHERE state <> 'met'"),
        &["status of", "in the database nothing of it"]),
    change("a status by a run that judged nothing", "control_status", Insert("SELECT organization_id, framework, control, NEW, 'met', because, valid_from, recorded_at FROM control_status LIMIT 1"),
        &["status of", "sealed nothing of it", "state: met"]),
    change("a gap is closed", "gap", Update("{body.state=\"closed\"} WHERE state = 'open'"),
        &["gap ", "state: open", "state: closed"]),
    change("a gap's column only", "gap", Update("state = 'closed' WHERE state = 'open'"),
        &["gap ", "state: open", "state: closed"]),
    change("somebody else's turn", "gap", Update("{body.party=\"internal\"} WHERE party = 'provider'"),
        &["gap ", "party: provider", "party: internal"]),
    change("a harmless title", "gap", Update("{body.title=\"All is well\"}"),
        &["gap ", "title: All is well"]),
    change("a gap that holds nothing back", "gap", Update("{body.controls=[]}"),
        &["gap ", "controls: []"]),
    change("another reason", "gap", Update("{body.because=\"a misunderstanding\"}"),
        &["gap ", "because: a misunderstanding"]),
    change("a gap that never came back", "gap", Update("{body.reopened=0} WHERE check_id = 'm365/users_may_not_register_apps'"),
        &["gap ", "reopened: 1", "reopened: 0"]),
    change("a gap opened later", "gap", Update("{body.opened_at=\"2026-09-01T00:00:00Z\"}"),
        &["gap ", "opened_at: 2026-09-01"]),
    change("a gap is gone", "gap", Delete("WHERE check_id = 'm365/users_may_not_register_apps'"),
        &["gap ", "m365/users_may_not_register_apps", "in the database nothing of it"]),
    change("an event is another", "gap_event", Update("kind = 'closed' WHERE kind = 'reopened'"),
        &["gap ", "event 2", "kind: reopened", "kind: closed"]),
    change("an event is gone", "gap_event", Delete("WHERE kind = 'closed'"),
        &["gap ", "event 1", "in the database nothing of it"]),
    change("an event of no record", "gap_event", Insert("SELECT organization_id, gap_id, 7, 'closed', body, at, 99999 FROM gap_event LIMIT 1"),
        &["gap ", "event 7", "sealed nothing of it"]),
    change("a request to somebody else", "evidence_request", Update("{body.party=\"provider\"} WHERE party <> 'provider'"),
        &["request ", "party: provider"]),
    change("a request asks for less", "evidence_request", Update("{body.asks_for=\"nothing\"}"),
        &["request ", "asks_for: nothing"]),
    change("a request is closed", "evidence_request", Update("{body.closed_at=\"2026-09-01T00:00:00Z\"}"),
        &["request ", "closed_at: 2026-09-01"]),
    change("a request is gone", "evidence_request", Delete(""),
        &["request ", "in the database nothing of it"]),
    change("somebody else stated it", "decision", Update("subject = 'hipaa-security 164.308(a)(3)' WHERE kind = 'attestation'"),
        &["attestation of hipaa-security 164.308(a)(2)", "subject: hipaa-security 164.308(a)(3)"]),
    change("a withdrawal is gone", "decision", Delete("WHERE kind = 'attestation' AND leaf = (SELECT max(leaf) FROM decision WHERE kind = 'attestation')"),
        &["attestation of hipaa-security 164.308(a)(2)", "in the database nothing of it"]),
    change("a decision nobody made", "decision", Insert("SELECT organization_id, 99999, kind, subject, statement, at FROM decision WHERE kind = 'scope'"),
        &["scope of hipaa-security", "sealed nothing of it"]),
    change("a gap is due later", "decision", Update("{statement.change=[]} WHERE kind = 'gap_assignment'"),
        &["gap_assignment of", "due_on"]),
    change("a split is another", "responsibility_version", Update("{matrix.rows=[]} WHERE framework = 'cmmc-l2'"),
        &["responsibilities of cmmc-l2, version 1", "rows: []"]),
    change("both parties signed", "responsibility_event", Update("state = 'countersigned' WHERE framework = 'cmmc-l2'"),
        &["responsibilities of cmmc-l2, version 1, event 0", "state: countersigned"]),
    change("a signature is added", "responsibility_event", Insert("SELECT organization_id, framework, version, 1, 'countersigned', by, at, leaf FROM responsibility_event WHERE framework = 'cmmc-l2'"),
        &["responsibilities of cmmc-l2, version 1, event 1", "sealed nothing of it"]),
    change("a rejected split was accepted", "responsibility_event", Update("state = 'countersigned' WHERE state = 'rejected'"),
        &["responsibilities of hipaa-security, version 3, event 2", "state: rejected", "state: countersigned"]),
    change("somebody else accepted", "responsibility_event", Update("{by.handle=\"pat.example\"} WHERE state = 'countersigned'"),
        &["responsibilities of hipaa-security", "handle: ines.example", "handle: pat.example"]),
    change("everything was seen", "evidence", Update("outcome = 'complete', reason = '' WHERE outcome <> 'complete'"),
        &["record ", "outcome: complete"]),
    change("of another target", "evidence", Update("target = 'other.example' WHERE dataset = 'linux/passwd'"),
        &["record ", "target: files.example", "target: other.example"]),
    change("of another dataset", "evidence", Update("dataset = 'linux/sysctl' WHERE dataset = 'linux/passwd'"),
        &["record ", "dataset: linux/passwd", "dataset: linux/sysctl"]),
    change("collected later", "evidence", Update("collected_at = '2026-12-01 00:00:00+00:00' WHERE dataset = 'linux/passwd'"),
        &["record ", "collected_at: 2026-12-01"]),
    change("other bytes", "evidence", Update("artifacts = '[]' WHERE dataset = 'linux/passwd'"),
        &["record ", "artifacts: []"]),
    change("evidence is gone", "evidence", Delete("WHERE leaf = (SELECT max(leaf) FROM evidence)"),
        &["record ", "in the database nothing of it"]),
    change("evidence of no record", "evidence", Update("leaf = 99999 WHERE leaf = (SELECT max(leaf) FROM evidence)"),
        &["record 99999", "sealed nothing of it"]),
    change("another report", "report", Update("sha256 = '0000000000000000000000000000000000000000000000000000000000000000' WHERE leaf = (SELECT min(leaf) FROM report)"),
        &["report ", "sha256: 0000000000"]),
    change("a report of another framework", "report", Update("framework = 'pci-dss'"),
        &["report ", "framework: pci-dss"]),
    change("a report of another kind", "report", Update("kind = 'package'"),
        &["report ", "kind: package"]),
    change("a report is gone", "report", Delete("WHERE leaf = (SELECT min(leaf) FROM report)"),
        &["report ", "in the database nothing of it"]),
    change("another name", "organization", Update("name = 'Somebody else'"),
        &["organization larkspur", "name: Somebody else"]),
    change("another model", "organization", Update("model = CASE model WHEN 'advisory' THEN 'co_managed' ELSE 'advisory' END"),
        &["organization larkspur", "model: "]),
    change("fewer frameworks", "organization", Update("frameworks = '[\"cmmc-l2\"]'"),
        &["organization larkspur", "frameworks: [\"cmmc-l2\"]"]),
    change("another time zone", "organization", Update("time_zone = 'UTC'"),
        &["organization larkspur", "time_zone: UTC"]),
    change("settings that let more pass", "organization", Update("{settings.break_glass_accounts=[\"everybody\"]}"),
        &["organization larkspur", "break_glass_accounts: [\"everybody\"]"]),
    change("another key", "signing_key", Update("public_key = ZEROS"),
        &["signing key ", "public_key: 00000000"]),
    change("a key is gone", "signing_key", Delete("WHERE introduced_at = (SELECT max(introduced_at) FROM signing_key)"),
        &["signing key ", "in the database nothing of it"]),
    change("an object in another archive", "stored_object", Update("archive = 'elsewhere.zip' WHERE sequence = 4"),
        &["object ", "log object 4", "archive: elsewhere.zip"]),
    change("an object is gone", "stored_object", Delete("WHERE sequence = 4 AND sha256 = (SELECT min(sha256) FROM stored_object WHERE sequence = 4)"),
        &["object ", "log object 4", "sealed stored", "in the database not stored"]),
    change("an object that no archive has", "stored_object", Insert("SELECT organization_id, 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', sequence, archive, size, stored_at FROM stored_object WHERE sequence = 4 LIMIT 1"),
        &["object ffffffff", "sealed not stored", "in the database stored"]),
    change("an object of a commit to come", "stored_object", Insert("SELECT organization_id, sha256, 9999, archive, size, stored_at FROM stored_object WHERE sequence = 4 LIMIT 1"),
        &["object ", "log object 9999", "sealed not stored"]),
    change("a deletion that no record says", "deleted_object", Insert("SELECT organization_id, sha256, 0, sequence, stored_at FROM stored_object WHERE sequence = 4 LIMIT 1"),
        &["object ", "record 0", "sealed not deleted", "in the database deleted"]),
    change("a deletion is forgotten", "deleted_object", Delete(""),
        &["object ", "sealed deleted", "in the database not deleted"]),
    change("another archive in its place", "replaced_archive", Update("replacement = 'elsewhere.zip'"),
        &["archive ", "replacement: elsewhere.zip"]),
    change("nothing in its place", "replaced_archive", Delete(""),
        &["archive ", "in the database nothing of it"]),
    change("a commit has another archive", "ledger_log", Update("archive = 'elsewhere.zip' WHERE sequence = 2"),
        &["log object 2", "archive: elsewhere.zip"]),
    change("an archive has another digest", "ledger_log", Update("archive_digest = '0000000000000000000000000000000000000000000000000000000000000000' WHERE sequence = 2"),
        &["log object 2", "archive_digest: 00000000"]),
    change("another checkpoint", "ledger_log", Update("checkpoint = (SELECT l.checkpoint FROM ledger_log l WHERE l.sequence = 1) WHERE sequence = 2"),
        &["log object 2", "checkpoint: countersign/"]),
    change("leaves of another commit", "ledger_log", Update("first_leaf = 0 WHERE sequence = 2"),
        &["log object 2", "first_leaf: 0"]),
    change("a commit on another day", "ledger_log", Update("committed_at = '2026-01-01 00:00:00+00:00' WHERE sequence = 2"),
        &["log object 2", "committed at 2026-01-01"]),
    change("a commit is gone", "ledger_log", Delete("WHERE sequence = 2"),
        &["log object 2", "in the database nothing of it"]),
    change("a record says something else", "ledger_leaf", Update("body = replace(body, 'files.example', 'other.example') WHERE leaf = 20"),
        &["record 20", "a text that is not the record's"]),
    change("a record is another with its own hash", "ledger_leaf", Update("body = (SELECT l.body FROM ledger_leaf l WHERE l.leaf = 21), hash = (SELECT l.hash FROM ledger_leaf l WHERE l.leaf = 21) WHERE leaf = 20"),
        &["record 20", "another record"]),
    change("a record of another type", "ledger_leaf", Update("kind = 'note/1' WHERE leaf = 20"),
        &["record 20", "note/1"]),
    change("a deletion record in hiding", "ledger_leaf", Update("kind = 'note/1' WHERE kind = 'deletion/1'"),
        &["record ", "sealed deletion/1", "note/1"]),
    change("a record is gone", "ledger_leaf", Delete("WHERE leaf = 20"),
        &["record 20", "no such record"]),
    change("a record too many", "ledger_leaf", Update("leaf = 99999 WHERE leaf = 20"),
        &["record 99999", "no such record"]),
    change("a tile has another root", "ledger_tile", Update("root = ZEROS"),
        &["tile 0 of level 0", "root: 00000000"]),
    change("a tile has other hashes", "ledger_tile", Update("hashes = ZEROS"),
        &["tile 0 of level 0", "hashes: 00000000"]),
    change("a tile too many", "ledger_tile", Insert("SELECT organization_id, 0, 77, hashes, root FROM ledger_tile"),
        &["tile 77 of level 0", "a tile beyond its end"]),
];
