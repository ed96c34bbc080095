//! Reads `controls/forms/<family>/<form>.yaml` and checks each form by itself and against the frameworks it is for.

use std::collections::{BTreeMap, BTreeSet};

use countersign_seal::digest::Digest;

use super::frameworks::LoadedFrameworks;
use super::yaml::{self, Reading};
use crate::catalog::check::CheckDefinition;
use crate::catalog::fault::Faults;
use crate::catalog::files::{CatalogFile, FileSet};
use crate::catalog::form::answers::WAY;
use crate::catalog::form::{Field, FieldKind, Form};
use crate::model::attestation::Claim;
use crate::model::id::{CheckId, FormId};

/// Checks by id; a way of a form names some.
type Checks = BTreeMap<CheckId, CheckDefinition>;

pub(super) fn load(
    files: &FileSet,
    frameworks: &LoadedFrameworks,
    checks: &Checks,
    faults: &mut Faults,
) -> BTreeMap<FormId, Form> {
    let mut forms: BTreeMap<FormId, Form> = BTreeMap::new();
    for file in files.below("controls/forms/") {
        let parts: Vec<&str> = file.path.split('/').collect();
        match parts.as_slice() {
            [.., "README.md"] => {}
            [_, _, _, name] if yaml::has_extension(name, "yaml") => {
                let name = name.strip_suffix(".yaml").unwrap_or(name);
                let Some(form) = load_one(name, file, (frameworks, checks), faults) else { continue };
                if let Some(first) = forms.get(&form.id) {
                    faults.add(&file.shown, Some(1), format!("there are two forms `{}`; rename one", first.id));
                }
                forms.insert(form.id.clone(), form);
            }
            _ => {
                let message = "no file is expected here; a form is controls/forms/<family>/<form>.yaml";
                faults.add(&file.shown, None, message);
            }
        }
    }
    forms
}

fn load_one(
    name: &str,
    file: &CatalogFile,
    (frameworks, checks): (&LoadedFrameworks, &Checks),
    faults: &mut Faults,
) -> Option<Form> {
    let reading: Reading<Form> = yaml::read(file, faults);
    let text = Reading { value: Some(()), lost: Vec::new(), text: reading.text };
    let form = Form { digest: Digest::of(&file.bytes), ..reading.value? };
    let mut check = Check { form: &form, file, text: &text, faults };
    if form.id.as_str() != name {
        check.fault("id:", format!("the id `{}` is not the file's name, `{name}`; make them equal", form.id));
    }
    for (key, value) in [("title:", &form.title), ("rests_on:", &form.rests_on), ("names:", &form.names)] {
        if value.trim().is_empty() {
            check.fault(key, format!("`{}` is empty", key.trim_end_matches(':')));
        }
    }
    if form.claim == Claim::Withdrawn {
        check.fault("claim:", "a form claims no `withdrawn`; what no longer stands is withdrawn".to_owned());
    }
    check.claim(checks);
    check.words();
    check.fields();
    check.controls(frameworks);
    if form.stands.as_ref().is_some_and(|stands| stands.months == 0 || stands.rests_on.trim().is_empty()) {
        check.fault("stands:", "`stands` needs at least one month and the paragraph that says so".to_owned());
    }
    if form.documents.least > 0 && form.documents.kinds.is_empty() {
        check.fault("documents:", "say under `kinds` what the documents are".to_owned());
    }
    Some(form)
}

/// One form while it is checked.
struct Check<'a> {
    form: &'a Form,
    file: &'a CatalogFile,
    text: &'a Reading<()>,
    faults: &'a mut Faults,
}

