//! `countersign org settings`

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::catalog::settings::Remark;
use crate::cli::{Common, Ending, check, output, session};
use crate::model::id::{OrgSlug, PersonHandle};
use crate::pipeline::decisions::organization;
use crate::pipeline::roll_forward::roll_forward;
use crate::store::OrgScope;

/// Longest value shown of a setting, in characters.
const SHOWN: usize = 80;

#[derive(Debug, Args)]
pub(super) struct SettingsArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// JSON file with the settings that take the place of all those in force
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
    /// Who decides
    #[arg(long, value_name = "HANDLE", requires = "set")]
    by: Option<PersonHandle>,
    /// Why; it is sealed and shown to auditors
    #[arg(long, value_name = "TEXT", requires = "set")]
    because: Option<String>,
    /// Only show what would change
    #[arg(long, requires = "set")]
    dry_run: bool,
}

/// One setting that differs.
#[derive(Debug, PartialEq, Eq)]
struct Difference<'a> {
    name: &'a str,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
}

pub(super) async fn run(common: &Common, app: &App, arguments: SettingsArguments) -> anyhow::Result<Ending> {
    let organization = session::organization(app, &arguments.org).await?;
    let scope = OrgScope::of(&organization);
    roll_forward(app, &scope).await?;
    let before = app.store.settings(&scope).await?;
    let Some(file) = &arguments.set else {
        output::json(&before)?;
        // Beside the settings, which are to be piped on as they are.
        for line in looks(app, &before) {
            output::note(format_args!("{line}"));
        }
        return Ok(Ending::Fine);
    };
    let after = check::read_settings(file)?;
    let empty = Map::new();
    let [old, new] = [&before, &after].map(|settings| settings.as_object().unwrap_or(&empty));
    let remarks = remarks(app, &after);
    let differences = differences(old, new);
    let record = if arguments.dry_run {
        None
    } else {
        let (Some(by), Some(because)) = (&arguments.by, &arguments.because) else {
            anyhow::bail!("say who decides and why: --by HANDLE --because TEXT; or look first with --dry-run");
        };
        Some(organization::replace_settings(app, &organization, &after, because, by).await?.leaf)
    };
    if common.json {
        let changes: Vec<Value> = differences.iter().map(Difference::told).collect();
        output::json(&json!({ "record": record, "changes": changes, "remarks": remarks, "settings": after }))?;
        return Ok(Ending::Fine);
    }
    if differences.is_empty() {
        output::line("Nothing would change.")?;
    } else {
        let rows: Vec<[String; 4]> = differences.iter().map(Difference::row).collect();
        output::table(["setting", "", "before", "after"], &rows)?;
    }
    for line in looks(app, &after) {
        output::line(&line)?;
    }
    match record {
        Some(record) => {
            output::line(&format!("These settings are in force for {} now (record {record}).", organization.slug))?;
            output::line(&format!("Next: countersign collect --org {}, which judges by them", organization.slug))?;
        }
        None => output::line("Nothing was changed.")?,
    }
    Ok(Ending::Fine)
}

/// What about settings whoever sets them should know; nothing where they are no object.
pub(super) fn remarks(app: &App, settings: &Value) -> Vec<Remark> {
    settings.as_object().map(|settings| app.catalog.remarks(settings)).unwrap_or_default()
}

/// The same, a line each.
pub(super) fn looks(app: &App, settings: &Value) -> Vec<String> {
    remarks(app, settings).iter().map(|remark| format!("Look: {}", output::plain(&remark.for_people()))).collect()
}

/// What is in one and not, or otherwise, in the other, by name.
fn differences<'a>(before: &'a Map<String, Value>, after: &'a Map<String, Value>) -> Vec<Difference<'a>> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let all = names.into_iter().map(|name| Difference { name, before: before.get(name), after: after.get(name) });
    all.filter(|one| one.before != one.after).collect()
}

impl Difference<'_> {
    fn change(&self) -> &'static str {
        match (self.before, self.after) {
            (None, _) => "added",
            (_, None) => "removed",
            (Some(_), Some(_)) => "changed",
        }
    }

    fn told(&self) -> Value {
        json!({ "setting": self.name, "change": self.change(), "before": self.before, "after": self.after })
    }

    fn row(&self) -> [String; 4] {
        let shown = |value: Option<&Value>| {
            let text = value.map_or_else(|| "-".to_owned(), Value::to_string);
            let cut: String = text.chars().take(SHOWN).collect();
            if cut.len() < text.len() { format!("{cut}…") } else { cut }
        };
        [self.name.to_owned(), self.change().to_owned(), shown(self.before), shown(self.after)]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::differences;

    #[test]
    fn settings_that_were_added_removed_or_changed_are_named_with_both_values() {
        let [before, after] = [
            json!({ "same": 1, "changed": ["a"], "removed": true }),
            json!({ "same": 1, "changed": ["a", "b"], "added": null }),
        ];
        let told: Vec<Value> = differences(before.as_object().unwrap(), after.as_object().unwrap())
            .iter()
            .map(super::Difference::told)
            .collect();
        assert_eq!(
            told,
            [
                json!({ "setting": "added", "change": "added", "before": null, "after": null }),
                json!({ "setting": "changed", "change": "changed", "before": ["a"], "after": ["a", "b"] }),
                json!({ "setting": "removed", "change": "removed", "before": true, "after": null }),
            ]
        );
    }
}
