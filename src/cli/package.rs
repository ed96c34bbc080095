//! `countersign package`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::moment;
use super::{Common, Ending, output, session};
use crate::deliver::package::{self, PackageRequest};
use crate::model::id::{FrameworkId, OrgSlug};
use crate::model::moment::Moment;
use crate::pipeline::standing::organization_at;
use crate::store::OrgScope;

/// The records of a period that bear on a framework, their bytes, reports, proofs and a script that checks them.
#[derive(Debug, Args)]
pub struct PackageArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Framework the package is about
    #[arg(long)]
    framework: FrameworkId,
    /// Beginning of the period; a date is the beginning of that day in the organization's time zone; default: the beginning
    #[arg(long, value_name = "TIME|DATE")]
    from: Option<Moment>,
    /// End of the period, and what was known then; a date is the end of that day; default: now
    #[arg(long, value_name = "TIME|DATE")]
    as_of: Option<Moment>,
    /// File to write; default: a name in reports/ of the data folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub async fn run(common: &Common, arguments: PackageArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let as_of = moment::as_of(arguments.as_of, &organization, app.clock.now());
    let request = PackageRequest {
        framework: arguments.framework,
        from: arguments.from.map(|from| from.start(&organization)),
        as_of,
        out: arguments.out,
    };
    let organization = organization_at(&app, &organization, as_of).await?;
    let path = package::write(&app, &organization, &request).await?;
    let key = app.verifying_key(&OrgScope::of(&organization)).await?;
    if common.json {
        output::json(&json!({
            "path": path,
            "package": path,
            "framework": request.framework,
            "key_fingerprint": key.fingerprint(),
        }))?;
    } else {
        output::line(&path.display().to_string())?;
        output::note(format_args!("Tell the reader the key's fingerprint over another channel: {}", key.fingerprint()));
    }
    Ok(Ending::Fine)
}
