//! CMMC: the score of Level 2, the whole of Level 1, the count of Level 3.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::{Columns, ControlRef, Named, VerdictRow, VerdictSection, VerdictTable, many};
use crate::assess::verdict::{
    Count, Deduction, Exception, LEVEL_2_HIGHEST, LEVEL_2_LEAST, LEVEL_3_LEAST, Level, Open, Points, Score, Step, Turn,
};
use crate::catalog::framework::Framework;
use crate::model::control::ControlState;
use crate::model::responsibility::Party;

/// Nobody should read our count as an assessor's finding.
const OUR_COUNT: &str = "This is our count by the rule, not the finding of an assessor.";

pub(super) fn section(named: &Named<'_>, score: &Score) -> VerdictSection {
    match &score.count {
        Count::Points(points) => level_2(named, score, points),
        Count::Open { open } if score.level == Level::Level3 => level_3(named, score, open),
        Count::Open { open } => level_1(named, score, open),
    }
}

/// `Score 23 of 110`.
pub(super) fn summary(framework: &Framework, score: &Score) -> String {
    let all = framework.controls.len();
    match (&score.count, score.score) {
        (Count::Points(points), Some(_)) => {
            let not_shown = points.to_final.iter().filter(|one| is_not_shown(&one.turn)).count();
            let not_shown = if not_shown == 0 { String::new() } else { format!(", with {not_shown} not shown yet") };
            format!("Score {} of {LEVEL_2_HIGHEST}{not_shown}", points.points)
        }
        (Count::Points(points), None) => {
            format!("No score: 3.12.4 is open; with a plan it would be {} of {LEVEL_2_HIGHEST}", points.points)
        }
        (Count::Open { .. }, Some(met)) => format!("Score {met} of {all}; needs Level 2 first"),
        (Count::Open { open }, None) if open.is_empty() => format!("All {all} requirements are met"),
        (Count::Open { open }, None) => format!("Not met as a whole: {} of {all} requirements are open", open.len()),
    }
}

fn level_2(named: &Named<'_>, score: &Score, points: &Points) -> VerdictSection {
    let of = format!("{} of {LEVEL_2_HIGHEST}", points.points);
    let mut lines = Vec::new();
    if let Some(because) = score.no_score_because {
        lines.push(format!("{because}. With a plan it would be {of}."));
    }
    let counted = as_counted(points.to_final.iter().map(|step| &step.turn));
    lines.push(format!("{counted}{}", at_best(points)));
    lines.push(conditional(score, points));
    lines.push(if score.legality.final_possible {
        "Final status: possible, nothing is open.".to_owned()
    } else {
        let open = many(points.to_final.len(), "requirement is", "requirements are");
        format!("Final status: not possible yet, {open} open.")
    });
    let tables = [
        deductions(named, points),
        refused(named, score),
        to_conditional(named, points),
        to_final(named, points),
        exceptions(named, &score.exceptions),
    ];
    VerdictSection {
        heading: "CMMC score",
        figure: score.score.map_or_else(|| "No score yet".to_owned(), |_| format!("{of} points")),
        lines,
        counts: Vec::new(),
        tables: tables.into_iter().flatten().collect(),
    }
}

fn level_1(named: &Named<'_>, score: &Score, open: &[Open]) -> VerdictSection {
    let (all, met) = (named.framework.controls.len(), named.framework.controls.len() - open.len());
    let mut lines = vec![
        format!("{}.", score.no_score_because.unwrap_or_default()),
        as_counted(open.iter().map(|one| &one.turn)),
        "Nothing may wait on a POA&M: 32 CFR 170.21(a)(1).".to_owned(),
    ];
    lines.push(
        "It is affirmed every year, 32 CFR 170.22(b)(1); that it is assessed every year as well is to be confirmed."
            .to_owned(),
    );
    let tables = [still_open(named, open), exceptions(named, &score.exceptions)];
    VerdictSection {
        heading: "Level 1 as a whole",
        figure: format!("{met} of {all} requirements met"),
        lines,
        counts: Vec::new(),
        tables: tables.into_iter().flatten().collect(),
    }
}

