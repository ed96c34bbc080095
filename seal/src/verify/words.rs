//! Reports in words for people; the same in every verifier that prints them.

use super::package::NAMED_KEY;
use super::report::{Fault, PackageReport, VaultReport, Verdict};

/// A package's report for people: what was checked, what that proves, and what it does not.
#[must_use]
pub fn tell_package(report: &PackageReport) -> String {
    let mut lines = Vec::new();
    if let Some(fingerprint) = &report.key_fingerprint {
        lines.push(format!("Key fingerprint  {fingerprint}"));
    }
    if let Some(key) = &report.key {
        lines.push(format!("Verifier key     {key}"));
    }
    if let (Some(checkpoint), Some([first, end])) = (&report.checkpoint, report.range) {
        lines.push(format!("Checkpoint       {} leaves, root {}", checkpoint.size, checkpoint.root));
        lines.push(format!("Range            leaves {first} to {}", end.saturating_sub(1)));
    }
    lines.push(format!("Files            {}", report.files));
    lines.push(format!("Records          {}, left out {}", report.records, report.records_left_out));
    lines.push(format!("Objects          {}, left out {}", report.objects, report.objects_left_out));
    let mut words =
        conclude(lines, &report.proved, &report.not_proved, (&report.faults, report.more_faults), report.verdict);
    if let ([only], 0) = (report.faults.as_slice(), report.more_faults)
        && only.expected == NAMED_KEY
    {
        words.push('\n');
        words.push_str(ROTATED);
    }
    words
}

/// Where nothing else is wrong. A record of a rotation in the package says nothing while its key is not trusted.
const ROTATED: &str = "All else fits the key in the package. If the organization has rotated its key since you were told that \
    fingerprint, ask for the new one over another channel than this package, and verify again with it.";

/// A vault's report for people.
#[must_use]
pub fn tell_vault(report: &VaultReport) -> String {
    let mut lines = Vec::new();
    for found in &report.organizations {
        lines.push(format!("Organization     {}", found.organization));
        lines.push(format!("  key            {}", found.key_fingerprint.as_deref().unwrap_or("none")));
        if let Some(checkpoint) = &found.checkpoint {
            lines.push(format!("  checkpoint     {} leaves, root {}", checkpoint.size, checkpoint.root));
        }
        lines.push(format!(
            "  commits        {}, archives {}, objects {}",
            found.commits, found.archives, found.objects
        ));
        if found.deletions > 0 {
            lines.push(format!("  deleted        {} objects, by {} records", found.deleted_objects, found.deletions));
        }
        lines.extend(found.notes.iter().map(|note| format!("  note           {note}")));
    }
    lines.extend(report.notes.iter().map(|note| format!("Note             {note}")));
    conclude(lines, &report.proved, &report.not_proved, (&report.faults, report.more_faults), report.verdict)
}

fn conclude(
    mut lines: Vec<String>,
    proved: &[String],
    not_proved: &[String],
    (faults, more): (&[Fault], u64),
    verdict: Verdict,
) -> String {
    let mut list = |title: &str, items: &[String]| {
        if !items.is_empty() {
            lines.push(String::new());
            lines.push(title.to_owned());
            lines.extend(items.iter().map(|item| format!("  - {item}")));
        }
    };
    list("Proved:", proved);
    list("NOT proved:", not_proved);
    let mut wrong: Vec<String> = faults.iter().map(ToString::to_string).collect();
    if more > 0 {
        wrong.push(format!("and {more} more"));
    }
    list("ALTERED:", &wrong);
    lines.push(String::new());
    lines.push(
        match verdict {
            Verdict::SignedByTheGivenKey => "RESULT: unaltered since it was signed by the key you named.",
            Verdict::InternallyConsistent => "RESULT: internally consistent, key not compared. Use --key.",
            Verdict::Altered => "RESULT: altered or inconsistent. Do not rely on any part of it.",
        }
        .to_owned(),
    );
    lines.join("\n")
}
