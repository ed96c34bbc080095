//! Which permissions, licences and which cloud the collectors need, against what a tenant was seen to have. Pure.

use std::collections::BTreeMap;

use super::{Line, all, left_unknown, listed};
use crate::catalog::Catalog;
use crate::catalog::collector::{Cloud, CollectorDefinition};
use crate::collect::graph::Region;
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::id::{DatasetId, FrameworkId};

/// Reads of the directory that the broad `Directory.Read.All` answers as well.
const IN_DIRECTORY: [&str; 9] = [
    "Application.Read.All",
    "Device.Read.All",
    "Domain.Read.All",
    "Group.Read.All",
    "GroupMember.Read.All",
    "LicenseAssignment.Read.All",
    "Organization.Read.All",
    "RoleManagement.Read.Directory",
    "User.Read.All",
];

/// Every permission the collectors of a cloud need, and the datasets that need it.
#[must_use]
pub fn needed(catalog: &Catalog, cloud: Cloud) -> BTreeMap<&str, Vec<&CollectorDefinition>> {
    let mut needed: BTreeMap<&str, Vec<&CollectorDefinition>> = BTreeMap::new();
    for collector in offered(catalog, cloud) {
        for permission in collector.permissions() {
            needed.entry(permission).or_default().push(collector);
        }
    }
    needed
}

/// The Graph collectors that a cloud offers; what a custom one offers is not known.
fn offered(catalog: &Catalog, cloud: Cloud) -> impl Iterator<Item = &CollectorDefinition> {
    catalog.collectors_for(Source::Graph).filter(move |collector| {
        cloud == Cloud::Custom || collector.clouds.is_empty() || collector.clouds.contains(&cloud)
    })
}

/// True when what was granted lets everything be read that `needed` does.
fn covers(granted: &str, needed: &str) -> bool {
    let writes = needed.replacen(".Read.", ".ReadWrite.", 1);
    let is_directory = matches!(granted, "Directory.Read.All" | "Directory.ReadWrite.All");
    granted == needed || granted == writes || is_directory && IN_DIRECTORY.contains(&needed)
}

/// What a token's permissions come to.
pub(super) fn granted_in_words(
    catalog: &Catalog,
    frameworks: &[FrameworkId],
    (target, cloud): (&str, Cloud),
    granted: &[String],
) -> Vec<Line> {
    const AREA: &str = "permissions";
    let needed = needed(catalog, cloud);
    let is_granted = |permission: &str| granted.iter().any(|granted| covers(granted, permission));
    let lacking: Vec<&str> = needed.keys().copied().filter(|permission| !is_granted(permission)).collect();
    let mut lines = Vec::new();
    let consent = "add it to the app registration as an application permission and have an administrator consent again; \
                   countersign connect consent-url prints the link";
    if !needed.is_empty() && lacking.len() == needed.len() {
        let datasets: Vec<DatasetId> = offered(catalog, cloud).map(|collector| collector.id.clone()).collect();
        let says =
            "none of the permissions that collectors need was granted: no administrator of the tenant has consented";
        let line = Line {
            missing: left_unknown(catalog, frameworks, &all(&datasets, CollectionOutcome::Denied)),
            ..Line::problem(AREA, target, says)
        };
        return vec![line.next("have an administrator consent; countersign connect consent-url prints the link")];
    }
    for permission in lacking {
        let datasets: Vec<DatasetId> =
            needed.get(permission).into_iter().flatten().map(|collector| collector.id.clone()).collect();
        let line = Line::warning(AREA, target, format!("{permission} is not granted")).next(consent);
        lines.push(Line {
            missing: left_unknown(catalog, frameworks, &all(&datasets, CollectionOutcome::Denied)),
            ..line
        });
    }
    lines.extend(too_broad(granted, &needed).map(|says| {
        Line::warning(AREA, target, says)
            .next("remove it from the app registration and from the enterprise application's consent")
    }));
    if lines.is_empty() {
        lines.push(Line::ok(
            AREA,
            target,
            format!("all {} permissions that collectors need are granted", needed.len()),
        ));
    }
    lines
}

