//! What the pretend tenant holds: one table per kind of object, and the properties Graph gives each of them.
//!
//! The property lists are names of the public v1.0 metadata. A firm file that misspells one is refused, and so is a
//! `$select` that asks for one that does not exist. Start with [`Table::properties`].

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
    RoleAssignments,
    RoleDefinitions,
    NamedLocations,
    ConditionalAccessPolicies,
    SecurityDefaults,
    AuthorizationPolicy,
    AuthenticationMethodsPolicy,
    AdminConsentRequestPolicy,
    ManagedDevices,
    RiskyUsers,
    DirectoryRoles,
}

/// How one property is returned.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    pub name: &'static str,
    /// What is sent when the row does not say.
    pub when_absent: Value,
    pub visibility: Visibility,
}

/// When a property is part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Always, unless `$select` leaves it out.
    Default,
    /// Only when `$select` names it.
    OnlySelected,
    /// Never: it tells the simulator something, such as who is in a group.
    Hidden,
}

impl Table {
    pub const ALL: [Self; 16] = [
        Self::Organization,
        Self::Domains,
        Self::SubscribedSkus,
        Self::Users,
        Self::Groups,
        Self::RoleAssignments,
        Self::RoleDefinitions,
        Self::NamedLocations,
        Self::ConditionalAccessPolicies,
        Self::SecurityDefaults,
        Self::AuthorizationPolicy,
        Self::AuthenticationMethodsPolicy,
        Self::AdminConsentRequestPolicy,
        Self::ManagedDevices,
        Self::RiskyUsers,
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
            Self::RoleAssignments => "role_assignments",
            Self::RoleDefinitions => "role_definitions",
            Self::NamedLocations => "named_locations",
            Self::ConditionalAccessPolicies => "conditional_access_policies",
            Self::SecurityDefaults => "security_defaults",
            Self::AuthorizationPolicy => "authorization_policy",
            Self::AuthenticationMethodsPolicy => "authentication_methods_policy",
            Self::AdminConsentRequestPolicy => "admin_consent_request_policy",
            Self::ManagedDevices => "managed_devices",
            Self::RiskyUsers => "risky_users",
            Self::DirectoryRoles => "directory_roles",
        }
    }

    /// The property that people know a row by; used to make its id when the file gives none.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Users | Self::RiskyUsers => "userPrincipalName",
            Self::ManagedDevices => "deviceName",
            Self::Domains => "id",
            Self::SubscribedSkus => "skuPartNumber",
            Self::RoleAssignments => "principal",
            _ => "displayName",
        }
    }

    /// Every property of the table.
    #[must_use]
    pub fn properties(self) -> Vec<Property> {
        let text = self.property_text();
        let marked = text.contains('+');
        text.split_whitespace().map(|word| parse_property(word, marked)).collect()
    }

    /// `+x` comes without asking (when a table has any, the rest must be selected), `x[]` is a list, `x=v` is never null,
    /// `.x` stays inside the simulator.
    const fn property_text(self) -> &'static str {
        match self {
            Self::Organization => ORGANIZATION,
            Self::Domains => DOMAIN,
            Self::SubscribedSkus => SUBSCRIBED_SKU,
            Self::Users => USER,
            Self::Groups => GROUP,
            Self::RoleAssignments => {
                "id principalId directoryScopeId=/ roleDefinitionId .principal .role .appScopeId .condition"
            }
            Self::RoleDefinitions => {
                "id templateId displayName description version isBuiltIn=true isEnabled=true resourceScopes[] \
                 rolePermissions[]"
            }
            Self::NamedLocations => {
                "id @odata.type displayName createdDateTime modifiedDateTime deletedDateTime .isTrusted .ipRanges \
                 .countriesAndRegions .countryLookupMethod .includeUnknownCountriesAndRegions"
            }
            Self::ConditionalAccessPolicies => {
                "id templateId displayName createdDateTime modifiedDateTime deletedDateTime state=disabled conditions \
                 grantControls sessionControls"
            }
            Self::SecurityDefaults => "id displayName description isEnabled=false deletedDateTime",
            Self::AuthorizationPolicy => AUTHORIZATION_POLICY,
            Self::AuthenticationMethodsPolicy => {
                "id displayName description lastModifiedDateTime policyVersion policyMigrationState reconfirmationInDays \
                 registrationEnforcement authenticationMethodConfigurations[]"
            }
            Self::AdminConsentRequestPolicy => {
                "isEnabled=false notifyReviewers=false remindersEnabled=false requestDurationInDays=0 version=0 reviewers[]"
            }
            Self::ManagedDevices => MANAGED_DEVICE,
            Self::RiskyUsers => {
                "id isDeleted=false isProcessing=false riskDetail riskLastUpdatedDateTime riskLevel riskState \
                 userDisplayName userPrincipalName"
            }
            Self::DirectoryRoles => "id deletedDateTime description displayName roleTemplateId",
        }
    }
}

/// Properties that exist only on some rows of a polymorphic table, with the type that has them.
#[must_use]
pub fn belongs_to_derived_type(table: Table, property: &str) -> bool {
    table == Table::NamedLocations
        && matches!(
            property,
            "isTrusted"
                | "ipRanges"
                | "countriesAndRegions"
                | "countryLookupMethod"
                | "includeUnknownCountriesAndRegions"
        )
}

fn parse_property(word: &'static str, marked: bool) -> Property {
    let (visibility, word) = match (word.strip_prefix('+'), word.strip_prefix('.')) {
        (Some(rest), _) => (Visibility::Default, rest),
        (None, Some(rest)) => (Visibility::Hidden, rest),
        (None, None) if marked => (Visibility::OnlySelected, word),
        (None, None) => (Visibility::Default, word),
    };
    if let Some(name) = word.strip_suffix("[]") {
        return Property { name, when_absent: Value::Array(Vec::new()), visibility };
    }
    match word.split_once('=') {
        Some((name, text)) => {
            let when_absent = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
            Property { name, when_absent, visibility }
        }
        None => Property { name: word, when_absent: Value::Null, visibility },
    }
}

