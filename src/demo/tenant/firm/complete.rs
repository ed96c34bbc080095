//! What follows from the rest of a row, from other tables, or from the type of a policy: filled in when the file is read,
//! so that a firm file says each thing once and no two datasets of one firm contradict each other.

use serde_json::{Value, json};

use super::expand::Expander;
use super::reference::{ROLES, guid};
use super::{Directory, FirmError};
use crate::demo::tenant::property;
use crate::demo::tenant::table::{Row, Table};

/// Methods that count as a second factor, and those of them that need no password.
const SECOND_FACTORS: &[&str] = &[
    "microsoftAuthenticatorPush",
    "softwareOneTimePasscode",
    "hardwareOneTimePasscode",
    "mobilePhone",
    "windowsHelloForBusiness",
    "fido2SecurityKey",
    "microsoftAuthenticatorPasswordless",
];
const WITHOUT_PASSWORD: &[&str] =
    &["windowsHelloForBusiness", "fido2SecurityKey", "microsoftAuthenticatorPasswordless"];

/// Fills in what `row` of `table` leaves out.
pub(super) fn complete(expander: &Expander, table: Table, row: &mut Row, line: u64) -> Result<(), FirmError> {
    let directory = &expander.directory;
    match table {
        Table::Users => user(row),
        Table::ManagedDevices => device(expander, row, line)?,
        Table::RoleAssignments | Table::RoleAssignmentScheduleInstances | Table::RoleEligibilityScheduleInstances => {
            role_assignment(directory, row, line)?;
        }
        Table::Groups => {
            for member in row.get("members").and_then(Value::as_array).into_iter().flatten() {
                user_named(directory, member.as_str().unwrap_or_default(), line)?;
            }
        }
        Table::Applications => fill(row, "appId", guid(&format!("{}/app/{}", expander.slug, name_of(row)))),
        Table::ServicePrincipals => service_principal(expander, row),
        Table::AppRoleAssignments => app_role_assignment(directory, row, line)?,
        Table::UserRegistrationDetails => registration(directory, row, line)?,
        Table::RiskyUsers => {
            let owner = user_named(directory, &text(row, "userPrincipalName"), line)?;
            copy(owner, row, &[("id", "id"), ("displayName", "userDisplayName")]);
        }
        Table::DeviceCompliancePolicies => compliance_policy(row, line)?,
        Table::DeviceManagement => {
            fill(row, "intuneAccountId", guid(&format!("{}/intune", expander.slug)));
        }
        _ => {}
    }
    Ok(())
}

fn text(row: &Row, property: &str) -> String {
    row.get(property).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn name_of(row: &Row) -> String {
    text(row, "displayName")
}

fn fill(row: &mut Row, property: &str, value: String) {
    row.entry(property.to_owned()).or_insert(Value::String(value));
}

fn copy(from: &Row, to: &mut Row, properties: &[(&str, &str)]) {
    for (source, target) in properties {
        to.entry((*target).to_owned()).or_insert_with(|| from.get(*source).cloned().unwrap_or(Value::Null));
    }
}

fn find<'rows>(directory: &'rows Directory, table: Table, property: &str, value: &str) -> Option<&'rows Row> {
    directory.rows(table).iter().find(|row| row.get(property).and_then(Value::as_str) == Some(value))
}

fn user_named<'rows>(directory: &'rows Directory, upn: &str, line: u64) -> Result<&'rows Row, FirmError> {
    find(directory, Table::Users, "userPrincipalName", upn).ok_or_else(|| FirmError::BadReference {
        line,
        reference: upn.to_owned(),
        hint: "no user has that userPrincipalName",
    })
}

fn user(row: &mut Row) {
    let upn = text(row, "userPrincipalName");
    if upn.is_empty() {
        return;
    }
    fill(row, "mailNickname", upn.split('@').next().unwrap_or_default().to_owned());
    let licensed = row.get("assignedLicenses").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    if licensed {
        fill(row, "mail", upn);
    }
}

fn device(expander: &Expander, row: &mut Row, line: u64) -> Result<(), FirmError> {
    let upn = text(row, "userPrincipalName");
    if !upn.is_empty() {
        let owner = expander.user(&upn, line)?;
        copy(owner, row, &[("id", "userId"), ("displayName", "userDisplayName"), ("mail", "emailAddress")]);
    }
    let (slug, name) = (&expander.slug, text(row, "deviceName"));
    fill(row, "azureADDeviceId", guid(&format!("{slug}/device/{name}")));
    fill(row, "managedDeviceName", name.clone());
    let serial: String = guid(&format!("{slug}/serial/{name}")).chars().filter(|c| *c != '-').take(10).collect();
    fill(row, "serialNumber", serial.to_uppercase());
    Ok(())
}

