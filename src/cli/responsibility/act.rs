//! `countersign responsibility propose|accept|reject|withdraw`

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use countersign_seal::digest::Digest;

use super::super::{Common, Ending, session};
use super::{Whose, said};
use crate::pipeline::responsibilities::{Deed, act};
use crate::pipeline::ssh_signature::LARGEST_SIGNATURE;
use crate::track::responsibilities::life::{Act, Meant};

#[derive(Debug, Args)]
pub struct ProposeArguments {
    #[command(flatten)]
    whose: Whose,
    /// Default: the draft
    #[arg(long)]
    version: Option<u32>,
    /// SHA-256 of the version you read, as `history` shows it; refused if another is open by now
    #[arg(long, value_name = "SHA256")]
    digest: Option<Digest>,
    #[command(flatten)]
    signed: Signed,
}

#[derive(Debug, Args)]
pub struct AcceptArguments {
    #[command(flatten)]
    whose: Whose,
    /// Default: the one that is proposed
    #[arg(long)]
    version: Option<u32>,
    /// SHA-256 of the version you read, as `history` shows it; refused if another is open by now
    #[arg(long, value_name = "SHA256")]
    digest: Digest,
    #[command(flatten)]
    signed: Signed,
}

/// A signature made outside.
#[derive(Debug, Args)]
struct Signed {
    /// An SSH signature by the person's key over what `export --format json` writes, made with
    /// `ssh-keygen -Y sign -n countersign-responsibility -f KEY FILE`
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct RejectArguments {
    #[command(flatten)]
    whose: Whose,
    /// Default: the one that is proposed
    #[arg(long)]
    version: Option<u32>,
    /// SHA-256 of the version you read
    #[arg(long, value_name = "SHA256")]
    digest: Option<Digest>,
    /// Why; it is sealed and shown to the other party
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, Args)]
pub struct WithdrawArguments {
    #[command(flatten)]
    whose: Whose,
    /// Default: the one that is proposed, else the draft
    #[arg(long)]
    version: Option<u32>,
    /// Why; it is sealed
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub async fn propose(common: &Common, propose: ProposeArguments) -> anyhow::Result<Ending> {
    let meant = Meant { version: propose.version, digest: propose.digest };
    carry_out(common, &propose.whose, Act::Propose, meant, None, propose.signed.signature.as_deref()).await
}

pub async fn accept(common: &Common, accept: AcceptArguments) -> anyhow::Result<Ending> {
    let meant = Meant { version: accept.version, digest: Some(accept.digest) };
    carry_out(common, &accept.whose, Act::Accept, meant, None, accept.signed.signature.as_deref()).await
}

pub async fn reject(common: &Common, reject: RejectArguments) -> anyhow::Result<Ending> {
    let meant = Meant { version: reject.version, digest: reject.digest };
    carry_out(common, &reject.whose, Act::Reject, meant, Some(reject.reason), None).await
}

pub async fn withdraw(common: &Common, withdraw: WithdrawArguments) -> anyhow::Result<Ending> {
    let meant = Meant { version: withdraw.version, digest: None };
    carry_out(common, &withdraw.whose, Act::Withdraw, meant, withdraw.reason, None).await
}

async fn carry_out(
    common: &Common,
    whose: &Whose,
    what: Act,
    meant: Meant,
    reason: Option<String>,
    signature: Option<&Path>,
) -> anyhow::Result<Ending> {
    let signature = signature.map(read_signature).transpose()?;
    let app = session::app(common).await?;
    let organization = session::organization(&app, &whose.which.org).await?;
    let deed = Deed { act: what, by: whose.by.clone(), meant, reason, signature };
    said(common, &act(&app, &organization, &whose.which.framework, &deed).await?)
}

fn read_signature(path: &Path) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", path.display());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).with_context(cannot)?;
    file.take(LARGEST_SIGNATURE as u64 + 1).read_to_end(&mut bytes).with_context(cannot)?;
    Ok(bytes)
}
