//! Bodies: property names and shapes as documented, the same for the same file, moved by an edit of the file.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::TenantOptions;
use super::super::firm::{Edit, Firm};
use super::super::table::Table;
use super::{larkspur, options, row, visit, visit_larkspur};
use crate::model::time::FixedClock;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn selected_fields_are_all_there_and_no_others() {
    let visit = visit_larkspur().await;
    let select = "id,userPrincipalName,displayName,accountEnabled,userType,createdDateTime,assignedLicenses,assignedPlans,\
                  onPremisesSyncEnabled,passwordPolicies,lastPasswordChangeDateTime,externalUserState,creationType,employeeId,\
                  department,jobTitle";
    let users = visit.rows(&format!("/v1.0/users?$select={select}&$top=999")).await;
    let mut expected: Vec<&str> = select.split(',').collect();
    expected.sort_unstable();
    for user in &users {
        let mut got = keys(user);
        got.sort_unstable();
        assert_eq!(got, expected);
        assert!(user["assignedLicenses"].is_array() && user["accountEnabled"].is_boolean());
    }
}

#[tokio::test]
async fn devices_carry_what_an_inventory_asks_for() {
    let visit = visit_larkspur().await;
    let select = "id,deviceName,operatingSystem,osVersion,complianceState,isEncrypted,isSupervised,jailBroken,lastSyncDateTime,\
                  managedDeviceOwnerType,managementAgent,azureADDeviceId,userPrincipalName,enrolledDateTime,\
                  complianceGracePeriodExpirationDateTime,partnerReportedThreatState,serialNumber,model";
    let devices = visit.rows(&format!("/v1.0/deviceManagement/managedDevices?$select={select}&$top=1000")).await;
    assert_eq!(devices.len(), 110);
    for device in &devices {
        assert_eq!(keys(device).len(), 18, "{device}");
        assert!(device["isEncrypted"].is_boolean() && device["jailBroken"].is_string(), "{device}");
        assert!(!device["lastSyncDateTime"].as_str().unwrap().contains('$'), "{device}");
    }
    let unencrypted = devices.iter().filter(|device| device["isEncrypted"] == json!(false)).count();
    assert_eq!(unencrypted, 5);
}

#[tokio::test]
async fn singletons_have_a_context_and_no_value_and_beta_differs_where_it_is_documented_to() {
    let visit = visit_larkspur().await;
    let (_, policy) = visit.get("/v1.0/policies/authorizationPolicy").await;
    let context = format!("{}/v1.0/$metadata#policies/authorizationPolicy/$entity", visit.tenant.graph_url());
    assert_eq!(policy["@odata.context"], json!(context));
    assert_eq!(policy["defaultUserRolePermissions"]["allowedToCreateApps"], json!(true));
    assert!(policy.get("value").is_none());
    let (_, beta) = visit.get("/beta/policies/authorizationPolicy").await;
    assert!(beta["value"][0]["permissionGrantPolicyIdsAssignedToDefaultUserRole"].is_array(), "{beta}");
}

