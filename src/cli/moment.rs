//! Times as commands take them: a moment, or a day in the organization's own time zone.

use serde_json::json;

use super::{Common, Ending, output};
use crate::app::App;
use crate::model::moment::Moment;
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::pipeline::decisions;
use crate::store::OrgScope;

/// As of when a command was asked: by default now.
pub fn as_of(asked: Option<Moment>, organization: &Organization, now: Timestamp) -> Timestamp {
    asked.map_or(now, |moment| moment.end(organization, now))
}

/// By what is known when a command was asked: by default what was known at `as_of`.
///
/// # Errors
/// When it is before `as_of`, or in the future.
pub fn known_at(
    asked: Option<Moment>,
    as_of: Timestamp,
    organization: &Organization,
    now: Timestamp,
) -> anyhow::Result<Timestamp> {
    let Some(known_at) = asked.map(|moment| moment.end(organization, now)) else { return Ok(as_of) };
    if known_at > now {
        anyhow::bail!(
            "--known-at {} is in the future, and nobody knows yet what will be known then; give a time until now",
            known_at.for_people()
        );
    }
    if known_at < as_of {
        anyhow::bail!(
            "--known-at {} is before --as-of {}; what was known before a moment cannot say how things stood at it",
            known_at.for_people(),
            as_of.for_people()
        );
    }
    Ok(known_at)
}

/// A moment before anything was collected: nothing may be counted, because nothing was looked at.
pub struct NoEvidenceThen {
    /// When the first evidence was collected; none while there is none.
    first: Option<Timestamp>,
}

/// Whether nothing had been collected by a moment, and nobody had stated anything either.
pub async fn no_evidence_then(
    app: &App,
    organization: &Organization,
    as_of: Timestamp,
) -> anyhow::Result<Option<NoEvidenceThen>> {
    let scope = OrgScope::of(organization);
    let first = app.store.first_collected_at(&scope).await?;
    if first.is_some_and(|first| first <= as_of) {
        return Ok(None);
    }
    let is_stated = !decisions::known(app, &scope, as_of).await?.attestations.is_empty();
    Ok(if is_stated { None } else { Some(NoEvidenceThen { first }) })
}

impl NoEvidenceThen {
    /// Says so instead of an answer, after what is alarming: nothing collected must not look like calm.
    pub fn say(
        &self,
        common: &Common,
        organization: &Organization,
        as_of: Timestamp,
        alarms: &[String],
    ) -> anyhow::Result<Ending> {
        if common.json {
            output::json(&json!({
                "organization": organization.slug,
                "as_of": as_of,
                "evidence": "none_then",
                "first_collected_at": self.first,
                "alarms": alarms,
            }))?;
            return Ok(Ending::Fine);
        }
        for alarm in alarms {
            output::line(&format!("ALARM: {}", output::plain(alarm)))?;
        }
        let first = self.first.map_or_else(
            || "nothing has been collected yet".to_owned(),
            |first| format!("the first was collected at {}", first.for_people()),
        );
        output::line(&format!("No evidence then: {first}. You asked about {}.", as_of.for_people()))?;
        Ok(Ending::Fine)
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, known_at};
    use crate::model::organization::Organization;
    use crate::model::organization::tests::in_zone;
    use crate::model::time::Timestamp;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn in_new_york() -> Organization {
        in_zone("America/New_York")
    }

    #[test]
    fn a_day_ends_when_it_ends_where_the_organization_is_and_today_ends_now() {
        let organization = in_new_york();
        let day: Moment = "2026-03-08".parse().unwrap();
        let now = time("2026-04-01T12:00:00Z");
        // The night the clocks went forward: the day began at 05:00 and ended at 04:00 UTC.
        assert_eq!(day.start(&organization), time("2026-03-08T05:00:00Z"));
        assert_eq!(day.end(&organization, now), time("2026-03-09T03:59:59.999999Z"));
        let today: Moment = "2026-04-01".parse().unwrap();
        assert_eq!(today.end(&organization, now), now);
        assert_eq!(today.last(&organization), time("2026-04-02T03:59:59.999999Z"), "what ends today ends tonight");
        let moment: Moment = "2026-03-08T11:00:00+02:00".parse().unwrap();
        assert_eq!(moment.end(&organization, now), time("2026-03-08T09:00:00Z"));
        assert!("2026-02-30".parse::<Moment>().is_err());
    }

    #[test]
    fn what_is_known_later_is_asked_for_between_the_moment_and_now() {
        let organization = in_new_york();
        let (as_of, now) = (time("2026-03-05T09:00:00Z"), time("2026-04-01T12:00:00Z"));
        let asked = |text: &str| known_at(Some(text.parse().unwrap()), as_of, &organization, now);
        assert_eq!(known_at(None, as_of, &organization, now).unwrap(), as_of);
        assert_eq!(asked("2026-04-01").unwrap(), now);
        assert!(asked("2026-03-04").unwrap_err().to_string().contains("before --as-of"));
        assert!(asked("2026-04-02").unwrap_err().to_string().contains("future"));
    }
}