fn role_assignment(directory: &Directory, row: &mut Row, line: u64) -> Result<(), FirmError> {
    let holder = text(row, "principal");
    if !holder.is_empty() {
        let found = find(directory, Table::Users, "userPrincipalName", &holder)
            .or_else(|| find(directory, Table::Groups, "displayName", &holder))
            .or_else(|| find(directory, Table::ServicePrincipals, "displayName", &holder))
            .ok_or(FirmError::BadReference {
                line,
                reference: holder,
                hint: "no user has that userPrincipalName, no group or service principal that displayName",
            })?;
        row.insert("principalId".to_owned(), found.get("id").cloned().unwrap_or(Value::Null));
    }
    let role = text(row, "role");
    if !role.is_empty() {
        let (_, id) = ROLES.iter().find(|(name, _)| *name == role).ok_or(FirmError::BadReference {
            line,
            reference: role,
            hint: "no role has that name",
        })?;
        row.insert("roleDefinitionId".to_owned(), json!(id));
    }
    Ok(())
}

fn service_principal(expander: &Expander, row: &mut Row) {
    let name = name_of(row);
    let own = find(&expander.directory, Table::Applications, "displayName", &name);
    if let Some(application) = own {
        copy(application, row, &[("appId", "appId"), ("signInAudience", "signInAudience")]);
        fill(row, "appOwnerOrganizationId", expander.tenant_id.clone());
    }
    fill(row, "appId", guid(&format!("{}/foreign app/{name}", expander.slug)));
    fill(row, "appDisplayName", name);
    let app_id = text(row, "appId");
    row.entry("servicePrincipalNames".to_owned()).or_insert_with(|| json!([app_id]));
}

fn app_role_assignment(directory: &Directory, row: &mut Row, line: u64) -> Result<(), FirmError> {
    if !row.contains_key("resource") {
        row.insert("resource".to_owned(), json!("Microsoft Graph"));
    }
    for (name, prefix) in [("principal", "principal"), ("resource", "resource")] {
        let wanted = text(row, name);
        let found =
            find(directory, Table::ServicePrincipals, "displayName", &wanted).ok_or(FirmError::BadReference {
                line,
                reference: wanted,
                hint: "no service principal has that displayName",
            })?;
        let (id, shown) = (format!("{prefix}Id"), format!("{prefix}DisplayName"));
        copy(found, row, &[("id", &id), ("displayName", &shown)]);
    }
    Ok(())
}

/// The registered methods decide the rest.
fn registration(directory: &Directory, row: &mut Row, line: u64) -> Result<(), FirmError> {
    let owner = user_named(directory, &text(row, "userPrincipalName"), line)?;
    copy(owner, row, &[("id", "id"), ("displayName", "userDisplayName")]);
    fill(row, "userType", text(owner, "userType").to_lowercase());
    let id = row.get("id").cloned();
    let is_admin = directory.rows(Table::RoleAssignments).iter().any(|one| one.get("principalId") == id.as_ref());
    let methods: Vec<&str> = match row.get("methodsRegistered") {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let any_of = |known: &[&str]| methods.iter().any(|method| known.contains(method));
    let (second, passwordless) = (any_of(SECOND_FACTORS), any_of(WITHOUT_PASSWORD));
    let (push, phone) = (methods.contains(&"microsoftAuthenticatorPush"), methods.contains(&"mobilePhone"));
    let preferred = match (push, phone) {
        (true, _) => "push",
        (false, true) => "sms",
        (false, false) => "",
    };
    for (property, value) in [
        ("isAdmin", json!(is_admin)),
        ("isMfaRegistered", json!(second)),
        ("isMfaCapable", json!(second)),
        ("isPasswordlessCapable", json!(passwordless)),
        ("isSsprRegistered", json!(phone)),
        ("userPreferredMethodForSecondaryAuthentication", json!(preferred)),
        ("systemPreferredAuthenticationMethods", if push { json!(["push"]) } else { json!([]) }),
    ] {
        row.entry(property.to_owned()).or_insert(value);
    }
    Ok(())
}

/// A policy has the properties of its type and no others; what the file leaves out is what the service sends then.
fn compliance_policy(row: &mut Row, line: u64) -> Result<(), FirmError> {
    let kind = text(row, "@odata.type");
    let types = property::COMPLIANCE_POLICY_TYPES;
    let (_, own) = types.iter().find(|(name, _)| *name == kind).ok_or(FirmError::BadReference {
        line,
        reference: kind,
        hint: "the simulator knows compliance policies of Windows, iOS, macOS and Android work profiles",
    })?;
    let own = property::parse(own);
    for (_, other) in types {
        for property in property::parse(other) {
            if row.contains_key(property.name) && !own.iter().any(|known| known.name == property.name) {
                let property = property.name.to_owned();
                return Err(FirmError::UnknownProperty { line, table: "policies of this type", property });
            }
        }
    }
    for property in own {
        row.entry(property.name.to_owned()).or_insert(property.when_absent);
    }
    Ok(())
}
