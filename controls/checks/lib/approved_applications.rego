# Applications that the organization has approved to hold far-reaching rights: the setting `approved_applications`, a
# list of application (client) ids or of object ids of service principals. Never by name, which anybody can give.
package lib.approved_applications

import data.lib.datasets
import data.lib.values

service_principals_id := "m365/service_principals"

list := values.words(input.settings.approved_applications) if values.is_words(input.settings.approved_applications)

is_settled if list

is_approved(object_id) if object_id in list

is_approved(object_id) if {
	some app_id in app_ids[object_id]
	app_id in list
}

# By object id of the service principal, in lower case.
app_ids[id] contains app_id if {
	some principal in datasets.rows(service_principals_id)
	id := values.lowered(principal, "id")
	app_id := values.lowered(principal, "appId")
}