const ORGANIZATION: &str = "id deletedDateTime assignedPlans[] businessPhones[] city country countryLetterCode \
    createdDateTime defaultUsageLocation displayName marketingNotificationEmails[] mobileDeviceManagementAuthority=unknown \
    onPremisesLastSyncDateTime onPremisesSyncEnabled partnerTenantType postalCode preferredLanguage privacyProfile \
    provisionedPlans[] securityComplianceNotificationMails[] securityComplianceNotificationPhones[] state street \
    technicalNotificationMails[] tenantType verifiedDomains[]";

const DOMAIN: &str = "id authenticationType=Managed availabilityStatus isAdminManaged=true isDefault=false isInitial=false \
    isRoot=true isVerified=true manufacturer model passwordNotificationWindowInDays passwordValidityPeriodInDays state \
    supportedServices[]";

const SUBSCRIBED_SKU: &str = "id accountId accountName appliesTo=User capabilityStatus consumedUnits prepaidUnits \
    servicePlans[] skuId skuPartNumber subscriptionIds[]";

const AUTHORIZATION_POLICY: &str = "id displayName description allowInvitesFrom \
    allowedToSignUpEmailBasedSubscriptions=false allowedToUseSSPR=false allowEmailVerifiedUsersToJoinOrganization=false \
    allowUserConsentForRiskyApps blockMsolPowerShell guestUserRoleId defaultUserRolePermissions deletedDateTime";

const USER: &str = "+id +businessPhones[] +displayName +givenName +jobTitle +mail +mobilePhone +officeLocation \
    +preferredLanguage +surname +userPrincipalName deletedDateTime aboutMe accountEnabled ageGroup assignedLicenses[] \
    assignedPlans[] authorizationInfo birthday=0001-01-01T00:00:00Z city companyName consentProvidedForMinor country \
    createdDateTime creationType customSecurityAttributes department deviceEnrollmentLimit=5 employeeHireDate employeeId \
    employeeLeaveDateTime employeeOrgData employeeType externalUserState externalUserStateChangeDateTime faxNumber \
    hireDate=0001-01-01T00:00:00Z identities[] identityParentId imAddresses[] interests[] isManagementRestricted \
    isResourceAccount lastPasswordChangeDateTime legalAgeGroupClassification licenseAssignmentStates[] mailboxSettings \
    mailNickname mySite onPremisesDistinguishedName onPremisesDomainName onPremisesExtensionAttributes \
    onPremisesImmutableId onPremisesLastSyncDateTime onPremisesProvisioningErrors[] onPremisesSamAccountName \
    onPremisesSecurityIdentifier onPremisesSyncEnabled onPremisesUserPrincipalName otherMails[] passwordPolicies \
    passwordProfile pastProjects[] postalCode preferredDataLocation preferredName print provisionedPlans[] \
    proxyAddresses[] responsibilities[] schools[] securityIdentifier serviceProvisioningErrors[] showInAddressList \
    signInActivity signInSessionsValidFromDateTime skills[] state streetAddress usageLocation userType";

const GROUP: &str = "id deletedDateTime assignedLabels[] assignedLicenses[] classification createdDateTime description \
    displayName expirationDateTime groupTypes[] isAssignableToRole isManagementRestricted mail mailEnabled mailNickname \
    membershipRule membershipRuleProcessingState onPremisesDomainName onPremisesLastSyncDateTime \
    onPremisesNetBiosName onPremisesProvisioningErrors[] onPremisesSamAccountName onPremisesSecurityIdentifier \
    onPremisesSyncEnabled preferredDataLocation preferredLanguage proxyAddresses[] renewedDateTime \
    resourceBehaviorOptions[] resourceProvisioningOptions[] securityEnabled securityIdentifier \
    serviceProvisioningErrors[] theme uniqueName visibility .members";

const MANAGED_DEVICE: &str = "id activationLockBypassCode androidSecurityPatchLevel azureADDeviceId azureADRegistered \
    complianceGracePeriodExpirationDateTime=9999-12-31T23:59:59Z complianceState=unknown \
    configurationManagerClientEnabledFeatures deviceActionResults[] deviceCategoryDisplayName \
    deviceEnrollmentType=unknown deviceHealthAttestationState deviceName deviceRegistrationState=registered \
    easActivated=false easActivationDateTime=0001-01-01T00:00:00Z easDeviceId emailAddress \
    enrolledDateTime=0001-01-01T00:00:00Z enrollmentProfileName ethernetMacAddress exchangeAccessState=none \
    exchangeAccessStateReason=none exchangeLastSuccessfulSyncDateTime=0001-01-01T00:00:00Z freeStorageSpaceInBytes=0 \
    iccid imei isEncrypted=false isSupervised=false jailBroken lastSyncDateTime=0001-01-01T00:00:00Z managedDeviceName \
    managedDeviceOwnerType=unknown managementAgent=mdm managementCertificateExpirationDate=0001-01-01T00:00:00Z \
    managementState=managed manufacturer meid model notes operatingSystem osVersion \
    partnerReportedThreatState=unknown phoneNumber physicalMemoryInBytes=0 remoteAssistanceSessionErrorDetails \
    remoteAssistanceSessionUrl requireUserEnrollmentApproval serialNumber subscriberCarrier totalStorageSpaceInBytes=0 \
    udid userDisplayName userId userPrincipalName wiFiMacAddress";

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
