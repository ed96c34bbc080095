//! `countersign certificate create|show|rotate|activate`

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::app::App;
use crate::collect::graph::CertificateFacts;
use crate::model::days::LocalDays;
use crate::model::evidence::Source;
use crate::model::id::OrgSlug;
use crate::model::time::Timestamp;
use crate::pipeline::credentials::{self, CredentialFacts, Made, WaitingCertificate, Waits};
use crate::pipeline::targets::CredentialKind;
use crate::store::OrgScope;

#[derive(Debug, Args)]
pub struct CertificateArguments {
    #[command(subcommand)]
    command: CertificateCommand,
}

#[derive(Debug, Subcommand)]
enum CertificateCommand {
    /// Make a key and a certificate for a tenant that is not connected yet
    Create(MakeArguments),
    /// What every connection signs in with, until when, and which certificate waits
    Show(OfOrganization),
    /// Make the next certificate of a connected tenant; the one in use stays in use
    Rotate(MakeArguments),
    /// Sign in with the certificate that waits, and use it from now on if that worked
    Activate(OfTenant),
}

#[derive(Debug, Args)]
struct OfOrganization {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
}

#[derive(Debug, Args)]
struct OfTenant {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Tenant id or domain, as it is or will be connected
    #[arg(long, value_name = "ID")]
    tenant: String,
}

#[derive(Debug, Args)]
struct MakeArguments {
    #[command(flatten)]
    of: OfTenant,
    /// How many days the certificate is good for
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=1095))]
    days: u16,
    /// Where to write the certificate, without its key, for upload; default: countersign-TENANT-DATE.cer
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Make another although one waits; that one is removed
    #[arg(long)]
    again: bool,
}

