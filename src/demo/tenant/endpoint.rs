//! The Graph paths the simulator answers, with what each demands: permission, licence, page limits, query options.
//!
//! Pure data and matching; start with [`find`].

use super::table::Table;

/// One path of the API.
#[derive(Debug)]
pub struct Endpoint {
    /// Path below the version; `{id}` stands for one segment.
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
    /// Default and largest `$top`; none means the whole collection in one answer and no `$top`.
    pub page: Option<PageLimits>,
    pub expand: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Collection,
    Single,
    /// The members of the row named by `{id}`.
    Members,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimits {
    pub default: usize,
    pub max: usize,
}

/// The service behind the gateway: it decides limits and the spelling of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    Directory,
    ConditionalAccess,
    Intune,
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

const fn directory(path: &'static str, table: Table, permissions: &'static [&'static str]) -> Endpoint {
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
    }
}

const POLICY: &[&str] = &["Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"];
const ROLES: &[&str] = &["RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All"];

/// Everything that is answered.
pub const ENDPOINTS: &[Endpoint] = &[
    directory("/organization", Table::Organization, &["Organization.Read.All", "Directory.Read.All"]),
    directory("/domains", Table::Domains, &["Domain.Read.All", "Directory.Read.All"]),
    Endpoint {
        cost: 3,
        ..directory(
            "/subscribedSkus",
            Table::SubscribedSkus,
            &["LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"],
        )
    },
    Endpoint {
        page: DIRECTORY_PAGE,
        cost: 2,
        ..directory("/users", Table::Users, &["User.Read.All", "Directory.Read.All"])
    },
    Endpoint { page: DIRECTORY_PAGE, ..directory("/groups", Table::Groups, &["Group.Read.All", "Directory.Read.All"]) },
    Endpoint {
        shape: Shape::Members,
        context: "directoryObjects",
        page: DIRECTORY_PAGE,
        cost: 5,
        ..directory(
            "/groups/{id}/transitiveMembers",
            Table::Users,
            &["GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"],
        )
    },
    Endpoint { expand: &["members"], ..directory("/directoryRoles", Table::DirectoryRoles, ROLES) },
    Endpoint {
        expand: &["principal"],
        page: DIRECTORY_PAGE,
        ..directory("/roleManagement/directory/roleAssignments", Table::RoleAssignments, ROLES)
    },
    directory("/roleManagement/directory/roleDefinitions", Table::RoleDefinitions, ROLES),
    Endpoint {
        service: Service::ConditionalAccess,
        ..directory("/identity/conditionalAccess/policies", Table::ConditionalAccessPolicies, POLICY)
    },
    Endpoint {
        service: Service::ConditionalAccess,
        ..directory("/identity/conditionalAccess/namedLocations", Table::NamedLocations, POLICY)
    },
    Endpoint {
        shape: Shape::Single,
        ..directory("/policies/identitySecurityDefaultsEnforcementPolicy", Table::SecurityDefaults, POLICY)
    },
    Endpoint {
        shape: Shape::Single,
        ..directory("/policies/authorizationPolicy", Table::AuthorizationPolicy, &["Policy.Read.All"])
    },
    Endpoint {
        shape: Shape::Single,
        ..directory(
            "/policies/authenticationMethodsPolicy",
            Table::AuthenticationMethodsPolicy,
            &["Policy.Read.All", "Policy.Read.AuthenticationMethod"],
        )
    },
    Endpoint {
        shape: Shape::Single,
        ..directory("/policies/adminConsentRequestPolicy", Table::AdminConsentRequestPolicy, &["Policy.Read.All"])
    },
    Endpoint {
        licence: Some(Licence::Intune),
        service: Service::Intune,
        page: Some(PageLimits { default: 1000, max: 1000 }),
        ..directory(
            "/deviceManagement/managedDevices",
            Table::ManagedDevices,
            &["DeviceManagementManagedDevices.Read.All", "DeviceManagementManagedDevices.ReadWrite.All"],
        )
    },
    Endpoint {
        licence: Some(Licence::EntraP2),
        service: Service::ConditionalAccess,
        page: Some(PageLimits { default: 100, max: 500 }),
        ..directory("/identityProtection/riskyUsers", Table::RiskyUsers, &["IdentityRiskyUser.Read.All"])
    },
];

impl Endpoint {
    /// What follows `$metadata#`.
    #[must_use]
    pub fn context(&self) -> &'static str {
        if self.context.is_empty() { self.path.trim_start_matches('/') } else { self.context }
    }
}

/// The endpoint of a path below the version, and the `{id}` it carries, if any. Paths are compared without regard to
/// case, as the service does.
#[must_use]
pub fn find(path: &str) -> Option<(&'static Endpoint, Option<&str>)> {
    let endpoint = ENDPOINTS.iter().find(|endpoint| {
        let (wanted, given) = (endpoint.path.split('/'), path.split('/'));
        let is_same = wanted
            .clone()
            .zip(given.clone())
            .all(|(wanted, given)| (wanted == "{id}" && !given.is_empty()) || wanted.eq_ignore_ascii_case(given));
        is_same && wanted.count() == given.count()
    })?;
    let id = endpoint.path.split('/').zip(path.split('/')).find(|(wanted, _)| *wanted == "{id}");
    Some((endpoint, id.map(|(_, given)| given)))
}

#[cfg(test)]
mod tests {
    use super::{ENDPOINTS, find};

    #[test]
    fn a_path_with_an_id_gives_the_id() {
        let (endpoint, id) = find("/groups/4b1c/transitiveMembers").unwrap();
        assert_eq!((endpoint.path, id), ("/groups/{id}/transitiveMembers", Some("4b1c")));
    }

    #[test]
    fn a_longer_or_shorter_path_is_another_path() {
        assert!(find("/users/1").is_none());
        assert!(find("/identity/conditionalAccess").is_none());
    }

    #[test]
    fn every_endpoint_is_found_by_its_own_path_and_asks_for_a_permission() {
        for endpoint in ENDPOINTS {
            assert_eq!(find(endpoint.path).unwrap().0.path, endpoint.path);
            assert!(!endpoint.permissions.is_empty());
        }
    }
}
