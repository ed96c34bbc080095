//! What a run did not see, as advice: what happened, what to do next, who can do it, and which controls stay unknown
//! until then. What has one cause is told once. Pure.
//!
//! Start with [`advice`]; [`leaves_unknown`] answers for one dataset.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::data::dataset_title;
use crate::catalog::Catalog;
use crate::catalog::check::{CheckDefinition, Requirement, UnlicensedMeaning};
use crate::catalog::collector::CollectorDefinition;
use crate::model::evidence::{CollectionOutcome, Source, was_ended_early};
use crate::model::gap::ControlRef;
use crate::model::id::{ControlId, DatasetId, FrameworkId};

/// Controls by framework, in the framework's own order; frameworks without any are left out.
pub type Controls = BTreeMap<FrameworkId, Vec<ControlId>>;

/// A dataset of a target that was not seen whole.
#[derive(Debug, Clone, Copy)]
pub struct Missed<'a> {
    pub dataset: &'a DatasetId,
    pub target: &'a str,
    pub outcome: CollectionOutcome,
    pub reason: &'a str,
}

/// What advice is given with.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub catalog: &'a Catalog,
    /// The organization's.
    pub frameworks: &'a [FrameworkId],
    pub organization: &'a str,
    /// By target: the page on which an administrator gives consent.
    pub consent_links: &'a BTreeMap<String, String>,
}

/// One cause, everything it kept from being seen, and what helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    pub target: String,
    pub outcome: CollectionOutcome,
    /// What happened, one sentence.
    pub what: String,
    pub datasets: Vec<DatasetId>,
    /// The same for people.
    pub titles: Vec<String>,
    /// Permissions that are missing.
    pub permissions: Vec<String>,
    /// One sentence.
    pub next: String,
    /// Where to do it.
    pub link: Option<String>,
    /// Who can do it.
    pub who: &'static str,
    pub leaves_unknown: Controls,
    /// Controls about which nothing is shown by what was missed, but a statement about them waits for it.
    pub holds_up: Controls,
}

/// Why something was not seen; what shares a target and a cause is told together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    NoConsent,
    NeedsRoot,
    NoLicence(String),
    EndedEarly,
    SlowDown,
    NotOffered,
    Other(CollectionOutcome, String),
}

/// Advice on everything that was missed, target by target.
#[must_use]
pub fn advice(known: Known<'_>, missed: &[Missed<'_>]) -> Vec<Advice> {
    let mut groups: BTreeMap<(&str, Cause), Vec<&Missed<'_>>> = BTreeMap::new();
    for one in missed {
        groups.entry((one.target, cause(known.catalog, one))).or_default().push(one);
    }
    groups.into_iter().map(|((target, cause), concerned)| advise(known, target, &cause, &concerned, missed)).collect()
}

