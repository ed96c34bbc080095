//! What one file says about things in another: a check about objectives and datasets, a framework about its judge.

use std::collections::BTreeMap;

use super::collectors::LoadedCollectors;
use super::frameworks::{LoadedFramework, LoadedFrameworks};
use super::yaml::names;
use crate::catalog::check::CheckDefinition;
use crate::catalog::fault::Faults;
use crate::model::id::CheckId;

/// Frameworks judged by another must name only what the other judges, by the name it is judged under.
pub(super) fn judges(frameworks: &LoadedFrameworks, faults: &mut Faults) {
    for loaded in frameworks.iter() {
        let Some(judge_id) = &loaded.framework.judged_by else { continue };
        let Some(judge) = frameworks.get(judge_id).filter(|_| *judge_id != loaded.framework.id) else {
            if frameworks.may_know(judge_id) && *judge_id != loaded.framework.id {
                continue;
            }
            faults.add(
                &loaded.shown,
                loaded.judge_line,
                format!("`judged_by` names `{judge_id}`, which is no other framework"),
            );
            continue;
        };
        if judge.framework.judged_by.is_some() {
            let message = format!("`judged_by` names `{judge_id}`, which is itself judged by another; name that one");
            faults.add(&loaded.shown, loaded.judge_line, message);
        }
        for (index, control) in loaded.framework.controls.iter().enumerate() {
            let is_judged = control.assessable && !loaded.parents.contains(&control.id);
            if is_judged && control.objectives.is_empty() {
                let (file, line) = loaded.place(index);
                let message =
                    format!("`{}` has no objectives; name those of `{judge_id}`, which judges it", control.id);
                faults.add(file, line, message);
            }
            for objective in &control.objectives {
                let Some(why) = why_not_judged(judge, objective.id.as_str()) else { continue };
                let (file, line) = loaded.place(index);
                faults.add(file, line, format!("`{}` names the objective `{}`, {why}", control.id, objective.id));
            }
        }
    }
}

/// Why a judge judges nothing under this very name; none: it does, or could not be read whole. What a check proves is taken
/// over by that name, so an alias, or a control that is judged by its parts, would never hear of a check that fails.
fn why_not_judged(judge: &LoadedFramework, name: &str) -> Option<String> {
    let id = &judge.framework.id;
    let Some(control) = judge.control(name) else {
        return (!judge.may_know(name)).then(|| format!("which `{id}` does not have"));
    };
    if control.objectives.iter().any(|objective| objective.id.as_str() == name) {
        return None;
    }
    let what = if control.id.as_str() == name {
        format!("which is a control of `{id}`")
    } else {
        format!("which is another spelling of the control `{}` of `{id}`", control.id)
    };
    if !control.objectives.is_empty() {
        let objectives: Vec<String> = control.objectives.iter().map(|one| format!("`{}`", one.id)).take(3).collect();
        let more = if control.objectives.len() > objectives.len() { " and more" } else { "" };
        return Some(format!("{what} that is judged by its objectives; name those: {}{more}", objectives.join(", ")));
    }
    if !control.assessable {
        return Some(format!("{what} that only states scope and is never judged"));
    }
    if judge.parents.contains(&control.id) {
        return Some(format!("{what} whose status comes from its children; name one of those"));
    }
    (control.id.as_str() != name).then(|| format!("{what}; write `{}`", control.id))
}

/// What checks require must be collected, and what they prove must be judged.
pub(super) fn checks(
    checks: &BTreeMap<CheckId, CheckDefinition>,
    frameworks: &LoadedFrameworks,
    collectors: &LoadedCollectors,
    faults: &mut Faults,
) {
    for check in checks.values() {
        let mut fault = |needle: &str, message: String| {
            faults.add(&check.rego.file, line_in_metadata(&check.rego.text, needle), message);
        };
        for dataset in check.datasets() {
            if !collectors.may_know(dataset) {
                fault(dataset.as_str(), format!("no collector fetches the dataset `{dataset}`"));
            }
        }
        for (framework_id, proves) in &check.metadata.proves {
            let Some(loaded) = frameworks.get(framework_id) else {
                if frameworks.may_know(framework_id) {
                    continue;
                }
                fault(
                    framework_id.as_str(),
                    format!("`proves` names the framework `{framework_id}`, which does not exist"),
                );
                continue;
            };
            for name in proves.keys().filter(|name| !loaded.may_know(name)) {
                let message = format!(
                    "`proves` names `{name}`, which `{framework_id}` has neither as a control nor as an objective"
                );
                fault(name, message);
            }
            for name in proves.keys() {
                let Some(control) = loaded.control(name) else { continue };
                if !control.assessable {
                    fault(name, format!("`proves` names `{name}`, which only states scope and is never judged"));
                } else if loaded.parents.contains(&control.id) {
                    fault(
                        name,
                        format!("`proves` names `{name}`, whose status comes from its children; name one of those"),
                    );
                }
            }
        }
    }
}

