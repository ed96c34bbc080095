use countersign_seal::digest::Digest;
use proptest::prelude::*;

use super::{Act, Meant, PlaceOfDraft, Refusal, decide, place_of_draft};
use crate::model::matrix::{MatrixHistory, MatrixStep};
use crate::model::person::Signatory;
use crate::model::responsibility::MatrixState::{self, Countersigned, Draft, Proposed, ProposedByTemplate, Superseded};
use crate::model::responsibility::MatrixState::{Rejected, Withdrawn};
use crate::model::responsibility::Party::{self, Internal, Provider, Vendor};

fn step(state: MatrixState, party: Party, leaf: u64) -> MatrixStep {
    let by = Signatory { party: Some(party), name: format!("Somebody of {}", party.as_str()), handle: None };
    MatrixStep { state, by, at: format!("2026-03-02T09:00:{:02}Z", leaf % 60).parse().unwrap(), leaf }
}

fn digest(version: u32) -> Digest {
    Digest::of(&version.to_be_bytes())
}

fn version(version: u32, steps: &[(MatrixState, Party)]) -> MatrixHistory {
    let steps: Vec<MatrixStep> =
        steps.iter().zip(0..).map(|((state, party), leaf)| step(*state, *party, leaf)).collect();
    MatrixHistory {
        framework: "f".parse().unwrap(),
        version,
        digest: digest(version),
        created_at: steps[0].at,
        leaf: 0,
        steps,
    }
}

fn template() -> MatrixHistory {
    version(1, &[(ProposedByTemplate, Provider)])
}

fn said(refused: Result<impl std::fmt::Debug, Refusal>) -> String {
    refused.unwrap_err().to_string()
}

#[test]
fn what_one_party_proposed_only_the_other_accepts_and_the_split_before_is_superseded() {
    let versions = [
        version(1, &[(ProposedByTemplate, Provider), (Proposed, Internal), (Countersigned, Provider)]),
        version(2, &[(Draft, Internal), (Proposed, Internal)]),
    ];
    let accepted = decide(&versions, Act::Accept, Meant::default(), Provider).unwrap();
    assert_eq!((accepted.version, accepted.supersedes), (2, vec![1]));
    let own = said(decide(&versions, Act::Accept, Meant::default(), Internal));
    assert!(own.contains("proposed by Internal IT itself") && own.contains("other party"), "{own}");
    assert!(said(decide(&versions, Act::Reject, Meant::default(), Internal)).contains("other party"));
    assert_eq!(decide(&versions, Act::Reject, Meant::default(), Provider).unwrap().supersedes, Vec::<u32>::new());
    assert!(said(decide(&versions, Act::Withdraw, Meant::default(), Provider)).contains("not withdrawn"));
    decide(&versions, Act::Withdraw, Meant::default(), Internal).unwrap();
    for act in [Act::Propose, Act::Accept, Act::Reject, Act::Withdraw] {
        assert_eq!(decide(&versions, act, Meant::default(), Vendor), Err(Refusal::Vendor));
    }
    assert_eq!(place_of_draft(&versions, Vendor), Err(Refusal::Vendor));
}

#[test]
fn whoever_read_a_version_that_is_no_longer_open_is_told_what_happened_and_what_is_open_now() {
    let versions = [
        template(),
        version(2, &[(Draft, Provider), (Proposed, Provider), (Withdrawn, Provider)]),
        version(3, &[(Draft, Provider), (Proposed, Provider)]),
    ];
    let read = |number: u32| Meant { version: None, digest: Some(digest(number)) };
    let moved = said(decide(&versions, Act::Accept, read(2), Internal));
    assert!(moved.starts_with("version 2 was withdrawn on 2026-03-02 09:00 UTC"), "{moved}");
    assert!(moved.contains("; version 3 is proposed, since"), "{moved}");
    assert_eq!(decide(&versions, Act::Accept, read(3), Internal).unwrap().version, 3);
    assert!(said(decide(&versions, Act::Accept, read(9), Internal)).contains("no version has that digest"));
    let both = Meant { version: Some(3), digest: Some(digest(2)) };
    assert!(matches!(decide(&versions, Act::Accept, both, Internal), Err(Refusal::TwoVersions { .. })));
    let none = Meant { version: Some(7), digest: None };
    assert_eq!(decide(&versions, Act::Accept, none, Internal), Err(Refusal::NoSuchVersion(7, 3)));
}

