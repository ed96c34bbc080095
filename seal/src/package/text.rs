//! The parts of a package that are written for people: its README and the index of evidence.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::About;
use crate::digest::Digest;
use crate::record::{Record, Statement};

pub(super) fn readme(about: &About) -> String {
    let About { organization, title, created, first, end, head, key, .. } = about;
    let fingerprint = key.fingerprint();
    format!(
        "EVIDENCE PACKAGE\n\
         {title}\n\
         \n\
         Organization  {organization}\n\
         Made          {created}\n\
         Records       leaves {first} to {last} of a ledger that had {size} leaves\n\
         Ledger key    {fingerprint}\n\
         \n\
         What is here\n\
         \x20 reports/             what was made for reading\n\
         \x20 evidence/index.csv   which record names which file; evidence/objects/ has the files, named by their SHA-256\n\
         \x20 records.jsonl        the records, one a line; proofs.jsonl has the proof of each\n\
         \x20 left-out.jsonl       what belongs to the range and is not here, with the reason\n\
         \x20 checkpoint           the signed head of the ledger; .body .sig .sshsig are the same for openssl and ssh-keygen\n\
         \x20 SHA256SUMS           every file; list-record.json puts this list into the ledger, list-proof proves it\n\
         \n\
         How to check it\n\
         1. Get the key's fingerprint from the provider by another way than this package: by phone, on paper, from an\n\
         \x20  earlier audit. The fingerprint above came with the package and proves nothing by itself. If the key was rotated\n\
         \x20  since an earlier audit, packages made after that are signed by the new one: ask for its fingerprint.\n\
         2. Either run `countersign-verify --key FINGERPRINT PACKAGE.zip`,\n\
         \x20  or unpack the zip, go into the folder and run `sh verify.sh --key FINGERPRINT`, which needs only sha256sum,\n\
         \x20  openssl (3.0 or newer) and ssh-keygen. Take verify.sh from a place you trust: one that came with an altered\n\
         \x20  package may be altered too.\n\
         3. Exit code 0: nothing was altered. 3: something was, and it says what. 2: it could not be checked.\n\
         \n\
         What that proves: every file is as it was when the list was put into the ledger and the holder of the key signed it.\n\
         What it does not prove: that what was collected was true, that nothing else exists outside the range, when it was\n\
         signed by any other clock than the signer's, or that the key's holder keeps only one ledger. Compare checkpoints\n\
         you were given at different times to rule the last one out.\n",
        last = end.saturating_sub(1),
        size = head.size,
    )
}

/// One line for every artifact a record names, for people and spreadsheets. The records themselves count.
pub(super) fn index(records: &BTreeMap<u64, Record>, objects: &HashMap<Digest, u64>) -> String {
    let mut text =
        "leaf,type,dataset,target,finished,outcome,artifact,size,media_type,sha256,in_package\r\n".to_owned();
    let here = |object: &Digest| if objects.contains_key(object) { "yes" } else { "no" };
    for (leaf, record) in records {
        let (dataset, target, finished, outcome) = match record.statement() {
            Ok(Some(Statement::Evidence(evidence))) => {
                (evidence.dataset, evidence.target, evidence.finished.to_string(), evidence.outcome)
            }
            _ => (String::new(), String::new(), String::new(), String::new()),
        };
        let start = [record.kind().as_str(), &dataset, &target, &finished, &outcome].map(cell).join(",");
        for artifact in record.artifacts() {
            let (sha256, here) = (artifact.sha256, here(&artifact.sha256));
            let name = cell(&artifact.name);
            let media_type = cell(&artifact.media_type);
            let _ = write!(text, "{leaf},{start},{name},{},{media_type},{sha256},{here}\r\n", artifact.size);
        }
        if let Some(list) = record.artifact_list() {
            let (sha256, here) = (list.sha256, here(&list.sha256));
            let name = format!("list of {} artifacts", list.count);
            let _ = write!(text, "{leaf},{start},{name},{},application/x-ndjson,{sha256},{here}\r\n", list.size);
        }
    }
    text
}

/// A CSV cell. A leading `=`, `+`, `-` or `@` is disarmed, because spreadsheets would calculate it.
fn cell(text: &str) -> String {
    let disarmed =
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if disarmed.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", disarmed.replace('"', "\"\"")) } else { disarmed }
}
