//! The Graph paths the simulator answers, with what each demands: permission, licence, page limits, query options.
//!
//! Pure data and matching; start with [`find`].

use super::table::Table;

/// One path of the API.
#[derive(Debug)]
pub struct Endpoint {
    /// Path below the version; `{id}` stands for one segment, or for a part of one.
    pub path: &'static str,
    pub table: Table,
    pub shape: Shape,
    /// What follows `$metadata#` in `@odata.context`.
    pub context: &'static str,
    /// Any one of these is enough.
    pub permissions: &'static [&'static str],
    pub licence: Option<Licence>,
    /// Which of the documented throttling scopes counts a request.
    pub service: Service,
    /// Resource units before `$select`, `$expand` and `$top` change them.
    pub cost: u64,
    /// None means the whole collection in one answer and no `$top`.
    pub page: Option<PageLimits>,
    pub expand: &'static [&'static str],
    /// Whether `$select` is taken.
    pub select: bool,
    /// The only `$filter` texts that are taken.
    pub filters: &'static [Filter],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Collection,
    Single,
    /// The members of the group named by `{id}`, groups within it followed.
    Members,
    /// What was granted on the service principal whose application is named by `{id}`.
    AssignedTo,
}

/// How many rows a page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimits {
    pub default: usize,
    /// The largest `$top`; 0 when the service pages but takes no `$top`.
    pub max: usize,
}

/// Rows that have this text or flag in this property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    pub text: &'static str,
    pub property: &'static str,
    pub equals: Equals,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Equals {
    Text(&'static str),
    Flag(bool),
}

/// The service behind the gateway: it decides limits and the spelling of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    Directory,
    /// Conditional access and identity protection share one limit.
    ConditionalAccess,
    IdentityProtection,
    /// Reports of sign-ins and registered methods.
    Reports,
    Intune,
    /// Intune's policies and settings, counted apart from its devices.
    IntuneConfiguration,
    Sharepoint,
}

/// A licence without which the service refuses; read from the firm's own subscribed SKUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Licence {
    EntraP1,
    EntraP2,
    Intune,
}

impl Licence {
    /// Service plans that bring it.
    #[must_use]
    pub const fn service_plans(self) -> &'static [&'static str] {
        match self {
            Self::EntraP1 => &["AAD_PREMIUM", "AAD_PREMIUM_P2"],
            Self::EntraP2 => &["AAD_PREMIUM_P2"],
            Self::Intune => &["INTUNE_A", "INTUNE_SMBIZ"],
        }
    }
}

const DIRECTORY_PAGE: Option<PageLimits> = Some(PageLimits { default: 100, max: 999 });
const INTUNE_PAGE: Option<PageLimits> = Some(PageLimits { default: 1000, max: 1000 });

