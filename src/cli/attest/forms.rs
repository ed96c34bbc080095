//! `countersign attest forms`

use clap::Args;
use serde_json::{Value, json};

use crate::catalog::form::Form;
use crate::catalog::framework::Control;
use crate::cli::{Common, Ending, output, session};
use crate::model::id::{FormId, FrameworkId};

#[derive(Debug, Args)]
pub struct FormsArguments {
    /// Only forms of this framework
    framework: Option<FrameworkId>,
    /// Only those that fit this control, with everything they ask
    control: Option<String>,
}

/// There is no such form.
pub fn unknown(form: &FormId) -> anyhow::Error {
    anyhow::anyhow!("there is no form `{form}`; countersign attest forms lists them")
}

pub fn run(common: &Common, arguments: &FormsArguments) -> anyhow::Result<Ending> {
    let catalog = session::catalog(common)?;
    if let Some(framework) = arguments.framework.as_ref().filter(|id| !catalog.frameworks.contains_key(id)) {
        anyhow::bail!(
            "there is no framework {framework} in the catalog; countersign catalog list shows those there are"
        );
    }
    let control = match (&arguments.framework, &arguments.control) {
        (Some(framework), Some(named)) => {
            let control = catalog.control(framework, named);
            let control =
                control.ok_or_else(|| anyhow::anyhow!("{framework} has no control `{}`", output::plain(named)))?;
            let parts = catalog.only_its_parts(framework, control);
            if !parts.is_empty() {
                let parts: Vec<&str> = parts.iter().map(|part| part.id.as_str()).collect();
                anyhow::bail!("{} follows from its parts; ask about one of them: {}", control.id, parts.join(", "));
            }
            Some(control)
        }
        _ => None,
    };
    let forms: Vec<&Form> = match (&arguments.framework, control) {
        (Some(framework), Some(control)) => catalog.forms_for(framework, control).collect(),
        (Some(framework), None) => catalog.forms.values().filter(|form| form.frameworks.contains(framework)).collect(),
        (None, _) => catalog.forms.values().collect(),
    };
    if common.json {
        output::json(&forms.iter().map(|form| as_json(form, control)).collect::<Vec<_>>())?;
        return Ok(Ending::Fine);
    }
    if forms.is_empty() {
        output::line("No form fits; a statement in a person's own words is all there is")?;
    }
    if let Some(control) = control {
        for form in forms {
            print(form, control)?;
        }
        return Ok(Ending::Fine);
    }
    let row = |form: &&Form| {
        let claim = form.claim.as_str().replace('_', " ");
        [form.id.to_string(), claim, form.rests_on.clone(), form.title.clone()]
    };
    let rows: Vec<[String; 4]> = forms.iter().map(row).collect();
    output::table(["form", "claims", "rests on", "title"], &rows)?;
    Ok(Ending::Fine)
}

fn as_json(form: &Form, control: Option<&Control>) -> Value {
    let mut shown = json!(form);
    if let (Some(shown), Some(control)) = (shown.as_object_mut(), control) {
        shown.insert("longest".to_owned(), json!(form.longest(control)));
    }
    shown
}

fn print(form: &Form, control: &Control) -> anyhow::Result<()> {
    let line = |text: String| output::line(&output::plain(&text));
    line(format!("{}: {}", form.id, form.title))?;
    line(format!("  Claims that it is {}. {}.", form.claim.as_str().replace('_', " "), form.rests_on))?;
    if let Some(open) = &form.to_be_confirmed {
        line(format!("  To be confirmed: {}", open.trim()))?;
    }
    line(format!("  {}", form.names.trim()))?;
    for way in form.ways.iter().filter(|way| way.suits(control)) {
        line(format!("  way={}: {}", way.id, way.title))?;
    }
    let is_open = |id: &String| form.way(id).is_some_and(|way| way.suits(control));
    let asked = form.fields.iter().filter(|field| field.ways.is_empty() || field.ways.iter().any(is_open));
    for field in asked {
        let optional = if field.required { "" } else { ", may stay empty" };
        let ways = if field.ways.is_empty() { String::new() } else { format!(", for {}", field.ways.join(" and ")) };
        let limits = field.day.as_ref().map_or_else(String::new, |limits| format!(" {}", limits.words()));
        let (kind, title, help) = (field.kind.as_str(), &field.title, &field.help);
        line(format!("  {} ({kind}{optional}{ways}): {title}. {help}{limits}", field.id))?;
    }
    let documents = &form.documents;
    if !documents.kinds.is_empty() {
        line(format!("  Documents, at least {}: {}", documents.least, documents.kinds.join(" ")))?;
    }
    let longest = form.longest(control);
    line(format!("  Stands for {} at most: {}.", output::count(longest.months as usize, "month"), longest.because))?;
    output::line("")
}