/// The controls that cannot be judged without this dataset of this target, given all else that was missed of it.
#[must_use]
pub fn leaves_unknown(known: Known<'_>, one: &Missed<'_>, missed: &[Missed<'_>]) -> Controls {
    controls(known, &[one], missed)
}

fn advise(known: Known<'_>, target: &str, cause: &Cause, concerned: &[&Missed<'_>], missed: &[Missed<'_>]) -> Advice {
    let permissions = match cause {
        Cause::NoConsent => permissions(known.catalog, concerned),
        _ => Vec::new(),
    };
    let first_outcome = concerned.first().map_or(CollectionOutcome::Failed, |one| one.outcome);
    let is_graph = concerned.iter().any(|one| source(known.catalog, one) == Some(Source::Graph));
    let again = format!("countersign collect --org {}", known.organization);
    let (what, next, who) = match cause {
        Cause::NoConsent => (
            format!("{target} refused: {} not been granted.", has("application permission", permissions.len())),
            "Add them to the app registration as application permissions and give admin consent; it takes effect \
             within minutes."
                .to_owned(),
            "an administrator of the tenant (Privileged Role Administrator or Global Administrator)",
        ),
        Cause::NeedsRoot => (
            format!("{target} shows this only to its administrator."),
            "Run the collection as root on that host.".to_owned(),
            "whoever administers the host",
        ),
        Cause::NoLicence(licence) => (
            format!("{target} has no licence for it{licence}."),
            "Assign the licence, or record how these safeguards are covered without it.".to_owned(),
            "whoever buys licences for the tenant",
        ),
        Cause::EndedEarly => (
            format!("The run was ended before {target} was read to the end."),
            format!("Let a run go to its end: {again}. What was known before counts until it is too old."),
            "whoever runs Countersign",
        ),
        Cause::SlowDown => (
            format!("{target} kept asking to slow down until the time was over."),
            format!("Collect again later: {again}; if it stays so, collect less at once (collect.datasets_at_once)."),
            "whoever runs Countersign",
        ),
        Cause::NotOffered => (
            format!("{target} is of a kind that does not offer it."),
            "Nothing can be collected; answer these controls by hand.".to_owned(),
            "whoever answers for these controls",
        ),
        Cause::Other(CollectionOutcome::Unreachable, reason) => (
            format!("{target} gave no answer: {}", sentence(reason)),
            format!("See that it can be reached from here, then collect again: {again}."),
            "whoever runs Countersign and its network",
        ),
        Cause::Other(CollectionOutcome::Denied, reason) => (
            format!("{target} refused: {}", sentence(reason)),
            format!("Mend that, then collect again: {again}."),
            if is_graph { "an administrator of the tenant" } else { "whoever administers the host" },
        ),
        Cause::Other(CollectionOutcome::Partial, reason) => (
            format!("{target} was seen in part: {}", sentence(reason)),
            format!("Mend that, then collect again: {again}. What was seen counts, what was not is unknown."),
            "whoever runs Countersign",
        ),
        Cause::Other(_, reason) => (
            format!("{target} could not be read: {}", sentence(reason)),
            format!("Mend that, then collect again: {again}."),
            if is_graph { "whoever runs Countersign" } else { "whoever administers the host" },
        ),
    };
    let leaves_unknown = controls(known, concerned, missed);
    Advice {
        target: target.to_owned(),
        outcome: first_outcome,
        what,
        datasets: concerned.iter().map(|one| one.dataset.clone()).collect(),
        titles: concerned.iter().map(|one| dataset_title(known.catalog, one.dataset)).collect(),
        link: known.consent_links.get(target).filter(|_| *cause == Cause::NoConsent).cloned(),
        permissions,
        next,
        who,
        holds_up: only_supported(known, concerned, missed, &leaves_unknown),
        leaves_unknown,
    }
}

fn cause(catalog: &Catalog, one: &Missed<'_>) -> Cause {
    let definition = catalog.collectors.get(one.dataset);
    let is_host = definition.is_some_and(|definition| definition.source == Source::Host);
    match one.outcome {
        outcome if was_ended_early(outcome, one.reason) => Cause::EndedEarly,
        CollectionOutcome::Denied if !lacking(catalog, one).is_empty() => Cause::NoConsent,
        CollectionOutcome::Denied | CollectionOutcome::Partial if is_host && one.reason.contains("root") => {
            Cause::NeedsRoot
        }
        CollectionOutcome::Unlicensed => {
            let licence = definition.and_then(|definition| definition.licence.as_deref());
            Cause::NoLicence(licence.map(|licence| format!(" ({licence})")).unwrap_or_default())
        }
        CollectionOutcome::Throttled => Cause::SlowDown,
        CollectionOutcome::NotOffered => Cause::NotOffered,
        outcome => Cause::Other(outcome, one.reason.to_owned()),
    }
}

fn permissions(catalog: &Catalog, concerned: &[&Missed<'_>]) -> Vec<String> {
    let named = concerned.iter().flat_map(|one| lacking(catalog, one));
    named.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The permissions of its collector that the reason of a refusal names.
fn lacking<'a>(catalog: &'a Catalog, one: &Missed<'_>) -> Vec<&'a str> {
    let definition = catalog.collectors.get(one.dataset).into_iter();
    definition.flat_map(CollectorDefinition::permissions).filter(|permission| one.reason.contains(permission)).collect()
}

fn source(catalog: &Catalog, one: &Missed<'_>) -> Option<Source> {
    catalog.collectors.get(one.dataset).map(|definition| definition.source)
}

/// The controls that checks prove, wholly or in part, that cannot do without one of these.
fn controls(known: Known<'_>, concerned: &[&Missed<'_>], missed: &[Missed<'_>]) -> Controls {
    in_order(known, waiting(known, concerned, missed).flat_map(|check| known.catalog.controls_proved_by(&check.id)))
}

/// The controls that such checks only support: a statement about one does not count until they are seen, or it names them.
fn only_supported(known: Known<'_>, concerned: &[&Missed<'_>], missed: &[Missed<'_>], proved: &Controls) -> Controls {
    let all = waiting(known, concerned, missed).flat_map(|check| known.catalog.controls_of_check(&check.id));
    let is_proved =
        |held: &&ControlRef| proved.get(&held.framework).is_some_and(|controls| controls.contains(&held.control));
    in_order(known, all.filter(|held| !is_proved(held)))
}

/// The checks that cannot do without one of these.
fn waiting<'a>(
    known: Known<'a>,
    concerned: &'a [&'a Missed<'a>],
    missed: &'a [Missed<'a>],
) -> impl Iterator<Item = &'a CheckDefinition> {
    let waits = move |check: &&CheckDefinition| concerned.iter().any(|one| waits_for(check, one, missed));
    known.catalog.checks.values().filter(waits)
}

