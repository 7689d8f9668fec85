# SPDX-License-Identifier: GPL-2.0-or-later
# Completions from what the program says of itself (helps.sh): verbs, options, values. What it cannot
# make sense of stops it.
#
#   awk -v make=bash|zsh|table -f generate.awk
#
# table: "VERB", then "VERB --OPTION", "VERB --OPTION=" (takes a value), "VERB --OPTION?" (may take one)

function stop(what) {
	print "generate.awk: " what > "/dev/stderr"
	stopped = 1
	exit 1
}

# What a value is: file, dir, reader, serial, mapping, nothing, or words separated by commas, which the option's
# help must name, unless a verb's kind begins with "!".
function kind_of(verb, option, help,    kind, w, n, i) {
	kind = ((verb " " option) in kinds) ? kinds[verb " " option] : kinds[option]
	if (option ~ /-fd$/)
		kind = "nothing"
	if (kind == "")
		stop("no kind of value is known for --" option " of " verb "; tell it in BEGIN")
	if (sub(/^!/, "", kind))
		return kind
	n = split(kind, w, ",")
	for (i = 1; n > 1 && i <= n; i++)
		if (!match(help, "(^|[^a-z0-9])" w[i] "([^a-z0-9]|$)"))
			stop("--" option " of " verb " does not name the value " w[i] " in its help")
	return kind
}

BEGIN {
	kinds["boot"] = kinds["config"] = kinds["root"] = "dir"
	kinds["cert"] = kinds["key-file"] = kinds["header"] = kinds["report"] = "file"
	kinds["crypttab-file"] = kinds["files-list"] = kinds["import"] = kinds["output"] = "file"
	kinds["keyslot"] = kinds["wait"] = "nothing" # and descriptors: -fd
	kinds["key"] = kinds["settle"] = kinds["fingerprint"] = kinds["user-id"] = kinds["expires"] = "nothing"
	kinds["pcrs"] = kinds["srk"] = kinds["tpm-device"] = kinds["set"] = "nothing"
	kinds["reader"] = "reader"
	kinds["serial"] = "serial"
	kinds["crypttab-name"] = "mapping"
	kinds["transport"] = "auto,pcsc,ccid"
	kinds["manifest"] = "auto,relative,absolute"
	kinds["default"] = "keep,first,none"
	kinds["menu"] = "auto,file,sorted"
	kinds["rollback"] = "bump,keep,none"
	kinds["slots"] = "sig,dec,aut"
	kinds["algorithm"] = "rsa2048,rsa3072,rsa4096,nistp256,nistp384,nistp521,brainpoolP256r1,brainpoolP384r1,brainpoolP512r1,cv25519"
	kinds["setup algorithm"] = "!" kinds["algorithm"]
	kinds["setup skip"] = "!recovery,keys,pins,enroll,second,boot,sign,doctor"
	kinds["profile"] = "uefi,heads"
	kinds["bank"] = "sha256,sha384,sha512"
}

/^== / {
	verb = substr($0, 4)
	verbs[++n_verbs] = verb
	next
}
verb == "" && /^  [a-z]/ { # the overview: a verb and what it is for
	overview[++n_overview] = substr($0, 3)
	next
}
verb != "" && /^Usage: / {
	rest = substr($0, length("Usage: bootlatch " verb " ") + 1)
	sub(/ ?\[OPTION\]\.\.\.$/, "", rest)
	operands[verb] = rest
	next
}
verb != "" && /^  --/ {
	left = substr($0, 5)
	match(left, /^[a-z0-9-]+/)
	option = substr(left, 1, RLENGTH)
	left = substr(left, RLENGTH + 1)
	takes = ""
	if (match(left, /^\[=[A-Z]+\]/))
		takes = "?"
	else if (match(left, /^ [A-Z][A-Z,|]*( |$)/))
		takes = "="
	if (takes != "") {
		arg[verb, option] = substr(left, takes == "?" ? 3 : 2, RLENGTH - (takes == "?" ? 3 : 2))
		left = substr(left, RLENGTH + 1)
	}
	sub(/^ +/, "", left)
	if (option == "" || left == "")
		stop("not understood: " $0)
	options[verb, ++n_options[verb]] = option
	value[verb, option] = takes
	help[verb, option] = left
}

