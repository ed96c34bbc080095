//! Whether the schedule keeps its times, and whether what arrives is sealed.

use super::Line;
use crate::app::App;
use crate::model::fault::causes;
use crate::model::organization::Organization;
use crate::schedule;

pub(super) async fn schedule(app: &App, organization: &Organization) -> Vec<Line> {
    const AREA: &str = "schedule";
    let (slug, now) = (organization.slug.as_str(), app.clock.now());
    let planned = match schedule::next_times(app, organization, now).await {
        Ok(planned) => planned,
        Err(fault) => return vec![Line::problem(AREA, slug, causes(&fault))],
    };
    let mut lines: Vec<Line> = schedule::alarming(organization, &planned, now)
        .into_iter()
        .map(|alarm| Line::warning(AREA, slug, alarm))
        .collect();
    if planned.is_empty() {
        return lines;
    }
    if app.presence.others() == 0 {
        lines.push(
            Line::warning(AREA, slug, "no other process of this installation runs on this machine")
                .missing("everything that is due from now on, unless countersign collect is started by something else")
                .next("keep countersign serve running as a service, or start countersign collect by a timer"),
        );
    } else if lines.is_empty() {
        let next = planned.iter().filter_map(|one| one.next).min();
        let next = next.map_or_else(|| "never".to_owned(), |next| next.max(now).for_people());
        lines.push(Line::ok(AREA, slug, format!("{} collectors keep their times; next: {next}", planned.len())));
    }
    lines
}

pub(super) fn spool(app: &App) -> Vec<Line> {
    const AREA: &str = "spool";
    let alarms = schedule::spool_alarms(app, app.clock.now());
    if alarms.is_empty() {
        return vec![Line::ok(AREA, "", "nothing that arrived waits too long to be sealed")];
    }
    alarms.into_iter().map(|alarm| Line::warning(AREA, "", alarm)).collect()
}
