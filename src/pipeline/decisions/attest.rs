//! A person states that a control is met, does not apply, was left out or is there in part, and answers for it.

use std::path::PathBuf;

use bytes::Bytes;
use chrono::Months;
use countersign_seal::record::{Attestation as Said, Claim as Claimed, FormUse as Used};

use super::following::decide_and_follow;
use super::forms::{self, FormRequest};
use super::{DecisionFault, Draft, LONGEST_TEXT, actor, documents, signer, text};
use crate::app::App;
use crate::catalog::form::Form;
use crate::catalog::framework::Control;
use crate::model::attestation::{ANSWERS, Attestation, Claim, FormUse, SIGNATURE, SIGNED};
use crate::model::decision::Decisions;
use crate::model::evidence::{Body, RawArtifact};
use crate::model::id::{CheckId, ControlId, FrameworkId, ObjectiveId, PersonHandle};
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::pipeline::frameworks::framework_of;
use crate::pipeline::{RunFault, records};

/// How long a statement stands when nobody says otherwise.
const STANDS: Months = Months::new(12);

/// A statement as it is asked to be sealed.
#[derive(Debug, Clone)]
pub struct AttestRequest {
    pub framework: FrameworkId,
    /// A control's number, an alias of it, or an objective's.
    pub about: String,
    /// On a form it is the form that claims.
    pub claim: Claim,
    pub statement: String,
    /// Checks that fail or could not be seen and that the statement speaks to: supporting ones, or any where the form lets
    /// something else stand in for the control.
    pub addresses: Vec<CheckId>,
    /// None: from now on.
    pub valid_from: Option<Timestamp>,
    /// None: for twelve months.
    pub valid_until: Option<Timestamp>,
    /// Documents in final form.
    pub files: Vec<PathBuf>,
    /// None: in the person's own words only.
    pub form: Option<FormRequest>,
    /// What `ssh-keygen -Y sign` made of the bytes of [`to_sign`].
    pub signature: Option<Vec<u8>>,
    pub by: PersonHandle,
}

/// What an attestation speaks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct About {
    pub control: ControlId,
    pub objective: Option<ObjectiveId>,
}

/// A request that was looked through: nothing about it depends on the moment any more.
struct Prepared<'a> {
    about: About,
    claim: Claim,
    statement: String,
    documents: Vec<RawArtifact>,
    form: Option<(&'a Form, FormUse, Vec<u8>)>,
    /// How long it stands when nobody says otherwise.
    stands: Months,
}

/// Seals a statement. It takes the place of the one that stood for the same control or objective. Returns its leaf.
pub async fn attest(app: &App, organization: &Organization, request: AttestRequest) -> Result<u64, DecisionFault> {
    let prepared = prepare(app, organization, &request).await?;
    let bytes = match &request.signature {
        Some(_) => Some(signable(organization, &request, &prepared)?),
        None => None,
    };
    let decided = decide_and_follow(app, organization, async |scope, decisions, now| {
        let person = actor(decisions, &request.by, now)?;
        let from = request.valid_from.unwrap_or(now);
        let until = request.valid_until.unwrap_or_else(|| forms::after(from, prepared.stands));
        if until <= from {
            return Err(DecisionFault::EndsBeforeItBegins { from, until });
        }
        // It would count for nothing and still take the place of one that does.
        if until <= now {
            return Err(DecisionFault::HasEnded { from, until });
        }
        let mut artifacts = prepared.documents.clone();
        let json = |name: &str, bytes: &[u8]| {
            let body = Body::Memory(Bytes::copy_from_slice(bytes));
            RawArtifact { name: name.to_owned(), media_type: "application/json".to_owned(), body }
        };
        artifacts.extend(prepared.form.as_ref().map(|(_, _, answers)| json(ANSWERS, answers)));
        if let (Some(signature), Some(signed)) = (&request.signature, &bytes) {
            forms::verify(app, &person, signed, signature).await?;
            artifacts.push(json(SIGNED, signed));
            let body = Body::Memory(Bytes::copy_from_slice(signature));
            let media_type = "text/plain".to_owned();
            artifacts.push(RawArtifact { name: SIGNATURE.to_owned(), media_type, body });
        }
        let about = &prepared.about;
        let statement = Said {
            organization: records::organization(scope)?,
            at: records::time(now)?,
            by: signer(&person.signatory()),
            framework: request.framework.to_string(),
            control: about.control.to_string(),
            objective: about.objective.as_ref().map(ToString::to_string),
            claim: claimed(prepared.claim),
            statement: prepared.statement.clone(),
            addresses: request.addresses.iter().map(ToString::to_string).collect(),
            valid_from: records::time(from)?,
            valid_until: Some(records::time(until)?),
            replaces: newest(decisions, &request.framework, about).map(|one| one.leaf),
            form: prepared.form.as_ref().map(|(_, used, _)| Used {
                id: used.id.to_string(),
                way: used.way.clone(),
                targets: used.targets.clone(),
            }),
            artifacts: Vec::new(),
            artifact_list: None,
        };
        Ok(Draft { statement: statement.into(), artifacts })
    });
    decided.await
}

