//! A statement on a form: what is wrong with it, all at once, what may be advised, and the bytes that a person signs.

use std::path::PathBuf;

use chrono::Months;
use countersign_seal::digest::Digest;
use serde_json::{Value, json};

use super::DecisionFault;
use super::attest::{About, AttestRequest};
use crate::app::App;
use crate::catalog::form::Form;
use crate::catalog::form::answers::{Answers, Filled};
use crate::catalog::framework::Control;
use crate::model::attestation::{Claim, FormUse};
use crate::model::days::LocalDays;
use crate::model::evidence::{Body, RawArtifact};
use crate::model::id::FormId;
use crate::model::organization::Organization;
use crate::model::person::Person;
use crate::model::time::Timestamp;
use crate::pipeline::fault::CommitFault;
use crate::pipeline::ssh_signature::{self, SshSignature};

/// What a signature must be made for: `ssh-keygen -Y sign -n countersign-attestation`.
pub const NAMESPACE: &str = "countersign-attestation";
/// The shape of the bytes that are signed.
const FORMAT: &str = "countersign.statement/1";

/// A form as somebody filled it in.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The text of a file of answers.
    pub file: Option<String>,
    /// Answers written as `field=text`.
    pub answers: Vec<String>,
}

/// A form that a statement is made on.
#[derive(Debug, Clone)]
pub struct FormRequest {
    pub id: FormId,
    pub given: Given,
    /// Targets for which it stands in for the control as written; none: all.
    pub targets: Vec<String>,
}

impl FormRequest {
    /// The answers, if the form accepts them.
    pub(super) fn filled(&self, form: &Form) -> Result<Filled, Vec<String>> {
        let mut faults = Vec::new();
        let read = self.given.file.as_deref().map_or_else(|| Ok(Answers::default()), Answers::read);
        let mut answers = read.map_err(|fault| vec![fault])?;
        for one in &self.given.answers {
            faults.extend(answers.add(form, one).err());
        }
        match answers.check(form) {
            Ok(filled) if faults.is_empty() => Ok(filled),
            Ok(_) => Err(faults),
            Err(more) => Err(faults.into_iter().chain(more).collect()),
        }
    }
}

/// What is wrong with using a form so, apart from its answers and files.
pub(super) fn faults(
    app: &App,
    request: &AttestRequest,
    form: &Form,
    control: &Control,
    (connected, days): (&[&str], LocalDays),
) -> Vec<String> {
    let mut faults = Vec::new();
    if !form.suits(&request.framework, control) {
        let fitting = listed(app.catalog.forms_for(&request.framework, control));
        faults.push(format!("the form is not for {} of {}; what is: {fitting}", control.id, request.framework));
    }
    if request.claim == Claim::NotApplicable && form.claim != Claim::NotApplicable {
        let claim = form.claim.as_str().replace('_', " ");
        faults.push(format!("the form states that it is {claim}, and --not-applicable says otherwise; leave out one"));
    }
    let (least, given) = (form.documents.least, request.files.len());
    if given < least {
        let kinds = form.documents.kinds.join(" ");
        faults.push(format!("it needs at least {} in final form, and has {given}: {kinds}", documents(least)));
    }
    let named = request.form.iter().flat_map(|asked| &asked.targets);
    for target in named.filter(|target| !connected.contains(&target.as_str())) {
        faults.push(format!("`{target}` is not connected; what is: {}", connected.join(", ")));
    }
    if !is_to_be_confirmed(form) {
        faults.extend(too_long(app, request, (form, control), days));
    }
    faults
}

/// What nothing forbids and a reader would still miss.
pub(super) fn notes(app: &App, request: &AttestRequest, control: &Control, days: LocalDays) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(form) = request.form.as_ref().and_then(|asked| app.catalog.forms.get(&asked.id)) {
        if is_to_be_confirmed(form) {
            notes.extend(too_long(app, request, (form, control), days));
        }
        notes.extend(form.to_be_confirmed.as_ref().map(|what| format!("to be confirmed: {what}")));
        return notes;
    }
    let Some(form) = app.catalog.plain_form(&request.framework, control, request.claim) else {
        if request.claim == Claim::NotApplicable {
            notes.push(format!("no plain form of {} says what to name; say why it does not apply", request.framework));
        }
        return notes;
    };
    notes.extend(too_long(app, request, (form, control), days));
    if request.files.len() < form.documents.least {
        let kinds = form.documents.kinds.join(" ");
        notes.push(format!("it would rest better on at least {}: {kinds}", documents(form.documents.least)));
    }
    notes.push(format!("--form {} asks what a good statement names; countersign attest template {0}", form.id));
    notes
}

