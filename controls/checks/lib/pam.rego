# What PAM is asked for a service, and the settings of its modules. An argument in the stack goes before a file of
# settings, and that before what is built in. Controls are not executed; only what is plain is told.
package lib.pam

import data.lib.datasets
import data.lib.values

stacks_id := "linux/pam_stacks"

services := {row.service | some row in datasets.rows(stacks_id); is_string(object.get(row, "service", null))}

is_understood(row) if {
	every key in ["service", "type", "control", "module"] {
		values.text(row, key)
	}
	values.is_words(object.get(row, "arguments", null))
	values.is_whole_number(object.get(row, "order", null))
}

# The lines of a service and kind that can be read.
lines(service, kind) := [row |
	some row in datasets.rows(stacks_id)
	row.service == service
	row.type == kind
	is_understood(row)
]

# Lines that may belong to it and cannot be read; among them includes of files that are not there.
unclear(service, kind) := [row |
	some row in datasets.rows(stacks_id)
	object.get(row, "service", null) in {service, null}
	object.get(row, "type", null) in {kind, null}
	not is_understood(row)
]

of_module(rows, modules) := [row | some row in rows; row.module in modules]

# The value of `name=value`; the last one counts.
argument(row, name) := found[count(found) - 1] if {
	found := [substring(text, count(name) + 1, -1) |
		some text in row.arguments
		startswith(text, sprintf("%s=", [name]))
	]
	count(found) > 0
}

# A failure of the module ends in a refusal.
binds(row) if row.control in {"required", "requisite"}

binds(row) if contains(row.control, "=die")

binds(row) if contains(row.control, "=bad")

# After a failure of this line nothing further is asked.
ends_on_failure(row) if row.control == "requisite"

ends_on_failure(row) if contains(row.control, "default=die")

# A whole number as text; undefined otherwise.
number(text) := to_number(text) if {
	is_string(text)
	regex.match(`^-?[0-9]{1,9}$`, text)
}

# The number a module goes by: `default` where neither the line nor its file of settings says one. Undefined where it is
# written down but no number, or where the file was not read whole.
setting(row, file_id, module, name, default_number) := number(argument(row, name)) if argument(row, name)

else := number(written(file_id, module, name)) if {
	is_written(file_id, module, name)
	is_readable(file_id)
}

else := default_number if is_silent(file_id, module, name)

written(file_id, module, name) := found[count(found) - 1] if {
	found := [row.value |
		some row in datasets.rows(file_id)
		object.get(row, "module", null) == module
		object.get(row, "name", null) == name
	]
	count(found) > 0
}

is_written(file_id, module, name) if {
	some row in datasets.rows(file_id)
	object.get(row, "module", null) == module
	object.get(row, "name", null) == name
}

is_silent(file_id, module, name) if {
	datasets.whole(file_id)
	not is_written(file_id, module, name)
	is_readable(file_id)
}

# No row that might be the one that counts.
is_readable(file_id) if {
	every row in datasets.rows(file_id) {
		values.text(row, "module")
		values.text(row, "name")
		is_string(object.get(row, "value", null))
	}
}
