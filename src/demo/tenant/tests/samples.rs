//! Answers have the shapes of documented bodies: the same names, the same kinds of values. The samples in
//! `tests/fixtures/graph/samples` hold those shapes with fictional values.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::super::fault::{Fault, FaultKind};
use super::super::firm::Firm;
use super::{Visit, options, visit};

/// Sample, path, and names that older documentation shows and the public metadata of v1.0 no longer has.
const COLLECTIONS: &[(&str, &str, &[&str])] = &[
    ("organization", "/organization", &["directorySizeQuota", "isMultipleDataLocationsForServicesEnabled"]),
    ("domains", "/domains", &[]),
    ("subscribedSkus", "/subscribedSkus", &[]),
    ("users", "/users", &[]),
    ("groups", "/groups", &[]),
    ("group_transitiveMembers", "/groups/{group}/transitiveMembers", &[]),
    ("directoryRoles", "/directoryRoles", &[]),
    ("roleAssignments_filtered", "/roleManagement/directory/roleAssignments", &["resourceScope"]),
    ("roleAssignmentScheduleInstances", "/roleManagement/directory/roleAssignmentScheduleInstances", &[]),
    ("roleEligibilityScheduleInstances", "/roleManagement/directory/roleEligibilityScheduleInstances", &[]),
    ("conditionalAccess_policies", "/identity/conditionalAccess/policies", &[]),
    ("conditionalAccess_namedLocations", "/identity/conditionalAccess/namedLocations", &[]),
    ("authenticationStrengthPolicies", "/policies/authenticationStrengthPolicies", &[]),
    ("userRegistrationDetails", "/reports/authenticationMethods/userRegistrationDetails", &[]),
    ("servicePrincipals", "/servicePrincipals", &[]),
    (
        "servicePrincipal_appRoleAssignedTo",
        "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')/appRoleAssignedTo",
        &[],
    ),
    ("intune_compliance_windows10", "/deviceManagement/deviceCompliancePolicies", &[]),
];

const SINGLES: &[(&str, &str)] = &[
    ("authorizationPolicy", "/policies/authorizationPolicy"),
    ("adminConsentRequestPolicy", "/policies/adminConsentRequestPolicy"),
    ("deviceRegistrationPolicy", "/policies/deviceRegistrationPolicy"),
    ("crossTenantAccessPolicy_default", "/policies/crossTenantAccessPolicy/default"),
];

/// These are documented within `value`, although the service sends them flat.
const WRAPPED: &[(&str, &str)] =
    &[("intune_deviceManagement_settings", "/deviceManagement"), ("sharepoint_settings", "/admin/sharepoint/settings")];

