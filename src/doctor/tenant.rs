//! A Microsoft 365 connection: sign-in, permissions, licences, cloud, clock, and how long its credential is good.

use chrono::Duration;

use super::{Line, Network, all, clock, left_unknown, permissions, unseen_lately};
use crate::app::App;
use crate::assess::unknown::Unseen;
use crate::catalog::collector::Cloud;
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::fault::causes;
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::pipeline::credentials::{self, CredentialFacts};
use crate::pipeline::targets::{CredentialKind, GraphSettings};
use crate::schedule::alarm;
use crate::store::{Connection, OrgScope};

pub(super) async fn look(app: &App, organization: &Organization, network: Network) -> Vec<Line> {
    let scope = OrgScope::of(organization);
    let connections = match app.store.connections(&scope).await {
        Ok(connections) => connections,
        Err(fault) => return vec![Line::problem("sign-in", organization.slug.as_str(), causes(&fault))],
    };
    if connections.is_empty() {
        let says = "nothing is connected, so nothing is collected";
        return vec![
            Line::warning("connections", organization.slug.as_str(), says)
                .next("countersign connect m365 or countersign connect host"),
        ];
    }
    let tenants = connections.iter().filter(|connection| connection.source == Source::Graph);
    let looks = tenants.map(|connection| tenant(app, organization, connection, network));
    futures_util::future::join_all(looks).await.into_iter().flatten().collect()
}

async fn tenant(app: &App, organization: &Organization, connection: &Connection, network: Network) -> Vec<Line> {
    let (scope, target) = (OrgScope::of(organization), connection.target.as_str());
    let mut lines = Vec::new();
    match credentials::facts_of(app, &scope, connection).await {
        Ok(facts) => lines.push(credential_in_words(&facts, app.config.keys.warn_days_before_end, app.clock.now())),
        Err(fault) => {
            let line = Line::problem("credential", target, causes(&fault)).missing("everything of this tenant");
            lines.push(line.next("connect it again: countersign connect m365 with --replace"));
            return lines;
        }
    }
    if network == Network::Spared {
        lines.push(Line::ok("sign-in", target, "was not tried (--offline)"));
        lines.extend(lately(app, organization, target).await);
        return lines;
    }
    let cloud = serde_json::from_value(connection.settings.clone()).map(|settings: GraphSettings| settings.cloud);
    let cloud = cloud.unwrap_or(Cloud::Global);
    let limits = credentials::limits_of(cloud);
    let probe = match credentials::graph_target(app, &scope, connection, limits).await {
        Ok(tenant) => tenant.probe(app.clock.as_ref()).await,
        Err(fault) => {
            lines.push(Line::problem("sign-in", target, causes(&fault)).missing("everything of this tenant"));
            return lines;
        }
    };
    lines.extend(probe.clocks.iter().map(clock::beside));
    lines.extend(probe.region.and_then(|region| permissions::region_in_words(target, cloud, &region)));
    let about = (app.catalog.as_ref(), organization.frameworks.as_slice());
    match probe.sign_in {
        Ok(granted) => {
            lines.push(Line::ok("sign-in", target, "works"));
            if let Some(granted) = granted {
                lines.extend(permissions::granted_in_words(about.0, about.1, (target, cloud), &granted));
            } else {
                let says = "the token cannot be read, so only collecting shows what was granted";
                lines.push(Line::ok("permissions", target, says));
                lines.extend(lately(app, organization, target).await);
            }
        }
        Err(failure) => {
            let everything = about.0.collectors_for(Source::Graph).map(|collector| &collector.id);
            let missing = left_unknown(about.0, about.1, &all(everything, CollectionOutcome::Unreachable));
            lines.push(Line { missing, ..Line::problem("sign-in", target, failure.reason) });
        }
    }
    if let Some(plans) = probe.plans {
        lines.extend(permissions::plans_in_words(about.0, about.1, (target, cloud), &plans));
    }
    lines
}

/// What the last attempts were refused.
async fn lately(app: &App, organization: &Organization, target: &str) -> Vec<Line> {
    let Ok(unseen) = unseen_lately(app, organization, Source::Graph, target).await else { return Vec::new() };
    let of = |wanted: CollectionOutcome| -> Unseen {
        unseen.iter().filter(|(_, outcome)| **outcome == wanted).map(|(dataset, how)| (dataset.clone(), *how)).collect()
    };
    let kinds = [
        (CollectionOutcome::Denied, "permissions", "the last attempts were refused: a permission is not granted"),
        (CollectionOutcome::Unlicensed, "licences", "the last attempts were refused for want of a licence"),
    ];
    let lines = kinds.into_iter().filter_map(|(outcome, area, says)| {
        let missing = left_unknown(&app.catalog, &organization.frameworks, &of(outcome))?;
        let line = Line::warning(area, target, says).missing(missing);
        Some(line.next("countersign collector list shows the permission and licence of each"))
    });
    lines.collect()
}

fn credential_in_words(facts: &CredentialFacts, warn_days: u32, now: Timestamp) -> Line {
    const AREA: &str = "credential";
    let target = facts.target.as_str();
    if facts.credential == CredentialKind::Federated {
        let says = "is a statement of another identity provider, which is read from its file at each sign-in and has no end here";
        return Line::ok(AREA, target, says);
    }
    let Some(ends) = facts.ends else {
        let says = "when its client secret ends is known to the app registration only, so nobody is warned before";
        let next = "say it with connect m365 --replace --secret-expires DATE, or use a certificate";
        return Line::warning(AREA, target, says).missing("everything of this tenant from that day on").next(next);
    };
    let alarm = alarm::ending(std::slice::from_ref(facts), warn_days, now);
    let Some(says) = alarm.into_iter().next() else {
        let days = (ends.as_datetime() - now.as_datetime()).num_days();
        return Line::ok(AREA, target, format!("is good until {} ({days} days)", ends.for_people()));
    };
    let line = if ends <= now { Line::problem(AREA, target, says) } else { Line::warning(AREA, target, says) };
    let from = if ends.as_datetime() - now.as_datetime() <= Duration::zero() { "now" } else { "that day" };
    line.missing(format!("everything of this tenant from {from} on"))
}

#[cfg(test)]
mod tests {
    use super::CredentialKind;
    use super::credential_in_words;
    use crate::doctor::Level;
    use crate::model::time::Timestamp;
    use crate::pipeline::credentials::CredentialFacts;

    #[test]
    fn a_credential_is_a_warning_before_its_end_and_when_that_is_not_known_and_a_problem_after() {
        let now: Timestamp = "2026-11-27".parse().unwrap();
        let level = |ends: Option<&str>| {
            let facts = CredentialFacts {
                target: "t.example".to_owned(),
                client_id: String::new(),
                credential: CredentialKind::Secret,
                certificate: None,
                ends: ends.map(|ends| ends.parse().unwrap()),
            };
            credential_in_words(&facts, 30, now).level
        };
        assert_eq!(level(None), Level::Warning);
        assert_eq!(level(Some("2026-11-26")), Level::Problem);
        assert_eq!(level(Some("2026-12-27")), Level::Warning);
        assert_eq!(level(Some("2026-12-28")), Level::Ok);
    }
}
