//! Invented data for tests: a fictional clinic, a fictional framework and a few fictional checks.
//!
//! Longer than other files because it is one story told in order: a control in every situation a report can meet.

use std::collections::BTreeMap;

use countersign_seal::digest::Digest;
use uuid::Uuid;

use super::data::LedgerHead;
use super::matrix::{MatrixInput, MatrixReport, matrix};
use super::readiness::{ReadinessInput, ReadinessReport, readiness};
use crate::assess::verdict::{Known, Verdict};
use crate::catalog::Catalog;
use crate::catalog::check::{CheckDefinition, CheckMetadata, RegoModule, Requirement, Severity};
use crate::catalog::collector::CollectorDefinition;
use crate::catalog::form::sealed::ReadBack;
use crate::catalog::framework::{Control, Framework, Objective};
use crate::model::control::{Bearing, ControlState, ControlStatus, ObjectiveStatus, Proof};
use crate::model::days::LocalDays;
use crate::model::decision::Decisions;
use crate::model::evidence::{CollectionOutcome, SealedArtifact, SealedEvidence, Source};
use crate::model::finding::FindingOutcome;
use crate::model::gap::{ControlRef, EvidenceRequest, Gap, GapState};
use crate::model::id::{ControlId, FrameworkId, GapId, OrgId, RequestId, RunId};
use crate::model::matrix::MatrixHistory;
use crate::model::organization::Organization;
use crate::model::person::Person;
use crate::model::responsibility::{
    EngagementModel, MatrixState, Party, Responsibility, ResponsibilityKind, ResponsibilityMatrix,
};
use crate::model::time::Timestamp;

/// Put into every name: markup, right-to-left text with an override, emoji.
pub const HOSTILE: &str = "<script>alert('x')</script> עברית \u{202E}txt.exe 🦷 \"&";

