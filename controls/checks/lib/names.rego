# Names and numbers in sentences for people: a few names, and how many more there are.
package lib.names

shown := 3

few(set) := concat(", ", sort(set)) if count(set) <= shown

else := sprintf("%s and %d more", [concat(", ", array.slice(sort(set), 0, shown)), count(set) - shown])

# The first five texts of a list, and how many there are besides.
listed(texts) := shorten(texts, count(texts))

# The first five of `total` things, of which `texts` holds at least the first five.
shorten(texts, total) := concat(", ", array.concat(array.slice(texts, 0, 5), more)) if {
	more := [sprintf("and %d more", [total - 5]) | total > 5]
}

# `1 device`, `3 devices`: for nouns that only take an s.
some_of(how_many, noun) := sprintf("1 %s", [noun]) if how_many == 1

else := sprintf("%d %ss", [how_many, noun])
