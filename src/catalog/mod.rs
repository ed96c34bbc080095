//! Frameworks, checks, collectors and responsibility templates, read from files into checked, immutable values.
//!
//! Loading never stops at the first fault: every fault of every file is reported at once, with file and line.
//! Start with [`Catalog`]; the file shapes are documented on the types of [`collector`], [`check`] and [`framework`].

pub mod check;
pub mod collector;
pub mod cron_expression;
pub mod crosswalk;
pub mod fault;
pub mod files;
pub mod form;
pub mod framework;
pub mod graph_errors;
pub mod guidance;
mod index;
mod load;
pub mod oscal;
pub mod settings;
pub mod template;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use countersign_seal::digest::Digest;

use crate::model::attestation::Claim;
use crate::model::evidence::Source;
use crate::model::id::{CheckId, ControlId, DatasetId, FormId, FrameworkId};
use crate::model::responsibility::{EngagementModel, ResponsibilityMatrix};

use check::{CheckDefinition, RegoModule};
use collector::CollectorDefinition;
use crosswalk::CrosswalkRow;
use fault::Faults;
use files::FileSet;
use form::Form;
use framework::{Control, Framework};
use template::ResponsibilityTemplate;

/// Everything the data files say, checked against each other.
#[derive(Debug, Clone)]
pub struct Catalog {
    pub frameworks: BTreeMap<FrameworkId, Framework>,
    pub collectors: BTreeMap<DatasetId, CollectorDefinition>,
    pub checks: BTreeMap<CheckId, CheckDefinition>,
    /// Shared Rego libraries, `controls/checks/lib/*.rego`.
    pub library: Vec<RegoModule>,
    pub templates: BTreeMap<(FrameworkId, EngagementModel), ResponsibilityTemplate>,
    pub crosswalk: Vec<CrosswalkRow>,
    /// What statements are made on.
    pub forms: BTreeMap<FormId, Form>,
    /// Digest over every file's path and bytes: two catalogs with the same digest judge alike.
    pub digest: Digest,
    /// Filled at the first question; the fields above do not change after that.
    index: OnceLock<index::Index>,
}

impl Catalog {
    /// Reads and checks every file.
    ///
    /// # Errors
    /// Every fault of every file, with file and line where it has one, sorted. Nothing is loaded by halves.
    pub fn load(files: &FileSet) -> Result<Self, Faults> {
        load::load(files)
    }

    /// The catalog that comes with this binary.
    ///
    /// # Errors
    /// Never in a tested build; faults of the files in the source folder in debug builds.
    pub fn embedded() -> Result<Self, Faults> {
        Self::load(&FileSet::embedded())
    }

    /// A catalog put together by hand, for tests of later stages. Nothing is checked.
    #[must_use]
    pub fn of(frameworks: Vec<Framework>, checks: Vec<CheckDefinition>, collectors: Vec<CollectorDefinition>) -> Self {
        Self {
            frameworks: frameworks.into_iter().map(|framework| (framework.id.clone(), framework)).collect(),
            collectors: collectors.into_iter().map(|collector| (collector.id.clone(), collector)).collect(),
            checks: checks.into_iter().map(|check| (check.id.clone(), check)).collect(),
            library: Vec::new(),
            templates: BTreeMap::new(),
            crosswalk: Vec::new(),
            forms: BTreeMap::new(),
            digest: Digest::empty(),
            index: OnceLock::new(),
        }
    }

    /// Finds a framework by its id as typed.
    #[must_use]
    pub fn framework(&self, id: &str) -> Option<&Framework> {
        id.parse::<FrameworkId>().ok().and_then(|id| self.frameworks.get(&id))
    }

    /// The collectors that read one kind of source, sorted by id.
    pub fn collectors_for(&self, source: Source) -> impl Iterator<Item = &CollectorDefinition> {
        self.collectors.values().filter(move |collector| collector.source == source)
    }

    /// The first split of a framework under an engagement model: version 1, proposed by template, every control owned.
    #[must_use]
    pub fn matrix(&self, framework: &FrameworkId, model: EngagementModel) -> Option<ResponsibilityMatrix> {
        let template = self.templates.get(&(framework.clone(), model))?;
        Some(template.expand(self.frameworks.get(framework)?))
    }

    /// The forms that may be used for a control: its own first, then the plain one, what stands in for it later.
    pub fn forms_for<'catalog>(
        &'catalog self,
        framework: &'catalog FrameworkId,
        control: &'catalog Control,
    ) -> impl Iterator<Item = &'catalog Form> {
        let mut fitting: Vec<&Form> = self.forms.values().filter(|form| form.suits(framework, control)).collect();
        fitting.sort_by_key(|form| form.place());
        fitting.into_iter()
    }

    /// What a statement without a form comes to: the plain form for this claim, if the framework has one.
    #[must_use]
    pub fn plain_form(&self, framework: &FrameworkId, control: &Control, claim: Claim) -> Option<&Form> {
        self.forms.values().find(|form| form.plain && form.claim == claim && form.suits(framework, control))
    }

    /// Whether a control always applies: its framework has forms by which something does not apply, and none of them is for
    /// this control.
    #[must_use]
    pub fn always_applies(&self, framework: &FrameworkId, control: &Control) -> bool {
        let mut leaves_out = self.forms.values().filter(|form| form.leaves_out_of(framework)).peekable();
        leaves_out.peek().is_some() && !leaves_out.any(|form| form.suits(framework, control))
    }

    /// The parts a control follows from, if what is stated about itself decides nothing. Empty: it may be stated. So may a
    /// parent for each of whose parts a form lets nothing be done, because it is not met by such parts alone.
    #[must_use]
    pub fn only_its_parts<'catalog>(
        &'catalog self,
        framework: &'catalog FrameworkId,
        control: &Control,
    ) -> Vec<&'catalog Control> {
        let parts = self.frameworks.get(framework).map(|known| known.parts_of(control)).unwrap_or_default();
        let does_nothing = |form: &Form| form.ways.iter().any(|way| way.nothing_done.is_some());
        let may_do_nothing = |part: &&Control| self.forms_for(framework, part).any(does_nothing);
        if parts.iter().all(may_do_nothing) { Vec::new() } else { parts }
    }

    /// What else a control helps, or is helped by; to suggest, never to decide.
    pub fn crosswalk_of<'catalog>(
        &'catalog self,
        framework: &'catalog FrameworkId,
        control: &'catalog ControlId,
    ) -> impl Iterator<Item = &'catalog CrosswalkRow> {
        self.crosswalk.iter().filter(move |row| {
            (row.from_framework == *framework && row.from == *control)
                || (row.to_framework == *framework && row.to.as_ref() == Some(control))
        })
    }
}