/// The bytes that a person signs: canonical JSON of what would be attested, without the time at which it is.
pub async fn to_sign(
    app: &App,
    organization: &Organization,
    request: &AttestRequest,
) -> Result<Vec<u8>, DecisionFault> {
    let prepared = prepare(app, organization, request).await?;
    signable(organization, request, &prepared)
}

fn signable(
    organization: &Organization,
    request: &AttestRequest,
    prepared: &Prepared<'_>,
) -> Result<Vec<u8>, DecisionFault> {
    let answers = prepared.form.as_ref().map(|(_, used, answers)| (used, answers.as_slice()));
    forms::to_sign(organization, request, (&prepared.about, prepared.claim), &prepared.documents, answers)
}

/// What a reader of the statement would miss, in words: advice, where nothing forbids it.
pub fn notes(app: &App, organization: &Organization, request: &AttestRequest) -> Result<Vec<String>, DecisionFault> {
    framework_of(&app.catalog, organization, &request.framework)?;
    let (control, _) = about(app, &request.framework, &request.about)?;
    Ok(forms::notes(app, request, control, organization.days()))
}

async fn prepare<'a>(
    app: &'a App,
    organization: &Organization,
    request: &AttestRequest,
) -> Result<Prepared<'a>, DecisionFault> {
    framework_of(&app.catalog, organization, &request.framework)?;
    let (control, about) = about(app, &request.framework, &request.about)?;
    let statement = text("the statement", &request.statement, LONGEST_TEXT)?;
    if let Some(unknown) = request.addresses.iter().find(|id| !app.catalog.checks.contains_key(id)) {
        return Err(DecisionFault::NoSuchCheck(unknown.clone()));
    }
    let documents = documents::artifacts(&request.files);
    let Some(asked) = &request.form else {
        let documents = documents.map_err(|faults| DecisionFault::Artifact(faults.join("; ")))?;
        let (claim, stands) = (request.claim, STANDS);
        if claim.leaves_open() {
            let suiting = app.catalog.forms_for(&request.framework, control).filter(|form| form.claim == claim);
            let forms = forms::listed(suiting);
            return Err(DecisionFault::NeedsForm { claim, control: control.id.clone(), forms });
        }
        if claim == Claim::NotApplicable && app.catalog.always_applies(&request.framework, control) {
            let forms = forms::listed(app.catalog.forms_for(&request.framework, control));
            let framework = request.framework.clone();
            return Err(DecisionFault::AlwaysApplies { framework, control: control.id.clone(), forms });
        }
        return Ok(Prepared { about, claim, statement, documents, form: None, stands });
    };
    let form = app.catalog.forms.get(&asked.id);
    let form = form.ok_or_else(|| DecisionFault::NoSuchForm { form: asked.id.clone() })?;
    let connected = app.store.connections(&crate::store::OrgScope::of(organization)).await?;
    let targets: Vec<&str> = connected.iter().map(|one| one.target.as_str()).collect();
    let mut faults = forms::faults(app, request, form, control, (&targets, organization.days()));
    if form.claim == Claim::Partial && about.objective.is_some() {
        faults.push(format!("only the requirement as a whole has a partial value; state it of {}", control.id));
    }
    let filled = asked.filled(form).map_err(|more| faults.extend(more)).ok();
    let today = organization.day_of(app.clock.now());
    faults.extend(filled.iter().flat_map(|filled| filled.days_beyond_limits(form, today)));
    faults.extend(filled.as_ref().and_then(|filled| forms::unfit_way(form, &filled.used, control)));
    let documents = documents.map_err(|more| faults.extend(more)).ok();
    let (Some(filled), Some(documents), true) = (filled, documents, faults.is_empty()) else {
        return Err(DecisionFault::Form { form: asked.id.clone(), faults });
    };
    let sealed = filled.sealed(form);
    let sealed = sealed.map_err(|fault| DecisionFault::Form { form: asked.id.clone(), faults: vec![fault] })?;
    let used = FormUse { targets: asked.targets.clone(), ..filled.used };
    let stands = Months::new(form.longest(control).months.min(12));
    Ok(Prepared { about, claim: form.claim, statement, documents, form: Some((form, used, sealed)), stands })
}