/// Everything a report needs, owned.
pub struct Sample {
    pub organization: Organization,
    pub framework: Framework,
    pub catalog: Catalog,
    pub statuses: Vec<ControlStatus>,
    pub matrix: ResponsibilityMatrix,
    pub matrix_state: MatrixState,
    pub versions: Vec<MatrixHistory>,
    pub people: Vec<Person>,
    pub gaps: Vec<Gap>,
    pub requests: Vec<EvidenceRequest>,
    pub decisions: Decisions,
    pub read_back: BTreeMap<u64, ReadBack>,
    pub evidence: Vec<SealedEvidence>,
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

pub fn head() -> LedgerHead {
    LedgerHead { origin: "countersign.example/pine-hill-clinic".into(), size: 14, root: Digest::of(b"root") }
}

fn control(number: &str, title: &str, family: &str, parent: Option<&str>, parts: &[&str]) -> Control {
    Control {
        id: number.parse().unwrap(),
        aliases: Vec::new(),
        title: title.into(),
        family: family.into(),
        parent: parent.map(|parent| parent.parse().unwrap()),
        assessable: true,
        objectives: parts
            .iter()
            .enumerate()
            .map(|(at, title)| Objective {
                id: format!("{number}[{}]", char::from(b'a' + u8::try_from(at).unwrap())).parse().unwrap(),
                title: (*title).into(),
            })
            .collect(),
        facts: BTreeMap::new(),
        guidance: None,
        official: None,
    }
}

fn check(name: &str, title: &str, datasets: &[&str], proves: &[(&str, Proof)]) -> CheckDefinition {
    let proves: BTreeMap<String, Proof> = proves.iter().map(|(id, proof)| ((*id).to_owned(), *proof)).collect();
    CheckDefinition {
        id: name.parse().unwrap(),
        title: title.into(),
        description: String::new(),
        references: Vec::new(),
        metadata: CheckMetadata {
            severity: Severity::High,
            requires: datasets.iter().map(|id| Requirement::One(id.parse().unwrap())).collect(),
            uses: Vec::new(),
            optional: BTreeMap::new(),
            unlicensed: BTreeMap::new(),
            proves: BTreeMap::from([(FrameworkId::try_from("pretend-1".to_owned()).unwrap(), proves)]),
            remediation: BTreeMap::new(),
            irrelevant: BTreeMap::new(),
        },
        rego: RegoModule { file: String::new(), text: String::new() },
        cases: Vec::new(),
        digest: Digest::of(name.as_bytes()),
    }
}

fn collector(name: &str, title: &str) -> CollectorDefinition {
    serde_json::from_value(serde_json::json!({
        "id": name, "title": title, "source": "graph", "schedule": "0 6 * * *", "timeout_seconds": 60,
        "max_bytes": 1000, "time_to_live_hours": 48, "parser": "graph-collection/1", "proves": "Something."
    }))
    .unwrap()
}

fn record(leaf: u64, dataset: &str, outcome: CollectionOutcome, reason: &str, at: &str) -> SealedEvidence {
    SealedEvidence {
        leaf,
        record_hash: Digest::of(format!("record {leaf}").as_bytes()),
        run: RunId(id(500)),
        dataset: dataset.parse().unwrap(),
        target: "pinehill.example".into(),
        source: Source::Graph,
        collected_at: time(at),
        outcome,
        reason: reason.into(),
        artifacts: vec![SealedArtifact {
            name: "page-0001.json".into(),
            sha256: Digest::of(format!("page {leaf}").as_bytes()),
            size: 48_213 * (leaf + 1),
            media_type: "application/json".into(),
        }],
    }
}

fn judged(objective: &str, state: ControlState, because: &str, bearings: Vec<Bearing>) -> ObjectiveStatus {
    let because = because.into();
    ObjectiveStatus {
        objective: objective.parse().unwrap(),
        state,
        because,
        bearings,
        attestation: None,
        set_aside: None,
        open_as: None,
    }
}

fn bearing(check: &str, proof: Proof, outcome: FindingOutcome, because: &str, evidence: &[u64]) -> Bearing {
    Bearing {
        check: check.parse().unwrap(),
        target: "pinehill.example".into(),
        proof,
        outcome,
        because: because.into(),
        evidence: evidence.to_vec(),
    }
}

fn owned(
    control: &str,
    kind: ResponsibilityKind,
    accountable: Party,
    provider: &str,
    internal: &str,
) -> Responsibility {
    Responsibility {
        control: control.parse().unwrap(),
        objective: None,
        kind,
        accountable,
        provider_tasks: provider.into(),
        internal_tasks: internal.into(),
        vendor_tasks: None,
        document: None,
        provider_person: None,
        internal_person: None,
        clause: None,
    }
}

impl Sample {
    /// A small framework with one control in every situation.
    #[allow(clippy::too_many_lines, reason = "one story told in order")]
    pub fn new() -> Self {
        use ControlState::{Met, NotApplicable, NotMet, Undetermined};
        let mut controls = vec![
            control("P.1", "Access to patient systems", "Access", None, &[]),
            control("P.1.1", "Sign-in needs a second factor", "Access", Some("P.1"), &[]),
            control("P.1.2", "Old sign-in protocols are off", "Access", Some("P.1"), &[]),
            control(
                "P.1.3",
                "Accounts are reviewed",
                "Access",
                Some("P.1"),
                &["who has access is known", "reviews happen", "leavers are removed"],
            ),
            control("P.2.1", "Devices are encrypted", "Devices", None, &[]),
            control("P.2.2", "Removable media are controlled", "Devices", None, &[]),
            control("P.3.1", "Buildings are locked", "Premises", None, &[]),
        ];
        controls
            .push(Control { assessable: false, ..control("P.0", "What this framework covers", "Scope", None, &[]) });
        let mfa = "m365/mfa_for_all_users";
        let legacy = "m365/legacy_authentication_blocked";
        let devices = "m365/managed_devices_encrypted";
        let evidence = vec![
            record(3, "m365/conditional_access_policies", CollectionOutcome::Complete, "", "2026-03-31T06:00:12Z"),
            record(
                4,
                "m365/users",
                CollectionOutcome::Partial,
                "The source stopped answering after 3 of 7 pages.",
                "2026-03-31T06:00:40Z",
            ),
            record(
                5,
                "m365/managed_devices",
                CollectionOutcome::Denied,
                "The app registration has no consent for DeviceManagementManagedDevices.Read.All.",
                "2026-03-31T06:00:41Z",
            ),
            record(6, "m365/security_defaults", CollectionOutcome::Complete, "", "2026-03-20T06:00:41Z"),
        ];
        let status = |number: &str, state, because: &str, objectives| ControlStatus {
            framework: "pretend-1".parse().unwrap(),
            control: number.parse().unwrap(),
            state,
            because: because.into(),
            objectives,
            as_of: (state == Met || state == NotMet).then(|| time("2026-03-31T06:00:12Z")),
        };
        let no_check = "No check looks at this; a statement with documents is needed.";
        let statuses = vec![
            status("P.1", NotMet, "1 of 3 parts is not met.", vec![]),
            status(
                "P.1.1",
                NotMet,
                "Two people can sign in with a password alone.",
                vec![judged(
                    "P.1.1",
                    NotMet,
                    "Two people can sign in with a password alone.",
                    vec![bearing(
                        mfa,
                        Proof::Full,
                        FindingOutcome::Fail,
                        "Two people are left out of every policy that asks for a second factor.",
                        &[3, 4],
                    )],
                )],
            ),
            status(
                "P.1.2",
                Met,
                "Old protocols are refused for everyone.",
                vec![judged(
                    "P.1.2",
                    Met,
                    "Old protocols are refused for everyone.",
                    vec![bearing(
                        legacy,
                        Proof::Full,
                        FindingOutcome::Pass,
                        "One policy blocks old protocols for all users.",
                        &[3],
                    )],
                )],
            ),
            status(
                "P.1.3",
                Undetermined,
                "2 of 3 objectives are not shown yet.",
                vec![
                    judged(
                        "P.1.3[a]",
                        Met,
                        "The list of users covers this, with a statement.",
                        vec![bearing(
                            mfa,
                            Proof::Supporting,
                            FindingOutcome::Pass,
                            "The directory lists 212 people.",
                            &[4, 99],
                        )],
                    ),
                    judged("P.1.3[b]", Undetermined, no_check, vec![]),
                    judged("P.1.3[c]", Undetermined, no_check, vec![]),
                ],
            ),
            status(
                "P.2.1",
                Undetermined,
                "The devices could not be read.",
                vec![judged(
                    "P.2.1",
                    Undetermined,
                    "The devices could not be read.",
                    vec![bearing(
                        devices,
                        Proof::Full,
                        FindingOutcome::Unknown,
                        "Managed devices were refused: consent is missing.",
                        &[5],
                    )],
                )],
            ),
            status(
                "P.2.2",
                Undetermined,
                "It has not been judged yet.",
                vec![judged("P.2.2", Undetermined, "It has not been judged yet.", vec![])],
            ),
            status(
                "P.3.1",
                NotApplicable,
                "Scoping decision of 2026-01-15: no building of its own.",
                vec![judged("P.3.1", NotApplicable, "Scoping decision of 2026-01-15: no building of its own.", vec![])],
            ),
        ];
        let gap = Gap {
            id: GapId(id(1)),
            check: mfa.parse().unwrap(),
            target: "pinehill.example".into(),
            title: "Two people can sign in without a second factor".into(),
            severity: "critical".into(),
            state: GapState::Open,
            party: Party::Internal,
            because: "Two people are left out of every policy that asks for a second factor.".into(),
            remediation: "Take both people off the exclusion list of the policy “Second factor for everyone”.".into(),
            resources: vec!["pat.quill@pinehill.example".into(), "reception@pinehill.example".into()],
            controls: vec![
                ControlRef { framework: "pretend-1".parse().unwrap(), control: "P.1.1".parse().unwrap() },
                ControlRef { framework: "other-2".parse().unwrap(), control: "8.4.2".parse().unwrap() },
            ],
            opened_at: time("2026-03-24T06:02:00Z"),
            last_seen_at: time("2026-03-31T06:02:00Z"),
            closed_at: None,
            reopened: 1,
            evidence: vec![3, 4],
        };
        let waiting = Gap {
            id: GapId(id(2)),
            check: devices.parse().unwrap(),
            title: "Three laptops are not encrypted".into(),
            severity: "high".into(),
            state: GapState::AwaitingEvidence,
            party: Party::Provider,
            because: "When last seen, three laptops were not encrypted; the devices can no longer be read.".into(),
            remediation: "Turn on disk encryption in the device baseline.".into(),
            resources: (1..=15).map(|number| format!("PINE-LT-{number:03}")).collect(),
            controls: vec![ControlRef { framework: "pretend-1".parse().unwrap(), control: "P.2.1".parse().unwrap() }],
            reopened: 0,
            ..gap.clone()
        };
        let closed = Gap { id: GapId(id(3)), state: GapState::Closed, ..gap.clone() };
        let elsewhere = Gap {
            id: GapId(id(4)),
            controls: vec![ControlRef { framework: "other-2".parse().unwrap(), control: "8.4.2".parse().unwrap() }],
            ..gap.clone()
        };
        let ask = |number, control: &str, party| EvidenceRequest {
            id: RequestId(id(number)),
            framework: "pretend-1".parse().unwrap(),
            control: control.parse().unwrap(),
            party,
            asks_for: no_check.into(),
            opened_at: time("2026-03-24T06:02:00Z"),
            closed_at: None,
        };
        let framework = Framework {
            id: "pretend-1".parse().unwrap(),
            title: "Pretend Safeguards".into(),
            version: "1.0".into(),
            publisher: "Example Standards Body".into(),
            source: "invented".into(),
            vocabulary: BTreeMap::from([
                (Met, "In place".into()),
                (NotMet, "Not in place".into()),
                (NotApplicable, "Not applicable".into()),
                (Undetermined, "Undetermined".into()),
            ]),
            judged_by: None,
            questionnaires: Vec::new(),
            controls,
        };
        Self {
            organization: Organization {
                id: OrgId(id(9)),
                slug: "pine-hill-clinic".parse().unwrap(),
                name: "Pine Hill Clinic".into(),
                model: EngagementModel::CoManaged,
                frameworks: vec!["pretend-1".parse().unwrap()],
                time_zone: "America/Denver".into(),
                created_at: time("2026-01-05"),
            },
            framework: framework.clone(),
            catalog: {
                let mut catalog = Catalog::of(
                    vec![framework],
                    vec![
                        check(
                            mfa,
                            "Everyone signs in with a second factor",
                            &["m365/conditional_access_policies", "m365/users", "m365/security_defaults"],
                            &[("P.1.1", Proof::Full), ("P.1.3[a]", Proof::Supporting)],
                        ),
                        check(
                            legacy,
                            "Old sign-in protocols are blocked",
                            &["m365/conditional_access_policies"],
                            &[("P.1.2", Proof::Full)],
                        ),
                        check(
                            devices,
                            "Managed devices are encrypted",
                            &["m365/managed_devices"],
                            &[("P.2.1", Proof::Full)],
                        ),
                        check(
                            "linux/block_devices_encrypted",
                            "Disks of servers are encrypted",
                            &["linux/block_devices"],
                            &[("P.2.1", Proof::Part), ("P.2.2", Proof::Part)],
                        ),
                    ],
                    vec![
                        collector("m365/users", "Users"),
                        collector("m365/conditional_access_policies", "Conditional access policies"),
                        collector("m365/managed_devices", "Managed devices"),
                        collector("m365/security_defaults", "Security defaults"),
                    ],
                );
                catalog.digest = Digest::of(b"catalog");
                catalog
            },
            statuses,
            matrix: ResponsibilityMatrix {
                format: ResponsibilityMatrix::FORMAT.into(),
                framework: "pretend-1".parse().unwrap(),
                version: 1,
                model: EngagementModel::CoManaged,
                effective_from: None,
                effective_until: None,
                rows: vec![
                    owned(
                        "P.1",
                        ResponsibilityKind::Shared,
                        Party::Internal,
                        "Runs the sign-in policies.",
                        "Decides who has access.",
                    ),
                    owned(
                        "P.1.1",
                        ResponsibilityKind::Shared,
                        Party::Internal,
                        "Writes and watches the policies.",
                        "Agrees to every exclusion and reviews them monthly.",
                    ),
                    owned(
                        "P.1.2",
                        ResponsibilityKind::Provider,
                        Party::Provider,
                        "Blocks old protocols and reports attempts.",
                        "",
                    ),
                    owned(
                        "P.1.3",
                        ResponsibilityKind::Internal,
                        Party::Internal,
                        "",
                        "Reviews accounts each quarter and removes leavers the same day.",
                    ),
                    owned("P.2.1", ResponsibilityKind::Provider, Party::Provider, "Keeps the device baseline.", ""),
                    Responsibility {
                        document: Some("Landlord's statement of 2026-01-15".into()),
                        provider_person: None,
                        internal_person: None,
                        clause: None,
                        ..owned("P.3.1", ResponsibilityKind::Inherited, Party::Vendor, "", "")
                    },
                    owned("P.9", ResponsibilityKind::Internal, Party::Internal, "", "Belongs to an older catalog."),
                ],
            },
            matrix_state: MatrixState::ProposedByTemplate,
            versions: Vec::new(),
            people: Vec::new(),
            gaps: vec![waiting, gap, closed, elsewhere],
            requests: vec![
                ask(21, "P.1.3", Party::Internal),
                ask(22, "P.2.2", Party::Internal),
                ask(23, "P.2.1", Party::Provider),
            ],
            decisions: Decisions::default(),
            read_back: BTreeMap::new(),
            evidence,
        }
    }

