# What was seen of a dataset. A dataset that was not seen has no `rows`, so nothing here mistakes it for an empty one.
package lib.datasets

rows(id) := input.datasets[id].rows if is_array(input.datasets[id].rows)

seen(id) if is_array(input.datasets[id].rows)

# Every row was read, or the feature is not licensed and there can be none.
whole(id) if {
	seen(id)
	input.datasets[id].outcome in {"complete", "empty", "unlicensed"}
}

# The row of a dataset that always has exactly one.
only(id) := input.datasets[id].rows[0] if count(input.datasets[id].rows) == 1
