//! People of a story, and everything they can decide.

use countersign::model::attestation::Claim;
use countersign::model::gap::GapState;
use countersign::model::id::{GapId, PersonHandle};
use countersign::model::provider::Handled;
use countersign::model::responsibility::Party;
use countersign::model::scope::ScopeCategory;
use countersign::pipeline::decisions::attest::{self, AttestRequest};
use countersign::pipeline::decisions::forms::{FormRequest, Given};
use countersign::pipeline::decisions::gaps::{self, AssignRequest};
use countersign::pipeline::decisions::people::{self, PersonRequest};
use countersign::pipeline::decisions::providers::{self, ProviderFacts};
use countersign::pipeline::decisions::scope::{self, ScopeRequest};

use super::story::Story;

/// Of internal IT, with markup in the name.
pub const SAM: &str = "sam.example";
/// Of the provider, with a letter that turns the direction of text.
pub const KIM: &str = "kim.example";

pub const UNTESTED: [&str; 4] = [
    "asked_by=Card Bank Example, letter of 2026-01-12",
    "why=Only the web shop is assessed this year.",
    "without_assurance=Doors and cameras of the branch.",
    "decided_on=2026-02-02",
];

pub const NOT_VALIDATED: [&str; 5] = [
    "way=not_validated",
    "places=Laptops: full disk encryption",
    "modules=The module of the laptops has no certificate for this version.",
    "seen=Export of the disk encryption, 2026-03-01",
    "security_plan=Version 3, section 13",
];

pub fn handle(text: &str) -> PersonHandle {
    text.parse().unwrap()
}

impl Story {
    /// Sam of internal IT and Kim of the provider.
    pub async fn introduce_people(&self) {
        let people = [(SAM, Party::Internal, "Sam <b>Example</b>"), (KIM, Party::Provider, "Kim \u{202e}Example")];
        for (name, party, full) in people {
            let request = PersonRequest {
                handle: handle(name),
                party,
                name: full.to_owned(),
                email: None,
                ssh_key: None,
                by: None,
            };
            people::add(&self.app.app, &self.organization, request).await.unwrap();
        }
    }

    /// Sam's statement, with a document that shows it. Returns its leaf.
    pub async fn attest(&self, framework: &str, about: &str, claim: Claim) -> u64 {
        self.state(framework, about, claim, None).await
    }

    /// Sam's statement on a form, with these answers and a document.
    pub async fn attest_on(&self, form: &str, framework: &str, about: &str, answers: &[&str]) -> u64 {
        let answers = answers.iter().map(|one| (*one).to_owned()).collect();
        let given = Given { file: None, answers };
        let form = FormRequest { id: form.parse().unwrap(), given, targets: Vec::new() };
        self.state(framework, about, Claim::Met, Some(form)).await
    }

    /// That a requirement of PCI DSS is left out untested.
    pub async fn leave_out(&self, about: &str) -> u64 {
        self.attest_on("pci-not-tested", "pci-dss-4.0.1", about, &UNTESTED).await
    }

    /// That encryption is used with modules that are not validated.
    pub async fn encrypt_in_part(&self) -> u64 {
        self.attest_on("cmmc-partial", "cmmc-l2", "3.13.11", &NOT_VALIDATED).await
    }

    async fn state(&self, framework: &str, about: &str, claim: Claim, form: Option<FormRequest>) -> u64 {
        let document = self.app.database.folder.path().join("policy.pdf");
        std::fs::write(&document, b"%PDF-1.7 the policy").unwrap();
        let request = AttestRequest {
            framework: framework.parse().unwrap(),
            about: about.to_owned(),
            claim,
            statement: "It has been so since January.".to_owned(),
            addresses: Vec::new(),
            valid_from: None,
            valid_until: None,
            files: vec![document],
            form,
            signature: None,
            by: handle(SAM),
        };
        attest::attest(&self.app.app, &self.organization, request).await.unwrap()
    }

    pub async fn an_open_gap(&self) -> GapId {
        let gaps = self.app.app.store.gaps(&self.scope).await.unwrap();
        gaps.iter().find(|gap| gap.state != GapState::Closed).unwrap().id
    }

    /// One of every decision there is.
    pub async fn decide(&self) {
        let (app, organization) = (&self.app.app, &self.organization);
        self.introduce_people().await;
        self.leave_out("9.2.1").await;
        self.encrypt_in_part().await;
        let attested = self.attest("hipaa-security", "164.308(a)(2)", Claim::Met).await;
        attest::withdraw(app, organization, attested, "Kim is, since today.", &handle(SAM)).await.unwrap();
        let gap = self.an_open_gap().await;
        gaps::note(app, organization, gap, "Ordered. \u{1f4e6}", &handle(SAM)).await.unwrap();
        let request = AssignRequest {
            gap,
            party: None,
            person: Some(handle(SAM)),
            due_on: chrono::NaiveDate::from_ymd_opt(2026, 4, 1),
            by: handle(KIM),
        };
        gaps::assign(app, organization, request).await.unwrap();
        let request = ScopeRequest {
            framework: "hipaa-security".parse().unwrap(),
            target: self.tenant.tenant_id().to_owned(),
            resource: None,
            category: ScopeCategory::In,
            because: "It holds patient records.".to_owned(),
            by: handle(KIM),
        };
        scope::set(app, organization, request).await.unwrap();
        let facts = ProviderFacts {
            name: Some("Host <i>Example".to_owned()),
            service: Some("Hosting".to_owned()),
            managed_by: Some(Party::Provider),
            handles: vec![Handled::PatientData],
            ..ProviderFacts::default()
        };
        providers::add(app, organization, &"host".parse().unwrap(), facts, &handle(KIM)).await.unwrap();
        people::leave(app, organization, &handle(SAM), Some(&handle(KIM)), None).await.unwrap();
    }
}
