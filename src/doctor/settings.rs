//! Whether the settings of an organization are read by any check.

use super::Line;
use crate::app::App;
use crate::catalog::Catalog;
use crate::model::fault::causes;
use crate::model::organization::Organization;
use crate::store::OrgScope;

const AREA: &str = "settings";

pub(super) async fn look(app: &App, organization: &Organization) -> Vec<Line> {
    let slug = organization.slug.as_str();
    match app.store.settings(&OrgScope::of(organization)).await {
        Ok(settings) => in_words(&app.catalog, slug, &settings),
        Err(fault) => vec![Line::problem(AREA, slug, causes(&fault))],
    }
}

/// One warning a setting that changes nothing, or not what was meant; nothing where all are read.
pub(super) fn in_words(catalog: &Catalog, slug: &str, settings: &serde_json::Value) -> Vec<Line> {
    let remarks = settings.as_object().map(|settings| catalog.remarks(settings)).unwrap_or_default();
    let line = |remark: &crate::catalog::settings::Remark| {
        Line::warning(AREA, slug, remark.for_people())
            .next(format!("countersign org settings --org {slug} --set FILE --by HANDLE --because TEXT replaces them"))
    };
    remarks.iter().map(line).collect()
}