    /// The same with [`HOSTILE`] text in everything a person or a source can name.
    pub fn hostile() -> Self {
        let mut sample = Self::new();
        let add = |text: &mut String| text.push_str(HOSTILE);
        add(&mut sample.organization.name);
        let framework = &mut sample.framework;
        [&mut framework.title, &mut framework.version, &mut framework.publisher].into_iter().for_each(add);
        framework.vocabulary.values_mut().for_each(add);
        for control in &mut framework.controls {
            [&mut control.title, &mut control.family].into_iter().for_each(add);
            control.objectives.iter_mut().for_each(|part| add(&mut part.title));
        }
        sample.catalog.collectors.values_mut().for_each(|collector| add(&mut collector.title));
        sample.catalog.checks.values_mut().for_each(|check| add(&mut check.title));
        for status in &mut sample.statuses {
            add(&mut status.because);
            for objective in &mut status.objectives {
                add(&mut objective.because);
                for bearing in &mut objective.bearings {
                    [&mut bearing.because, &mut bearing.target].into_iter().for_each(add);
                }
            }
        }
        for row in &mut sample.matrix.rows {
            [&mut row.provider_tasks, &mut row.internal_tasks].into_iter().for_each(add);
            row.document = Some(HOSTILE.into());
            row.vendor_tasks = Some(HOSTILE.into());
        }
        for gap in &mut sample.gaps {
            [&mut gap.title, &mut gap.target, &mut gap.severity, &mut gap.because, &mut gap.remediation]
                .into_iter()
                .for_each(add);
            gap.resources.iter_mut().for_each(add);
        }
        sample.requests.iter_mut().for_each(|request| add(&mut request.asks_for));
        for record in &mut sample.evidence {
            [&mut record.target, &mut record.reason].into_iter().for_each(add);
            record.artifacts.iter_mut().for_each(|artifact| add(&mut artifact.name));
        }
        sample
    }