fn level_3(named: &Named<'_>, score: &Score, open: &[Open]) -> VerdictSection {
    let of = format!("{} of {}", score.score.unwrap_or_default(), named.framework.controls.len());
    let least = i32::try_from(LEVEL_3_LEAST).unwrap_or(i32::MAX);
    let legality = &score.legality;
    let conditional = if legality.conditional_possible {
        format!(
            "Conditional status: possible once Level 2 is final, {least} points are there and everything open may wait: 32 CFR \
             170.21(a)(3)."
        )
    } else {
        not_yet(least, score.score.unwrap_or_default(), legality.poam_refused.len(), "32 CFR 170.21(a)(3)")
    };
    let lines = vec![
        format!("It needs {}. One point for each requirement that is met.", score.needs.unwrap_or_default()),
        as_counted(open.iter().map(|one| &one.turn)),
        conditional,
        if legality.final_possible {
            "Final status: possible once Level 2 is final, nothing is open.".to_owned()
        } else {
            format!("Final status: not possible yet, {} open.", many(open.len(), "requirement is", "requirements are"))
        },
    ];
    let tables = [still_open(named, open), refused(named, score), exceptions(named, &score.exceptions)];
    VerdictSection {
        heading: "CMMC Level 3 score",
        figure: format!("{of} points"),
        lines,
        counts: Vec::new(),
        tables: tables.into_iter().flatten().collect(),
    }
}

/// Nobody has shown it either way, nor said that some of it is there.
fn is_not_shown(turn: &Turn) -> bool {
    turn.stands.as_ref().is_none_or(|stands| stands.status == ControlState::Undetermined && !stands.is_partial)
}

/// How much of what counts as not met is only not shown.
fn as_counted<'a>(open: impl Iterator<Item = &'a Turn>) -> String {
    let open: Vec<&Turn> = open.collect();
    if open.is_empty() {
        return format!("Nothing is open. {OUR_COUNT}");
    }
    let (found, undetermined): (Vec<&Turn>, Vec<&Turn>) = open.iter().partition(|turn| is_found_not_met(turn));
    let not_shown = undetermined.iter().filter(|turn| is_not_shown(turn)).count();
    let in_part = |all: &[&Turn]| all.iter().filter(|turn| is_partial(turn)).count();
    let of_them = match in_part(&found) {
        0 => String::new(),
        count => format!(" ({count} of them there in part)"),
    };
    let beside = match in_part(&undetermined) {
        0 => String::new(),
        count => format!(", {} there in part, as somebody stated,", many(count, "is", "are")),
    };
    format!(
        "What nobody has shown counts as not met, as an assessor counts it. Of {}, {} found not met{of_them}{beside} and {} only \
         not shown yet. {OUR_COUNT}",
        many(open.len(), "open requirement", "open requirements"),
        many(found.len(), "is", "are"),
        many(not_shown, "is", "are"),
    )
}

/// A check or a person found that it is not met; what is only stated to be there in part is undetermined in every figure.
fn is_found_not_met(turn: &Turn) -> bool {
    turn.stands.as_ref().is_some_and(|stands| stands.status == ControlState::NotMet)
}

fn is_partial(turn: &Turn) -> bool {
    turn.stands.as_ref().is_some_and(|stands| stands.is_partial)
}

/// The points that would be there if all that is only not shown were met.
fn at_best(points: &Points) -> String {
    let failed = |one: &&Deduction| !is_not_shown(&one.turn);
    let lost: u32 = points.deductions.iter().filter(failed).map(|one| one.lost.value).sum();
    let best = LEVEL_2_HIGHEST - i32::try_from(lost).unwrap_or(i32::MAX);
    if best == points.points {
        String::new()
    } else {
        format!(" If all that is only not shown turns out to be met: {best}.")
    }
}