fn sample(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/graph/samples/{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn names(row: &Value) -> BTreeSet<&str> {
    row.as_object().unwrap().keys().map(String::as_str).filter(|name| *name != "@odata.context").collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "flag",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// Whatever the sample holds is there, of the same kind; nothing is known of what either leaves null or empty.
fn assert_alike(ours: &Value, sample: &Value, place: &str, dropped: &[&str]) {
    if ours.is_null() || sample.is_null() {
        return;
    }
    assert_eq!(kind(ours), kind(sample), "{place}: {ours} is not of the kind of {sample}");
    match (ours, sample) {
        (Value::Object(ours), Value::Object(sample)) => {
            for (name, value) in
                sample.iter().filter(|(name, _)| !name.starts_with('@') && !dropped.contains(&name.as_str()))
            {
                let own = ours.get(name).unwrap_or_else(|| panic!("{place}: `{name}` is missing in {ours:?}"));
                assert_alike(own, value, &format!("{place}/{name}"), dropped);
            }
        }
        (Value::Array(ours), Value::Array(sample)) => {
            if let (Some(own), Some(value)) = (ours.first(), sample.first()) {
                assert_alike(own, value, &format!("{place}[]"), dropped);
            }
        }
        _ => {}
    }
}

async fn hollowmere() -> (Visit, String) {
    let visit = visit(Firm::load_embedded("hollowmere").unwrap(), options()).await;
    let groups = visit.rows("/v1.0/groups").await;
    let group = groups[0]["id"].as_str().unwrap().to_owned();
    (visit, group)
}

#[tokio::test]
async fn collections_have_the_names_and_kinds_of_the_samples() {
    let (visit, group) = hollowmere().await;
    for (name, path, dropped) in COLLECTIONS {
        let sample = sample(name);
        let wanted = &sample["value"][0];
        let path = format!("/v1.0{}", path.replace("{group}", &group));
        let (status, body) = visit.get(&path).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert!(body["@odata.context"].is_string(), "{path}");
        for row in body["value"].as_array().unwrap() {
            // Rows of other types have other properties.
            let of_type = wanted["@odata.type"].as_str();
            if of_type.is_none() || row["@odata.type"].as_str() == of_type {
                assert_alike(row, wanted, name, dropped);
            }
        }
    }
}

#[tokio::test]
async fn what_is_selected_as_in_the_sample_is_all_that_comes() {
    let (visit, group) = hollowmere().await;
    for (name, path, dropped) in COLLECTIONS {
        let sample = sample(name);
        let mut wanted = names(&sample["value"][0]);
        wanted.retain(|name| !dropped.contains(name));
        let path = format!("/v1.0{}", path.replace("{group}", &group));
        let takes_select = !path.contains("/reports/") && !path.contains("CompliancePolicies");
        let chosen: Vec<&str> = wanted.iter().copied().filter(|name| !name.contains('@')).collect();
        let question = if takes_select { format!("{path}?$select={}", chosen.join(",")) } else { path.clone() };
        let (status, body) = visit.get(&question).await;
        assert_eq!(status, 200, "{question}: {body}");
        let of_type = sample["value"][0]["@odata.type"].as_str();
        let mut rows = body["value"].as_array().unwrap().iter();
        let row = rows.find(|row| of_type.is_none() || row["@odata.type"].as_str() == of_type).unwrap();
        assert_eq!(names(row), wanted, "{question}");
    }
}

#[tokio::test]
async fn settings_have_the_names_and_kinds_of_the_samples() {
    let (visit, _) = hollowmere().await;
    for (name, path) in SINGLES {
        let (status, body) = visit.get(&format!("/v1.0{path}")).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert_alike(&body, &sample(name), name, &[]);
    }
    for (name, path) in WRAPPED {
        let (_, flat) = visit.get(&format!("/v1.0{path}")).await;
        visit.tenant.inject(Fault::on(path, 1, FaultKind::WrappedInValue));
        let (_, wrapped) = visit.get(&format!("/v1.0{path}")).await;
        assert_alike(&wrapped, &sample(name), name, &[]);
        assert_alike(&flat, &sample(name)["value"], name, &[]);
    }
}

#[tokio::test]
async fn refusals_have_the_names_of_the_samples_and_say_the_same() {
    let visit = visit(Firm::load_embedded("tarnbrook").unwrap(), options()).await;
    visit.tenant.inject(Fault::on("/domains", 1, FaultKind::RetryAfter("10".into())));
    for (name, path) in [
        ("error_400_no_intune", "/deviceManagement/managedDevices"),
        ("error_403_missing_consent", "/groups"),
        ("error_403_no_premium_licence", "/users?$select=id,signInActivity"),
        ("error_429", "/domains"),
    ] {
        let (_, body) = visit.get(&format!("/v1.0{path}")).await;
        let sample = sample(name);
        assert_eq!(body["error"]["code"], sample["error"]["code"], "{name}: {body}");
        let innermost = |body: &Value| -> Map<String, Value> {
            let error = body["error"].as_object().unwrap();
            let inner = error.iter().find(|(name, _)| name.eq_ignore_ascii_case("innererror"));
            inner.map(|(_, value)| value.as_object().unwrap().clone()).unwrap_or_default()
        };
        for known in innermost(&sample).keys() {
            assert!(innermost(&body).contains_key(known), "{name}: `{known}` is missing in {body}");
        }
    }
    let (_, refused) = visit.ask_for_token(&[("scope", "https://foo.example/.default")]).await;
    let shown = sample("token_error_invalid_scope");
    assert!(names(&shown).is_subset(&names(&refused)), "{refused}");
    assert_eq!((&refused["error"], refused["error_codes"][0].is_u64()), (&shown["error"], true));
    let (_, token) = visit.ask_for_token(&[]).await;
    assert!(names(&sample("token_success")).is_subset(&names(&token)));
}
