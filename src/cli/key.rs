//! `countersign key list|show|rotate`

use clap::{Args, Subcommand};
use countersign_seal::record::KeyEvent;
use serde_json::{Value, json};

use super::{Common, Ending, output, session};
use crate::app::App;
use crate::app::signing::KeyStep;
use crate::model::id::OrgSlug;
use crate::pipeline::keys::{self, Rotation};
use crate::pipeline::roll_forward::roll_forward;
use crate::store::OrgScope;

#[derive(Debug, Args)]
pub struct KeyArguments {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Every key an organization's ledger had, from which record on, and which one signs
    List(OfOrganization),
    /// The key that signs now, in the forms readers need
    Show(OfOrganization),
    /// Replace the key that signs; the old one still proves everything it signed
    Rotate(OfOrganization),
}

#[derive(Debug, Args)]
struct OfOrganization {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
}

pub async fn run(common: &Common, arguments: KeyArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    match arguments.command {
        KeyCommand::List(of) => list(common, &app, &of.org).await?,
        KeyCommand::Show(of) => show(common, &app, &of.org).await?,
        KeyCommand::Rotate(of) => {
            let organization = session::organization(&app, &of.org).await?;
            let rotation = keys::rotate(&app, &organization).await?;
            tell_rotation(common, &of.org, &rotation)?;
        }
    }
    Ok(Ending::Fine)
}

async fn list(common: &Common, app: &App, slug: &OrgSlug) -> anyhow::Result<()> {
    let scope = OrgScope::of(&session::organization(app, slug).await?);
    roll_forward(app, &scope).await?;
    let signs = app.verifying_key(&scope).await?;
    let history = app.key_history(&scope).await?;
    let steps: Vec<&KeyStep> = history.iter().filter(|step| step.event != KeyEvent::Retired).collect();
    let state = |step: &KeyStep| if step.key == signs { "signs" } else { "replaced" };
    if common.json {
        let all: Vec<Value> = steps
            .iter()
            .map(|step| {
                json!({
                    "id": hex::encode(step.key.id()),
                    "fingerprint": step.key.fingerprint(),
                    "key": step.key.vkey(),
                    "state": state(step),
                    "event": step.event,
                    "at": step.at,
                    "evidence": step.leaf,
                })
            })
            .collect();
        return output::json(&all);
    }
    let rows: Vec<[String; 4]> = steps
        .iter()
        .map(|step| {
            [step.key.fingerprint(), state(step).to_owned(), step.leaf.to_string(), step.at.as_str().to_owned()]
        })
        .collect();
    output::table(["fingerprint", "state", "record", "since"], &rows)
}

async fn show(common: &Common, app: &App, slug: &OrgSlug) -> anyhow::Result<()> {
    let scope = OrgScope::of(&session::organization(app, slug).await?);
    roll_forward(app, &scope).await?;
    let key = app.verifying_key(&scope).await?;
    if common.json {
        return output::json(&json!({
            "id": hex::encode(key.id()),
            "fingerprint": key.fingerprint(),
            "key": key.vkey(),
            "pem": key.pem(),
        }));
    }
    output::line(&format!("Fingerprint:  {}", key.fingerprint()))?;
    output::line(&format!("Verifier key: {}", key.vkey()))?;
    output::line(key.pem().trim_end())
}

fn tell_rotation(common: &Common, slug: &OrgSlug, rotation: &Rotation) -> anyhow::Result<()> {
    let Rotation { old, new, leaf, checkpoint } = rotation;
    if common.json {
        return output::json(&json!({
            "old": { "fingerprint": old.fingerprint(), "key": old.vkey() },
            "new": { "fingerprint": new.fingerprint(), "key": new.vkey() },
            "key_fingerprint": new.fingerprint(),
            "evidence": leaf,
            "checkpoint": checkpoint,
        }));
    }
    output::line(&format!("Old key: {}", old.fingerprint()))?;
    output::line(&format!("New key: {}", new.fingerprint()))?;
    output::line(&format!("Record {leaf} brings the new key in; the old key signed the head that contains it."))?;
    output::line(&format!(
        "Tell whoever checks packages of {slug}, over another channel than the packages: from now on the key is \
         {new}. It follows {old}, and the ledger proves it: a vault verifies with either (countersign verify --key). \
         Packages made before today keep the old key, newer ones carry the new one.",
        new = new.fingerprint(),
        old = old.fingerprint(),
    ))
}