#[tokio::test]
async fn conditional_access_policies_have_every_condition_of_the_documented_shape() {
    let visit = visit_larkspur().await;
    let (_, body) = visit.get("/v1.0/identity/conditionalAccess/policies").await;
    for policy in body["value"].as_array().unwrap() {
        for name in ["id", "displayName", "state", "conditions", "grantControls", "sessionControls", "createdDateTime"]
        {
            assert!(policy.get(name).is_some(), "{name}: {policy}");
        }
        let conditions = &policy["conditions"];
        for name in
            ["clientAppTypes", "applications", "users", "platforms", "locations", "signInRiskLevels", "userRiskLevels"]
        {
            assert!(conditions.get(name).is_some(), "{name}: {policy}");
        }
        for name in ["includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles", "excludeRoles"] {
            assert!(conditions["users"][name].is_array(), "{name}: {policy}");
        }
        assert!(!policy.to_string().contains("$user:") && !policy.to_string().contains("$ago"), "{policy}");
    }
    let legacy = &body["value"][0];
    assert_eq!(legacy["state"], json!("enabledForReportingButNotEnforced"));
    assert_eq!(legacy["conditions"]["users"]["excludeUsers"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn an_excluded_group_can_be_followed_to_its_people() {
    let visit = visit_larkspur().await;
    let (_, body) = visit.get("/v1.0/identity/conditionalAccess/policies").await;
    let group = body["value"][1]["conditions"]["users"]["excludeGroups"][0].as_str().unwrap();
    let members = visit.rows(&format!("/v1.0/groups/{group}/transitiveMembers?$select=id,userPrincipalName")).await;
    assert_eq!(members.len(), 3);
    assert_eq!(members[0]["@odata.type"], json!("#microsoft.graph.user"));
}

#[tokio::test]
async fn named_locations_and_principals_tell_their_type() {
    let mut visit = visit_larkspur().await;
    visit.tenant.grant("RoleManagement.Read.Directory");
    visit.sign_in().await;
    let locations = visit.rows("/v1.0/identity/conditionalAccess/namedLocations").await;
    assert_eq!(locations[0]["@odata.type"], json!("#microsoft.graph.ipNamedLocation"));
    assert!(locations[0].get("countriesAndRegions").is_none() && locations[0]["isTrusted"] == json!(true));
    let assignments = visit.rows("/v1.0/roleManagement/directory/roleAssignments?$expand=principal").await;
    assert!(
        assignments.iter().all(|one| one["principal"]["@odata.type"].is_string() && one["directoryScopeId"] == "/")
    );
    let groups = assignments.iter().filter(|one| one["principal"]["@odata.type"] == json!("#microsoft.graph.group"));
    assert_eq!(groups.count(), 1, "one role is held by a group");
    let roles = visit.rows("/v1.0/directoryRoles?$expand=members").await;
    let global = roles.iter().find(|role| role["displayName"] == json!("Global Administrator")).unwrap();
    assert_eq!(global["members"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn every_dataset_of_a_firm_with_every_licence_and_consent_answers_with_rows() {
    let visit = visit(Firm::load_embedded("hollowmere").unwrap(), options()).await;
    let group = exception_group(&visit).await;
    for endpoint in super::super::endpoint::ENDPOINTS {
        let id = if endpoint.path.starts_with("/groups/") { &group } else { GRAPH };
        let path = format!("/v1.0{}", endpoint.path.replace("{id}", id));
        let (status, body) = visit.get(&path).await;
        assert_eq!(status, 200, "{path}: {body}");
        let is_filled = body["value"].as_array().map_or(body.as_object().unwrap().len() > 2, |rows| !rows.is_empty());
        assert!(is_filled, "{path}: {body}");
        for filter in endpoint.filters {
            let all = visit.rows(&path).await.len();
            let some = visit.rows(&format!("{path}?$filter={}", filter.text)).await.len();
            assert!(some > 0 && some < all, "{path}: {some} of {all}");
        }
    }
}

/// The application id of Microsoft Graph itself.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

async fn exception_group(visit: &super::Visit) -> String {
    let groups = visit.rows("/v1.0/groups").await;
    let found = groups.iter().find(|group| group["displayName"] == json!("Not yet on MFA")).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_group_within_a_group_brings_its_people_and_itself() {
    let visit = visit(Firm::load_embedded("hollowmere").unwrap(), options()).await;
    let group = exception_group(&visit).await;
    let members = visit.rows(&format!("/v1.0/groups/{group}/transitiveMembers?$select=id,userPrincipalName")).await;
    let of_type = |kind: &str| members.iter().filter(|one| one["@odata.type"] == json!(kind)).count();
    assert_eq!((of_type("#microsoft.graph.user"), of_type("#microsoft.graph.group")), (11, 1));
    let within = members.iter().find(|one| one["@odata.type"] == json!("#microsoft.graph.group")).unwrap();
    assert_eq!(keys(within), ["@odata.type", "id"], "a group has no sign-in name");
}

#[tokio::test]
async fn the_same_file_makes_the_same_bodies() {
    let clock = FixedClock("2026-11-20T15:30:00Z".parse().unwrap());
    let fixed = || TenantOptions { clock: Arc::new(clock), page_cap: None, ..options() };
    let (one, other) = (visit(larkspur(), fixed()).await, visit(larkspur(), fixed()).await);
    for path in
        ["/v1.0/users?$top=999", "/v1.0/deviceManagement/managedDevices", "/v1.0/identity/conditionalAccess/policies"]
    {
        let first = one.send(path).await.text().await.unwrap();
        let second = other.send(path).await.text().await.unwrap();
        assert_eq!(first, second.replace(other.tenant.graph_url(), one.tenant.graph_url()), "{path}");
    }
    let (_, users) = one.get("/v1.0/users?$select=createdDateTime&$top=1").await;
    assert_eq!(users["value"][0]["createdDateTime"], json!("2024-06-03T00:00:00Z"));
}

#[tokio::test]
async fn an_edited_firm_file_moves_the_counts() {
    let text = Firm::embedded_text("larkspur").unwrap();
    let edited = text.replace("count: 58, owned: true", "count: 57, owned: true").replace(
        "deviceName: LDG-XRAY-01, operatingSystem: Windows, osVersion: 10.0.19045.6332, isEncrypted: false",
        "deviceName: LDG-XRAY-01, operatingSystem: Windows, osVersion: 10.0.19045.6332, isEncrypted: true",
    );
    let visit = visit(Firm::parse(&edited).unwrap(), options()).await;
    let devices = visit.rows("/v1.0/deviceManagement/managedDevices").await;
    let unencrypted = devices.iter().filter(|device| device["isEncrypted"] == json!(false)).count();
    assert_eq!((devices.len(), unencrypted), (109, 4));
}

#[tokio::test]
async fn the_second_run_corrects_one_fault_and_brings_one() {
    let visit = visit_larkspur().await;
    let (_, before) = visit.get("/v1.0/policies/authorizationPolicy").await;
    visit.tenant.apply_second_run();
    let (_, after) = visit.get("/v1.0/policies/authorizationPolicy").await;
    assert_eq!(after["defaultUserRolePermissions"]["allowedToCreateApps"], json!(false));
    assert_eq!(before["guestUserRoleId"], json!("2af84b1e-32c8-42b7-82bc-daa82404023b"));
    assert_eq!(after["guestUserRoleId"], json!("a0b1b346-4d3e-4e8b-98f8-753987be4970"));
}

#[tokio::test]
async fn a_test_can_change_one_row_while_the_tenant_runs() {
    let visit = visit_larkspur().await;
    let matching = row(&[("deviceName", json!("LDG-WIN-001"))]);
    assert_eq!(
        visit.tenant.apply(&Edit::set(Table::ManagedDevices, matching, "lastSyncDateTime", json!("$ago:1d"))),
        1
    );
    let devices = visit.rows("/v1.0/deviceManagement/managedDevices?$select=deviceName,lastSyncDateTime").await;
    let changed = devices.iter().find(|device| device["deviceName"] == json!("LDG-WIN-001")).unwrap();
    assert!(changed["lastSyncDateTime"].as_str().unwrap().ends_with("T00:00:00Z"));
}