/// Seals that an attestation no longer stands, and why. Returns the leaf of the new record.
pub async fn withdraw(
    app: &App,
    organization: &Organization,
    attestation: u64,
    because: &str,
    by: &PersonHandle,
) -> Result<u64, DecisionFault> {
    let statement = text("the reason", because, LONGEST_TEXT)?;
    let decided = decide_and_follow(app, organization, async |scope, decisions, now| {
        let person = actor(decisions, by, now)?;
        let standing = decisions.attestations.iter().find(|one| one.leaf == attestation);
        let standing = standing.ok_or(DecisionFault::NothingToReplace(attestation))?;
        let about = About { control: standing.control.clone(), objective: standing.objective.clone() };
        let is_newest = newest(decisions, &standing.framework, &about).is_some_and(|one| one.leaf == attestation);
        if !is_newest {
            return Err(DecisionFault::NothingToReplace(attestation));
        }
        let statement = Said {
            organization: records::organization(scope)?,
            at: records::time(now)?,
            by: signer(&person.signatory()),
            framework: standing.framework.to_string(),
            control: about.control.to_string(),
            objective: about.objective.as_ref().map(ToString::to_string),
            claim: Claimed::Withdrawn,
            statement: statement.clone(),
            addresses: Vec::new(),
            valid_from: records::time(now)?,
            valid_until: None,
            replaces: Some(attestation),
            form: None,
            artifacts: Vec::new(),
            artifact_list: None,
        };
        Ok(Draft { statement: statement.into(), artifacts: Vec::new() })
    });
    decided.await
}

fn claimed(claim: Claim) -> Claimed {
    match claim {
        Claim::Met => Claimed::Met,
        Claim::NotApplicable => Claimed::NotApplicable,
        Claim::NotTested => Claimed::NotTested,
        Claim::Partial => Claimed::Partial,
        Claim::Withdrawn => Claimed::Withdrawn,
    }
}

/// The newest attestation about the same thing, unless it was a withdrawal.
fn newest<'a>(decisions: &'a Decisions, framework: &FrameworkId, about: &About) -> Option<&'a Attestation> {
    let same = |one: &&Attestation| {
        one.framework == *framework && one.control == about.control && one.objective == about.objective
    };
    decisions.attestations.iter().rev().find(same).filter(|one| one.claim != Claim::Withdrawn)
}

/// Finds the control or objective somebody names. What only follows from its parts is refused with their names.
fn about<'a>(app: &'a App, framework: &FrameworkId, named: &str) -> Result<(&'a Control, About), DecisionFault> {
    let unknown = || DecisionFault::NoSuchControl { framework: framework.clone(), control: named.to_owned() };
    let no_framework = || RunFault::NoSuchFramework(framework.clone());
    let known = app.catalog.frameworks.get(framework).ok_or_else(no_framework)?;
    let of_objective = |control: &&Control| control.objectives.iter().any(|one| one.id.as_str() == named);
    let (control, objective) = if let Some(control) = app.catalog.control(framework, named) {
        (control, None)
    } else {
        let control = known.controls.iter().find(of_objective).ok_or_else(unknown)?;
        let objective = control.objectives.iter().find(|one| one.id.as_str() == named);
        (control, objective.map(|one| one.id.clone()))
    };
    if !control.assessable {
        return Err(DecisionFault::NotAssessable { control: control.id.clone() });
    }
    let parts = app.catalog.only_its_parts(framework, control);
    if let Some(first) = parts.first() {
        return Err(DecisionFault::OnlyItsParts {
            framework: framework.clone(),
            control: control.id.clone(),
            parts: parts.iter().map(|part| part.id.as_str()).collect::<Vec<_>>().join(", "),
            first: first.id.clone(),
        });
    }
    Ok((control, About { control: control.id.clone(), objective }))
}
