//! What the pretend tenant holds: one table per kind of object.
//!
//! A firm file that misspells a property is refused, and so is a `$select` that asks for one that does not exist. The
//! properties are in [`super::property`]; start with [`Table::properties`].

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::property;
pub use super::property::{Property, Visibility};

/// One object as Graph would print it.
pub type Row = Map<String, Value>;

/// The kinds of objects a firm file may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    Organization,
    Domains,
    SubscribedSkus,
    Users,
    Groups,
    GroupSettings,
    Applications,
    ServicePrincipals,
    AppRoleAssignments,
    RoleAssignments,
    RoleAssignmentScheduleInstances,
    RoleEligibilityScheduleInstances,
    RoleDefinitions,
    NamedLocations,
    ConditionalAccessPolicies,
    AuthenticationStrengthPolicies,
    SecurityDefaults,
    AuthorizationPolicy,
    AuthenticationMethodsPolicy,
    AdminConsentRequestPolicy,
    DeviceRegistrationPolicy,
    CrossTenantAccessDefault,
    UserRegistrationDetails,
    ManagedDevices,
    DeviceCompliancePolicies,
    DeviceManagement,
    RiskyUsers,
    SharepointSettings,
    DirectoryRoles,
}

impl Table {
    pub const ALL: [Self; 29] = [
        Self::Organization,
        Self::Domains,
        Self::SubscribedSkus,
        Self::Users,
        Self::Groups,
        Self::GroupSettings,
        Self::Applications,
        Self::ServicePrincipals,
        Self::AppRoleAssignments,
        Self::RoleAssignments,
        Self::RoleAssignmentScheduleInstances,
        Self::RoleEligibilityScheduleInstances,
        Self::RoleDefinitions,
        Self::NamedLocations,
        Self::ConditionalAccessPolicies,
        Self::AuthenticationStrengthPolicies,
        Self::SecurityDefaults,
        Self::AuthorizationPolicy,
        Self::AuthenticationMethodsPolicy,
        Self::AdminConsentRequestPolicy,
        Self::DeviceRegistrationPolicy,
        Self::CrossTenantAccessDefault,
        Self::UserRegistrationDetails,
        Self::ManagedDevices,
        Self::DeviceCompliancePolicies,
        Self::DeviceManagement,
        Self::RiskyUsers,
        Self::SharepointSettings,
        Self::DirectoryRoles,
    ];

