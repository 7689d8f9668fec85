# SPDX-License-Identifier: GPL-2.0-or-later
# What Heads offers to boot, one line an entry, from the grub.cfg files named (HEADS.md, "The default
# entry"). -v boot=DIR: where the kernels lie. -v files=N: instead, the files of entry N, "./vmlinuz".
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
BEGIN { clear() }
{
	gsub(/[ \t]+/, " ")
	sub(/^ /, "")
	sub(/ $/, "")
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
