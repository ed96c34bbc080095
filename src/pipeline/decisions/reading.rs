//! Rows of decisions -> values. What cannot be read stops everything: a decision that is passed over could be the one
//! that matters.

use countersign_seal::record::{Attestation as Said, Change, Claim as Claimed};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    ATTESTATION, CONNECTION, GAP_ASSIGNMENT, GAP_NOTE, ORGANIZATION_CHANGE, ORGANIZATION_SETTINGS, PERSON,
    QUESTIONNAIRE, REQUESTS, SCOPE, SERVICE_PROVIDER, signatory,
};
use crate::model::attestation::{Attestation, Claim, FormUse};
use crate::model::change::{Disconnection, OrganizationChange, SettingsChange};
use crate::model::decision::Decisions;
use crate::model::gap::{Assignment, GapNote};
use crate::model::person::Person;
use crate::model::provider::ServiceProvider;
use crate::model::scope::{QuestionnaireChoice, ScopeDecision};
use crate::pipeline::fault::CommitFault;
use crate::pipeline::records;
use crate::pipeline::replay::read_time;
use crate::store::DecisionRow;

/// Reads rows in the order of the ledger.
pub(super) fn read(rows: Vec<DecisionRow>) -> Result<Decisions, CommitFault> {
    let mut decisions = Decisions::default();
    for row in rows {
        if row.kind == ATTESTATION {
            decisions.attestations.push(attestation(&row)?);
            continue;
        }
        let change: Change = statement(&row)?;
        let change = Read { row: &row, change };
        match row.kind.as_str() {
            PERSON => change.person(&mut decisions.people)?,
            SCOPE => decisions.scope.push(change.scope()?),
            QUESTIONNAIRE => decisions.questionnaires.push(change.questionnaire()?),
            GAP_ASSIGNMENT => decisions.assignments.push(change.assignment()?),
            GAP_NOTE => decisions.notes.push(change.note()?),
            SERVICE_PROVIDER => change.provider(&mut decisions.providers)?,
            ORGANIZATION_CHANGE => decisions.changes.organization.push(change.organization()?),
            ORGANIZATION_SETTINGS => decisions.changes.settings.push(change.settings()?),
            CONNECTION => decisions.changes.disconnections.push(change.disconnection()?),
            REQUESTS => decisions.changes.asked_otherwise.push(row.at),
            _ => return Err(unreadable(&row)),
        }
    }
    Ok(decisions)
}

fn statement<T: DeserializeOwned>(row: &DecisionRow) -> Result<T, CommitFault> {
    serde_json::from_value(row.statement.clone())
        .map_err(|source| CommitFault::Line { artifact: format!("record {}", row.leaf), source })
}

fn unreadable(row: &DecisionRow) -> CommitFault {
    CommitFault::Unreadable(format!("the {} of record {}", row.kind, row.leaf))
}

fn attestation(row: &DecisionRow) -> Result<Attestation, CommitFault> {
    let said: Said = statement(row)?;
    let wrong = |_| unreadable(row);
    Ok(Attestation {
        leaf: row.leaf,
        framework: said.framework.parse().map_err(wrong)?,
        control: said.control.parse().map_err(wrong)?,
        objective: said.objective.as_deref().map(str::parse).transpose().map_err(wrong)?,
        claim: match said.claim {
            Claimed::Met => Claim::Met,
            Claimed::NotApplicable => Claim::NotApplicable,
            Claimed::NotTested => Claim::NotTested,
            Claimed::Partial => Claim::Partial,
            Claimed::Withdrawn => Claim::Withdrawn,
        },
        by: signatory(&said.by)?,
        statement: said.statement,
        addresses: said.addresses.iter().map(|id| id.parse().map_err(wrong)).collect::<Result<_, _>>()?,
        valid_from: read_time(&said.valid_from)?,
        valid_until: said.valid_until.as_ref().map(read_time).transpose()?,
        replaces: said.replaces,
        form: match said.form {
            Some(used) => Some(FormUse { id: used.id.parse().map_err(wrong)?, way: used.way, targets: used.targets }),
            None => None,
        },
        recorded_at: row.at,
        artifacts: said.artifacts.iter().map(records::sealed).collect(),
    })
}

/// A `change/1` record with its row.
struct Read<'a> {
    row: &'a DecisionRow,
    change: Change,
}

