//! Firm files: what they promise, and what is refused with its line.

use serde_json::{Value, json};

use super::{Firm, FirmError, ago, guid};
use crate::demo::tenant::table::Table;

fn fault(from: &str, to: &str) -> (FirmError, u64) {
    let text = Firm::embedded_text("larkspur").unwrap();
    assert!(text.contains(from), "the firm file no longer holds `{from}`");
    let line = text.lines().position(|line| line.contains(from)).unwrap() as u64 + 1;
    (Firm::parse(&text.replacen(from, to, 1)).unwrap_err(), line)
}

#[test]
fn every_embedded_firm_is_consistent() {
    for name in Firm::embedded_names() {
        let firm = Firm::load_embedded(name).unwrap_or_else(|error| panic!("{name}: {error}: {error:?}"));
        assert_eq!(firm.slug, name);
        for upn in &firm.break_glass {
            let users = firm.directory().rows(Table::Users);
            assert!(users.iter().any(|user| user["userPrincipalName"] == json!(upn)), "{name}: {upn}");
        }
        for table in Table::ALL {
            let mut ids: Vec<String> =
                firm.directory().rows(table).iter().filter_map(|row| row.get("id")).map(Value::to_string).collect();
            let count = ids.len();
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), count, "{name}: {} have two rows with one id", table.name());
        }
    }
}

#[test]
fn larkspur_is_as_large_and_as_faulty_as_the_demo_says() {
    let firm = Firm::load_embedded("larkspur").unwrap();
    let users = firm.directory().rows(Table::Users);
    let count = |property: &str, value: Value| users.iter().filter(|user| user.get(property) == Some(&value)).count();
    assert_eq!(users.len(), 120);
    assert_eq!((count("userType", json!("Guest")), count("accountEnabled", json!(false))), (11, 3));
    let licensed = users.iter().filter(|user| user["assignedLicenses"] != json!([])).count();
    let consumed = firm.directory().rows(Table::SubscribedSkus)[0]["consumedUnits"].clone();
    assert_eq!(json!(licensed), consumed);
    let devices = firm.directory().rows(Table::ManagedDevices);
    assert_eq!(devices.len(), 110);
    assert_eq!(firm.second_run().len(), 2);
}

#[test]
fn generated_people_have_names_of_their_own_and_devices_have_owners() {
    let firm = Firm::load_embedded("larkspur").unwrap();
    let owned = firm
        .directory()
        .rows(Table::ManagedDevices)
        .iter()
        .filter(|device| device["deviceName"].as_str().unwrap().starts_with("LDG-WIN-"));
    for device in owned {
        assert!(device["userId"].is_string() && device["userDisplayName"].is_string(), "{device:?}");
    }
}

#[test]
fn more_people_than_names_are_refused() {
    let (error, _) = fault("count: 16, named: true", "count: 1600, named: true");
    assert!(matches!(error, FirmError::Generate { .. }), "{error}");
}

#[test]
fn a_misspelt_property_is_refused_with_its_line() {
    let (error, line) = fault("allowInvitesFrom: everyone", "allowInvitesForm: everyone");
    assert!(matches!(&error, FirmError::UnknownProperty { property, .. } if property == "allowInvitesForm"), "{error}");
    // The row begins a few lines above the property.
    assert!(error.line().unwrap() <= line && error.line().unwrap() + 6 > line, "{error}");
}

#[test]
fn an_unknown_key_and_broken_yaml_are_refused_with_their_line() {
    let (error, line) = fault("engagement: co-managed", "engagment: co-managed");
    assert_eq!((matches!(error, FirmError::Syntax { .. }), error.line()), (true, Some(line)), "{error:?}");
    let (error, _) = fault("  managed_devices:", "  managed_devices: [");
    assert!(matches!(error, FirmError::Syntax { .. }), "{error:?}");
}