fn conditional(score: &Score, points: &Points) -> String {
    if score.legality.conditional_possible {
        return format!(
            "Conditional status: possible, {LEVEL_2_LEAST} points are there and everything open may wait: 32 CFR \
             170.21(a)(2). The rest has to be closed out within 180 days, 170.21(b)."
        );
    }
    not_yet(LEVEL_2_LEAST, points.points, score.legality.poam_refused.len(), "32 CFR 170.21(a)(2)")
}

/// Why a conditional status is out of reach.
fn not_yet(least: i32, points: i32, refused: usize, paragraph: &str) -> String {
    let mut missing = Vec::new();
    if points < least {
        missing.push(format!("{points} points are {} short of the {least} it needs", least - points));
    }
    if refused > 0 {
        missing.push(format!("{} open that may not wait", many(refused, "requirement is", "requirements are")));
    }
    format!("Conditional status: not possible yet, {}: {paragraph}.", missing.join(", and "))
}

fn stand(named: &Named<'_>, row: VerdictRow, turn: &Turn) -> VerdictRow {
    let status = turn.stands.as_ref().map(|stands| stands.status);
    VerdictRow {
        state: status.map(ControlState::as_str),
        word: status.map(|status| named.framework.word(status)).unwrap_or_default(),
        party: turn.party,
        ..row
    }
}

fn deductions(named: &Named<'_>, points: &Points) -> Option<VerdictTable> {
    let row = |one: &Deduction| {
        let why = one.turn.stands.as_ref().map_or(&one.lost.because, |stands| &stands.why);
        let row = named.row(&one.lost.control, why);
        stand(named, VerdictRow { figure: Some(one.lost.value), ..row }, &one.turn)
    };
    let mut rows: Vec<VerdictRow> = points.deductions.iter().map(row).collect();
    // What is known to be wrong comes before what is not shown; the sort is stable.
    rows.sort_by_key(|row| (Reverse(row.figure), row.state != Some(ControlState::NotMet.as_str())));
    let lost = LEVEL_2_HIGHEST - points.points;
    let about = format!("{LEVEL_2_HIGHEST} less {lost} makes {}. The dearest first.", points.points);
    let columns = Columns {
        subject: "Requirement",
        figure: Some("Points"),
        word: Some("Status"),
        turn: Some("Whose turn"),
        text: "Why",
    };
    VerdictTable::of("Points are lost for", about, columns, rows)
}

/// What may not wait, by why not.
fn refused(named: &Named<'_>, score: &Score) -> Option<VerdictTable> {
    let mut groups: Vec<(String, Vec<ControlRef>)> = Vec::new();
    for refusal in &score.legality.poam_refused {
        // Each refusal begins with the number; the rest is the reason, which many share.
        let why = refusal.because.strip_prefix(&refusal.control).unwrap_or(&refusal.because);
        let why = why.replacen(" may", "May", 1);
        let one = named.reference(&refusal.control, refusal.control.clone());
        match groups.iter_mut().find(|(known, _)| *known == why) {
            Some((_, all)) => all.push(one),
            None => groups.push((why, vec![one])),
        }
    }
    let count = |all: &[ControlRef]| u32::try_from(all.len()).ok();
    let row = |(why, all): (String, Vec<ControlRef>)| VerdictRow { figure: count(&all), ..named.row_of(why, all) };
    let may_wait = &score.legality.poam_allowed;
    let about = if may_wait.is_empty() {
        "Nothing else is open.".to_owned()
    } else {
        format!("{} open and may: {}.", many(may_wait.len(), "other is", "others are"), may_wait.join(", "))
    };
    let columns = Columns { subject: "Why", figure: Some("Open"), text: "Requirements", ..Columns::default() };
    VerdictTable::of("May not wait on a POA&M", about, columns, groups.into_iter().map(row).collect())
}

/// Steps that one party walks in one way: what is known to be wrong is mended, what is not shown is shown.
struct Walk<'a> {
    party: Option<Party>,
    what: &'a str,
    points: u32,
    controls: Vec<ControlRef>,
}

