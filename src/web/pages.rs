//! The pages themselves. Faults go to the log; a browser learns only that something went wrong.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::overview::Overview;
use super::source::{EvidenceQuery, FrameworkQuery, GapsQuery, ResponsibilitiesQuery, RunsQuery};
use super::{Site, SourceError};
use crate::model::fault::causes;
use crate::model::id::{ControlId, FrameworkId, GapId, OrgSlug, RunId};
use crate::model::moment::Moment;

/// What an address names. What cannot be a name of anything is answered like a name of nothing.
type Asked<T> = Result<Path<T>, PathRejection>;

/// What a reader chose on a page.
type Chosen<T> = Result<Query<T>, QueryRejection>;

/// A page of an earlier moment.
#[derive(Debug, Deserialize)]
pub(super) struct AsOf {
    as_of: Option<Moment>,
}

/// `GET /`
pub(super) async fn everything(State(site): State<Arc<Site>>) -> Response {
    match site.source.overview(None).await {
        Ok(overview) => show_overview(&site, &overview, false),
        Err(fault) => failed(&site, fault.as_ref()),
    }
}

/// `GET /organizations/{slug}`
pub(super) async fn one_organization(State(site): State<Arc<Site>>, path: Asked<OrgSlug>) -> Response {
    let Ok(Path(slug)) = path else { return missing(&site) };
    match site.source.overview(Some(&slug)).await {
        Ok(overview) if overview.organizations.is_empty() => missing(&site),
        Ok(overview) => show_overview(&site, &overview, true),
        Err(fault) => failed(&site, fault.as_ref()),
    }
}

/// `GET /organizations/{slug}/frameworks/{framework}`
pub(super) async fn framework(
    State(site): State<Arc<Site>>,
    path: Asked<(OrgSlug, FrameworkId)>,
    query: Chosen<FrameworkQuery>,
) -> Response {
    let Ok(Path((slug, framework))) = path else { return missing(&site) };
    let Ok(Query(query)) = query else { return not_a_choice(&site) };
    show(&site, "pages/framework.html", site.source.framework(&slug, &framework, &query).await)
}

/// `GET /organizations/{slug}/frameworks/{framework}/controls/{control}`
pub(super) async fn control(
    State(site): State<Arc<Site>>,
    path: Asked<(OrgSlug, FrameworkId, ControlId)>,
    query: Chosen<AsOf>,
) -> Response {
    let Ok(Path((slug, framework, control))) = path else { return missing(&site) };
    let Ok(Query(AsOf { as_of })) = query else { return not_a_choice(&site) };
    show(&site, "pages/control.html", site.source.control(&slug, &framework, &control, as_of).await)
}

/// `GET /organizations/{slug}/responsibilities/{framework}`
pub(super) async fn responsibilities(
    State(site): State<Arc<Site>>,
    path: Asked<(OrgSlug, FrameworkId)>,
    query: Chosen<ResponsibilitiesQuery>,
) -> Response {
    let Ok(Path((slug, framework))) = path else { return missing(&site) };
    let Ok(Query(query)) = query else { return not_a_choice(&site) };
    show(&site, "pages/responsibilities.html", site.source.responsibilities(&slug, &framework, &query).await)
}

/// `GET /organizations/{slug}/gaps`
pub(super) async fn gaps(State(site): State<Arc<Site>>, path: Asked<OrgSlug>, query: Chosen<GapsQuery>) -> Response {
    let Ok(Path(slug)) = path else { return missing(&site) };
    let Ok(Query(query)) = query else { return not_a_choice(&site) };
    show(&site, "pages/gaps.html", site.source.gaps(&slug, &query).await)
}

/// `GET /organizations/{slug}/gaps/{gap}`
pub(super) async fn gap(State(site): State<Arc<Site>>, path: Asked<(OrgSlug, GapId)>, query: Chosen<AsOf>) -> Response {
    let Ok(Path((slug, gap))) = path else { return missing(&site) };
    let Ok(Query(AsOf { as_of })) = query else { return not_a_choice(&site) };
    show(&site, "pages/gap.html", site.source.gap(&slug, gap, as_of).await)
}

/// `GET /organizations/{slug}/evidence`
pub(super) async fn evidence(
    State(site): State<Arc<Site>>,
    path: Asked<OrgSlug>,
    query: Chosen<EvidenceQuery>,
) -> Response {
    let Ok(Path(slug)) = path else { return missing(&site) };
    let Ok(Query(query)) = query else { return not_a_choice(&site) };
    show(&site, "pages/evidence.html", site.source.evidence(&slug, &query).await)
}

