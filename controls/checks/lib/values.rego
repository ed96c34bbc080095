# Small questions about JSON values that every rule asks in the same way: an absent property is not `false`, null is
# not `false`, and words of an enumeration are compared without regard to case.
package lib.values

# `o` is an object that has `key`, whatever its value.
has(o, key) if {
	is_object(o)
	_ = o[key]
}

is_words(list) if {
	is_array(list)
	every word in list {
		is_string(word)
	}
}

# The texts of a list in lower case; undefined unless it is a list of texts.
words(list) := {lower(word) | some word in list} if is_words(list)

# The parts of a comma-joined text in lower case.
parts(text) := {lower(trim_space(part)) | some part in split(text, ",")} if is_string(text)

# Absent, null and empty all mean that nothing is set. Only for properties where the source says so.
unset(o, key) if not has(o, key)

unset(o, key) if is_empty(o[key])

unset(o, key) if {
	is_object(o[key])
	every member in o[key] {
		is_empty(member)
	}
}

is_empty(value) if value in {null, [], ""}

# A text that is not blank; undefined otherwise.
text(o, key) := o[key] if {
	is_object(o)
	is_string(o[key])
	trim_space(o[key]) != ""
}

is_whole_number(value) if {
	is_number(value)
	floor(value) == value
}

# Such a text in lower case, to compare ids and words by; never an error, whatever the value is.
lowered(o, key) := lower(o[key]) if {
	is_object(o)
	is_string(o[key])
	trim_space(o[key]) != ""
}

# The list under a key; empty for everything that is none. Only where something else says that the list was not there.
list(o, key) := o[key] if {
	is_object(o)
	is_array(o[key])
}

else := []

# What stands under a key; null for everything that has no keys.
inner(o, key) := object.get(o, key, null) if is_object(o)

else := null
