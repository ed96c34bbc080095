//! Short forms in firm files: `$user:…`, `$group:…`, `$role:…`, `$location:…`, `$sku:…`, `$app:…`, `$guid:…`, `$ago:…` and
//! `$ahead:…`.
//!
//! All but the last two are replaced by ids when the file is read; ages become times when the tenant starts.

use chrono::Duration;
use countersign_seal::digest::Digest;

use super::{Directory, FirmError};
use crate::demo::tenant::table::Table;
use crate::model::time::Timestamp;

/// An id that depends on nothing but its label, in the form of a version 4 UUID.
#[must_use]
pub fn guid(label: &str) -> String {
    let digest = Digest::of(label.as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().hyphenated().to_string()
}

/// The time an age means: `3d`, `5h`, `3d7h12m` before `now`. None when it is not an age.
#[must_use]
pub fn ago(age: &str, now: Timestamp) -> Option<String> {
    Some(print(now.as_datetime().checked_sub_signed(length(age)?)?))
}

/// The time that far after `now`, in the same notation.
#[must_use]
pub fn ahead(age: &str, now: Timestamp) -> Option<String> {
    Some(print(now.as_datetime().checked_add_signed(length(age)?)?))
}

fn print(time: chrono::DateTime<chrono::Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn length(age: &str) -> Option<Duration> {
    let mut total = Duration::zero();
    let mut number = None::<i64>;
    for character in age.chars() {
        if let Some(digit) = character.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(i64::from(digit))?);
            continue;
        }
        let count = number.take()?;
        total = total.checked_add(&match character {
            'd' => Duration::try_days(count)?,
            'h' => Duration::try_hours(count)?,
            'm' => Duration::try_minutes(count)?,
            _ => return None,
        })?;
    }
    (number.is_none() && !age.is_empty()).then_some(total)
}

/// Role templates of Microsoft Entra: the same ids in every tenant.
pub(super) const ROLES: &[(&str, &str)] = &[
    ("Global Administrator", "62e90394-69f5-4237-9190-012177145e10"),
    ("Global Reader", "f2ef992c-3afb-46b9-b7cf-a126ee74c451"),
    ("Privileged Role Administrator", "e8611ab8-c189-46e8-94e1-60213ab1f814"),
    ("Security Administrator", "194ae4cb-b126-40b2-bd5b-6091b380977d"),
    ("Conditional Access Administrator", "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9"),
    ("Exchange Administrator", "29232cdf-9323-42fd-ade2-1d097af3e4de"),
    ("SharePoint Administrator", "f28a1f50-f6e7-4571-818b-6a12f2af6b6c"),
    ("User Administrator", "fe930be7-5e62-47db-91af-98c3a49a38b1"),
    ("Helpdesk Administrator", "729827e3-9c14-49f7-bb1b-9608f156bbb8"),
    ("Authentication Administrator", "c4e39bd9-1100-46d3-8c65-fb160da0071f"),
    ("Billing Administrator", "b0f54661-2d74-4c50-afa3-1ec803f12efe"),
    ("Intune Administrator", "3a2c62db-5318-420d-8d74-23affee5d9d5"),
    ("Application Administrator", "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"),
];

/// Replaces one short form by the id it stands for; other texts and ages stay.
pub(super) fn resolve(text: &str, slug: &str, directory: &Directory, line: u64) -> Result<Option<String>, FirmError> {
    let Some((kind, argument)) = text.strip_prefix('$').and_then(|rest| rest.split_once(':')) else {
        return Ok(None);
    };
    let found = match kind {
        "user" => (id_of(directory, Table::Users, "id", argument), "no user has that userPrincipalName"),
        "group" => (id_of(directory, Table::Groups, "id", argument), "no group has that displayName"),
        "location" => (id_of(directory, Table::NamedLocations, "id", argument), "no named location has that name"),
        "sku" => (id_of(directory, Table::SubscribedSkus, "skuId", argument), "no subscribed SKU has that part number"),
        "role" => {
            (ROLES.iter().find(|(name, _)| *name == argument).map(|(_, id)| (*id).to_owned()), "no role has that name")
        }
        "guid" => (Some(guid(&format!("{slug}/{argument}"))), ""),
        "app" => (id_of(directory, Table::Applications, "appId", argument), "no application has that displayName"),
        "ago" | "ahead" => match ago(argument, Timestamp::from(chrono::DateTime::UNIX_EPOCH)) {
            Some(_) => return Ok(None),
            None => (None, "write an age as 3d, 5h or 3d7h12m"),
        },
        _ => (None, "known are $user, $group, $role, $location, $sku, $app, $guid, $ago and $ahead"),
    };
    match found {
        (Some(id), _) => Ok(Some(id)),
        (None, hint) => Err(FirmError::BadReference { line, reference: text.to_owned(), hint }),
    }
}

fn id_of(directory: &Directory, table: Table, property: &str, key: &str) -> Option<String> {
    let row = directory.rows(table).iter().find(|row| row.get(table.key()).and_then(|v| v.as_str()) == Some(key))?;
    row.get(property).and_then(|id| id.as_str()).map(str::to_owned)
}
