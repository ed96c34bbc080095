//! Verdicts on tenants, over the catalog that comes with the product.

use serde_json::json;

use super::permissions::{granted_in_words, needed, plans_in_words, region_in_words};
use super::{Level, Line, all, left_unknown, verdict};
use crate::catalog::Catalog;
use crate::catalog::collector::Cloud;
use crate::collect::graph::Region;
use crate::model::evidence::CollectionOutcome;
use crate::model::id::FrameworkId;

fn catalog() -> (Catalog, Vec<FrameworkId>) {
    let catalog = Catalog::embedded().unwrap();
    let frameworks = catalog.frameworks.keys().cloned().collect();
    (catalog, frameworks)
}

fn permissions(change: impl FnOnce(&mut Vec<String>)) -> Vec<Line> {
    let (catalog, frameworks) = catalog();
    let mut granted: Vec<String> = needed(&catalog, Cloud::Global).into_keys().map(str::to_owned).collect();
    change(&mut granted);
    granted_in_words(&catalog, &frameworks, ("t.example", Cloud::Global), &granted)
}

#[test]
fn exactly_the_least_permissions_are_fine() {
    let lines = permissions(|_| {});
    assert_eq!((lines.len(), verdict(&lines)), (1, Level::Ok), "{lines:#?}");
}

#[test]
fn a_missing_permission_names_its_datasets_and_the_controls_they_leave_unknown() {
    let lines = permissions(|granted| granted.retain(|one| one != "Policy.Read.All"));
    let line = lines.iter().find(|line| line.says.contains("Policy.Read.All")).unwrap();
    let missing = line.missing.as_ref().unwrap();
    assert_eq!(line.level, Level::Warning);
    assert!(missing.contains("m365/") && missing.contains("unknown then") && missing.contains("control"), "{missing}");
    assert!(line.next.as_ref().unwrap().contains("consent-url"));
}

#[test]
fn a_tenant_without_consent_is_one_problem_and_not_one_for_each_permission() {
    let lines = permissions(Vec::clear);
    assert_eq!((lines.len(), lines[0].level), (1, Level::Problem), "{lines:#?}");
    assert!(lines[0].says.contains("consented"), "{lines:#?}");
}

#[test]
fn a_permission_that_can_change_something_is_a_warning_although_it_lets_everything_be_read() {
    let lines = permissions(|granted| {
        granted.retain(|one| one != "User.Read.All");
        granted.push("User.ReadWrite.All".to_owned());
    });
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].says.contains("may change things") && lines[0].says.contains("User.ReadWrite.All"), "{lines:#?}");
    let lines = permissions(|granted| granted.push("Mail.Read.All".to_owned()));
    assert!(lines[0].says.contains("more is granted") && lines[0].level == Level::Warning, "{lines:#?}");
}

#[test]
fn a_licence_that_the_tenant_lacks_is_told_with_what_cannot_be_read() {
    let (catalog, frameworks) = catalog();
    let lines = |plans: &[&str]| {
        let plans: Vec<String> = plans.iter().map(|plan| (*plan).to_owned()).collect();
        plans_in_words(&catalog, &frameworks, ("t.example", Cloud::Global), &plans)
    };
    assert_eq!(verdict(&lines(&["AAD_PREMIUM_P2", "INTUNE_A"])), Level::Ok);
    let without = lines(&["AAD_PREMIUM_P2"]);
    assert!(without[0].says.contains("Intune"), "{without:#?}");
    assert!(without[0].missing.as_ref().unwrap().contains("m365/managed_devices"), "{without:#?}");
}

#[test]
fn a_tenant_of_another_cloud_than_the_connection_names_is_a_problem() {
    let region =
        |scope: &str, sub: Option<&str>| Region { scope: Some(scope.to_owned()), sub_scope: sub.map(str::to_owned) };
    let level = |cloud, region: &Region| region_in_words("t", cloud, region).map(|line| line.level);
    assert_eq!(level(Cloud::Global, &region("NA", Some("GCC"))), Some(Level::Ok));
    assert_eq!(level(Cloud::Global, &region("EU", None)), Some(Level::Ok));
    assert_eq!(level(Cloud::Global, &region("USGov", Some("DODCON"))), Some(Level::Problem));
    assert_eq!(level(Cloud::GccHigh, &region("USGov", Some("DODCON"))), Some(Level::Ok));
    assert_eq!(level(Cloud::GccHigh, &region("USGov", Some("DOD"))), Some(Level::Problem));
    assert_eq!(level(Cloud::Custom, &region("NA", None)), None);
    assert_eq!(level(Cloud::China, &region("anything", None)), None);
    assert_eq!(level(Cloud::Global, &Region::default()), None);
}

#[test]
fn a_misspelt_setting_is_a_warning_with_the_name_that_was_meant() {
    let (catalog, _) = catalog();
    let lines = |settings| super::settings::in_words(&catalog, "pine-hill", &settings);
    let misspelt = lines(json!({"break_glass_acounts": ["a@example.com"]}));
    assert_eq!(verdict(&misspelt), Level::Warning);
    assert!(misspelt[0].says.contains("did you mean `break_glass_accounts`?"), "{misspelt:#?}");
    assert!(lines(json!({"break_glass_accounts": ["a@example.com"]})).is_empty());
}

#[test]
fn a_dataset_that_no_check_needs_is_said_to_be_so() {
    let catalog = Catalog::of(Vec::new(), Vec::new(), Vec::new());
    let unseen = all(&["m365/things".parse().unwrap()], CollectionOutcome::Denied);
    let said = left_unknown(&catalog, &[], &unseen).unwrap();
    assert_eq!(said, "m365/things, which no check needs");
}