const fn collection(path: &'static str, table: Table, permissions: &'static [&'static str]) -> Endpoint {
    Endpoint {
        path,
        table,
        shape: Shape::Collection,
        context: "",
        permissions,
        licence: None,
        service: Service::Directory,
        cost: 1,
        page: None,
        expand: &[],
        select: true,
        filters: &[],
    }
}

const fn single(path: &'static str, table: Table, permissions: &'static [&'static str]) -> Endpoint {
    Endpoint { shape: Shape::Single, ..collection(path, table, permissions) }
}

const ROLES: &[&str] = &["RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All"];
const APPLICATIONS: &[&str] = &["Application.Read.All", "Directory.Read.All"];
const POLICY: &[&str] = &["Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"];
const POLICY_ONLY: &[&str] = &["Policy.Read.All"];
const METHODS: &[&str] = &["Policy.Read.All", "Policy.Read.AuthenticationMethod"];
const GROUPS: &[&str] = &["GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"];

/// Everything that is answered.
pub const ENDPOINTS: &[Endpoint] = &[
    collection("/organization", Table::Organization, &["Organization.Read.All", "Directory.Read.All"]),
    collection("/domains", Table::Domains, &["Domain.Read.All", "Directory.Read.All"]),
    Endpoint {
        cost: 3,
        ..collection(
            "/subscribedSkus",
            Table::SubscribedSkus,
            &["LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"],
        )
    },
    Endpoint {
        page: DIRECTORY_PAGE,
        cost: 2,
        ..collection("/users", Table::Users, &["User.Read.All", "Directory.Read.All"])
    },
    Endpoint {
        page: DIRECTORY_PAGE,
        filters: &[Filter {
            text: "isAssignableToRole eq true",
            property: "isAssignableToRole",
            equals: Equals::Flag(true),
        }],
        ..collection("/groups", Table::Groups, GROUPS)
    },
    Endpoint {
        shape: Shape::Members,
        context: "directoryObjects",
        page: DIRECTORY_PAGE,
        cost: 5,
        ..collection("/groups/{id}/transitiveMembers", Table::Users, GROUPS)
    },
    collection(
        "/groupSettings",
        Table::GroupSettings,
        &["GroupSettings.Read.All", "Group.Read.All", "Directory.Read.All"],
    ),
    Endpoint { page: DIRECTORY_PAGE, cost: 2, ..collection("/applications", Table::Applications, APPLICATIONS) },
    Endpoint { page: DIRECTORY_PAGE, ..collection("/servicePrincipals", Table::ServicePrincipals, APPLICATIONS) },
    Endpoint {
        shape: Shape::AssignedTo,
        page: DIRECTORY_PAGE,
        cost: 2,
        ..collection("/servicePrincipals(appId='{id}')/appRoleAssignedTo", Table::AppRoleAssignments, APPLICATIONS)
    },
    Endpoint { expand: &["members"], ..collection("/directoryRoles", Table::DirectoryRoles, ROLES) },
    Endpoint {
        expand: &["principal"],
        page: DIRECTORY_PAGE,
        ..collection("/roleManagement/directory/roleAssignments", Table::RoleAssignments, ROLES)
    },
    Endpoint {
        licence: Some(Licence::EntraP2),
        expand: &["principal"],
        page: DIRECTORY_PAGE,
        ..collection(
            "/roleManagement/directory/roleAssignmentScheduleInstances",
            Table::RoleAssignmentScheduleInstances,
            &["RoleAssignmentSchedule.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All"],
        )
    },
    Endpoint {
        licence: Some(Licence::EntraP2),
        expand: &["principal"],
        page: DIRECTORY_PAGE,
        ..collection(
            "/roleManagement/directory/roleEligibilityScheduleInstances",
            Table::RoleEligibilityScheduleInstances,
            &["RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All"],
        )
    },
    collection("/roleManagement/directory/roleDefinitions", Table::RoleDefinitions, ROLES),
    Endpoint {
        service: Service::ConditionalAccess,
        ..collection("/identity/conditionalAccess/policies", Table::ConditionalAccessPolicies, POLICY)
    },
    Endpoint {
        service: Service::ConditionalAccess,
        ..collection("/identity/conditionalAccess/namedLocations", Table::NamedLocations, POLICY)
    },
    collection("/policies/authenticationStrengthPolicies", Table::AuthenticationStrengthPolicies, METHODS),
    single("/policies/identitySecurityDefaultsEnforcementPolicy", Table::SecurityDefaults, POLICY),
    single("/policies/authorizationPolicy", Table::AuthorizationPolicy, POLICY_ONLY),
    single("/policies/authenticationMethodsPolicy", Table::AuthenticationMethodsPolicy, METHODS),
    single("/policies/adminConsentRequestPolicy", Table::AdminConsentRequestPolicy, POLICY_ONLY),
    single("/policies/deviceRegistrationPolicy", Table::DeviceRegistrationPolicy, &["Policy.Read.DeviceConfiguration"]),
    single("/policies/crossTenantAccessPolicy/default", Table::CrossTenantAccessDefault, POLICY_ONLY),
    Endpoint {
        licence: Some(Licence::EntraP1),
        service: Service::Reports,
        page: Some(PageLimits { default: 1000, max: 0 }),
        select: false,
        ..collection(
            "/reports/authenticationMethods/userRegistrationDetails",
            Table::UserRegistrationDetails,
            &["AuditLog.Read.All"],
        )
    },
    Endpoint {
        licence: Some(Licence::Intune),
        service: Service::Intune,
        page: INTUNE_PAGE,
        ..collection(
            "/deviceManagement/managedDevices",
            Table::ManagedDevices,
            &["DeviceManagementManagedDevices.Read.All", "DeviceManagementManagedDevices.ReadWrite.All"],
        )
    },
    Endpoint {
        licence: Some(Licence::Intune),
        service: Service::IntuneConfiguration,
        page: INTUNE_PAGE,
        expand: &["assignments"],
        ..collection(
            "/deviceManagement/deviceCompliancePolicies",
            Table::DeviceCompliancePolicies,
            &["DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All"],
        )
    },
    Endpoint {
        licence: Some(Licence::Intune),
        service: Service::IntuneConfiguration,
        ..single(
            "/deviceManagement",
            Table::DeviceManagement,
            &[
                "DeviceManagementServiceConfig.Read.All",
                "DeviceManagementConfiguration.Read.All",
                "DeviceManagementManagedDevices.Read.All",
                "DeviceManagementApps.Read.All",
                "DeviceManagementRBAC.Read.All",
            ],
        )
    },
    Endpoint {
        licence: Some(Licence::EntraP2),
        service: Service::IdentityProtection,
        page: Some(PageLimits { default: 100, max: 500 }),
        filters: &[Filter { text: "riskState eq 'atRisk'", property: "riskState", equals: Equals::Text("atRisk") }],
        ..collection("/identityProtection/riskyUsers", Table::RiskyUsers, &["IdentityRiskyUser.Read.All"])
    },
    Endpoint {
        service: Service::Sharepoint,
        ..single("/admin/sharepoint/settings", Table::SharepointSettings, &["SharePointTenantSettings.Read.All"])
    },
];

impl Endpoint {
    /// What follows `$metadata#`, for a request of `path`.
    #[must_use]
    pub fn context<'path>(&self, path: &'path str) -> &'path str
    where
        'static: 'path,
    {
        match self.context {
            "" if self.path.contains("{id}") => path.trim_start_matches('/'),
            "" => self.path.trim_start_matches('/'),
            context => context,
        }
    }
}

/// The endpoint of a path below the version, and the `{id}` it carries, if any. Paths are compared without regard to
/// case, as the service does.
#[must_use]
pub fn find(path: &str) -> Option<(&'static Endpoint, Option<&str>)> {
    ENDPOINTS.iter().find_map(|endpoint| {
        let (mut wanted, mut given) = (endpoint.path.split('/'), path.split('/'));
        let mut id = None;
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return Some((endpoint, id)),
                (Some(wanted), Some(given)) => match segment(wanted, given) {
                    Segment::Same => {}
                    Segment::Id(found) => id = Some(found),
                    Segment::Other => return None,
                },
                _ => return None,
            }
        }
    })
}