/// The first comment line that names `needle`, and not only something longer: metadata stands in comments.
fn line_in_metadata(text: &str, needle: &str) -> Option<u64> {
    let found = text.lines().position(|line| line.trim_start().starts_with('#') && names(line, needle));
    found.map(|index| index as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::line_in_metadata;
    use crate::catalog::files::FileSet;
    use crate::catalog::load::tests::assert_fault;

    #[test]
    fn a_name_is_found_where_it_stands_whole_and_not_within_a_longer_one() {
        let text = "# METADATA\n#   uses: [m365/users_of_old, m365/groups]\n#     3.1.12: part\n#     \"3.1.1[a]\": part\n#     3.1.1: part\n#   requires: [linux/a, m365/users]\n# m365/users";
        let line = |needle| line_in_metadata(text, needle);
        assert_eq!([line("3.1.1"), line("3.1.1[a]"), line("3.1.12")], [Some(5), Some(4), Some(3)]);
        assert_eq!(
            [line("m365/users"), line("m365/groups"), line("linux/a"), line("3.1")],
            [Some(6), Some(2), Some(6), None]
        );
    }

    #[test]
    fn a_framework_judged_by_another_may_name_only_what_is_judged_there_and_by_that_very_name() {
        for (name, words) in [
            ("3.1.8", "another spelling of the control `AC.L2-3.1.8` of `cmmc-l2` that is judged by its objectives"),
            ("AC.L2-3.1.8", "name those: `3.1.8[a]`, `3.1.8[b]`"),
            ("3.1.8[z]", "which `cmmc-l2` does not have"),
        ] {
            assert_fault(&bakery("cmmc-l2", name), "controls/bakery/all.yaml:1", words);
        }
        let spec = "164.308(a)(1)";
        assert_fault(
            &bakery("hipaa-security", spec),
            "controls/bakery/all.yaml:1",
            "whose status comes from its children",
        );
        for (judge, name) in [("cmmc-l2", "3.1.8[a]"), ("hipaa-security", "164.308(a)(1)(ii)(A)")] {
            let found = crate::catalog::load::tests::faults(&bakery(judge, name));
            assert_eq!(found, Vec::<String>::new(), "{judge} {name}");
        }
    }

    /// The built-in files, and a framework of one control that another framework judges.
    fn bakery(judge: &str, objective: &str) -> FileSet {
        let head = format!(
            "id: bakery\ntitle: B\nversion: \"1\"\npublisher: B\nsource: b.example\njudged_by: {judge}\nvocabulary: {{met: Done, not_met: Not done, not_applicable: Not needed, undetermined: Unknown}}\nfiles: [all.yaml]\n"
        );
        let controls = format!(
            "- id: BK-1\n  title: One\n  family: F\n  objectives:\n  - {{id: \"{objective}\", title: It is so}}\n"
        );
        let set = FileSet::embedded()
            .with_file("controls/bakery/framework.yaml", head)
            .with_file("controls/bakery/all.yaml", controls);
        ["in-house", "co-managed", "fully-managed"].iter().fold(set, |set, model| {
            let split = format!(
                "framework: bakery\nmodel: {model}\nfamilies:\n  F: {{kind: internal, accountable: internal, internal_tasks: Does it.}}\n"
            );
            set.with_file(&format!("controls/responsibilities/{model}/bakery.yaml"), split)
        })
    }
}
