# SPDX-License-Identifier: GPL-2.0-or-later
# What Heads offers to boot, one line an entry, from the files named (HEADS.md, "The default entry"): grub.cfg, or
# those of loader/entries (.conf). -v boot=DIR: where the kernels lie. -v files=N: instead, the files of entry N of a
# grub.cfg, "./vmlinuz". -v opts=WORDS: what $kernelopts stands for.
function bare(path) { sub(/^\([^)]*\)/, "", path); return path }
function there(path,    x, r) { sub(/ .*/, "", path); r = (getline x < (boot path)); close(boot path); return r >= 0 }
function clear() { kernel = initrd = append = modules = ""; type = "elf"; n_own = 0 }
function own(path) { if (path != "") mine[++n_own] = path }
function done(    line, k, n, part) {
	if (kernel != "" && there(kernel)) {
		line = name "|" type "|kernel " kernel modules
		n = type == "elf" ? split(initrd, part, /[ ,]+/) : 0
		for (k = 1; k <= n; k++) {
			if (part[k] == "") continue
			line = line "|initrd " part[k]
			own(part[k])
		}
		if (append != "") line = line "|append " append
		gsub(/\$\{[^}]*\}/, "", line)
		gsub(/ +/, " ", line)
		sub(/ $/, "", line)
		total++
		if (!files) print line
		else if (files == total) {
			sub(/ .*/, "", kernel)
			print "." kernel
			for (k = 1; k <= n_own; k++) print "." mine[k]
		}
	}
	clear()
}
function bls_done(    line) {
	if (kernel != "") {
		line = name "|elf|kernel " kernel (initrd != "" ? "|initrd " initrd : "") (append != "" ? "|append " append : "")
		gsub(/\$[A-Za-z_][A-Za-z0-9_]*/, "", line)
		gsub(/ +/, " ", line)
		sub(/ $/, "", line)
		print line
	}
	clear()
	name = ""
	append = opts
}
BEGIN { clear() }
FNR == 1 {
	if (bls) bls_done()
	bls = FILENAME ~ /\.conf$/
	if (bls) append = opts
}
{
	gsub(/[ \t]+/, " ")
	sub(/^ /, "")
	sub(/ $/, "")
}
bls {
	value = $0
	sub(/^[^ ]* /, "", value)
	if ($1 == "title") name = value
	else if ($1 ~ /^linux/) kernel = value
	else if ($1 ~ /^initrd/) initrd = value
	else if ($1 == "options") {
		at = index(value, "$kernelopts")
		append = at ? substr(value, 1, at - 1) opts substr(value, at + 11) : value
	}
	next
}
/^menuentry / {
	done()
	q = substr($0, match($0, /['"]/), 1)
	name = substr($0, RSTART + 1)
	name = substr(name, 1, index(name, q) - 1)
	gsub(/\|/, "", name)
	next
}
/^linux[a-z0-9]* / {
	kernel = bare($2)
	append = $0
	sub(/^[^ ]* [^ ]* ?/, "", append)
	gsub(/ --- /, " ", append)
	next
}
/^initrd[a-z0-9]* / {
	initrd = $0
	sub(/^[^ ]* /, "", initrd)
	gsub(/\([^)]*\)/, "", initrd)
	next
}
/^multiboot[0-9]* / {
	type = "xen"
	kernel = $0
	sub(/^[^ ]* /, "", kernel)
	kernel = bare(kernel)
	next
}
/^module[0-9]* / {
	line = $0
	sub(/^[^ ]* /, "", line)
	sub(/^--nounzip /, "", line)
	split(line, word, " ")
	path = word[1]
	sub(/^[^ ]* ?/, "", line)
	modules = modules "|module " bare(path) (line != "" ? " " line : "")
	own(bare(path))
	next
}
/^}/ { done() }
END { if (bls) bls_done() }