impl Check<'_> {
    /// A fault at the first line that contains `needle`.
    fn fault(&mut self, needle: &str, message: String) {
        self.faults.add(&self.file.shown, Some(self.text.line_of(1, needle)), message);
    }

    /// Each way, or the form itself, says how it counts; never both.
    fn words(&mut self) {
        let form = self.form;
        let continues = |says: &str| says.starts_with("that ") && !says.ends_with('.');
        match (&form.says, form.ways.is_empty()) {
            (Some(says), true) if continues(says) => {}
            (Some(_), true) => {
                self.fault("says:", "`says` goes on from a name and a day: begin with `that`, no full stop".to_owned());
            }
            (None, true) => self.fault("id:", "the form has neither `says` nor `ways`".to_owned()),
            (None, false) if !form.departs => {}
            (_, false) => self.fault("ways:", "with `ways`, `says` and `departs` stand in each way".to_owned()),
        }
        let mut seen = BTreeSet::new();
        for way in &form.ways {
            let at = format!("id: {}", way.id);
            if !is_word(&way.id) || !seen.insert(&way.id) {
                self.fault(&at, format!("the way `{}` is there twice, or is no word of a-z, 0-9 and _", way.id));
            }
            if !continues(&way.says) || way.title.trim().is_empty() {
                let message = format!("the way `{}` needs a title, and `says` that begins with `that`", way.id);
                self.fault(&at, message);
            }
        }
    }

    /// What only some frameworks know, and what a partial claim has to say.
    fn claim(&mut self, checks: &Checks) {
        let form = self.form;
        for framework in form.frameworks.iter().filter(|id| !form.claim.is_known_to(id)) {
            let message = format!("only PCI DSS knows `{}`, and {framework} is something else", form.claim.as_str());
            self.fault("claim:", message);
        }
        if form.claim == Claim::Partial && form.ways.is_empty() {
            self.fault("claim:", "a form that claims `partial` says in its `ways` what is there".to_owned());
        }
        for way in form.ways.iter().filter(|way| form.claim != Claim::Partial && !way.says_nothing_of.is_empty()) {
            let message = format!("the way `{}` has `says_nothing_of`, which only `partial` knows", way.id);
            self.fault(&format!("id: {}", way.id), message);
        }
        for way in form.ways.iter().filter(|way| way.nothing_done.as_ref().is_some_and(|word| word.trim().is_empty())) {
            let message =
                format!("the way `{}` has an empty `nothing_done`; say what the control is called then", way.id);
            self.fault(&format!("id: {}", way.id), message);
        }
        for check in form.ways.iter().flat_map(|way| &way.says_nothing_of).filter(|id| !checks.contains_key(*id)) {
            self.fault(check.as_str(), format!("there is no check `{check}`"));
        }
    }

    fn fields(&mut self) {
        let form = self.form;
        let mut seen = BTreeSet::new();
        for field in &form.fields {
            let at = format!("id: {}", field.id);
            if !is_word(&field.id) || [WAY, "form"].contains(&field.id.as_str()) || !seen.insert(&field.id) {
                let message =
                    format!("the field `{}` is there twice, is reserved, or is no word of a-z, 0-9 and _", field.id);
                self.fault(&at, message);
            }
            for fault in faults_of(field) {
                self.fault(&at, format!("the field `{}` {fault}", field.id));
            }
            if let Some(fault) = field.day.as_ref().and_then(|limits| limits.fault(form, field)) {
                self.fault(&at, format!("the field `{}` {fault}", field.id));
            }
            for way in field.ways.iter().filter(|way| form.way(way).is_none()) {
                self.fault(
                    &at,
                    format!("the field `{}` names the way `{way}`, which the form does not have", field.id),
                );
            }
        }
    }

    /// A form that suits nothing would never be seen.
    fn controls(&mut self, frameworks: &LoadedFrameworks) {
        let form = self.form;
        if form.frameworks.is_empty() {
            self.fault("frameworks:", "the form is for no framework".to_owned());
        }
        let mut is_whole = true;
        let mut suits = false;
        for id in &form.frameworks {
            match frameworks.get(id) {
                Some(loaded) => suits |= loaded.framework.controls.iter().any(|control| form.suits(id, control)),
                None if frameworks.may_know(id) => is_whole = false,
                None => self.fault(id.as_str(), format!("there is no framework `{id}`")),
            }
        }
        let known: Vec<_> = form.frameworks.iter().filter_map(|id| frameworks.get(id)).collect();
        let of_ways = form.ways.iter().flat_map(|way| &way.only);
        for name in form.controls.only.iter().chain(&form.controls.but).chain(of_ways) {
            if is_whole && !known.is_empty() && !known.iter().any(|loaded| loaded.may_know(name)) {
                self.fault(name, format!("no framework of the form has a control `{name}`"));
            }
        }
        if is_whole && !known.is_empty() && !suits {
            self.fault("controls:", "the form suits no control of its frameworks".to_owned());
        }
    }
}