#[test]
fn only_what_is_open_can_be_acted_on() {
    for last in [Countersigned, Superseded, Rejected, Withdrawn, Draft] {
        let versions = [template(), version(2, &[(Draft, Provider), (Proposed, Provider), (last, Internal)])];
        for meant in [Meant::default(), Meant { version: Some(2), digest: None }] {
            assert!(decide(&versions, Act::Accept, meant, Internal).is_err(), "{last:?}");
            assert!(decide(&versions, Act::Reject, meant, Internal).is_err(), "{last:?}");
        }
    }
    let versions = [template(), version(2, &[(Draft, Provider)])];
    // A draft belongs to both: either proposes or withdraws it.
    for party in [Provider, Internal] {
        assert_eq!(decide(&versions, Act::Propose, Meant::default(), party).unwrap().version, 2);
        assert_eq!(decide(&versions, Act::Withdraw, Meant::default(), party).unwrap().version, 2);
    }
    // The template can be proposed as it is, until something came after it.
    assert_eq!(decide(&[template()], Act::Propose, Meant::default(), Provider).unwrap().version, 1);
    let first = Meant { version: Some(1), digest: None };
    assert!(decide(&versions, Act::Propose, first, Provider).is_err());
    assert!(said(decide(&[], Act::Propose, Meant::default(), Provider)).contains("make a draft"));
}

#[test]
fn a_draft_takes_the_place_of_a_draft_and_never_of_a_proposal() {
    let drafted = [template(), version(2, &[(Draft, Provider)])];
    assert_eq!(place_of_draft(&drafted, Internal), Ok(PlaceOfDraft { version: 3, replaces: Some(2) }));
    let proposed = [template(), version(2, &[(Draft, Provider), (Proposed, Provider)])];
    let refused = said(place_of_draft(&proposed, Provider));
    assert!(
        refused.contains("version 2 is proposed") && refused.contains("withdrawn, rejected or accepted"),
        "{refused}"
    );
    assert_eq!(place_of_draft(&[], Provider), Ok(PlaceOfDraft { version: 1, replaces: None }));
}

/// Something a person tries.
#[derive(Debug, Clone, Copy)]
enum Try {
    Draft,
    Act(Act),
}

fn tries() -> impl Strategy<Value = Vec<(Try, bool, Option<u32>)>> {
    let one = prop_oneof![
        2 => Just(Try::Draft),
        2 => Just(Try::Act(Act::Propose)),
        2 => Just(Try::Act(Act::Accept)),
        1 => Just(Try::Act(Act::Reject)),
        1 => Just(Try::Act(Act::Withdraw)),
    ];
    proptest::collection::vec((one, any::<bool>(), proptest::option::weighted(0.3, 1_u32..6)), 1..40)
}

proptest! {
    /// Whatever people try in whatever order: at most one version is open, at most one is in force, and each accepted
    /// one was proposed by one party and accepted by the other.
    #[test]
    fn no_order_of_steps_puts_a_split_in_force_that_one_party_alone_signed(tries in tries()) {
        let mut versions = vec![template()];
        for ((what, provider, named), leaf) in tries.into_iter().zip(1..) {
            let party = if provider { Provider } else { Internal };
            match what {
                Try::Draft => if let Ok(place) = place_of_draft(&versions, party) {
                    if let Some(replaced) = place.replaces {
                        versions[replaced as usize - 1].steps.push(step(Withdrawn, party, leaf));
                    }
                    versions.push(version(place.version, &[(Draft, party)]));
                },
                Try::Act(act) => {
                    let meant = Meant { version: named, digest: None };
                    if let Ok(decided) = decide(&versions, act, meant, party) {
                        versions[decided.version as usize - 1].steps.push(step(act.brings(), party, leaf));
                        for old in decided.supersedes {
                            versions[old as usize - 1].steps.push(step(Superseded, party, leaf));
                        }
                    }
                }
            }
            prop_assert!(versions.iter().filter(|one| one.is_pending()).count() <= 1);
            prop_assert!(versions.iter().filter(|one| one.state() == Countersigned).count() <= 1);
            for one in versions.iter().filter(|one| one.step(Countersigned).is_some()) {
                let signed = [Proposed, Countersigned].map(|state| one.step(state).unwrap().by.party);
                prop_assert_ne!(signed[0], signed[1]);
            }
        }
    }
}
