//! The properties of each kind of object: names of the public v1.0 metadata, in the order the service sends them.
//!
//! One notation for all: `+x` comes without asking (when a table has any, the rest must be selected), `x[]` is a list,
//! `x=v` is never null, `~x` belongs to some types of a polymorphic table and is sent by those rows only, `.x` stays
//! inside the simulator. Pure data; it is read by [`super::table::Table::properties`].

use serde_json::Value;

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
    /// Whenever the row has it, unless `$select` leaves it out: only some types of a polymorphic table do.
    Derived,
    /// Never: it tells the simulator something, such as who is in a group.
    Hidden,
}

pub(super) fn parse(text: &'static str) -> Vec<Property> {
    let marked = text.contains('+');
    text.split_whitespace().map(|word| parse_one(word, marked)).collect()
}

fn parse_one(word: &'static str, marked: bool) -> Property {
    let (visibility, word) = match word.split_at_checked(1) {
        Some(("+", rest)) => (Visibility::Default, rest),
        Some((".", rest)) => (Visibility::Hidden, rest),
        Some(("~", rest)) => (Visibility::Derived, rest),
        _ if marked => (Visibility::OnlySelected, word),
        _ => (Visibility::Default, word),
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

pub(super) const ORGANIZATION: &str = "id deletedDateTime assignedPlans[] businessPhones[] city country \
    countryLetterCode createdDateTime defaultUsageLocation displayName marketingNotificationEmails[] \
    mobileDeviceManagementAuthority=unknown onPremisesLastSyncDateTime onPremisesSyncEnabled partnerTenantType \
    postalCode preferredLanguage privacyProfile provisionedPlans[] securityComplianceNotificationMails[] \
    securityComplianceNotificationPhones[] state street technicalNotificationMails[] tenantType verifiedDomains[]";

pub(super) const DOMAIN: &str = "id authenticationType=Managed availabilityStatus isAdminManaged=true \
    isDefault=false isInitial=false isRoot=true isVerified=true manufacturer model passwordNotificationWindowInDays \
    passwordValidityPeriodInDays state supportedServices[]";

pub(super) const SUBSCRIBED_SKU: &str = "id accountId accountName appliesTo=User capabilityStatus consumedUnits \
    prepaidUnits servicePlans[] skuId skuPartNumber subscriptionIds[]";

pub(super) const USER: &str = "+id +businessPhones[] +displayName +givenName +jobTitle +mail +mobilePhone \
    +officeLocation +preferredLanguage +surname +userPrincipalName deletedDateTime aboutMe accountEnabled ageGroup \
    assignedLicenses[] assignedPlans[] authorizationInfo birthday=0001-01-01T00:00:00Z city companyName \
    consentProvidedForMinor country createdDateTime creationType customSecurityAttributes department \
    deviceEnrollmentLimit=5 employeeHireDate employeeId employeeLeaveDateTime employeeOrgData employeeType \
    externalUserState externalUserStateChangeDateTime faxNumber hireDate=0001-01-01T00:00:00Z identities[] \
    identityParentId imAddresses[] interests[] isManagementRestricted isResourceAccount lastPasswordChangeDateTime \
    legalAgeGroupClassification licenseAssignmentStates[] mailboxSettings mailNickname mySite \
    onPremisesDistinguishedName onPremisesDomainName onPremisesExtensionAttributes onPremisesImmutableId \
    onPremisesLastSyncDateTime onPremisesProvisioningErrors[] onPremisesSamAccountName onPremisesSecurityIdentifier \
    onPremisesSyncEnabled onPremisesUserPrincipalName otherMails[] passwordPolicies passwordProfile pastProjects[] \
    postalCode preferredDataLocation preferredName print provisionedPlans[] proxyAddresses[] responsibilities[] \
    schools[] securityIdentifier serviceProvisioningErrors[] showInAddressList signInActivity \
    signInSessionsValidFromDateTime skills[] state streetAddress usageLocation userType";

pub(super) const GROUP: &str = "id deletedDateTime assignedLabels[] assignedLicenses[] classification \
    createdDateTime description displayName expirationDateTime groupTypes[] isAssignableToRole \
    isManagementRestricted mail mailEnabled mailNickname membershipRule membershipRuleProcessingState \
    onPremisesDomainName onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesProvisioningErrors[] \
    onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled preferredDataLocation \
    preferredLanguage proxyAddresses[] renewedDateTime resourceBehaviorOptions[] resourceProvisioningOptions[] \
    securityEnabled securityIdentifier serviceProvisioningErrors[] theme uniqueName visibility .members .nested";

pub(super) const GROUP_SETTING: &str = "id displayName templateId values[]";

pub(super) const APPLICATION: &str = "id deletedDateTime addIns[] api appId applicationTemplateId appRoles[] \
    authenticationBehaviors certification createdByAppId createdDateTime defaultRedirectUri description \
    disabledByMicrosoftStatus displayName groupMembershipClaims identifierUris[] info isDeviceOnlyAuthSupported \
    isDisabled isFallbackPublicClient keyCredentials[] managerApplications[] nativeAuthenticationApisEnabled notes \
    oauth2RequirePostResponse=false optionalClaims parentalControlSettings passwordCredentials[] publicClient \
    publisherDomain requestSignatureVerification requiredResourceAccess[] samlMetadataUrl \
    serviceManagementReference servicePrincipalLockConfiguration signInAudience spa tags[] tokenEncryptionKeyId \
    uniqueName verifiedPublisher web";

pub(super) const SERVICE_PRINCIPAL: &str = "id deletedDateTime accountEnabled=true addIns[] alternativeNames[] \
    appDescription appDisplayName appId applicationTemplateId appOwnerOrganizationId \
    appRoleAssignmentRequired=false appRoles[] createdByAppId customSecurityAttributes description \
    disabledByMicrosoftStatus displayName homepage info isDisabled keyCredentials[] loginUrl logoutUrl notes \
    notificationEmailAddresses[] oauth2PermissionScopes[] passwordCredentials[] preferredSingleSignOnMode \
    preferredTokenSigningKeyThumbprint replyUrls[] resourceSpecificApplicationPermissions[] \
    samlSingleSignOnSettings servicePrincipalNames[] servicePrincipalType=Application signInAudience tags[] \
    tokenEncryptionKeyId verifiedPublisher";

pub(super) const APP_ROLE_ASSIGNMENT: &str = "id deletedDateTime appRoleId createdDateTime principalDisplayName \
    principalId principalType=ServicePrincipal resourceDisplayName resourceId .principal .resource";

pub(super) const ROLE_ASSIGNMENT: &str = "id principalId directoryScopeId=/ roleDefinitionId .principal .role \
    .appScopeId .condition";

pub(super) const ROLE_ASSIGNMENT_SCHEDULE_INSTANCE: &str = "id principalId roleDefinitionId directoryScopeId=/ \
    appScopeId startDateTime endDateTime assignmentType=Assigned memberType=Direct roleAssignmentOriginId \
    roleAssignmentScheduleId .principal .role";

pub(super) const ROLE_ELIGIBILITY_SCHEDULE_INSTANCE: &str = "id principalId roleDefinitionId directoryScopeId=/ \
    appScopeId startDateTime endDateTime memberType=Direct roleEligibilityScheduleId .principal .role";

pub(super) const ROLE_DEFINITION: &str = "id templateId displayName description version isBuiltIn=true \
    isEnabled=true resourceScopes[] rolePermissions[]";

pub(super) const NAMED_LOCATION: &str = "id @odata.type displayName createdDateTime modifiedDateTime \
    deletedDateTime ~isTrusted ~ipRanges ~countriesAndRegions ~countryLookupMethod \
    ~includeUnknownCountriesAndRegions";

pub(super) const CONDITIONAL_ACCESS_POLICY: &str = "id templateId displayName createdDateTime modifiedDateTime \
    deletedDateTime state=disabled conditions grantControls sessionControls";

pub(super) const AUTHENTICATION_STRENGTH_POLICY: &str = "id createdDateTime modifiedDateTime displayName \
    description policyType=builtIn requirementsSatisfied=mfa allowedCombinations[] combinationConfigurations[]";

pub(super) const SECURITY_DEFAULTS: &str = "id displayName description isEnabled=false deletedDateTime";

pub(super) const AUTHORIZATION_POLICY: &str = "id displayName description allowInvitesFrom \
    allowedToSignUpEmailBasedSubscriptions=false allowedToUseSSPR=false \
    allowEmailVerifiedUsersToJoinOrganization=false allowUserConsentForRiskyApps blockMsolPowerShell \
    guestUserRoleId defaultUserRolePermissions deletedDateTime";

pub(super) const AUTHENTICATION_METHODS_POLICY: &str = "id displayName description lastModifiedDateTime \
    policyVersion policyMigrationState reconfirmationInDays registrationEnforcement \
    authenticationMethodConfigurations[]";

pub(super) const ADMIN_CONSENT_REQUEST_POLICY: &str = "isEnabled=false notifyReviewers=false remindersEnabled=false \
    requestDurationInDays=0 version=0 reviewers[]";

pub(super) const DEVICE_REGISTRATION_POLICY: &str = "id displayName description userDeviceQuota=50 \
    multiFactorAuthConfiguration=notRequired azureADRegistration azureADJoin localAdminPassword";

pub(super) const CROSS_TENANT_ACCESS_DEFAULT: &str = "isServiceDefault=false inboundTrust b2bCollaborationOutbound \
    b2bCollaborationInbound b2bDirectConnectOutbound b2bDirectConnectInbound automaticUserConsentSettings \
    invitationRedemptionIdentityProviderConfiguration tenantRestrictions";

pub(super) const USER_REGISTRATION_DETAILS: &str = "id isAdmin=false isMfaCapable=false isMfaRegistered=false \
    isPasswordlessCapable=false isSsprCapable=false isSsprEnabled=false isSsprRegistered=false \
    isSystemPreferredAuthenticationMethodEnabled=true lastUpdatedDateTime methodsRegistered[] \
    systemPreferredAuthenticationMethods[] userDisplayName userPreferredMethodForSecondaryAuthentication \
    userPrincipalName userType=member";

pub(super) const MANAGED_DEVICE: &str = "id activationLockBypassCode androidSecurityPatchLevel azureADDeviceId \
    azureADRegistered complianceGracePeriodExpirationDateTime=9999-12-31T23:59:59Z complianceState=unknown \
    configurationManagerClientEnabledFeatures deviceActionResults[] deviceCategoryDisplayName \
    deviceEnrollmentType=unknown deviceHealthAttestationState deviceName deviceRegistrationState=registered \
    easActivated=false easActivationDateTime=0001-01-01T00:00:00Z easDeviceId emailAddress \
    enrolledDateTime=0001-01-01T00:00:00Z enrollmentProfileName ethernetMacAddress exchangeAccessState=none \
    exchangeAccessStateReason=none exchangeLastSuccessfulSyncDateTime=0001-01-01T00:00:00Z \
    freeStorageSpaceInBytes=0 iccid imei isEncrypted=false isSupervised=false jailBroken \
    lastSyncDateTime=0001-01-01T00:00:00Z managedDeviceName managedDeviceOwnerType=unknown managementAgent=mdm \
    managementCertificateExpirationDate=0001-01-01T00:00:00Z managementState=managed manufacturer meid model notes \
    operatingSystem osVersion partnerReportedThreatState=unknown phoneNumber physicalMemoryInBytes=0 \
    remoteAssistanceSessionErrorDetails remoteAssistanceSessionUrl requireUserEnrollmentApproval serialNumber \
    subscriberCarrier totalStorageSpaceInBytes=0 udid userDisplayName userId userPrincipalName wiFiMacAddress";

pub(super) const DEVICE_COMPLIANCE_POLICY: &str = "id @odata.type createdDateTime description displayName \
    lastModifiedDateTime version=0 ~bitLockerEnabled ~codeIntegrityEnabled ~earlyLaunchAntiMalwareDriverEnabled \
    ~mobileOsMaximumVersion ~mobileOsMinimumVersion ~osMaximumVersion ~osMinimumVersion ~passwordBlockSimple \
    ~passwordExpirationDays ~passwordMinimumCharacterSetCount ~passwordMinimumLength \
    ~passwordMinutesOfInactivityBeforeLock ~passwordPreviousPasswordBlockCount ~passwordRequired \
    ~passwordRequiredToUnlockFromIdle ~passwordRequiredType ~requireHealthyDeviceReport ~secureBootEnabled \
    ~storageRequireEncryption ~deviceThreatProtectionEnabled ~deviceThreatProtectionRequiredSecurityLevel \
    ~managedEmailProfileRequired ~passcodeBlockSimple ~passcodeExpirationDays ~passcodeMinimumCharacterSetCount \
    ~passcodeMinimumLength ~passcodeMinutesOfInactivityBeforeLock ~passcodePreviousPasscodeBlockCount \
    ~passcodeRequired ~passcodeRequiredType ~securityBlockJailbrokenDevices ~firewallBlockAllIncoming \
    ~firewallEnabled ~firewallEnableStealthMode ~systemIntegrityProtectionEnabled ~minAndroidSecurityPatchLevel \
    ~securityDisableUsbDebugging ~securityPreventInstallAppsFromUnknownSources \
    ~securityRequireCompanyPortalAppIntegrity ~securityRequireGooglePlayServices \
    ~securityRequireSafetyNetAttestationBasicIntegrity ~securityRequireSafetyNetAttestationCertifiedDevice \
    ~securityRequireUpToDateSecurityProviders ~securityRequireVerifyApps .assignments[]";

pub(super) const DEVICE_MANAGEMENT: &str = "id intuneAccountId subscriptionState=active settings intuneBrand \
    deviceProtectionOverview userExperienceAnalyticsSettings windowsMalwareOverview";

pub(super) const RISKY_USER: &str = "id isDeleted=false isProcessing=false riskDetail riskLastUpdatedDateTime \
    riskLevel riskState userDisplayName userPrincipalName";

pub(super) const SHAREPOINT_SETTINGS: &str = "allowedDomainGuidsForSyncApp[] availableManagedPathsForSiteCreation[] \
    deletedUserPersonalSiteRetentionPeriodInDays excludedFileExtensionsForSyncApp[] idleSessionSignOut \
    imageTaggingOption isCommentingOnSitePagesEnabled isFileActivityNotificationEnabled \
    isLegacyAuthProtocolsEnabled isLoopEnabled isMacSyncAppEnabled isRequireAcceptingUserToMatchInvitedUserEnabled \
    isResharingByExternalUsersEnabled isSharePointMobileNotificationEnabled isSharePointNewsfeedEnabled \
    isSiteCreationEnabled isSiteCreationUIEnabled isSitePagesCreationEnabled isSitesStorageLimitAutomatic \
    isSyncButtonHiddenOnPersonalSite isUnmanagedSyncAppForTenantRestricted personalSiteDefaultStorageLimitInMB \
    sharingAllowedDomainList[] sharingBlockedDomainList[] sharingCapability sharingDomainRestrictionMode \
    siteCreationDefaultManagedPath siteCreationDefaultStorageLimitInMB tenantDefaultTimezone";

pub(super) const DIRECTORY_ROLE: &str = "id deletedDateTime description displayName roleTemplateId";

/// What each type of compliance policy adds to the properties of all of them.
pub(super) const COMPLIANCE_POLICY_TYPES: &[(&str, &str)] = &[
    (
        "#microsoft.graph.windows10CompliancePolicy",
        "bitLockerEnabled=false codeIntegrityEnabled=false earlyLaunchAntiMalwareDriverEnabled=false \
         mobileOsMaximumVersion mobileOsMinimumVersion osMaximumVersion osMinimumVersion passwordBlockSimple=false \
         passwordExpirationDays passwordMinimumCharacterSetCount passwordMinimumLength \
         passwordMinutesOfInactivityBeforeLock passwordPreviousPasswordBlockCount passwordRequired=false \
         passwordRequiredToUnlockFromIdle=false passwordRequiredType=deviceDefault \
         requireHealthyDeviceReport=false secureBootEnabled=false storageRequireEncryption=false",
    ),
    (
        "#microsoft.graph.iosCompliancePolicy",
        "deviceThreatProtectionEnabled=false deviceThreatProtectionRequiredSecurityLevel=unavailable \
         managedEmailProfileRequired=false osMaximumVersion osMinimumVersion passcodeBlockSimple=false \
         passcodeExpirationDays passcodeMinimumCharacterSetCount passcodeMinimumLength \
         passcodeMinutesOfInactivityBeforeLock passcodePreviousPasscodeBlockCount passcodeRequired=false \
         passcodeRequiredType=deviceDefault securityBlockJailbrokenDevices=false",
    ),
    (
        "#microsoft.graph.macOSCompliancePolicy",
        "deviceThreatProtectionEnabled=false deviceThreatProtectionRequiredSecurityLevel=unavailable \
         firewallBlockAllIncoming=false firewallEnabled=false firewallEnableStealthMode=false osMaximumVersion \
         osMinimumVersion passwordBlockSimple=false passwordExpirationDays passwordMinimumCharacterSetCount \
         passwordMinimumLength passwordMinutesOfInactivityBeforeLock passwordPreviousPasswordBlockCount \
         passwordRequired=false passwordRequiredType=deviceDefault storageRequireEncryption=false \
         systemIntegrityProtectionEnabled=false",
    ),
    (
        "#microsoft.graph.androidWorkProfileCompliancePolicy",
        "deviceThreatProtectionEnabled=false deviceThreatProtectionRequiredSecurityLevel=unavailable \
         minAndroidSecurityPatchLevel osMaximumVersion osMinimumVersion passwordExpirationDays \
         passwordMinimumLength passwordMinutesOfInactivityBeforeLock passwordPreviousPasswordBlockCount \
         passwordRequired=false passwordRequiredType=deviceDefault securityBlockJailbrokenDevices=false \
         securityDisableUsbDebugging=false securityPreventInstallAppsFromUnknownSources=false \
         securityRequireCompanyPortalAppIntegrity=false securityRequireGooglePlayServices=false \
         securityRequireSafetyNetAttestationBasicIntegrity=false \
         securityRequireSafetyNetAttestationCertifiedDevice=false securityRequireUpToDateSecurityProviders=false \
         securityRequireVerifyApps=false storageRequireEncryption=false",
    ),
];

/// Members of enumerations that were added behind `unknownFutureValue`, with the property that holds them.
pub(super) const YOUNGER_MEMBERS: &[(&str, &str)] = &[
    ("includePlatforms", "linux"),
    ("excludePlatforms", "linux"),
    ("builtInControls", "riskRemediation"),
    ("allowedCombinations", "qrCodePin"),
    ("riskDetail", "m365DAdminDismissedDetection"),
    ("riskDetail", "adminConfirmedServicePrincipalCompromised"),
    ("riskDetail", "adminDismissedAllRiskForServicePrincipal"),
    ("riskDetail", "userChangedPasswordOnPremises"),
    ("riskDetail", "adminDismissedRiskForSignIn"),
    ("riskDetail", "adminConfirmedAccountSafe"),
    ("riskDetail", "microsoftRevokedSessions"),
];