fn way<'a>(named: &Named<'_>, title: &str, steps: impl Iterator<Item = &'a Step>) -> Option<VerdictTable> {
    let mut walks: Vec<Walk<'a>> = Vec::new();
    for Step { step, turn } in steps {
        let what = turn.stands.as_ref().map_or("show", |stands| stands.what);
        let one = named.reference(&step.control, format!("{} ({})", step.control, step.gain));
        match walks.iter_mut().find(|walk| walk.party == turn.party && walk.what == what) {
            Some(walk) => {
                walk.points += step.gain;
                walk.controls.push(one);
            }
            None => walks.push(Walk { party: turn.party, what, points: step.gain, controls: vec![one] }),
        }
    }
    walks.sort_by_key(|walk| (walk.party.is_none(), walk.party, walk.what));
    let count = walks.iter().map(|walk| walk.controls.len()).sum();
    let gain: u32 = walks.iter().map(|walk| walk.points).sum();
    let row = |walk: Walk<'_>| VerdictRow {
        figure: Some(walk.points),
        party: walk.party,
        ..named.row_of(format!("{} to {}", walk.controls.len(), walk.what), walk.controls)
    };
    let about = format!("{} {gain} points.", many(count, "step brings", "steps bring"));
    let columns = Columns {
        subject: "To do",
        figure: Some("Points"),
        word: None,
        turn: Some("Whose turn"),
        text: "Requirements, each with its points",
    };
    VerdictTable::of(title, about, columns, walks.into_iter().map(row).collect())
}

fn to_conditional(named: &Named<'_>, points: &Points) -> Option<VerdictTable> {
    way(named, "Shortest way to a conditional status (88 points)", points.to_conditional.iter())
}

/// What is left after the way to a conditional status.
fn to_final(named: &Named<'_>, points: &Points) -> Option<VerdictTable> {
    let before: HashSet<&str> = points.to_conditional.iter().map(|one| one.step.control.as_str()).collect();
    let rest = points.to_final.iter().filter(|one| !before.contains(one.step.control.as_str()));
    way(named, if before.is_empty() { "Way to all 110 points" } else { "From there to all 110 points" }, rest)
}

fn still_open(named: &Named<'_>, open: &[Open]) -> Option<VerdictTable> {
    let row = |one: &Open| {
        let why = one.turn.stands.as_ref().map_or("", |stands| stands.why.as_str());
        stand(named, named.row(&one.control, why), &one.turn)
    };
    let rows: Vec<_> = open.iter().map(row).collect();
    let turns = [(Some(Party::Provider), "Provider"), (Some(Party::Internal), "Internal IT"), (None, "nobody")];
    let turns = turns.map(|(party, who)| (who, rows.iter().filter(|row| row.party == party).count()));
    let turns = turns.iter().filter(|(_, count)| *count > 0).map(|(who, count)| format!("{who} {count}"));
    let about = format!("Whose turn it is: {}.", turns.collect::<Vec<_>>().join(", "));
    let columns =
        Columns { subject: "Requirement", word: Some("Status"), turn: Some("Whose turn"), text: "Why", figure: None };
    VerdictTable::of("Still open", about, columns, rows)
}

fn exceptions(named: &Named<'_>, all: &[Exception]) -> Option<VerdictTable> {
    let why = |one: &Exception| {
        let paragraph =
            if one.because.contains(one.paragraph) { String::new() } else { format!(" ({})", one.paragraph) };
        format!("{}{paragraph}", one.because)
    };
    let row = |one: &Exception| VerdictRow {
        name: one.objective.to_string(),
        state: Some(ControlState::Met.as_str()),
        word: format!("{}, {}", one.finding, one.by),
        ..named.row(&one.control, &why(one))
    };
    let about = "An assessor counts these as met, and asks for the papers.".to_owned();
    let columns = Columns { subject: "Objective", word: Some("Finding"), text: "Why", ..Columns::default() };
    VerdictTable::of("Met in another way than as written", about, columns, all.iter().map(row).collect())
}