/// `GET /organizations/{slug}/evidence/{leaf}`
pub(super) async fn record(State(site): State<Arc<Site>>, path: Asked<(OrgSlug, u64)>) -> Response {
    let Ok(Path((slug, leaf))) = path else { return missing(&site) };
    show(&site, "pages/record.html", site.source.record(&slug, leaf).await)
}

/// `GET /organizations/{slug}/runs`
pub(super) async fn runs(State(site): State<Arc<Site>>, path: Asked<OrgSlug>, query: Chosen<RunsQuery>) -> Response {
    let Ok(Path(slug)) = path else { return missing(&site) };
    let Ok(Query(query)) = query else { return not_a_choice(&site) };
    show(&site, "pages/runs.html", site.source.runs(&slug, &query).await)
}

/// `GET /organizations/{slug}/runs/{run}`
pub(super) async fn run(State(site): State<Arc<Site>>, path: Asked<(OrgSlug, RunId)>) -> Response {
    let Ok(Path((slug, run))) = path else { return missing(&site) };
    show(&site, "pages/run.html", site.source.run(&slug, run).await)
}

/// `GET /organizations/{slug}/verification`
pub(super) async fn verification(State(site): State<Arc<Site>>, path: Asked<OrgSlug>) -> Response {
    let Ok(Path(slug)) = path else { return missing(&site) };
    show(&site, "pages/verification.html", site.source.verification(&slug).await)
}

/// `GET /assets/{name}`
pub(super) async fn asset(State(site): State<Arc<Site>>, Path(name): Path<String>) -> Response {
    match site.engine.asset(&name) {
        Some(asset) => ([(CONTENT_TYPE, asset.media_type)], asset.bytes.clone().into_owned()).into_response(),
        None => missing(&site),
    }
}

/// Every other address.
pub(super) async fn not_found(State(site): State<Arc<Site>>) -> Response {
    missing(&site)
}

/// What somebody without a link sees.
pub(super) fn no_access(site: &Site) -> Response {
    notice(
        site,
        StatusCode::FORBIDDEN,
        "Open the link from the terminal",
        "These pages open with the link that Countersign printed where it was started; it looks like \
         http://127.0.0.1:…/?token=…. Each link lets one browser in. If it was used already, take the newest link in \
         that terminal, or start Countersign again for a new one.",
    )
}

/// Logs a fault and says only that there was one.
pub(super) fn failed(site: &Site, fault: &(dyn std::error::Error + 'static)) -> Response {
    tracing::error!(fault = %causes(fault), "a page could not be made");
    notice(
        site,
        StatusCode::INTERNAL_SERVER_ERROR,
        "This page could not be made",
        "What went wrong is in the log of the program. Nothing was changed.",
    )
}

fn missing(site: &Site) -> Response {
    notice(site, StatusCode::NOT_FOUND, "There is no such page", "The overview is a good place to start again.")
}

fn not_a_choice(site: &Site) -> Response {
    notice(
        site,
        StatusCode::BAD_REQUEST,
        "This page has no such choice",
        "The end of the address, after the question mark, asks for something the page cannot show. A date is written \
         like 2026-03-31. Leave the end out to see the whole page.",
    )
}

fn show<T: Serialize>(site: &Site, template: &str, page: Result<Option<T>, SourceError>) -> Response {
    match page {
        Ok(Some(page)) => print(site, template, &page),
        Ok(None) => missing(site),
        Err(fault) => failed(site, fault.as_ref()),
    }
}

fn show_overview(site: &Site, overview: &Overview, one: bool) -> Response {
    #[derive(Serialize)]
    struct Page<'a> {
        #[serde(flatten)]
        overview: &'a Overview,
        /// True on the page of a single organization.
        one: bool,
    }
    print(site, "pages/overview.html", &Page { overview, one })
}

fn print<T: Serialize>(site: &Site, template: &str, page: &T) -> Response {
    match site.engine.html(template, page) {
        Ok(page) => Html(page).into_response(),
        Err(fault) => failed(site, &fault),
    }
}

fn notice(site: &Site, status: StatusCode, title: &str, text: &str) -> Response {
    let data = serde_json::json!({"title": title, "text": text});
    match site.engine.html("pages/notice.html", &data) {
        Ok(page) => (status, Html(page)).into_response(),
        // The template itself is at fault: plain words still arrive.
        Err(fault) => {
            tracing::error!(%fault, "the notice page could not be printed");
            (status, format!("{title}\n\n{text}\n")).into_response()
        }
    }
}