fn in_order<'a>(known: Known<'a>, held: impl Iterator<Item = &'a ControlRef>) -> Controls {
    let held: BTreeSet<(&FrameworkId, &ControlId)> = held.map(|held| (&held.framework, &held.control)).collect();
    let of = |id: &FrameworkId| {
        let framework = known.catalog.frameworks.get(id)?;
        let held = framework.controls.iter().filter(|control| held.contains(&(id, &control.id)));
        let held: Vec<ControlId> = held.map(|control| control.id.clone()).collect();
        (!held.is_empty()).then(|| (id.clone(), held))
    };
    known.frameworks.iter().filter_map(of).collect()
}

/// Whether a check is unknown because of this one. Where any of several datasets is enough, all of them must be missing.
fn waits_for(check: &CheckDefinition, one: &Missed<'_>, missed: &[Missed<'_>]) -> bool {
    let is_missed =
        |dataset: &DatasetId| missed.iter().any(|other| other.target == one.target && other.dataset == dataset);
    let decides_without = one.outcome == CollectionOutcome::Unlicensed
        && check.metadata.unlicensed.get(one.dataset) == Some(&UnlicensedMeaning::FeatureAbsent);
    !decides_without
        && check.metadata.requires.iter().any(|requirement| match requirement {
            Requirement::One(dataset) => dataset == one.dataset,
            Requirement::AnyOf { any_of } => any_of.contains(one.dataset) && any_of.iter().all(is_missed),
        })
}

/// `an application permission has`, `3 application permissions have`.
fn has(one: &str, many: usize) -> String {
    if many == 1 { format!("an {one} has") } else { format!("{many} {one}s have") }
}