enum Segment<'path> {
    Same,
    /// The same, with this in the place of `{id}`.
    Id(&'path str),
    Other,
}

fn segment<'path>(wanted: &str, given: &'path str) -> Segment<'path> {
    let Some((before, after)) = wanted.split_once("{id}") else {
        return if wanted.eq_ignore_ascii_case(given) { Segment::Same } else { Segment::Other };
    };
    let parts = given.split_at_checked(before.len()).and_then(|(start, rest)| {
        let (id, end) = rest.split_at_checked(rest.len().checked_sub(after.len())?)?;
        Some((start, id, end))
    });
    match parts {
        Some((start, id, end))
            if start.eq_ignore_ascii_case(before) && end.eq_ignore_ascii_case(after) && !id.is_empty() =>
        {
            Segment::Id(id)
        }
        _ => Segment::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::{ENDPOINTS, find};

    #[test]
    fn a_path_with_an_id_gives_the_id() {
        let (endpoint, id) = find("/groups/4b1c/transitiveMembers").unwrap();
        assert_eq!((endpoint.path, id), ("/groups/{id}/transitiveMembers", Some("4b1c")));
        let (endpoint, id) = find("/serviceprincipals(appId='00000003-0000')/appRoleAssignedTo").unwrap();
        assert!(endpoint.path.starts_with("/servicePrincipals(") && id == Some("00000003-0000"));
    }

    #[test]
    fn a_longer_or_shorter_path_is_another_path() {
        for path in [
            "/users/1",
            "/identity/conditionalAccess",
            "/groups//transitiveMembers",
            "/servicePrincipals(appId='')/appRoleAssignedTo",
            "/servicePrincipals(appId=4)/appRoleAssignedTo",
            "/servicePrincipals/4/appRoleAssignedTo",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn every_endpoint_is_found_by_its_own_path_and_asks_for_a_permission() {
        for endpoint in ENDPOINTS {
            assert_eq!(find(endpoint.path).unwrap().0.path, endpoint.path);
            assert!(!endpoint.permissions.is_empty());
        }
    }
}
