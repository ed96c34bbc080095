//! What people stated about a control, and whether it counts.
//!
//! Pages serve no bytes of evidence; of a statement they show the small file of its answers, read from the vault, checked
//! against its digest and cut to what fits. Start with [`StorePages::stated`].

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::StorePages;
use crate::catalog::form::sealed::ReadBack;
use crate::model::attestation::{Attestation, Claim};
use crate::model::control::ControlStatus;
use crate::model::decision::Decisions;
use crate::model::fault::causes;
use crate::model::id::{ControlId, FrameworkId};
use crate::model::time::Timestamp;
use crate::pipeline::decisions::read_back::{Patience, read_back};
use crate::report::stated::StatedLine;
use crate::store::OrgScope;

/// Statements of people named.
const STATEMENTS_SHOWN: usize = 20;
/// Files named of one statement.
const DOCUMENTS_SHOWN: usize = 20;
/// Newest statements on forms whose answers are read; the page of each record shows the rest.
const READ: usize = 5;
/// Lines of a list that are shown, and characters of each.
const LINES_SHOWN: usize = 30;
const CHARACTERS_SHOWN: usize = 4000;

/// One statement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatementLine {
    #[serde(flatten)]
    pub line: StatedLine,
    /// Whether it counts, and if not why, in words.
    pub standing: String,
    pub more_documents: usize,
    /// Its answers were not read for this page; those of its record are.
    pub answers_elsewhere: bool,
}

impl StatementLine {
    fn new(mut line: StatedLine, standing: String, was_read: bool) -> Self {
        line.answers = line.answers.into_iter().map(|one| one.cut(LINES_SHOWN, CHARACTERS_SHOWN)).collect();
        let more_documents = line.documents.len().saturating_sub(DOCUMENTS_SHOWN);
        line.documents.truncate(DOCUMENTS_SHOWN);
        let answers_elsewhere = line.form.is_some() && !was_read;
        Self { line, standing, more_documents, answers_elsewhere }
    }
}

impl StorePages {
    /// Statements about a control that were recorded by then, newest first, and how many older ones are left out.
    pub(super) async fn stated(
        &self,
        scope: &OrgScope,
        about: (&FrameworkId, &ControlId),
        decisions: &Decisions,
        status: Option<&ControlStatus>,
        at: Timestamp,
    ) -> (Vec<StatementLine>, usize) {
        let is_about = |one: &&Attestation| one.framework == *about.0 && one.control == *about.1;
        let own: Vec<&Attestation> = decisions.attestations.iter().filter(is_about).rev().collect();
        let more = own.len().saturating_sub(STATEMENTS_SHOWN);
        let replaced: HashMap<u64, &Attestation> = own.iter().filter_map(|one| Some((one.replaces?, *one))).collect();
        let shown = || own.iter().copied().take(STATEMENTS_SHOWN);
        let with_answers = shown().filter(|one| one.artifacts.len() > one.documents().count()).take(READ);
        let kept = self.kept(scope, with_answers).await;
        let line = |one: &Attestation| {
            let (counts, standing) = standing(one, replaced.get(&one.leaf).copied(), status, at);
            let line = StatedLine::new(one, &self.app.catalog, kept.get(&one.leaf), counts);
            StatementLine::new(line, standing, kept.contains_key(&one.leaf))
        };
        (shown().map(line).collect(), more)
    }

    /// One statement as the page of its record says it; nothing is said of whether it counts.
    pub(super) async fn statement_of(&self, scope: &OrgScope, one: &Attestation) -> StatementLine {
        let kept = self.kept(scope, [one]).await;
        let line = StatedLine::new(one, &self.app.catalog, kept.get(&one.leaf), false);
        StatementLine::new(line, String::new(), true)
    }

    /// What the vault keeps beside records. A vault that cannot be read takes no page away: the page says so.
    async fn kept<'a>(
        &self,
        scope: &OrgScope,
        statements: impl IntoIterator<Item = &'a Attestation>,
    ) -> BTreeMap<u64, ReadBack> {
        let statements: Vec<&Attestation> = statements.into_iter().collect();
        match read_back(&self.app, scope, statements.iter().copied(), Patience::Short).await {
            Ok(kept) => kept,
            Err(fault) => {
                tracing::error!(fault = %causes(&fault), "the answers to forms could not be read from the vault");
                let missing = "they cannot be read from the vault; countersign verify says what is wrong with it";
                let unread = ReadBack { missing: Some(missing.to_owned()), ..ReadBack::default() };
                statements.into_iter().map(|one| (one.leaf, unread.clone())).collect()
            }
        }
    }
}

/// Whether a statement counts, and if not why, in words.
fn standing(
    one: &Attestation,
    replaced: Option<&Attestation>,
    status: Option<&ControlStatus>,
    at: Timestamp,
) -> (bool, String) {
    let objectives = || status.into_iter().flat_map(|status| &status.objectives);
    let counts = objectives().any(|objective| objective.attestation == Some(one.leaf));
    let because = objectives().find(|objective| objective.set_aside == Some(one.leaf));
    let words = match (replaced, because) {
        (Some(by), _) if by.claim == Claim::Withdrawn => format!("withdrawn by record {}", by.leaf),
        (Some(by), _) => format!("replaced by record {}", by.leaf),
        _ if counts => "counts".to_owned(),
        _ if one.claim == Claim::Withdrawn => "nothing stands in the place of what it withdrew".to_owned(),
        _ if one.valid_until.is_some_and(|until| until <= at) => "no longer in date".to_owned(),
        _ if !one.is_in_date(at) => "not in date yet".to_owned(),
        (None, Some(objective)) => format!("does not count: {}", objective.because),
        (None, None) => "does not decide anything here".to_owned(),
    };
    (counts, words)
}
