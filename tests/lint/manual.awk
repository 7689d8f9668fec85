# SPDX-License-Identifier: GPL-2.0-or-later
# What man/ says of verbs and options, in the form of completions/generate.awk's table.
#
#   awk -f manual.awk VERBS man/bootlatch.8 man/bootlatch-PART.8...
#
# A verb is described below ".Ss VERB": its options by ".It Fl -OPTION" and ".Op Fl -OPTION" there, and
# by ".Op Ar GROUP options", groups being those of bootlatch.8, each of which includes the one before it.

function put(where, option, takes) {
	if (where ~ / options$/) {
		group[where, ++n_group[where]] = option takes
		return
	}
	if (((where, option) in seen) && seen[where, option] != takes)
		print where " --" option ": described in two ways"
	else if (!((where, option) in seen))
		print where " --" option takes
	seen[where, option] = takes
}

FNR == 1 { file++; where = "" }
file == 1 { verbs[$0] = 1; next }

/^\.Sh / { where = "" }
/^\.Ss / {
	name = substr($0, 5)
	where = ""
	if (name in verbs) {
		where = name
		print name
	} else if (name ~ /^[A-Z][a-z]+ options$/) {
		where = tolower(name)
		for (i = 1; i <= n_group[before]; i++)
			group[where, ++n_group[where]] = group[before, i]
		before = where
	}
}
where != "" && /^\.(It|Op) Fl -/ {
	for (i = 2; i < NF; i++) {
		if ($i != "Fl")
			continue
		option = substr($(i + 1), 2)
		next_ = $(i + 2)
		takes = next_ == "Ar" || next_ == "Cm" ? "=" : next_ == "Ns" && $(i + 3) == "Op" ? "?" : ""
		put(where, option, takes)
	}
}
where != "" && /^\.Op Ar [a-z]+ options$/ {
	for (i = 1; i <= n_group[$3 " options"]; i++) {
		option = group[$3 " options", i]
		takes = option
		gsub(/[^=?]/, "", takes)
		gsub(/[=?]/, "", option)
		put(where, option, takes)
	}
	if (!(($3 " options") in n_group))
		print FILENAME ": there is no group \"" $3 " options\""
}