pub async fn run(common: &Common, arguments: CertificateArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    match arguments.command {
        CertificateCommand::Create(arguments) => make(common, &app, arguments, Occasion::First).await?,
        CertificateCommand::Rotate(arguments) => make(common, &app, arguments, Occasion::Next).await?,
        CertificateCommand::Show(of) => show(common, &app, &of.org).await?,
        CertificateCommand::Activate(of) => activate(common, &app, &of).await?,
    }
    Ok(Ending::Fine)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occasion {
    First,
    Next,
}

async fn make(common: &Common, app: &App, arguments: MakeArguments, occasion: Occasion) -> anyhow::Result<()> {
    let MakeArguments { of: OfTenant { org, tenant }, days, out, again } = arguments;
    let organization = session::organization(app, &org).await?;
    let scope = OrgScope::of(&organization);
    let connections = app.store.connections(&scope).await?;
    let target = crate::collect::graph::tenant_name(&tenant)?;
    let is_connected = connections.iter().any(|one| one.source == Source::Graph && one.target == target);
    if occasion == Occasion::Next && !is_connected {
        anyhow::bail!("{target} is not connected to {org}; make its first certificate with certificate create");
    }
    let today = organization.day_of(app.clock.now());
    let path = out.unwrap_or_else(|| PathBuf::from(format!("countersign-{target}-{today}.cer")));
    if path.exists() {
        anyhow::bail!("{} is there already; name another file with --out", path.display());
    }
    let waits = if again { Waits::Replace } else { Waits::Refuse };
    let made = credentials::create(app, &scope, (&target, &organization.name), days, waits).await?;
    std::fs::write(&path, &made.public_pem)
        .with_context(|| format!("the certificate is made, but {} cannot be written", path.display()))
        .context("make it again with --again and another --out")?;
    let next = match (is_connected, &made.tenant) {
        (true, tenant) => format!("countersign certificate activate --org {org} --tenant {tenant}"),
        (false, tenant) => {
            format!("countersign connect m365 --org {org} --tenant {tenant} --client-id ID --created-certificate")
        }
    };
    tell_made(common, &made, &path, &next)
}

fn tell_made(common: &Common, made: &Made, path: &Path, next: &str) -> anyhow::Result<()> {
    if common.json {
        return output::json(&json!({
            "tenant": made.tenant,
            "certificate": made.facts,
            "file": path,
            "next": next,
        }));
    }
    let CertificateFacts { sha1, sha256, not_before, not_after } = &made.facts;
    output::line(&format!("Certificate for {}, to be uploaded: {}", made.tenant, path.display()))?;
    output::line(&format!("Thumbprint (SHA-1):   {sha1}"))?;
    output::line(&format!("Thumbprint (SHA-256): {sha256}"))?;
    output::line(&format!("Valid: {} to {}", not_before.for_people(), not_after.for_people()))?;
    output::line("The private key is sealed in the database and is in no file.")?;
    output::line(
        "Next: upload the file in the app registration (Certificates & secrets, Certificates, Upload certificate), \
         compare the thumbprint, then:",
    )?;
    output::line(&format!("  {next}"))
}

async fn activate(common: &Common, app: &App, of: &OfTenant) -> anyhow::Result<()> {
    let scope = OrgScope::of(&session::organization(app, &of.org).await?);
    let used = credentials::activate(app, &scope, &of.tenant).await?;
    if common.json {
        return output::json(&used);
    }
    output::line(&format!("{} signs in with the new certificate from now on.", used.target))?;
    if let Some(facts) = &used.certificate {
        output::line(&format!("Thumbprint (SHA-1): {}; ends on {}", facts.sha1, facts.not_after.for_people()))?;
    }
    output::line("Next: remove the old certificate from the app registration.")
}

async fn show(common: &Common, app: &App, slug: &OrgSlug) -> anyhow::Result<()> {
    let organization = session::organization(app, slug).await?;
    let (scope, days) = (OrgScope::of(&organization), organization.days());
    let now = app.clock.now();
    let mut used = Vec::new();
    for connection in app.store.connections(&scope).await? {
        if connection.source == Source::Graph {
            used.push(credentials::facts_of(app, &scope, &connection).await?);
        }
    }
    let mut waiting = credentials::waiting(app, &scope).await?;
    // One that is in use and was not removed yet does not wait.
    waiting.retain(|one| !used.iter().any(|used| used.certificate.as_ref() == Some(&one.certificate)));
    if common.json {
        let used = used.iter().map(|one| shown(json!(one), "in_use", one.ends, now));
        let waiting = waiting.iter().map(|one| {
            let facts = json!({ "target": one.tenant, "credential": "certificate", "certificate": one.certificate,
                "ends": one.certificate.not_after });
            shown(facts, "waits", Some(one.certificate.not_after), now)
        });
        return output::json(&used.chain(waiting).collect::<Vec<_>>());
    }
    if used.is_empty() && waiting.is_empty() {
        return output::line(&format!(
            "Nothing that is connected to {slug} signs in, and no certificate waits. See: countersign connect m365 --help"
        ));
    }
    let rows: Vec<[String; 6]> = used
        .iter()
        .map(|one| used_row(one, now, days))
        .chain(waiting.iter().map(|one| waiting_row(one, now, days)))
        .collect();
    output::table(["target", "credential", "state", "thumbprint (SHA-1)", "from", "until"], &rows)?;
    if used.iter().any(|one| one.ends.is_none()) {
        output::line(
            "The end of a client secret is known to the app registration only; say it with connect m365 --replace \
             --secret-expires DATE to be warned.",
        )?;
    }
    Ok(())
}

fn shown(mut value: serde_json::Value, state: &str, ends: Option<Timestamp>, now: Timestamp) -> serde_json::Value {
    if let Some(members) = value.as_object_mut() {
        members.insert("state".to_owned(), json!(state));
        members.insert("days_left".to_owned(), json!(ends.map(|ends| days_left(ends, now))));
        let id = members.get("target").cloned().unwrap_or_default();
        members.insert("id".to_owned(), id);
    }
    value
}

fn days_left(ends: Timestamp, now: Timestamp) -> i64 {
    (ends.as_datetime() - now.as_datetime()).num_days()
}

fn until(ends: Timestamp, now: Timestamp, days: LocalDays) -> String {
    let day = days.day_of(ends);
    if ends <= now {
        format!("{day}, expired")
    } else {
        format!("{day}, {} left", output::count(usize::try_from(days_left(ends, now)).unwrap_or_default(), "day"))
    }
}

fn used_row(one: &CredentialFacts, now: Timestamp, days: LocalDays) -> [String; 6] {
    let kind = if one.credential == CredentialKind::Certificate { "certificate" } else { "secret" };
    let from = one.certificate.as_ref().map(|facts| days.day_of(facts.not_before).to_string());
    [
        one.target.clone(),
        kind.to_owned(),
        "in use".to_owned(),
        one.certificate.as_ref().map(|facts| facts.sha1.clone()).unwrap_or_default(),
        from.unwrap_or_default(),
        one.ends.map_or_else(|| "not known".to_owned(), |ends| until(ends, now, days)),
    ]
}

fn waiting_row(one: &WaitingCertificate, now: Timestamp, days: LocalDays) -> [String; 6] {
    let facts = &one.certificate;
    [
        one.tenant.clone(),
        "certificate".to_owned(),
        "waits".to_owned(),
        facts.sha1.clone(),
        days.day_of(facts.not_before).to_string(),
        until(facts.not_after, now, days),
    ]
}
