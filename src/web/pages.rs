//! The pages themselves. Faults go to the log; a browser learns only that something went wrong.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;

use super::Site;
use super::overview::Overview;
use crate::model::id::OrgSlug;

/// `GET /`
pub(super) async fn everything(State(site): State<Arc<Site>>) -> Response {
    match site.source.overview(None).await {
        Ok(overview) => show(&site, &overview, false),
        Err(fault) => failed(&site, fault.as_ref()),
    }
}

/// `GET /organizations/{slug}`
pub(super) async fn one_organization(State(site): State<Arc<Site>>, Path(slug): Path<String>) -> Response {
    let Ok(slug) = slug.parse::<OrgSlug>() else { return missing(&site) };
    match site.source.overview(Some(&slug)).await {
        Ok(overview) if overview.organizations.is_empty() => missing(&site),
        Ok(overview) => show(&site, &overview, true),
        Err(fault) => failed(&site, fault.as_ref()),
    }
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
    let mut causes = fault.to_string();
    let mut next = fault.source();
    while let Some(cause) = next {
        causes.push_str(": ");
        causes.push_str(&cause.to_string());
        next = cause.source();
    }
    tracing::error!(fault = %causes, "a page could not be made");
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

fn show(site: &Site, overview: &Overview, one: bool) -> Response {
    #[derive(Serialize)]
    struct Page<'a> {
        #[serde(flatten)]
        overview: &'a Overview,
        /// True on the page of a single organization.
        one: bool,
    }
    match site.engine.html("pages/overview.html", &Page { overview, one }) {
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