    /// The name used in firm files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Domains => "domains",
            Self::SubscribedSkus => "subscribed_skus",
            Self::Users => "users",
            Self::Groups => "groups",
            Self::GroupSettings => "group_settings",
            Self::Applications => "applications",
            Self::ServicePrincipals => "service_principals",
            Self::AppRoleAssignments => "app_role_assignments",
            Self::RoleAssignments => "role_assignments",
            Self::RoleAssignmentScheduleInstances => "role_assignment_schedule_instances",
            Self::RoleEligibilityScheduleInstances => "role_eligibility_schedule_instances",
            Self::RoleDefinitions => "role_definitions",
            Self::NamedLocations => "named_locations",
            Self::ConditionalAccessPolicies => "conditional_access_policies",
            Self::AuthenticationStrengthPolicies => "authentication_strength_policies",
            Self::SecurityDefaults => "security_defaults",
            Self::AuthorizationPolicy => "authorization_policy",
            Self::AuthenticationMethodsPolicy => "authentication_methods_policy",
            Self::AdminConsentRequestPolicy => "admin_consent_request_policy",
            Self::DeviceRegistrationPolicy => "device_registration_policy",
            Self::CrossTenantAccessDefault => "cross_tenant_access_default",
            Self::UserRegistrationDetails => "user_registration_details",
            Self::ManagedDevices => "managed_devices",
            Self::DeviceCompliancePolicies => "device_compliance_policies",
            Self::DeviceManagement => "device_management",
            Self::RiskyUsers => "risky_users",
            Self::SharepointSettings => "sharepoint_settings",
            Self::DirectoryRoles => "directory_roles",
        }
    }

    /// The property that people know a row by; used to make its id when the file gives none.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Users | Self::RiskyUsers | Self::UserRegistrationDetails => "userPrincipalName",
            Self::ManagedDevices => "deviceName",
            Self::Domains => "id",
            Self::SubscribedSkus => "skuPartNumber",
            table if table.repeats_keys() => "principal",
            _ => "displayName",
        }
    }

    /// Whether one key may stand in several rows: somebody may hold several roles.
    #[must_use]
    pub(super) const fn repeats_keys(self) -> bool {
        matches!(
            self,
            Self::RoleAssignments
                | Self::RoleAssignmentScheduleInstances
                | Self::RoleEligibilityScheduleInstances
                | Self::AppRoleAssignments
        )
    }

    /// Every property of the table.
    #[must_use]
    pub fn properties(self) -> Vec<Property> {
        property::parse(match self {
            Self::Organization => property::ORGANIZATION,
            Self::Domains => property::DOMAIN,
            Self::SubscribedSkus => property::SUBSCRIBED_SKU,
            Self::Users => property::USER,
            Self::Groups => property::GROUP,
            Self::GroupSettings => property::GROUP_SETTING,
            Self::Applications => property::APPLICATION,
            Self::ServicePrincipals => property::SERVICE_PRINCIPAL,
            Self::AppRoleAssignments => property::APP_ROLE_ASSIGNMENT,
            Self::RoleAssignments => property::ROLE_ASSIGNMENT,
            Self::RoleAssignmentScheduleInstances => property::ROLE_ASSIGNMENT_SCHEDULE_INSTANCE,
            Self::RoleEligibilityScheduleInstances => property::ROLE_ELIGIBILITY_SCHEDULE_INSTANCE,
            Self::RoleDefinitions => property::ROLE_DEFINITION,
            Self::NamedLocations => property::NAMED_LOCATION,
            Self::ConditionalAccessPolicies => property::CONDITIONAL_ACCESS_POLICY,
            Self::AuthenticationStrengthPolicies => property::AUTHENTICATION_STRENGTH_POLICY,
            Self::SecurityDefaults => property::SECURITY_DEFAULTS,
            Self::AuthorizationPolicy => property::AUTHORIZATION_POLICY,
            Self::AuthenticationMethodsPolicy => property::AUTHENTICATION_METHODS_POLICY,
            Self::AdminConsentRequestPolicy => property::ADMIN_CONSENT_REQUEST_POLICY,
            Self::DeviceRegistrationPolicy => property::DEVICE_REGISTRATION_POLICY,
            Self::CrossTenantAccessDefault => property::CROSS_TENANT_ACCESS_DEFAULT,
            Self::UserRegistrationDetails => property::USER_REGISTRATION_DETAILS,
            Self::ManagedDevices => property::MANAGED_DEVICE,
            Self::DeviceCompliancePolicies => property::DEVICE_COMPLIANCE_POLICY,
            Self::DeviceManagement => property::DEVICE_MANAGEMENT,
            Self::RiskyUsers => property::RISKY_USER,
            Self::SharepointSettings => property::SHAREPOINT_SETTINGS,
            Self::DirectoryRoles => property::DIRECTORY_ROLE,
        })
    }

    /// Whether its objects are known by an id; some settings that exist once are not.
    #[must_use]
    pub(super) fn has_id(self) -> bool {
        self.properties().iter().any(|property| property.name == "id")
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, Visibility};
    use serde_json::json;

    #[test]
    fn a_user_shows_only_eleven_properties_unless_more_are_selected() {
        let shown = Table::Users.properties().into_iter().filter(|p| p.visibility == Visibility::Default).count();
        assert_eq!(shown, 11);
    }

    #[test]
    fn an_encryption_state_that_was_never_reported_arrives_as_false_like_from_the_real_service() {
        let properties = Table::ManagedDevices.properties();
        let encrypted = properties.iter().find(|p| p.name == "isEncrypted").unwrap();
        assert_eq!(encrypted.when_absent, json!(false));
    }

    #[test]
    fn every_table_has_a_name_that_firm_files_can_use() {
        for table in Table::ALL {
            let parsed: Table = serde_json::from_value(json!(table.name())).unwrap();
            assert_eq!(parsed, table);
        }
    }
}