#[test]
fn a_reference_that_leads_nowhere_is_refused_with_its_line() {
    for (from, to) in [
        ("\"$group:MFA exceptions\"", "\"$group:MFA exception\""),
        ("$role:Global Administrator", "$role:Worldwide Administrator"),
        ("lastSyncDateTime: \"$ago:9h\"", "lastSyncDateTime: \"$ago:9 hours\""),
        ("{ principal: marlow.teasel@larkspurdental.example", "{ principal: marlow@larkspurdental.example"),
    ] {
        let (error, _) = fault(from, to);
        assert!(matches!(error, FirmError::BadReference { line, .. } if line > 1), "{to}: {error}");
    }
}

#[test]
fn two_rows_of_one_name_are_refused() {
    let (error, _) = fault("deviceName: LDG-SPARE-02", "deviceName: LDG-XRAY-01");
    assert!(matches!(&error, FirmError::Duplicate { key, .. } if key == "LDG-XRAY-01"), "{error}");
}

#[test]
fn a_second_run_that_changes_nothing_is_refused() {
    let (error, _) =
        fault("set: { defaultUserRolePermissions.allowedToCreateApps: false }", "set: { allowInvitesFrom: everyone }");
    assert!(matches!(error, FirmError::UselessEdit { .. }), "{error}");
}

#[test]
fn an_age_counts_back_from_the_given_time() {
    let now = "2026-11-20T00:00:00Z".parse().unwrap();
    assert_eq!(ago("3d7h12m", now).unwrap(), "2026-11-16T16:48:00Z");
    for nonsense in ["", "3", "d", "3w", "3d-1h", "99999999999999999999d", "99999999999d"] {
        assert_eq!(ago(nonsense, now), None, "{nonsense}");
    }
}

#[test]
fn an_id_depends_on_its_label_only_and_looks_like_a_random_one() {
    assert_eq!(guid("a"), guid("a"));
    assert_ne!(guid("a"), guid("b"));
    assert_eq!(guid("a").as_bytes()[14], b'4');
}

#[test]
fn a_scaled_firm_holds_as_many_users_and_devices_as_asked_and_rows_for_every_table() {
    let firm = Firm::scaled(2_000, 2_000).unwrap();
    let count = |table| firm.directory().rows(table).len();
    assert_eq!((count(Table::Users), count(Table::ManagedDevices)), (2_000, 2_000));
    assert_eq!(count(Table::UserRegistrationDetails), 2_000, "one for each enabled user");
    assert_eq!(count(Table::Groups), 100);
    for table in Table::ALL {
        assert!(count(table) > 0, "{} is empty", table.name());
    }
}

#[test]
fn every_table_is_read_from_the_file() {
    let mut read = super::expand::ORDER.to_vec();
    read.push(Table::DirectoryRoles);
    read.sort();
    assert_eq!(read, Table::ALL, "a table that is not in the order is silently empty");
}

#[test]
fn what_is_registered_decides_what_the_report_says() {
    let firm = Firm::load_embedded("larkspur").unwrap();
    let rows = firm.directory().rows(Table::UserRegistrationDetails);
    assert_eq!(rows.len(), 117, "disabled accounts are not in the report");
    let of = |upn: &str| rows.iter().find(|row| row["userPrincipalName"] == json!(upn)).unwrap();
    let ops = of("admin.fernbank.ops@larkspurdental.example");
    assert_eq!(
        (&ops["isAdmin"], &ops["isMfaCapable"], &ops["isPasswordlessCapable"]),
        (&json!(true), &json!(true), &json!(false))
    );
    let owner = of("lindsey.larkspur@larkspurdental.example");
    assert_eq!((&owner["isAdmin"], &owner["isMfaCapable"]), (&json!(false), &json!(false)));
}

#[test]
fn a_property_of_another_type_of_policy_is_refused() {
    let (error, _) = fault("passcodeRequired: true", "bitLockerEnabled: true");
    assert!(matches!(&error, FirmError::UnknownProperty { property, .. } if property == "bitLockerEnabled"), "{error}");
}
