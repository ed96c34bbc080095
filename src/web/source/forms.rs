//! How a control can be stated: the forms that fit it, as `countersign attest forms` finds them, with what each asks and the
//! commands to begin with.

use serde::Serialize;

use crate::catalog::Catalog;
use crate::catalog::form::{Field, FieldKind, Form};
use crate::catalog::framework::Control;
use crate::model::attestation::Claim;
use crate::model::id::{FormId, FrameworkId, ObjectiveId, OrgSlug};

/// The forms of a control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HowToState {
    pub forms: Vec<FormOffer>,
    /// The first of its objectives, where it has several: a statement may speak for one alone.
    pub objective: Option<ObjectiveId>,
    /// A statement in a person's own words, where no form fits.
    pub plain_command: Option<String>,
}

/// One form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormOffer {
    pub id: FormId,
    pub title: String,
    /// What it claims, in words.
    pub claims: &'static str,
    pub rests_on: String,
    /// What a good statement names.
    pub names: String,
    pub to_be_confirmed: Option<String>,
    pub ways: Vec<WayLine>,
    pub fields: Vec<FieldLine>,
    /// Documents it needs at least.
    pub least: usize,
    pub kinds: Vec<String>,
    pub months: u32,
    /// Why no longer, with the paragraph.
    pub because: String,
    /// Prints a file to fill in.
    pub begin: String,
    /// Seals the statement.
    pub seal: String,
}

/// One way to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WayLine {
    pub id: String,
    pub title: String,
}

/// One thing it asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldLine {
    pub id: String,
    pub title: String,
    pub help: String,
    pub kind: &'static str,
    pub required: bool,
    pub choices: Vec<String>,
    /// Titles of the ways that ask for it; none: all.
    pub ways: Vec<String>,
}

/// What can be stated about a control, and how.
pub(super) fn how_to_state(
    catalog: &Catalog,
    organization: &OrgSlug,
    framework: &FrameworkId,
    control: &Control,
) -> HowToState {
    let about = format!("{framework} '{}' --org {organization}", control.id);
    let forms: Vec<FormOffer> =
        catalog.forms_for(framework, control).map(|form| offer(form, control, &about)).collect();
    let plain = format!("countersign attest {about} --by WHO --statement \"WHAT IS DONE\" --file DOCUMENT");
    HowToState {
        plain_command: forms.is_empty().then_some(plain),
        forms,
        objective: control.objectives.get(1).and(control.objectives.first()).map(|one| one.id.clone()),
    }
}

fn offer(form: &Form, control: &Control, about: &str) -> FormOffer {
    let longest = form.longest(control);
    let file = "answers.yaml";
    let documents = " --file DOCUMENT".repeat(form.documents.least);
    FormOffer {
        id: form.id.clone(),
        title: form.title.clone(),
        claims: match form.claim {
            Claim::Met if form.departs => "Met in another way than as written",
            Claim::NotApplicable => "It does not apply",
            Claim::NotTested => "It was left out untested",
            Claim::Partial => "It is there in part",
            Claim::Met | Claim::Withdrawn => "It is met",
        },
        rests_on: form.rests_on.clone(),
        names: form.names.trim().to_owned(),
        to_be_confirmed: form.to_be_confirmed.as_ref().map(|open| open.trim().to_owned()),
        ways: form.ways.iter().map(|way| WayLine { id: way.id.clone(), title: way.title.clone() }).collect(),
        fields: form.fields.iter().map(|field| line(form, field)).collect(),
        least: form.documents.least,
        kinds: form.documents.kinds.clone(),
        months: longest.months,
        because: longest.because,
        begin: format!("countersign attest template {} > {file}", form.id),
        seal: format!(
            "countersign attest {about} --form {} --answers {file}{documents} --by WHO --statement \"IN ONE SENTENCE\"",
            form.id
        ),
    }
}

fn line(form: &Form, field: &Field) -> FieldLine {
    let title = |id: &String| form.way(id).map_or_else(|| id.clone(), |way| way.title.clone());
    FieldLine {
        id: field.id.clone(),
        title: field.title.clone(),
        help: match &field.day {
            Some(limits) => format!("{} {}", field.help.trim(), limits.words()),
            None => field.help.trim().to_owned(),
        },
        kind: match field.kind {
            FieldKind::Text => "text",
            FieldKind::Date => "a day",
            FieldKind::Choice => "one of these",
            FieldKind::List => "one a line",
        },
        required: field.required,
        choices: field.choices.clone(),
        ways: field.ways.iter().map(title).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::how_to_state;
    use crate::catalog::Catalog;

    fn ids(framework: &str, control: &str) -> Vec<String> {
        let catalog = Catalog::embedded().unwrap();
        let framework = framework.parse().unwrap();
        let control = catalog.control(&framework, control).unwrap();
        let shown = how_to_state(&catalog, &"pine-hill".parse().unwrap(), &framework, control);
        shown.forms.into_iter().map(|form| form.id.to_string()).collect()
    }

    #[test]
    fn the_form_made_for_this_kind_of_control_comes_first_and_exceptions_come_late() {
        assert_eq!(ids("hipaa-security", "164.312(a)(2)(iii)"), ["hipaa-addressable", "hipaa-required"]);
        assert_eq!(ids("hipaa-security", "164.312(a)(1)"), ["hipaa-required"]);
        let cmmc = ids("cmmc-l2", "3.1.1");
        assert_eq!((cmmc[0].as_str(), cmmc.last().unwrap().as_str()), ("cmmc-met", "cmmc-not-applicable"));
        let at = |id: &str| cmmc.iter().position(|one| one == id).unwrap();
        assert!(at("cmmc-external-provider") < at("cmmc-enduring-exception"));
    }

    #[test]
    fn the_commands_name_the_control_so_that_a_shell_takes_it_and_every_document_that_is_needed() {
        let catalog = Catalog::embedded().unwrap();
        let framework = "pci-dss-4.0.1".parse().unwrap();
        let control = catalog.control(&framework, "8.4.2").unwrap();
        let shown = how_to_state(&catalog, &"pine-hill".parse().unwrap(), &framework, control);
        let customized = shown.forms.iter().find(|form| form.id.as_str() == "pci-customized-approach").unwrap();
        assert_eq!(customized.begin, "countersign attest template pci-customized-approach > answers.yaml");
        assert!(customized.seal.contains("countersign attest pci-dss-4.0.1 '8.4.2' --org pine-hill --form"));
        assert_eq!(customized.seal.matches("--file DOCUMENT").count(), customized.least);
        assert!(customized.least == 2 && customized.to_be_confirmed.is_some());
    }
}
