//! A split of work that two people of a story agree on.

use countersign::app::App;
use countersign::model::id::FrameworkId;
use countersign::model::organization::Organization;
use countersign::model::responsibility::Party;
use countersign::pipeline::decisions::people::{self, PersonRequest};
use countersign::pipeline::responsibilities::{Content, Deed, Done, NewDraft, ResponsibilityFault, act, draft};
use countersign::track::responsibilities::change::RowChange;
use countersign::track::responsibilities::life::{Act, Meant};
use countersign_seal::digest::Digest;

use super::decisions::handle;
use super::story::Story;

/// Of the provider, with markup in the name.
pub const PAT: &str = "pat.example";
/// Of internal IT, with letters that turn the direction of text.
pub const INES: &str = "ines.example";
pub const PAT_NAME: &str = "Pat <script>alert(1)</script> 🦷";
pub const INES_NAME: &str = "\u{202e}Inès \u{5e2}\u{5d1}";

/// An organization whose parties agree on who does what under one framework.
pub struct Agreement<'a> {
    pub app: &'a App,
    pub organization: &'a Organization,
    pub framework: FrameworkId,
}

impl Agreement<'_> {
    /// Pat of the provider and Ines of internal IT.
    pub async fn introduce(&self, ines_key: Option<&str>) {
        let people = [(PAT, Party::Provider, PAT_NAME, None), (INES, Party::Internal, INES_NAME, ines_key)];
        for (name, party, full, key) in people {
            let request = PersonRequest {
                handle: handle(name),
                party,
                name: full.to_owned(),
                email: None,
                ssh_key: key.map(str::to_owned),
                by: None,
            };
            people::add(self.app, self.organization, request).await.unwrap();
        }
    }

    pub async fn draft(&self, by: &str, wanted: &NewDraft) -> Result<Done, ResponsibilityFault> {
        draft(self.app, self.organization, &self.framework, &handle(by), wanted).await
    }

    /// A draft in which one control is somebody else's.
    pub async fn set(&self, by: &str, control: &str, accountable: Party) -> Result<Done, ResponsibilityFault> {
        self.draft(by, &row(control, accountable)).await
    }

    pub async fn act(&self, what: Act, by: &str, digest: Option<Digest>) -> Result<Done, ResponsibilityFault> {
        let meant = Meant { version: None, digest };
        let reason = (what == Act::Reject).then(|| "That is <b>not</b> ours.\nSee clause 4.".to_owned());
        let deed = Deed { act: what, by: handle(by), meant, reason, signature: None };
        act(self.app, self.organization, &self.framework, &deed).await
    }

    /// Proposed by Pat, accepted by Ines.
    pub async fn sign(&self) -> Done {
        let proposed = self.act(Act::Propose, PAT, None).await.unwrap();
        self.act(Act::Accept, INES, Some(proposed.digest)).await.unwrap()
    }

    /// Drafts, a rejection, a withdrawal and two acceptances: everything that can happen to a split.
    pub async fn everything(&self, control: &str) {
        self.introduce(None).await;
        self.set(PAT, control, Party::Vendor).await.unwrap();
        self.set(INES, control, Party::Provider).await.unwrap();
        self.act(Act::Propose, PAT, None).await.unwrap();
        self.act(Act::Reject, INES, None).await.unwrap();
        self.set(PAT, control, Party::Vendor).await.unwrap();
        self.sign().await;
        self.set(INES, control, Party::Internal).await.unwrap();
        self.act(Act::Propose, INES, None).await.unwrap();
        self.act(Act::Withdraw, INES, None).await.unwrap();
        self.set(INES, control, Party::Internal).await.unwrap();
        self.sign().await;
        self.set(PAT, control, Party::Provider).await.unwrap();
    }
}

impl Story {
    /// Everything that can happen to a split of work.
    pub async fn agree(&self) {
        let (app, organization) = (&self.app.app, &self.organization);
        let framework = "hipaa-security".parse().unwrap();
        Agreement { app, organization, framework }.everything("164.312(d)").await;
    }
}

pub fn row(control: &str, accountable: Party) -> NewDraft {
    let change = RowChange { accountable: Some(accountable), ..RowChange::default() };
    NewDraft {
        content: Content::Row { name: control.to_owned(), change: Box::new(change) },
        based_on: None,
        effective_from: None,
        effective_until: None,
    }
}
