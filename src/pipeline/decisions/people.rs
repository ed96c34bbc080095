//! People come, change and go. What they signed stays theirs.

use serde_json::{Value, json};

use super::{DecisionFault, Draft, GAP_ASSIGNMENT, PERSON, acting_if_named, actor, change, decide, decide_one, text};
use crate::app::App;
use crate::model::decision::Decisions;
use crate::model::id::PersonHandle;
use crate::model::organization::Organization;
use crate::model::person::Person;
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;
use crate::pipeline::ssh_signature::check_key;
use crate::store::OrgScope;

/// Longest name or address, in characters.
const LONGEST_NAME: usize = 200;
/// Longest public key, in bytes; the largest that are in use have less than 2,000.
const LONGEST_KEY: usize = 8000;

/// A person as they are asked to be added.
#[derive(Debug, Clone)]
pub struct PersonRequest {
    pub handle: PersonHandle,
    pub party: Party,
    pub name: String,
    pub email: Option<String>,
    /// Public key as OpenSSH writes it.
    pub ssh_key: Option<String>,
    /// Who adds them; none: whoever runs the command.
    pub by: Option<PersonHandle>,
}

/// What changes about a person; none stays as it is.
#[derive(Debug, Clone, Default)]
pub struct PersonChanges {
    pub name: Option<String>,
    pub email: Option<String>,
    pub ssh_key: Option<String>,
}

/// Adds a person. Returns the leaf of the record.
pub async fn add(app: &App, organization: &Organization, request: PersonRequest) -> Result<u64, DecisionFault> {
    if request.party == Party::Vendor {
        return Err(DecisionFault::NoPeopleOf(Party::Vendor.title()));
    }
    let mut said = vec![
        ("kind", json!("added")),
        ("party", json!(request.party)),
        ("name", json!(text("a name", &request.name, LONGEST_NAME)?)),
    ];
    said.extend(contact(request.email.as_deref(), request.ssh_key.as_deref())?);
    let decided = decide_one(app, organization, async |scope, decisions, now| {
        if decisions.person(&request.handle).is_some() {
            return Err(DecisionFault::HandleTaken(request.handle.clone()));
        }
        draft(scope, decisions, request.by.as_ref(), &request.handle, said.clone(), now)
    });
    decided.await
}

/// Changes what is known of a person. Returns the leaf of the record.
pub async fn alter(
    app: &App,
    organization: &Organization,
    handle: &PersonHandle,
    changes: PersonChanges,
    by: Option<&PersonHandle>,
) -> Result<u64, DecisionFault> {
    let mut said = vec![("kind", json!("changed"))];
    if let Some(name) = &changes.name {
        said.push(("name", json!(text("a name", name, LONGEST_NAME)?)));
    }
    said.extend(contact(changes.email.as_deref(), changes.ssh_key.as_deref())?);
    let decided = decide_one(app, organization, async |scope, decisions, now| {
        actor(decisions, handle, now)?;
        draft(scope, decisions, by, handle, said.clone(), now)
    });
    decided.await
}

/// Notes that a person left, and hands everything that is assigned to them to somebody else, if one is named. Returns how
/// many gaps were handed on.
pub async fn leave(
    app: &App,
    organization: &Organization,
    handle: &PersonHandle,
    hand_to: Option<&PersonHandle>,
    by: Option<&PersonHandle>,
) -> Result<usize, DecisionFault> {
    let leaves = decide(app, organization, async |scope, decisions, now| {
        let leaver = actor(decisions, handle, now)?;
        let mut drafts = vec![draft(scope, decisions, by, handle, vec![("kind", json!("left"))], now)?];
        if let Some(heir) = hand_to {
            let heir = actor(decisions, heir, now)?;
            drafts.extend(handed_on(scope, decisions, by, &leaver, &heir, now)?);
        }
        Ok(drafts)
    });
    Ok(leaves.await?.len().saturating_sub(1))
}

fn handed_on(
    scope: &OrgScope,
    decisions: &Decisions,
    by: Option<&PersonHandle>,
    leaver: &Person,
    heir: &Person,
    now: Timestamp,
) -> Result<Vec<Draft>, DecisionFault> {
    let mut drafts = Vec::new();
    for (position, assigned) in decisions.assignments.iter().enumerate() {
        let is_newest = !decisions.assignments.iter().skip(position + 1).any(|later| later.gap == assigned.gap);
        if !is_newest || assigned.person.as_ref() != Some(&leaver.handle) {
            continue;
        }
        let mut said = vec![("person", json!(heir.handle)), ("party", json!(heir.party))];
        said.extend(assigned.due_on.map(|due| ("due_on", json!(due))));
        let by = acting_if_named(decisions, by, now)?;
        drafts.push(change(scope, by, now, (GAP_ASSIGNMENT, assigned.gap.to_string()), said)?);
    }
    Ok(drafts)
}

fn draft(
    scope: &OrgScope,
    decisions: &Decisions,
    by: Option<&PersonHandle>,
    handle: &PersonHandle,
    said: Vec<(&'static str, Value)>,
    now: Timestamp,
) -> Result<Draft, DecisionFault> {
    let by = acting_if_named(decisions, by, now)?;
    Ok(change(scope, by, now, (PERSON, handle.to_string()), said)?)
}

fn contact(email: Option<&str>, ssh_key: Option<&str>) -> Result<Vec<(&'static str, Value)>, DecisionFault> {
    let mut said = Vec::new();
    if let Some(email) = email {
        said.push(("email", json!(text("an address", email, LONGEST_NAME)?)));
    }
    if let Some(key) = ssh_key {
        said.push(("ssh_key", json!(public_key(key)?)));
    }
    Ok(said)
}

/// Type and bytes of a public key; its comment, which may name a machine, is left out.
fn public_key(line: &str) -> Result<String, DecisionFault> {
    let shown = || DecisionFault::NotAKey(line.chars().take(60).collect());
    if line.len() > LONGEST_KEY || check_key(line).is_err() {
        return Err(shown());
    }
    let mut words = line.split_ascii_whitespace();
    let (kind, bytes) = words.next().zip(words.next()).ok_or_else(shown)?;
    Ok(format!("{kind} {bytes}"))
}

#[cfg(test)]
mod tests {
    use super::public_key;

    #[test]
    fn a_key_is_kept_without_its_comment_and_only_if_it_is_one() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH5Jb1Yx0AQF1D3nTGvZwTvrIbZ0nq8ARZCv5nC5ZVbH";
        assert_eq!(public_key(&format!("{key} somebody@laptop\n")).unwrap(), key);
        for wrong in [
            "",
            "ssh-ed25519",
            "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIH5Jb1Yx",
            "ssh-ed25519 ****",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
        ] {
            assert!(public_key(wrong).is_err(), "{wrong:?}");
        }
    }
}