function quoted(s) {
	gsub(/'/, "'\\''", s)
	return "'" s "'"
}

function summary(v,    i, s) {
	for (i = 1; i <= n_overview; i++)
		if (substr(overview[i], 1, length(v) + 1) == v " ") {
			s = substr(overview[i], length(v) + 1)
			sub(/^ +/, "", s)
			return s
		}
	stop("the overview does not name " v)
}

function table(    i, j, v) {
	for (i = 1; i <= n_verbs; i++) {
		v = verbs[i]
		print v
		for (j = 1; j <= n_options[v]; j++)
			print v " --" options[v, j] value[v, options[v, j]]
	}
}

function bash(    i, j, v, o, line) {
	print "# --- from the program's own help: make completions"
	print "_bootlatch_verbs() {\n\tprintf '%s\\n' \\"
	for (i = 1; i <= n_verbs; i++)
		print "\t\t" quoted(verbs[i]) (i < n_verbs ? " \\" : "")
	print "}"
	print "# Its operands, then its options; \":\" and what the value is where they take one."
	print "_bootlatch_table() {\n\tcase $1 in"
	for (i = 1; i <= n_verbs; i++) {
		v = verbs[i]
		line = operands[v] == "" ? "" : operands[v] " "
		for (j = 1; j <= n_options[v]; j++) {
			o = options[v, j]
			line = line (j > 1 ? " " : "") "--" o
			if (value[v, o] != "")
				line = line value[v, o] ":" kind_of(v, o, help[v, o])
		}
		print "\t" quoted(v) ") echo " quoted(line) " ;;"
	}
	print "\tesac\n}"
}

function action(kind) {
	if (kind == "file")
		return "_files"
	if (kind == "dir")
		return "_files -/"
	if (kind == "nothing")
		return " "
	if (kind == "luks" || kind == "reader" || kind == "serial" || kind == "mapping")
		return "_bootlatch_" kind
	gsub(/,/, " ", kind)
	return "(" kind ")"
}

function zsh(    i, j, v, o, line, w, n, a) {
	print "# --- from the program's own help: make completions"
	print "_bootlatch_set_verbs() {\n\t_bootlatch_verbs=("
	for (i = 1; i <= n_verbs; i++)
		print "\t\t" quoted(verbs[i] ":" summary(verbs[i]))
	print "\t)\n}"
	print "_bootlatch_arguments() {\n\tcase $1 in"
	for (i = 1; i <= n_verbs; i++) {
		v = verbs[i]
		print "\t" quoted(v) ")\n\t\t_arguments -S \\"
		n = split(operands[v], w, " ")
		for (j = 1; j <= n_options[v]; j++) {
			o = options[v, j]
			line = help[v, o]
			gsub(/[][\\]/, "\\\\&", line)
			line = "--" o (value[v, o] == "=" ? "=" : value[v, o] == "?" ? "=-" : "") "[" line "]"
			if (value[v, o] != "")
				line = line (value[v, o] == "?" ? "::" : ":") arg[v, o] ":" action(kind_of(v, o, help[v, o]))
			if (o == "cert")
				line = "*" line
			print "\t\t\t" quoted(line) (j < n_options[v] || n > 0 ? " \\" : "")
		}
		for (j = 1; j <= n; j++) {
			a = w[j]
			gsub(/[][]/, "", a)
			print "\t\t\t" quoted(j (w[j] ~ /^\[/ ? "::" : ":") a ":" (a == "DEVICE" ? "_bootlatch_luks" : " ")) (j < n ? " \\" : "")
		}
		print "\t\t;;"
	}
	print "\tesac\n}\n\n_bootlatch_main \"$@\""
}

END {
	if (stopped)
		exit 1
	if (n_verbs == 0 || n_verbs != n_overview)
		stop(n_overview " verbs in the overview, " n_verbs + 0 " with a help")
	if (make == "table")
		table()
	else if (make == "bash")
		bash()
	else if (make == "zsh")
		zsh()
	else
		stop("make is bash, zsh or table")
}