impl Read<'_> {
    /// A member of the change that may be absent.
    fn member<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, CommitFault> {
        let Some(value) = self.change.change.get(name) else { return Ok(None) };
        serde_json::from_value(value.clone())
            .map(Some)
            .map_err(|source| CommitFault::Line { artifact: format!("`{name}` of record {}", self.row.leaf), source })
    }

    fn needed<T: DeserializeOwned>(&self, name: &str) -> Result<T, CommitFault> {
        self.member(name)?.ok_or_else(|| unreadable(self.row))
    }

    /// Adds, changes or ends a person.
    fn person(&self, people: &mut Vec<Person>) -> Result<(), CommitFault> {
        let handle = self.row.subject.parse().map_err(|_| unreadable(self.row))?;
        let kind: String = self.needed("kind")?;
        let known = people.iter_mut().find(|person| person.handle == handle);
        match (kind.as_str(), known) {
            ("added", None) => people.push(Person {
                handle,
                party: self.needed("party")?,
                name: self.needed("name")?,
                email: self.member("email")?,
                ssh_key: self.member("ssh_key")?,
                since: self.row.at,
                until: None,
            }),
            ("changed", Some(person)) => {
                if let Some(name) = self.member("name")? {
                    person.name = name;
                }
                person.email = self.member("email")?.or(person.email.take());
                person.ssh_key = self.member("ssh_key")?.or(person.ssh_key.take());
            }
            ("left", Some(person)) => person.until = Some(self.row.at),
            _ => return Err(unreadable(self.row)),
        }
        Ok(())
    }

    /// Adds, changes or ends a service provider.
    fn provider(&self, providers: &mut Vec<ServiceProvider>) -> Result<(), CommitFault> {
        let id = self.row.subject.parse().map_err(|_| unreadable(self.row))?;
        let kind: String = self.needed("kind")?;
        let known = providers.iter_mut().find(|one| one.id == id);
        let document = self.change.artifacts.first().map(records::sealed);
        match (kind.as_str(), known) {
            ("added", known) => {
                let added = ServiceProvider {
                    leaf: self.row.leaf,
                    id,
                    name: self.needed("name")?,
                    service: self.needed("service")?,
                    managed_by: self.needed("managed_by")?,
                    cloud: self.member("cloud")?.unwrap_or_default(),
                    handles: self.member("handles")?.unwrap_or_default(),
                    agreement_on: self.member("agreement_on")?,
                    checked_on: self.member("checked_on")?,
                    document,
                    document_until: self.member("document_until")?,
                    responsibilities: self.member("responsibilities")?,
                    by: signatory(&self.change.by)?,
                    at: self.row.at,
                    removed: None,
                };
                match known {
                    Some(known) => *known = added,
                    None => providers.push(added),
                }
            }
            ("changed", Some(known)) => {
                known.name = self.member("name")?.unwrap_or_else(|| known.name.clone());
                known.service = self.member("service")?.unwrap_or_else(|| known.service.clone());
                known.managed_by = self.member("managed_by")?.unwrap_or(known.managed_by);
                known.cloud = self.member("cloud")?.unwrap_or(known.cloud);
                known.handles = self.member("handles")?.unwrap_or_else(|| known.handles.clone());
                known.agreement_on = self.member("agreement_on")?.or(known.agreement_on);
                known.checked_on = self.member("checked_on")?.or(known.checked_on);
                if document.is_some() {
                    // A new document has an end of its own, or none.
                    known.document = document;
                    known.document_until = self.member("document_until")?;
                }
                known.responsibilities = self.member("responsibilities")?.or(known.responsibilities.take());
                (known.leaf, known.by, known.at) = (self.row.leaf, signatory(&self.change.by)?, self.row.at);
            }
            ("removed", Some(known)) => {
                known.removed = Some(self.row.at);
                (known.leaf, known.by, known.at) = (self.row.leaf, signatory(&self.change.by)?, self.row.at);
            }
            _ => return Err(unreadable(self.row)),
        }
        Ok(())
    }

    fn scope(&self) -> Result<ScopeDecision, CommitFault> {
        Ok(ScopeDecision {
            leaf: self.row.leaf,
            framework: self.needed("framework")?,
            target: self.needed("target")?,
            resource: self.member("resource")?,
            category: self.needed("category")?,
            because: self.needed("because")?,
            by: signatory(&self.change.by)?,
            at: self.row.at,
        })
    }

    fn questionnaire(&self) -> Result<QuestionnaireChoice, CommitFault> {
        Ok(QuestionnaireChoice {
            leaf: self.row.leaf,
            framework: self.row.subject.parse().map_err(|_| unreadable(self.row))?,
            questionnaire: self.member("questionnaire")?,
            because: self.member("because")?.unwrap_or_default(),
            by: signatory(&self.change.by)?,
            at: self.row.at,
        })
    }

    fn organization(&self) -> Result<OrganizationChange, CommitFault> {
        Ok(OrganizationChange {
            leaf: self.row.leaf,
            name: self.member("name")?,
            time_zone: self.member("time_zone")?,
            frameworks: self.member("frameworks")?,
            because: self.needed("because")?,
            by: signatory(&self.change.by)?,
            at: self.row.at,
        })
    }

    fn settings(&self) -> Result<SettingsChange, CommitFault> {
        let settings = self.change.artifacts.iter().find(|artifact| artifact.name == records::SETTINGS);
        Ok(SettingsChange {
            leaf: self.row.leaf,
            settings: settings.map(records::sealed).ok_or_else(|| unreadable(self.row))?,
            because: self.needed("because")?,
            by: signatory(&self.change.by)?,
            at: self.row.at,
        })
    }

    fn disconnection(&self) -> Result<Disconnection, CommitFault> {
        Ok(Disconnection {
            leaf: self.row.leaf,
            source: self.needed("source")?,
            target: self.row.subject.clone(),
            connected_at: self.needed("connected_at")?,
            because: self.needed("because")?,
            by: signatory(&self.change.by)?,
            at: self.row.at,
        })
    }

    fn assignment(&self) -> Result<Assignment, CommitFault> {
        Ok(Assignment {
            leaf: self.row.leaf,
            gap: self.row.subject.parse().map_err(|_| unreadable(self.row))?,
            party: self.member("party")?,
            person: self.member("person")?,
            due_on: self.member("due_on")?,
            by: signatory(&self.change.by)?,
            at: self.row.at,
        })
    }

    fn note(&self) -> Result<GapNote, CommitFault> {
        Ok(GapNote {
            leaf: self.row.leaf,
            gap: self.row.subject.parse().map_err(|_| unreadable(self.row))?,
            text: self.change.change.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
            by: signatory(&self.change.by)?,
            at: self.row.at,
        })
    }
}
