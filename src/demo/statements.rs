//! What people of the pretend client state, each with its document: in their own words, and on the forms of three
//! frameworks. No check looks at these controls, so that nothing contradicts them.
//!
//! Start with [`state`].

use chrono::Days;

use super::DemoFault;
use super::agreement::in_use;
use crate::app::App;
use crate::config::data_folder::create_private;
use crate::model::attestation::Claim;
use crate::model::id::PersonHandle;
use crate::model::organization::Organization;
use crate::pipeline::decisions::attest::{AttestRequest, attest};
use crate::pipeline::decisions::forms::{FormRequest, Given};

/// One statement.
struct Stated {
    framework: &'static str,
    about: &'static str,
    claim: Claim,
    says: &'static str,
    /// The form and its answers; `DAY` in one stands for a day last month. None: in the person's own words.
    form: Option<(&'static str, &'static [&'static str])>,
    /// The document's name and what is in it.
    document: (&'static str, &'static str),
}

const STATEMENTS: [Stated; 7] = [
    Stated {
        framework: "hipaa-security",
        about: "164.308(a)(2)",
        claim: Claim::Met,
        says: "Marlow Teasel is our security official, appointed in writing, with a deputy for holidays.",
        form: None,
        document: (
            "appointment-of-the-security-official.txt",
            "Marlow Teasel is appointed security official. Deputy: Wren Alder.\nSigned by the partners.\n",
        ),
    },
    Stated {
        framework: "hipaa-security",
        about: "164.308(a)(4)(ii)(A)",
        claim: Claim::NotApplicable,
        says: "We are a dental practice; no part of the firm is a health care clearinghouse.",
        form: None,
        document: (
            "statement-on-clearinghouses.txt",
            "The firm translates no claims for others. It sends its own through a clearinghouse.\n",
        ),
    },
    Stated {
        framework: "hipaa-security",
        about: "164.310(d)(2)(iv)",
        claim: Claim::Met,
        says: "We make no copy before a computer is moved, because no computer that is moved holds patient data.",
        form: Some((
            "hipaa-addressable",
            &[
                "way=alternative",
                "size=Four clinics and some 90 people. A computer is moved about once a month, by whoever has time.",
                "infrastructure=Chairside and front desk computers keep nothing: images go to the imaging server while they \
                 are taken, everything else lies in the practice system and in Microsoft 365.",
                "cost=An image of each computer before a move takes half a working day and a disk that has to be kept and \
                 destroyed. The nightly comparison costs nothing that is not there already.",
                "risk=Low. A computer that is lost or dropped takes no patient data with it; see entry 14 of the risk \
                 analysis.",
                "alternative=Local storage is switched off for all users. Every night the imaging server compares what each \
                 device took with what arrived, and Fernbank is told of a difference.",
                "equivalent=The specification is there so that a move never costs the only copy. Here there is no only copy \
                 on what is moved.",
                "why_not=A copy of an empty computer protects nothing, and the disk it lies on would be one more thing to \
                 lose.",
                "decided_by=Marlow Teasel, practice manager and security official",
                "decided_on=DAY",
            ],
        )),
        document: (
            "risk-analysis-entry-14.txt",
            "Entry 14: loss of a computer while it is moved. Likelihood low, impact low.\nMeasure: nothing is stored locally.\n",
        ),
    },
    Stated {
        framework: "cmmc-l2",
        about: "PE.L2-3.10.3",
        claim: Claim::Met,
        says: "Visitors to the back office are met, escorted and seen out.",
        form: Some((
            "cmmc-met",
            &[
                "what_is_done=Whoever has no key to the back office rings. The person who opens stays with the visitor, wears \
                 the key visibly and writes both into the visitors' book.",
                "security_plan=Version 2.1, section 10.3",
                "examine=Visitors' book of this year",
                "examine=House rules, version 4",
                "interview=Practice manager",
                "interview=Front desk",
                "test=Ring at the back office and see who stays with you.",
            ],
        )),
        document: (
            "house-rules-version-4.txt",
            "Visitors to the back office are let in by a member of staff, who stays with them until they leave.\n",
        ),
    },
    Stated {
        framework: "cmmc-l2",
        about: "SI.L2-3.14.2",
        claim: Claim::Met,
        says: "All computers have malware protection but the old imaging workstation, which cannot and stands alone.",
        form: Some((
            "cmmc-enduring-exception",
            &[
                "system=LDG-IMG-OLD: workstation of the panoramic X-ray unit in clinic 1, part of medical equipment",
                "why_not_feasible=The maker's software runs on an operating system of 2009 only. Its approval as a medical \
                 device ends if anything else is installed, and there is no newer software for this unit.",
                "mitigations=A network of its own; the firewall lets it reach the imaging server on one port and nothing else",
                "mitigations=USB ports closed with locks; the key is with the practice manager",
                "mitigations=The imaging server scans every image it takes over",
                "mitigations=The unit is replaced when its lease ends",
                "security_plan=Version 2.1, section 14.2, approved by the partners",
                "reviewed_on=DAY",
            ],
        )),
        document: (
            "security-plan-2.1-section-14.txt",
            "14.2 Malware protection: on all computers. Exception: LDG-IMG-OLD, with the measures listed here.\n",
        ),
    },
    Stated {
        framework: "pci-dss-4.0.1",
        about: "6.2.2",
        claim: Claim::NotApplicable,
        says: "Nobody here or on our behalf writes software.",
        form: Some((
            "pci-not-applicable",
            &[
                "what_is_absent=Software that the firm develops or has developed. The practice system and the card terminals \
                 run what their makers sell to everybody.",
                "how_confirmed=The contracts and the list of installed software were gone through with Fernbank; there is no \
                 order for software and no account with a developer.",
                "confirmed_on=DAY",
            ],
        )),
        document: (
            "software-in-use.txt",
            "Practice system, imaging, office, terminals: all as sold. Nothing bespoke.\n",
        ),
    },
    Stated {
        framework: "pci-dss-4.0.1",
        about: "9.2.1.1",
        claim: Claim::Met,
        says: "The landlord allows no camera at the door of the terminal store; a logged lock and a daily count take its place.",
        form: Some((
            "pci-compensating-control",
            &[
                "constraints=The lease forbids cameras and drilling in the corridor, and the landlord said no in writing.",
                "definition=The cupboard has a lock that writes down each opening with the person's chip. Two people count \
                 terminals and seals every evening against yesterday's list.",
                "objective=Whoever went to the terminals can be told afterwards. The lock says who, the count says when \
                 something changed.",
                "identified_risk=Somebody could slip in behind a colleague; the lock would name the colleague only.",
                "validation=Wren Alder opened with a borrowed chip and swapped a seal; the count found it the same evening.",
                "maintenance=Front desk counts daily; Fernbank reads the lock every month and keeps the lists for a year.",
                "reviewed_on=DAY",
            ],
        )),
        document: (
            "compensating-control-worksheet-9.2.1.1.txt",
            "Worksheet: constraints, definition, objective, risk, validation, maintenance. Signed by Marlow Teasel.\n",
        ),
    },
];

/// Makes the statements as `by`; those about frameworks that are not in use are left out. Returns how many there are.
pub(super) async fn state(app: &App, organization: &Organization, by: &PersonHandle) -> Result<usize, DemoFault> {
    let folder = app.data.path().join("documents");
    create_private(&folder).map_err(DemoFault::Document)?;
    let day = organization.day_of(app.clock.now());
    let day = day.checked_sub_days(Days::new(20)).unwrap_or(day).to_string();
    let mut made = 0;
    for one in &STATEMENTS {
        let Some(framework) = in_use(organization, one.framework) else { continue };
        let (name, content) = one.document;
        let document = folder.join(name);
        std::fs::write(&document, format!("{} (fictional)\n\n{content}", organization.name))
            .map_err(DemoFault::Document)?;
        let form = match one.form {
            Some((id, answers)) => {
                let answers = answers.iter().map(|answer| answer.replace("DAY", &day)).collect();
                Some(FormRequest { id: id.parse()?, given: Given { file: None, answers }, targets: Vec::new() })
            }
            None => None,
        };
        let request = AttestRequest {
            framework,
            about: one.about.to_owned(),
            claim: one.claim,
            statement: one.says.to_owned(),
            addresses: Vec::new(),
            valid_from: None,
            valid_until: None,
            files: vec![document],
            form,
            signature: None,
            by: by.clone(),
        };
        attest(app, organization, request).await?;
        made += 1;
    }
    Ok(made)
}