    pub fn readiness(&self) -> ReadinessReport {
        let (acting, decisions) = (|_: &ControlId| Some(Party::Internal), Decisions::default());
        let verdict = Verdict::of(Known {
            framework: &self.framework,
            statuses: &self.statuses,
            decisions: &decisions,
            acting: &acting,
            also_met: &[],
            forms: &self.catalog.forms,
            answers: &BTreeMap::new(),
            at: time("2026-03-31T09:00:00Z"),
            days: LocalDays::UTC,
        });
        let input = ReadinessInput {
            organization: &self.organization,
            framework: &self.framework,
            catalog: &self.catalog,
            statuses: &self.statuses,
            matrix: &self.matrix,
            matrix_state: self.matrix_state,
            gaps: &self.gaps,
            requests: &self.requests,
            decisions: &self.decisions,
            read_back: &self.read_back,
            evidence: &self.evidence,
            checkpoint: Some(head()),
            as_of: time("2026-03-31T09:00:00Z"),
            generated_at: time("2026-03-31T09:00:05Z"),
        };
        readiness(input, &verdict)
    }

    pub fn matrix(&self) -> MatrixReport {
        matrix(MatrixInput {
            organization: &self.organization,
            framework: &self.framework,
            catalog_digest: self.catalog.digest,
            matrix: &self.matrix,
            matrix_state: self.matrix_state,
            matrix_digest: Some(Digest::of(b"matrix")),
            versions: &self.versions,
            people: &self.people,
            checkpoint: Some(head()),
            as_of: time("2026-03-31T09:00:00Z"),
            generated_at: time("2026-03-31T09:00:05Z"),
        })
    }
}
