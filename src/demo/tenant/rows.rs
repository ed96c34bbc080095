//! The rows behind a path, before they are paged and printed; and what the tenant has bought.

use std::collections::BTreeSet;

use serde_json::Value;

use super::endpoint::{Endpoint, Equals, Filter, Licence, Shape};
use super::firm::Directory;
use super::table::{Row, Table};

/// The rows behind a path; none when the object named by the path does not exist.
pub(super) fn rows<'rows>(
    directory: &'rows Directory,
    endpoint: &Endpoint,
    id: Option<&str>,
    filter: Option<Filter>,
) -> Option<Vec<&'rows Row>> {
    let mut rows = match endpoint.shape {
        Shape::Collection | Shape::Single => directory.rows(endpoint.table).iter().collect(),
        Shape::Members => members(directory, id?)?,
        Shape::AssignedTo => assigned_to(directory, id?)?,
    };
    if let Some(filter) = filter {
        rows.retain(|row| passes(row, filter));
    }
    Some(rows)
}

fn passes(row: &Row, filter: Filter) -> bool {
    let held = row.get(filter.property);
    match filter.equals {
        Equals::Text(text) => held.and_then(Value::as_str) == Some(text),
        Equals::Flag(flag) => held.and_then(Value::as_bool) == Some(flag),
    }
}

fn text<'row>(row: &'row Row, property: &str) -> Option<&'row str> {
    row.get(property).and_then(Value::as_str)
}

fn names<'row>(row: &'row Row, property: &str) -> impl Iterator<Item = &'row str> {
    row.get(property).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Users of the group and of groups within it, then those groups, each once.
fn members<'rows>(directory: &'rows Directory, id: &str) -> Option<Vec<&'rows Row>> {
    let groups = directory.rows(Table::Groups);
    let start = groups.iter().find(|group| text(group, "id") == Some(id))?;
    let (mut people, mut within, mut waiting) = (BTreeSet::new(), Vec::<&Row>::new(), vec![start]);
    while let Some(group) = waiting.pop() {
        people.extend(names(group, "members"));
        for name in names(group, "nested") {
            let found = groups.iter().find(|group| text(group, "displayName") == Some(name));
            if let Some(found) = found
                && text(found, "id") != Some(id)
                && !within.iter().any(|known| text(known, "id") == text(found, "id"))
            {
                within.push(found);
                waiting.push(found);
            }
        }
    }
    let users = directory.rows(Table::Users).iter();
    let mut rows: Vec<&Row> =
        users.filter(|user| text(user, "userPrincipalName").is_some_and(|upn| people.contains(upn))).collect();
    rows.extend(within);
    Some(rows)
}

fn assigned_to<'rows>(directory: &'rows Directory, app_id: &str) -> Option<Vec<&'rows Row>> {
    let mut principals = directory.rows(Table::ServicePrincipals).iter();
    let resource = principals.find(|row| text(row, "appId").is_some_and(|known| known.eq_ignore_ascii_case(app_id)))?;
    let assignments = directory.rows(Table::AppRoleAssignments).iter();
    Some(assignments.filter(|row| row.get("resourceId") == resource.get("id")).collect())
}

/// Whether an enabled subscription brings the licence.
pub(super) fn has_licence(directory: &Directory, licence: Licence) -> bool {
    let is = |value: &Value, name: &str, wanted: &str| value.get(name).and_then(Value::as_str) == Some(wanted);
    directory
        .rows(Table::SubscribedSkus)
        .iter()
        .filter(|sku| text(sku, "capabilityStatus") == Some("Enabled"))
        .filter_map(|sku| sku.get("servicePlans").and_then(Value::as_array))
        .flatten()
        .filter(|plan| is(plan, "provisioningStatus", "Success"))
        .any(|plan| licence.service_plans().iter().any(|name| is(plan, "servicePlanName", name)))
}
