# Points in time as Graph writes them. The year 0001 is its way to say never, and dates beyond 2261 do not fit into
# nanoseconds; neither may end a rule in an error.
package lib.times

shape := `^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$`

day := ((24 * 3600) * 1000) * 1000000

now := time.parse_rfc3339_ns(input.now)

is_time(text) if {
	is_string(text)
	regex.match(shape, text)
}

# Four digits, compared as text.
year(text) := substring(text, 0, 4) if is_time(text)

# A null in disguise.
is_never(text) if year(text) < "1970"

is_beyond(text) if year(text) > "2261"

# In nanoseconds; undefined for what is no time or never was. A time too far away counts as the last that fits.
at(text) := time.parse_rfc3339_ns(text) if {
	year(text) >= "1970"
	not is_beyond(text)
}

else := time.parse_rfc3339_ns("2262-01-01T00:00:00Z") if is_beyond(text)

# Whole days from one time to a later one.
days_between(start, end) := floor((at(end) - at(start)) / day)

days_since(text) := floor((now - at(text)) / day)
