//! Rows as they are sent: selected properties, what stands in for absent ones, expanded objects, differences of beta.

use serde_json::{Value, json};

use super::endpoint::{Endpoint, Shape};
use super::firm::Directory;
use super::property::YOUNGER_MEMBERS;
use super::query::Query;
use super::table::{Property, Row, Table, Visibility};

/// What was asked of which path in which version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'request> {
    pub endpoint: &'request Endpoint,
    pub query: &'request Query,
    pub version: &'request str,
    /// Below the version, as the client spelt it.
    pub path: &'request str,
    /// Where the metadata is that contexts point to.
    pub graph_url: &'request str,
    /// Whether the client said it wants members that an enumeration was given later.
    pub new_members: bool,
}

/// In beta the authorization policy is a collection of one.
pub(super) fn is_collection_in_beta(endpoint: &Endpoint, version: &str) -> bool {
    version == "beta" && endpoint.table == Table::AuthorizationPolicy
}

/// One row as it is sent.
pub(super) fn row(directory: &Directory, question: &Question<'_>, properties: &[Property], row: &Row) -> Row {
    let Question { endpoint, query, .. } = *question;
    if endpoint.shape == Shape::Members {
        return member(query, properties, row);
    }
    let mut sent = Row::new();
    for property in properties {
        if let Some(value) = shown(property, query, row) {
            if property.name == "combinationConfigurations" {
                sent.insert("combinationConfigurations@odata.context".to_owned(), combinations(question, row));
            }
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
            "assignments" => row.get("assignments").cloned().unwrap_or_else(|| json!([])),
            _ => Value::Array(members_of_role(directory, row)),
        };
        sent.insert(name.clone(), expanded);
    }
    if !question.new_members && has_younger_members(endpoint.table) {
        sent.iter_mut().for_each(|(name, value)| hide_younger(name, value));
    }
    sent
}

const fn has_younger_members(table: Table) -> bool {
    matches!(table, Table::ConditionalAccessPolicies | Table::AuthenticationStrengthPolicies | Table::RiskyUsers)
}

/// Puts `unknownFutureValue` in the place of members that came after it; some values are several members, joined.
fn hide_younger(name: &str, value: &mut Value) {
    match value {
        Value::String(text) => {
            let is_young = |member: &str| YOUNGER_MEMBERS.contains(&(name, member));
            if text.split(',').any(is_young) {
                let older: Vec<&str> = text.split(',').map(|one| if is_young(one) { UNKNOWN } else { one }).collect();
                *text = older.join(",");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_younger(name, item)),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| hide_younger(name, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

const UNKNOWN: &str = "unknownFutureValue";

fn combinations(question: &Question<'_>, row: &Row) -> Value {
    let id = row.get("id").and_then(Value::as_str).unwrap_or_default();
    let Question { graph_url, version, endpoint, .. } = question;
    json!(format!("{graph_url}/{version}/$metadata#{}('{id}')/combinationConfigurations", endpoint.context("")))
}

/// A member of a group: a user, or a group within it, which has none of the properties of users.
fn member(query: &Query, of_users: &[Property], row: &Row) -> Row {
    if row.contains_key("userPrincipalName") {
        return typed("#microsoft.graph.user", of_users, query, row);
    }
    typed("#microsoft.graph.group", &Table::Groups.properties(), query, row)
}

fn typed(kind: &str, properties: &[Property], query: &Query, row: &Row) -> Row {
    let mut object = Row::from_iter([("@odata.type".to_owned(), json!(kind))]);
    for property in properties {
        if let Some(value) = shown(property, query, row) {
            object.insert(property.name.to_owned(), value);
        }
    }
    object
}

fn shown(property: &Property, query: &Query, row: &Row) -> Option<Value> {
    let held = row.get(property.name);
    if property.name == "@odata.type" {
        return held.cloned();
    }
    let is_selected = query.select.iter().any(|name| name == property.name);
    let is_wanted = match property.visibility {
        Visibility::Hidden => false,
        Visibility::OnlySelected => is_selected,
        Visibility::Default | Visibility::Derived => is_selected || query.select.is_empty(),
    };
    // Not every type has the property, and who never signed in has no sign-in activity: then it is left out, not null.
    let is_left_out_when_absent = property.visibility == Visibility::Derived || property.name == "signInActivity";
    match held {
        _ if !is_wanted => None,
        Some(value) => Some(value.clone()),
        None if is_left_out_when_absent => None,
        None => Some(property.when_absent.clone()),
    }
}

/// The user, group or service principal that holds a role.
fn principal(directory: &Directory, assignment: &Row) -> Value {
    let kinds = [
        (Table::Users, "#microsoft.graph.user"),
        (Table::Groups, "#microsoft.graph.group"),
        (Table::ServicePrincipals, "#microsoft.graph.servicePrincipal"),
    ];
    let found = kinds.into_iter().find_map(|(table, kind)| {
        let holder = directory.rows(table).iter().find(|row| row.get("id") == assignment.get("principalId"))?;
        Some(typed(kind, &table.properties(), &Query::default(), holder))
    });
    found.map_or(Value::Null, Value::Object)
}

fn members_of_role(directory: &Directory, role: &Row) -> Vec<Value> {
    let assignments = directory.rows(Table::RoleAssignments).iter();
    assignments
        .filter(|assignment| assignment.get("roleDefinitionId") == role.get("roleTemplateId"))
        .map(|assignment| principal(directory, assignment))
        .collect()
}
