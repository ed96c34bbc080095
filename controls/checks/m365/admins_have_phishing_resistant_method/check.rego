# METADATA
# title: Every administrator has a sign-in method that phishing cannot steal
# description: >-
#   Every account that Microsoft's registration report calls an administrator has a FIDO2 security key, a passkey,
#   Windows Hello for Business, a platform credential or a certificate that counts as several factors. The report's
#   own names of methods count, which differ from those in authentication strengths. Guests register in their own
#   tenant, which cannot be seen. Accounts of directory synchronization are not counted; emergency accounts are.
#   Having a method does not mean that it must be used.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/authentication/howto-authentication-methods-activity
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: high
#   requires: [m365/user_registration_details]
#   proves:
#     cmmc-l2:
#       "3.5.3[c]": supporting
#       "3.5.4[a]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.4.1: supporting
#       8.5.1: supporting
#   remediation:
#     provider: >-
#       Switch "Passkey (FIDO2)" on under Authentication methods, Policies, give each named administrator a security
#       key or a passkey in Microsoft Authenticator, and watch the registration under My Sign-Ins, Security info.
#     internal: >-
#       Hand out two security keys to each administrator, keep a list of them, and lock the keys of emergency accounts
#       away.
#   irrelevant:
#     m365/user_registration_details:
#       - userDisplayName
#       - isSsprRegistered
#       - isSsprEnabled
#       - isSsprCapable
#       - isMfaRegistered
#       - isPasswordlessCapable
#       - isSystemPreferredAuthenticationMethodEnabled
#       - systemPreferredAuthenticationMethods
#       - userPreferredMethodForSecondaryAuthentication
#       - defaultMfaMethod
#       - isMfaCapable
package checks.m365.admins_have_phishing_resistant_method

import data.lib.datasets
import data.lib.values

report_id := "m365/user_registration_details"

named := values.words(object.get(input, ["settings", "directory_sync_accounts"], []))

# They cannot answer a prompt: what copies a directory on site into the cloud signs in with such an account.
is_synchronization(row) if startswith(lower(values.text(row, "userPrincipalName")), "sync_")

is_synchronization(row) if lower(values.text(row, "userPrincipalName")) in named

is_synchronization(row) if lower(values.text(row, "id")) in named

name(row) := row.userPrincipalName if values.text(row, "userPrincipalName")

else := row.id if values.text(row, "id")

else := "an account without a name"

is_named(row) if {
	values.text(row, "id")
	values.text(row, "userPrincipalName")
}

kind(row) := lower(values.text(row, "userType"))

# Microsoft renews the report about once a day; a week is too long. Also catches times that are none (the year 1).
is_fresh(row) if {
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9.]+Z$`, values.text(row, "lastUpdatedDateTime"))
	time.parse_rfc3339_ns(input.datasets[report_id].collected_at) - time.parse_rfc3339_ns(row.lastUpdatedDateTime) < (((7 * 24) * 3600) * 1000) * 1000000
}

strong := {
	"fido2securitykey", "windowshelloforbusiness", "passkeydevicebound", "passkeydeviceboundauthenticator",
	"passkeydeviceboundwindowshello", "passkeysynced", "macossecureenclavekey", "x509certificatemultifactor",
}

other := {
	"email", "mobilephone", "alternatemobilephone", "officephone", "securityquestion", "microsoftauthenticatorpush",
	"microsoftauthenticatorpasswordless", "softwareonetimepasscode", "hardwareonetimepasscode", "onetimepasscode",
	"temporaryaccesspass", "externalauthmethod", "apppassword", "appnotification", "appcode", "sms", "qrcode",
	"alternatemobilecall", "x509certificatesinglefactor",
}

methods(row) := values.words(row.methodsRegistered)

# In the report's own spelling.
spelled(row, wanted) := concat(", ", sort({method | some method in row.methodsRegistered; lower(method) in wanted}))

admins := [row |
	some row in datasets.rows(report_id)
	not row.isAdmin == false
	not is_synchronization(row)
]

verdict(row) := {"outcome": "unknown", "because": sprintf("The report does not say whose row this is (%s)", [name(row)])} if not is_named(row)

else := {"outcome": "unknown", "because": sprintf("`%s`: the report does not say whether it is an administrator", [name(row)])} if {
	not row.isAdmin == true
}

else := {"outcome": "unknown", "because": sprintf("`%s` is a guest or of an unknown kind; which methods it has, only its own tenant knows", [name(row)])} if {
	not kind(row) == "member"
}

else := {"outcome": "unknown", "because": because} if {
	not is_fresh(row)
	because := sprintf("`%s`: the report was last renewed for it at %v, which is too long ago", [name(row), object.get(row, "lastUpdatedDateTime", null)])
}

else := {"outcome": "unknown", "because": sprintf("`%s`: the report does not list its methods", [name(row)])} if not methods(row)

else := {"outcome": "pass", "because": because} if {
	found := methods(row) & strong
	count(found) > 0
	because := sprintf("`%s` has %s", [name(row), spelled(row, found)])
}

else := {"outcome": "unknown", "because": sprintf("`%s` has methods that are not known here (%s)", [name(row), spelled(row, methods(row) - other)])} if {
	count(methods(row) - other) > 0
}

else := {"outcome": "fail", "because": sprintf("`%s` has no method registered", [name(row)])} if count(methods(row)) == 0

else := {"outcome": "fail", "because": sprintf("`%s` has only methods that phishing can get round (%s)", [name(row), spelled(row, methods(row))])}

findings contains finding if {
	some row in admins
	found := verdict(row)
	finding := object.union(found, {"resource": name(row)})
}

findings contains {"resource": "tenant", "outcome": "unknown", "because": "The registration report lists no administrator, which no tenant can be without"} if {
	count(admins) == 0
}