/// Forms by their ids; `none` where there are none.
pub(super) fn listed<'a>(forms: impl Iterator<Item = &'a Form>) -> String {
    let ids: Vec<&str> = forms.map(|form| form.id.as_str()).collect();
    if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
}

/// Why the way that was chosen cannot be.
pub(super) fn unfit_way(form: &Form, used: &FormUse, control: &Control) -> Option<String> {
    let way = form.way(used.way.as_deref()?).filter(|way| !way.suits(control))?;
    let fitting: Vec<&str> = form.ways.iter().filter(|way| way.suits(control)).map(|way| way.id.as_str()).collect();
    Some(format!("the way `{}` is not for {}; what is: {}", way.id, control.id, fitting.join(", ")))
}

fn documents(least: usize) -> String {
    if least == 1 { "1 document".to_owned() } else { format!("{least} documents") }
}

fn is_to_be_confirmed(form: &Form) -> bool {
    form.stands.as_ref().is_some_and(|stands| stands.to_be_confirmed)
}

/// That it would stand longer than it may. The last day may be used up, so that a day a year later is a year.
fn too_long(app: &App, request: &AttestRequest, (form, control): (&Form, &Control), days: LocalDays) -> Option<String> {
    let longest = form.longest(control);
    let from = request.valid_from.unwrap_or_else(|| app.clock.now());
    // Without an end and without a form it stands for a year.
    let until = request.valid_until.or_else(|| request.form.is_none().then(|| after(from, Months::new(12))))?;
    let last = days.end_of(days.day_of(after(from, Months::new(longest.months))));
    (until > last).then(|| {
        let months = if longest.months == 1 { "month" } else { "months" };
        format!(
            "it may stand {} {months} at most, and ends on {}: {}",
            longest.months,
            until.for_people(),
            longest.because
        )
    })
}

/// A moment some months later; itself at the end of the calendar.
pub(super) fn after(from: Timestamp, months: Months) -> Timestamp {
    from.as_datetime().checked_add_months(months).map_or(from, Timestamp::from)
}

/// The bytes that a person signs.
pub(super) fn to_sign(
    organization: &Organization,
    request: &AttestRequest,
    (about, claim): (&About, Claim),
    files: &[RawArtifact],
    form: Option<(&FormUse, &[u8])>,
) -> Result<Vec<u8>, DecisionFault> {
    let files: Vec<Value> = files.iter().map(file).collect::<Result<_, _>>()?;
    let mut said = json!({
        "format": FORMAT,
        "organization": organization.id.to_string(),
        "by": request.by,
        "framework": request.framework,
        "control": about.control,
        "claim": claim,
        "statement": request.statement.trim(),
        "addresses": request.addresses,
        "files": files,
    });
    if let Some(said) = said.as_object_mut() {
        let mut add = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                said.insert(name.to_owned(), value);
            }
        };
        add("objective", about.objective.as_ref().map(|objective| json!(objective)));
        add("valid_from", request.valid_from.map(|from| json!(from)));
        add("valid_until", request.valid_until.map(|until| json!(until)));
        add("form", form.map(|(used, answers)| json!({"used": used, "answers": Digest::of(answers)})));
    }
    let bytes = countersign_seal::canonical::to_bytes(&said);
    bytes.map_err(|fault| CommitFault::Unreadable(format!("what would be signed: {fault}")).into())
}

fn file(artifact: &RawArtifact) -> Result<Value, CommitFault> {
    let fault = |path: &PathBuf| {
        let path = path.clone();
        move |source| CommitFault::Io { path, source }
    };
    let (digest, size) = match &artifact.body {
        Body::Memory(bytes) => (Digest::of(bytes), bytes.len() as u64),
        Body::File(path) => {
            let opened = std::fs::File::open(path).map_err(fault(path))?;
            Digest::of_reader(opened).map_err(fault(path))?
        }
    };
    Ok(json!({"name": artifact.name, "sha256": digest, "size": size}))
}

/// Whether the signature is the person's own, over these bytes.
pub(super) async fn verify(app: &App, person: &Person, message: &[u8], signature: &[u8]) -> Result<(), DecisionFault> {
    let key = person.ssh_key.as_deref().ok_or_else(|| DecisionFault::NoKey(person.handle.clone()))?;
    let claim = SshSignature { message, signature, key, identity: person.handle.as_str(), namespace: NAMESPACE };
    Ok(ssh_signature::verify(app, &claim).await.map_err(Box::new)?)
}
