//! Rows as they are sent: selected properties, what stands in for absent ones, expanded objects, differences of beta.

use serde_json::{Value, json};

use super::endpoint::{Endpoint, Shape};
use super::firm::Directory;
use super::query::Query;
use super::table::{Property, Row, Table, Visibility, belongs_to_derived_type};

/// What was asked of which path in which version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'request> {
    pub endpoint: &'request Endpoint,
    pub query: &'request Query,
    pub version: &'request str,
    /// Below the version, as the client spelt it.
    pub path: &'request str,
}

/// In beta the authorization policy is a collection of one.
pub(super) fn is_collection_in_beta(endpoint: &Endpoint, version: &str) -> bool {
    version == "beta" && endpoint.table == Table::AuthorizationPolicy
}

/// One row as it is sent.
pub(super) fn row(directory: &Directory, question: &Question<'_>, properties: &[Property], row: &Row) -> Row {
    let Question { endpoint, query, .. } = *question;
    let mut sent = Row::new();
    if endpoint.shape == Shape::Members {
        sent.insert("@odata.type".to_owned(), json!("#microsoft.graph.user"));
    }
    for property in properties {
        if let Some(value) = shown(endpoint.table, property, query, row) {
            sent.insert(property.name.to_owned(), value);
        }
    }
    if is_collection_in_beta(endpoint, question.version) {
        let assigned =
            row.get("defaultUserRolePermissions").and_then(|inner| inner.get("permissionGrantPoliciesAssigned"));
        let assigned = assigned.cloned().unwrap_or_else(|| json!([]));
        sent.insert("permissionGrantPolicyIdsAssignedToDefaultUserRole".to_owned(), assigned);
        if let Some(Value::Object(inner)) = sent.get_mut("defaultUserRolePermissions") {
            inner.remove("permissionGrantPoliciesAssigned");
        }
    }
    for name in &query.expand {
        let expanded = match name.as_str() {
            "principal" => principal(directory, row),
            _ => Value::Array(members_of_role(directory, row)),
        };
        sent.insert(name.clone(), expanded);
    }
    sent
}

fn shown(table: Table, property: &Property, query: &Query, row: &Row) -> Option<Value> {
    let held = row.get(property.name);
    if property.name == "@odata.type" {
        return held.cloned();
    }
    let is_wanted = match (query.select.is_empty(), property.visibility) {
        (false, _) => query.select.iter().any(|name| name == property.name),
        (true, Visibility::Default) => true,
        (true, Visibility::Hidden) => belongs_to_derived_type(table, property.name),
        (true, Visibility::OnlySelected) => false,
    };
    // Not every type has the property, and who never signed in has no sign-in activity: then it is left out, not null.
    let is_left_out_when_absent = belongs_to_derived_type(table, property.name) || property.name == "signInActivity";
    match held {
        _ if !is_wanted => None,
        Some(value) => Some(value.clone()),
        None if is_left_out_when_absent => None,
        None => Some(property.when_absent.clone()),
    }
}

fn user_object(user: &Row) -> Value {
    let mut object = Row::from_iter([("@odata.type".to_owned(), json!("#microsoft.graph.user"))]);
    for property in Table::Users.properties() {
        if let Some(value) = shown(Table::Users, &property, &Query::default(), user) {
            object.insert(property.name.to_owned(), value);
        }
    }
    Value::Object(object)
}

fn principal(directory: &Directory, assignment: &Row) -> Value {
    let holder = directory.rows(Table::Users).iter().find(|user| user.get("id") == assignment.get("principalId"));
    holder.map_or(Value::Null, user_object)
}

fn members_of_role(directory: &Directory, role: &Row) -> Vec<Value> {
    let assignments = directory.rows(Table::RoleAssignments).iter();
    assignments
        .filter(|assignment| assignment.get("roleDefinitionId") == role.get("roleTemplateId"))
        .map(|assignment| principal(directory, assignment))
        .collect()
}