/// A reason as the end of a sentence.
fn sentence(reason: &str) -> String {
    let reason = reason.trim();
    if reason.ends_with(['.', '!', '?']) { reason.to_owned() } else { format!("{reason}.") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Advice, Known, Missed, advice, leaves_unknown};
    use crate::catalog::Catalog;
    use crate::model::evidence::{CollectionOutcome, ENDED_EARLY};
    use crate::model::id::{DatasetId, FrameworkId};

    const TENANT: &str = "pinehill.example";

    /// Advice of an organization under two frameworks on datasets of its tenant.
    fn advise(catalog: &Catalog, missed: &[(&str, CollectionOutcome, &str)]) -> Vec<Advice> {
        let ids: Vec<DatasetId> = missed.iter().map(|(id, ..)| id.parse().unwrap()).collect();
        let missed: Vec<Missed<'_>> = ids
            .iter()
            .zip(missed)
            .map(|(dataset, (_, outcome, reason))| Missed { dataset, target: TENANT, outcome: *outcome, reason })
            .collect();
        let links = BTreeMap::from([(TENANT.to_owned(), "https://login.example/consent".to_owned())]);
        let known =
            Known { catalog, frameworks: &frameworks(), organization: "pine-hill-clinic", consent_links: &links };
        advice(known, &missed)
    }

    fn frameworks() -> [FrameworkId; 2] {
        ["hipaa-security".parse().unwrap(), "cmmc-l2".parse().unwrap()]
    }

    #[test]
    fn datasets_refused_for_want_of_consent_are_one_paragraph_with_the_permissions_and_the_link() {
        let catalog = Catalog::embedded().unwrap();
        let denied = CollectionOutcome::Denied;
        let all = advise(
            &catalog,
            &[
                ("m365/security_defaults", denied, "the permission Policy.Read.All has not been granted (403)"),
                ("m365/conditional_access_policies", denied, "the permission Policy.Read.All has not been granted"),
                ("m365/role_assignments", denied, "RoleManagement.Read.Directory has not been granted (status 403)"),
            ],
        );
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        assert_eq!(one.datasets.len(), 3);
        assert_eq!(one.permissions, ["Policy.Read.All", "RoleManagement.Read.Directory"]);
        assert_eq!(one.link.as_deref(), Some("https://login.example/consent"));
        assert!(one.what.contains("2 application permissions have not been granted"), "{}", one.what);
        assert!(one.who.contains("administrator of the tenant"), "{}", one.who);
        let [hipaa, cmmc] = frameworks().map(|id| one.leaves_unknown.get(&id));
        assert!(cmmc.is_some_and(|held| held.iter().any(|control| control.as_str() == "IA.L2-3.5.3")), "{cmmc:#?}");
        assert_eq!(hipaa, None, "there these datasets only support");
        let held_up = one.holds_up.get(&frameworks()[0]);
        assert!(
            held_up.is_some_and(|held| held.iter().any(|one| one.as_str() == "164.308(a)(3)(ii)(C)")),
            "{held_up:#?}"
        );
        let both = |id, controls: &Vec<_>| {
            one.holds_up.get(id).is_some_and(|held| held.iter().any(|one| controls.contains(one)))
        };
        assert!(!one.leaves_unknown.iter().any(|(id, controls)| both(id, controls)), "a control is named twice");
    }

    #[test]
    fn every_cause_says_what_to_do_and_who_can_do_it() {
        let catalog = Catalog::embedded().unwrap();
        let early = format!("{ENDED_EARLY} before this was asked for.");
        for (outcome, reason, next) in [
            (CollectionOutcome::Partial, "some pages are missing", "collect --org pine-hill-clinic"),
            (CollectionOutcome::Denied, "no sign-in: the secret has expired (AADSTS7000222)", "Mend that"),
            (CollectionOutcome::Unlicensed, "no licence", "record how"),
            (CollectionOutcome::NotOffered, "not in this cloud", "by hand"),
            (CollectionOutcome::Unreachable, "no answer", "reached from here"),
            (CollectionOutcome::Throttled, "asked to slow down", "again later"),
            (CollectionOutcome::Failed, "the answer is no JSON", "Mend that"),
            (CollectionOutcome::Failed, early.as_str(), "go to its end"),
        ] {
            let all = advise(&catalog, &[("m365/users", outcome, reason)]);
            let [one] = all.as_slice() else { panic!("{all:#?}") };
            assert!(one.next.contains(next), "{reason}: {}", one.next);
            assert!(one.what.contains(TENANT) && one.what.ends_with('.'), "{reason}: {}", one.what);
            assert!(!one.who.is_empty() && one.link.is_none() && one.permissions.is_empty(), "{reason}");
        }
    }

    #[test]
    fn what_has_different_causes_is_told_apart_and_what_has_one_together() {
        let catalog = Catalog::embedded().unwrap();
        let (failed, unreachable) = (CollectionOutcome::Failed, CollectionOutcome::Unreachable);
        let all = advise(
            &catalog,
            &[
                ("m365/users", unreachable, "no answer"),
                ("m365/domains", unreachable, "no answer"),
                ("m365/groups", failed, "the answer is no JSON"),
            ],
        );
        let mut sizes: Vec<usize> = all.iter().map(|one| one.datasets.len()).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 2]);
    }

    #[test]
    fn only_controls_of_checks_that_cannot_do_without_a_dataset_are_unknown() {
        let catalog = Catalog::embedded().unwrap();
        let links = BTreeMap::new();
        let frameworks = frameworks();
        let known = Known { catalog: &catalog, frameworks: &frameworks, organization: "x", consent_links: &links };
        for check in catalog.checks.values() {
            for dataset in check.datasets() {
                let one = Missed { dataset, target: TENANT, outcome: CollectionOutcome::Denied, reason: "no" };
                let unknown = leaves_unknown(known, &one, &[one]);
                let requires =
                    check.metadata.requires.iter().any(|one| *one == super::Requirement::One(dataset.clone()));
                for held in catalog.controls_proved_by(&check.id).iter().filter(|_| requires) {
                    let listed = unknown.get(&held.framework).is_some_and(|all| all.contains(&held.control));
                    assert_eq!(listed, frameworks.contains(&held.framework), "{} needs {dataset}", check.id);
                }
            }
        }
        let nobody_reads_it: DatasetId = "m365/no_such_thing".parse().unwrap();
        let one = Missed { dataset: &nobody_reads_it, target: TENANT, outcome: CollectionOutcome::Denied, reason: "" };
        assert!(leaves_unknown(known, &one, &[one]).is_empty());
    }
}
