//! Rego rules over sealed datasets -> findings.
//!
//! Pure: no database, no network, no clock (the time is in [`Inputs`]). What could not be looked at is `unknown`: a
//! dataset that was not seen whole, is too old or is missing can never end in `pass`, and a rule that breaks is
//! `unknown` with the reason. Start with [`Judge::judge`]; [`inputs`] says what a rule sees, [`requirements`] what must
//! have been seen before it is asked, [`verdict`] how its answer is read, [`cases`] how checks themselves are tested.

pub mod cases;
pub mod inputs;
mod requirements;
mod verdict;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use regorus::Engine;
use regorus::utils::limits::ExecutionTimerConfig;

use crate::catalog::check::{CheckDefinition, Library, RegoModule, RuleFault};
use crate::model::finding::{CheckResult, FindingOutcome, ResourceFinding};
use crate::model::id::CheckId;

pub use inputs::{Inputs, Subject};
use requirements::Readiness;

/// How long one rule may think about one target.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Rules, each in an engine of its own that is compiled when it is first asked and kept. Can be shared between threads, and
/// is worth keeping: compiling takes as long as judging a small tenant.
#[derive(Debug)]
pub struct Judge {
    /// Locked while a rule is compiled.
    library: Mutex<Library>,
    rules: BTreeMap<CheckId, Rule>,
    limit: Duration,
}

#[derive(Debug)]
struct Rule {
    package: String,
    module: RegoModule,
    compiled: OnceLock<Result<Engine, RuleFault>>,
}

impl Judge {
    /// Takes some checks. A rule that does not compile makes its check `unknown` with the reason, never a panic.
    #[must_use]
    pub fn of<'a>(checks: impl IntoIterator<Item = &'a CheckDefinition>, library: &[RegoModule]) -> Self {
        Self::with_time_limit(checks, library, TIME_LIMIT)
    }

    /// As [`Judge::of`], with another limit on how long one rule may take per target.
    #[must_use]
    pub fn with_time_limit<'a>(
        checks: impl IntoIterator<Item = &'a CheckDefinition>,
        library: &[RegoModule],
        limit: Duration,
    ) -> Self {
        let rules = checks.into_iter().map(|check| {
            let rule = Rule { package: check.package(), module: check.rego.clone(), compiled: OnceLock::new() };
            (check.id.clone(), rule)
        });
        Self { rules: rules.collect(), library: Mutex::new(Library::new(library)), limit }
    }

    fn compiled<'a>(&self, rule: &'a Rule) -> Result<&'a Engine, &'a RuleFault> {
        let compile = || {
            // Whoever broke down with it left nothing in it half done.
            let mut library = self.library.lock().unwrap_or_else(PoisonError::into_inner);
            let mut engine = library.compile(&rule.package, &rule.module)?;
            let check_interval = NonZeroU32::MIN.saturating_add(255);
            engine.set_execution_timer_config(ExecutionTimerConfig { limit: self.limit, check_interval });
            Ok(engine)
        };
        rule.compiled.get_or_init(compile).as_ref()
    }

    /// What `check` makes of one target's datasets.
    ///
    /// The outcome is the worst of the findings listed under `resources`; there is always at least one.
    #[must_use]
    pub fn judge(&self, check: &CheckDefinition, inputs: &Inputs) -> CheckResult {
        let findings = match requirements::readiness(&check.metadata, inputs) {
            Readiness::NotOffered(findings) | Readiness::NotSeen(findings) => findings,
            Readiness::Ready { partial } => {
                let findings = self.ask(check, inputs, &[]);
                self.settle_partial(check, inputs, findings, &partial)
            }
        };
        verdict::result(check, inputs, findings)
    }

    /// On partly read data a failure stands and a pass does not, unless the rule passes without that data too. That more
    /// could not be read is said beside a failure too: whoever leaves the failing resource out must not see a pass.
    fn settle_partial(
        &self,
        check: &CheckDefinition,
        inputs: &Inputs,
        findings: Vec<ResourceFinding>,
        partial: &[&crate::model::id::DatasetId],
    ) -> Vec<ResourceFinding> {
        let outcome = FindingOutcome::worst(findings.iter().map(|finding| finding.outcome));
        if partial.is_empty() {
            return findings;
        }
        let is_good = matches!(outcome, FindingOutcome::Pass | FindingOutcome::NotApplicable);
        if is_good && requirements::hold_without(&check.metadata, inputs, partial) {
            let without = self.ask(check, inputs, partial);
            if FindingOutcome::worst(without.iter().map(|finding| finding.outcome)) == FindingOutcome::Pass {
                return without;
            }
        }
        let open = partial.iter().map(|id| requirements::partly_read(inputs, id));
        findings.into_iter().chain(open).collect()
    }

    /// Evaluates the rule; datasets in `hidden` are shown as if they had not been collected.
    fn ask(
        &self,
        check: &CheckDefinition,
        inputs: &Inputs,
        hidden: &[&crate::model::id::DatasetId],
    ) -> Vec<ResourceFinding> {
        let Some(rule) = self.rules.get(&check.id) else {
            return verdict::broken(check, "is not known; build the judge from the catalog that holds it");
        };
        // A clone shares the compiled rule and starts with clean evaluation state.
        let mut engine = match self.compiled(rule) {
            Ok(engine) => engine.clone(),
            Err(fault) => return verdict::broken(check, &format!("does not compile: {fault}")),
        };
        engine.set_input(inputs.for_rule(check, hidden));
        match engine.eval_rule(format!("data.{}.findings", rule.package)) {
            Ok(value) => verdict::findings(check, &value),
            Err(error) => verdict::broken(check, &verdict::first_words(&error)),
        }
    }
}

#[cfg(test)]
mod tests;
