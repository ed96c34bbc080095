# Points in time as Graph writes them. The year 0001 is its way to say never, and dates beyond 2261 do not fit into
# nanoseconds; neither may end a rule in an error. Parts are looked up and not matched: a pattern is slow for thousands.
package lib.times

day := ((24 * 3600) * 1000) * 1000000

now := time.parse_rfc3339_ns(input.now)

# `00`, `01` and so on up to a number.
two_digits(from, to) := {sprintf("%02d", [number]) | some number in numbers.range(from, to)}

months := two_digits(1, 12)

days := two_digits(1, 31)

hours := two_digits(0, 23)

minutes := two_digits(0, 59)

years := {sprintf("%04d", [number]) | some number in numbers.range(1970, 2261)}

digits := "0123456789"

# Year, month and day and the rest of `2026-03-31T09:00:00Z`; undefined for everything else.
year(text) := substring(text, 0, 4) if {
	is_string(text)
	count(text) >= 20
	trim(substring(text, 0, 4), digits) == ""
	substring(text, 4, 1) == "-"
	substring(text, 5, 2) in months
	substring(text, 7, 1) == "-"
	substring(text, 8, 2) in days
	substring(text, 10, 1) == "T"
	substring(text, 11, 2) in hours
	substring(text, 13, 1) == ":"
	substring(text, 14, 2) in minutes
	substring(text, 16, 1) == ":"
	substring(text, 17, 2) in minutes
	is_ending(substring(text, 19, -1))
}

# Parts of a second, if any, and `Z` or the distance to it.
is_ending(text) if {
	endswith(text, "Z")
	is_fraction(trim_suffix(text, "Z"))
}

is_ending(text) if {
	size := count(text)
	size >= 6
	substring(text, size - 6, 1) in {"+", "-"}
	substring(text, size - 5, 2) in hours
	substring(text, size - 3, 1) == ":"
	substring(text, size - 2, 2) in minutes
	is_fraction(substring(text, 0, size - 6))
}

is_fraction(text) if text == ""

is_fraction(text) if {
	startswith(text, ".")
	count(text) > 1
	count(text) < 11
	trim(substring(text, 1, -1), digits) == ""
}

# A null in disguise.
is_never(text) if year(text) < "1970"

is_beyond(text) if year(text) > "2261"

# In nanoseconds; undefined for what is no time or never was. A time too far away counts as the last that fits.
at(text) := time.parse_rfc3339_ns(text) if year(text) in years

else := time.parse_rfc3339_ns("2262-01-01T00:00:00Z") if is_beyond(text)

# Whole days from one time to a later one.
days_between(start, end) := floor((at(end) - at(start)) / day)

days_since(text) := floor((now - at(text)) / day)
