//! `countersign prove`

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use countersign_seal::note::MAX_NOTE;
use serde_json::{Value, json};

use super::{Common, Ending, output, session};
use crate::config::limited;
use crate::model::id::OrgSlug;
use crate::pipeline::proofs::{self, ProofFault, ProvenHead, Since};
use crate::store::OrgScope;

/// A proof for somebody who does not trust this installation: that a record is under a signed head, or that one head
/// continues another. It is checked before it is printed.
#[derive(Debug, Args)]
pub struct ProveArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// The record that is proved, by its number
    #[arg(long, value_name = "NUMBER", required_unless_present = "from", conflicts_with = "from")]
    leaf: Option<u64>,
    /// An older head that the ledger shall be shown to continue: a checkpoint file that was kept, or a number of records
    #[arg(long, value_name = "CHECKPOINT|SIZE")]
    from: Option<String>,
    /// The head to prove to, by its number of records; default: the newest
    #[arg(long)]
    size: Option<u64>,
    /// Write the proof into this new file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub async fn run(common: &Common, arguments: ProveArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let scope = OrgScope::of(&session::organization(&app, &arguments.org).await?);
    let size = arguments.size;
    let (proof, told, value) = if let Some(from) = &arguments.from {
        match proofs::consistency(&app, &scope, &since(from)?, size).await {
            Ok(proven) => {
                let proof = proven.proof.encode();
                let told = format!(
                    "The head of {} records continues the head of {}.\n{}\n{}",
                    proven.to.size,
                    proven.from.size,
                    tell("Older head", &proven.from),
                    tell("Newer head", &proven.to),
                );
                let value = json!({ "proof": proof, "from": head(&proven.from), "to": head(&proven.to) });
                (proof, told, value)
            }
            Err(fault) => return refuse(common, fault),
        }
    } else {
        match proofs::inclusion(&app, &scope, arguments.leaf.unwrap_or_default(), size).await {
            Ok(proven) => {
                let proof = proven.proof.encode();
                let told = format!(
                    "Record {} is under the head of {} records.\nRecord: {}\nLeaf hash: {}\n{}",
                    proven.proof.leaf,
                    proven.head.size,
                    output::plain(&proven.record),
                    proven.leaf_hash,
                    tell("Head", &proven.head),
                );
                let value = json!({
                    "proof": proof,
                    "evidence": proven.proof.leaf,
                    "record": proven.record,
                    "leaf_hash": proven.leaf_hash,
                    "head": head(&proven.head),
                });
                (proof, told, value)
            }
            Err(fault) => return refuse(common, fault),
        }
    };
    if let Some(path) = &arguments.out {
        output::new_file(path, proof.as_bytes())?;
    }
    if common.json {
        output::json(&value)?;
    } else {
        output::line(&told)?;
        match &arguments.out {
            Some(path) => output::line(&format!("Proof: {}", path.display()))?,
            None => output::line(&format!("Proof:\n{}", proof.trim_end()))?,
        }
    }
    Ok(Ending::Fine)
}

/// A file if there is one of that name, else a number.
fn since(text: &str) -> anyhow::Result<Since> {
    let path = Path::new(text);
    if path.is_file() {
        let note = limited::text(path, MAX_NOTE as u64).with_context(|| format!("cannot read {text}"))?;
        return Ok(Since::Note(note.with_context(|| format!("{text} is too long for a checkpoint"))?));
    }
    let size =
        text.parse().with_context(|| format!("`{text}` is neither a checkpoint file nor a number of records"))?;
    Ok(Since::Size(size))
}

fn tell(what: &str, head: &ProvenHead) -> String {
    let signed = match &head.checkpoint {
        Some(note) => format!("signed:\n{}", note.trim_end()),
        None => "no head of exactly this size was signed; a larger signed head contains it".to_owned(),
    };
    format!("{what}: {} records, root {}, {signed}", head.size, head.root)
}

fn head(head: &ProvenHead) -> Value {
    json!({ "size": head.size, "root": head.root, "checkpoint": head.checkpoint })
}

/// Altered evidence is a result of its own, everything else an error.
fn refuse(common: &Common, fault: ProofFault) -> anyhow::Result<Ending> {
    if !matches!(fault, ProofFault::Altered { .. }) {
        return Err(fault.into());
    }
    if common.json {
        output::json(&json!({ "verified": false, "fault": fault.to_string() }))?;
    } else {
        output::line(&format!("ALTERED: {fault}"))?;
    }
    Ok(Ending::Altered)
}