/// What was granted and is not needed, those that can change something first.
fn too_broad(granted: &[String], needed: &BTreeMap<&str, Vec<&CollectorDefinition>>) -> Option<String> {
    let extra: Vec<&str> = granted.iter().map(String::as_str).filter(|one| !needed.contains_key(one)).collect();
    let (reads, writes): (Vec<&str>, Vec<&str>) = extra.into_iter().partition(|one| one.contains(".Read."));
    match (writes.is_empty(), reads.is_empty()) {
        (true, true) => None,
        (true, false) => Some(format!("more is granted than any collector needs: {}", listed(&reads))),
        (false, _) => Some(format!(
            "the application may change things, which nothing here needs: {}{}",
            listed(&writes),
            if reads.is_empty() { String::new() } else { format!("; also not needed: {}", listed(&reads)) }
        )),
    }
}

/// A licence and the service plans that show it; a tenant needs one of them.
const PLANS: [(&str, &[&str]); 3] = [
    ("Entra ID P2", &["AAD_PREMIUM_P2"]),
    ("Entra ID P1", &["AAD_PREMIUM", "AAD_PREMIUM_P2"]),
    ("Intune", &["INTUNE_A", "INTUNE_A_D", "INTUNE_EDU", "INTUNE_SMBIZ", "INTUNE_A_VL", "INTUNE_O365"]),
];

/// What the tenant's service plans leave unread. A licence that no plan is known for is not judged.
pub(super) fn plans_in_words(
    catalog: &Catalog,
    frameworks: &[FrameworkId],
    (target, cloud): (&str, Cloud),
    plans: &[String],
) -> Vec<Line> {
    const AREA: &str = "licences";
    let mut lacking: BTreeMap<&str, Vec<DatasetId>> = BTreeMap::new();
    for collector in offered(catalog, cloud) {
        let licence = collector.licence.as_deref().unwrap_or_default();
        let known = PLANS.iter().find(|(name, _)| licence.contains(name));
        if known.is_some_and(|(_, any)| !plans.iter().any(|plan| any.contains(&plan.as_str()))) {
            lacking.entry(licence).or_default().push(collector.id.clone());
        }
    }
    if lacking.is_empty() {
        return vec![Line::ok(AREA, target, "the tenant has the licences that collectors need")];
    }
    let line = |(licence, datasets): (&str, Vec<DatasetId>)| {
        let line = Line::warning(AREA, target, format!("no service plan of {licence} is active"));
        let missing = left_unknown(catalog, frameworks, &all(&datasets, CollectionOutcome::Unlicensed));
        Line { missing, ..line }
            .next("nothing, if the tenant is not to have it: the checks then say what follows from that")
    };
    lacking.into_iter().map(line).collect()
}

/// The cloud a tenant's region stands for; none when nothing was said. Regions such as NA, EU and AS are commercial.
fn cloud_of(region: &Region) -> Option<Cloud> {
    match (region.scope.as_deref()?, region.sub_scope.as_deref()) {
        ("USGov" | "USG", Some("DOD")) => Some(Cloud::Dod),
        ("USGov" | "USG", _) => Some(Cloud::GccHigh),
        _ => Some(Cloud::Global),
    }
}

/// Whether the tenant lives in the cloud that the connection names.
pub(super) fn region_in_words(target: &str, cloud: Cloud, region: &Region) -> Option<Line> {
    const AREA: &str = "cloud";
    // What the service in China says of its tenants is not documented; one that is not there cannot sign in anyway.
    let found = cloud_of(region).filter(|_| !matches!(cloud, Cloud::Custom | Cloud::China))?;
    if found == cloud {
        return Some(Line::ok(AREA, target, format!("the tenant is in the cloud `{}`", name_of(cloud))));
    }
    let says =
        format!("the connection names the cloud `{}`, but the tenant is in `{}`", name_of(cloud), name_of(found));
    let next = format!("register the application there and connect again with --cloud {} --replace", name_of(found));
    Some(Line::problem(AREA, target, says).missing("everything of this tenant").next(next))
}

pub(super) fn name_of(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => "global",
        Cloud::GccHigh => "gcc-high",
        Cloud::Dod => "dod",
        Cloud::China => "china",
        Cloud::Custom => "custom",
    }
}