fn faults_of(field: &Field) -> Vec<&'static str> {
    let mut faults = Vec::new();
    if field.title.trim().is_empty() || field.help.trim().is_empty() {
        faults.push("needs a title and help");
    }
    match (field.kind, field.choices.len()) {
        (FieldKind::Choice, 0 | 1) => faults.push("needs at least two choices"),
        (FieldKind::Choice, _) | (_, 0) => {}
        _ => faults.push("has choices and is no choice"),
    }
    faults
}

fn is_word(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_fault, demo_with, faults};

    const PATH: &str = "controls/forms/own/own-met.yaml";
    const FORM: &str = "id: own-met\ntitle: Met\nframeworks: [demo]\nclaim: met\nrests_on: Our rule 1\nnames: What is done.\n\
        says: that it is met\nfields:\n  - {id: done, title: Done, help: What is done., kind: text}\n";

    #[test]
    fn a_form_of_a_users_own_is_read_beside_a_framework_of_their_own() {
        assert_eq!(faults(&demo_with(PATH, FORM)), Vec::<String>::new());
    }

    #[test]
    fn each_fault_of_a_form_is_named_with_its_line() {
        for (was, is, line, words) in [
            ("id: own-met", "id: other", 2, "is not the file's name"),
            ("title: Met", "title: ''", 3, "`title` is empty"),
            ("[demo]", "[dmeo]", 4, "there is no framework `dmeo`"),
            ("[demo]", "[]", 4, "for no framework"),
            ("claim: met", "claim: withdrawn", 5, "what no longer stands is withdrawn"),
            ("claim: met", "claim: maybe", 5, "unknown variant"),
            ("claim: met", "claim: not_tested", 5, "only PCI DSS knows `not_tested`"),
            ("claim: met", "claim: partial", 5, "says in its `ways` what is there"),
            (
                "says: that it is met",
                "ways: [{id: a, title: A, says: that it is, says_nothing_of: [linux/a]}]",
                8,
                "only `partial` knows",
            ),
            (
                "says: that it is met",
                "ways: [{id: a, title: A, says: that it is, only: [\"9\"]}]",
                8,
                "no framework of the form has a control `9`",
            ),
            ("says: that", "says: because", 8, "begin with `that`"),
            ("says: that it is met", "ways: [{id: a, title: A, says: it is}]", 8, "`says` that begins with `that`"),
            ("says: that it is met", "departs: true", 2, "neither `says` nor `ways`"),
            ("id: done", "id: way", 10, "is reserved"),
            ("kind: text", "kind: choice", 10, "at least two choices"),
            ("kind: text", "kind: text, choices: [a, b]", 10, "is no choice"),
            ("kind: text", "kind: text, ways: [b]", 10, "names the way `b`"),
            ("fields:", "controls: {only: [\"9\"]}\nfields:", 9, "no framework of the form has a control `9`"),
            ("fields:", "controls: {facts: {weight: 7}}\nfields:", 9, "suits no control"),
            ("fields:", "stands: {months: 0, rests_on: x}\nfields:", 9, "at least one month"),
            ("fields:", "documents: {least: 1}\nfields:", 9, "what the documents are"),
            ("fields:", "surprise: 1\nfields:", 9, "unknown field"),
        ] {
            assert!(FORM.contains(was), "{was}");
            assert_fault(&demo_with(PATH, FORM.replacen(was, is, 1)), &format!("{PATH}:{line}: "), words);
        }
        let twice = demo_with(PATH, FORM).with_file("controls/forms/more/own-met.yaml", FORM);
        assert_fault(&twice, "controls/forms/own/own-met.yaml:1: ", "two forms `own-met`");
        assert_fault(&demo_with("controls/forms/own.yaml", FORM), "controls/forms/own.yaml: ", "no file is expected");
    }
}
