#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Is a /boot as Heads wants it? From HEADS.md alone: nothing of the project is run or read.
#   heads_verify.sh [--style relative|absolute|any] [--keyring FILE | --sqv CERT] [--counter 'ID: VALUE']
#                   [--default N|none] [--sorted] [--lenient] [--unquoted] BOOT
# One line "bad CHECK: why" for each check that fails, then "good STYLE" (status 0) or "bad" (1).
# gpg with GNUPGHOME, or gpgv with a keyring. --default: which one it must be. --sorted: as Heads of mid-2026
# counts. --lenient: only what Heads itself looks at; without it the lists must also be complete and in the form
# HEADS.md gives.
# --unquoted: absolute names reach sha256sum as older Heads hands them over, split and expanded by the shell.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "${0%/*}" && pwd)
style=any keyring='' sqv='' counter='' number='' order=cat strict=yes quoted=yes rc=0
while [ $# -gt 1 ]; do
	case $1 in
	--style) style=$2; shift ;;
	--keyring) keyring=$2; shift ;;
	--sqv) sqv=$2; shift ;;
	--counter) counter=$2; shift ;;
	--default) number=$2; shift ;;
	--sorted) order='sort' ;;
	--lenient) strict=no ;;
	--unquoted) quoted=no ;;
	*) echo "heads_verify.sh: $1?" >&2; exit 2 ;;
	esac
	shift
done
cd "$1" || exit 2
t=$(mktemp -d) || exit 2
trap 'rm -r "$t"' EXIT
bad() { echo "bad $1: $2"; rc=1; }
quoted() { tr '\0' '\n' | head -n 5 | tr '\n' ' '; }

# --- the signature ------------------------------------------------------------
manifest() { # BEFORE-EACH-NAME
	find . -maxdepth 1 -name 'kexec*.txt' | sort | sed 's,^\./,,' | while read -r f; do
		sum=$(sha256sum "$f") || sum='not readable'
		echo "${sum%% *}  $1$f"
	done
}
older_manifest() {
	# shellcheck disable=SC2046 # so it was
	sha256sum $(find . -maxdepth 1 -name 'kexec*.txt' | sort) | sed 's,  \./,  /boot/,'
}
is_by() { # BEFORE-EACH-NAME
	if [ -n "$1" ] && [ $quoted = no ]; then older_manifest; else manifest "$1"; fi >"$t/manifest"
	if [ -n "$sqv" ]; then
		sqv --keyring "$sqv" kexec.sig "$t/manifest"
	elif [ -n "$keyring" ]; then
		gpgv -q --keyring "$keyring" kexec.sig - <"$t/manifest"
	else
		gpg --batch -q --verify kexec.sig - <"$t/manifest"
	fi >"$t/said" 2>&1
}
is=none
if [ ! -f kexec.sig ]; then
	bad signature 'there is no kexec.sig'
else
	if [ "$style" != absolute ] && is_by ''; then is=relative; fi
	if [ $is = none ] && [ "$style" != relative ] && is_by /boot/; then is=absolute; fi
	[ $is != none ] || bad signature "$(tail -n 2 "$t/said" 2>/dev/null || cat "$t/said")"
fi
for f in kexec*.txt; do
	if [ -L "$f" ] || [ ! -f "$f" ]; then bad signature "$f is no file"; fi
done

# --- the lists ----------------------------------------------------------------
if [ -f kexec_hashes.txt ]; then
	sha256sum -c kexec_hashes.txt >"$t/sums" 2>&1 ||
		bad hashes "$(grep -v ': OK$' "$t/sums" | head -n 5 | tr '\n' ' ')"
else
	bad hashes 'there is no kexec_hashes.txt'
fi
find ./ -xdev ! -path './kexec*' -print0 | sort -z >"$t/tree"
if [ -f kexec_tree.txt ]; then
	cmp -s "$t/tree" kexec_tree.txt || bad tree "$(
		tr '\0' '\n' <kexec_tree.txt | sort >"$t/was"
		tr '\0' '\n' <"$t/tree" | sort >"$t/is"
		cat "$t/was" "$t/is" | sort | uniq -u 2>/dev/null | quoted)"
else
	bad tree 'there is no kexec_tree.txt'
fi
[ "$(tr -d '\000\040-\133\135-\176' <"$t/tree" | wc -c)" = 0 ] || bad names 'a name that Heads refuses'
if [ $strict = yes ] && [ -f kexec_hashes.txt ]; then
	grep -nvE '^[0-9a-f]{64}  \./.' kexec_hashes.txt >"$t/odd" && bad hashes "line $(head -n 1 "$t/odd")"
	cut -c67- kexec_hashes.txt | sort >"$t/listed"
	find ./ -xdev -type f ! -path './kexec*' | sort >"$t/files"
	cmp -s "$t/listed" "$t/files" || bad hashes "not every file once: $(cat "$t/listed" "$t/files" | sort | uniq -u | quoted)"
fi

# --- the default entry --------------------------------------------------------
find . -name grub.cfg ! -path '*EFI*' ! -path '*efi*' | sort >"$t/grub"
kernelopts() { # GRUB.CFG
	if grep -q '^kernelopts=' "${1%/*}/grubenv" 2>/dev/null; then
		sed -n 's/^kernelopts=//p' "${1%/*}/grubenv" | tr @ _
	else
		sed -n "s/.*set default_kernelopts=[\"']\([^\"']*\).*/\1/p" "$1"
	fi
}
menu() {
	xargs awk -v boot=. -f "$here/entries.awk" <"$t/grub" >"$t/found"
	if [ ! -s "$t/found" ] && [ -d loader/entries ]; then # as the folder lists them, for every grub.cfg
		find loader/entries -type f -name '*.conf' >"$t/bls"
		while read -r f; do
			xargs awk -v opts="$(kernelopts "$f")" -f "$here/entries.awk" <"$t/bls"
		done <"$t/grub" >"$t/found"
	fi
	$order "$t/found"
}
menu >"$t/menu"
count=0
for f in kexec_default.*.txt; do
	[ -e "$f" ] || continue
	count=$((count + 1))
	n=${f#kexec_default.} n=${n%.txt}
	case $n in '' | *[!0-9]* | 0*) bad default "$f: no number"; continue ;; esac
	[ -z "$number" ] || [ "$n" = "$number" ] || bad default "it is number $n"
	sed -n "${n}p" "$t/menu" >"$t/entry"
	cmp -s "$t/entry" "$f" || bad default "$f is not entry $n: $(cat "$t/entry")"
	[ -f kexec_default_hashes.txt ] || { bad default 'no kexec_default_hashes.txt'; continue; }
	sha256sum -c kexec_default_hashes.txt >"$t/sums" 2>&1 || bad default "$(grep -v ': OK$' "$t/sums" | head -n 5)"
	tr '|' '\n' <"$t/entry" | sed -n -E 's,^(kernel|initrd|module) (/[^ ]*).*,.\2,p' |
		tr '\n' '\0' | xargs -0 sha256sum >"$t/hashes" 2>/dev/null
	[ $strict = no ] || cmp -s "$t/hashes" kexec_default_hashes.txt ||
		bad default 'kexec_default_hashes.txt is not of that entry'
done
[ $count -le 1 ] || bad default "there are $count of them"
case $number in
none) [ $count = 0 ] || bad default 'there is one' ;;
?*) [ $count -gt 0 ] || bad default 'there is none' ;;
esac

# --- the rollback line --------------------------------------------------------
if [ -f kexec_rollback.txt ]; then
	[ "$(grep -cE '^[0-9a-f]{64}  /tmp/counter-[0-9a-f]+$' kexec_rollback.txt):$(wc -l <kexec_rollback.txt)" = 1:1 ] ||
		bad rollback 'no such line'
fi
if [ -n "$counter" ]; then
	sum=$(printf '%s\n' "$counter" | sha256sum | cut -d' ' -f1)
	[ "$(cat kexec_rollback.txt 2>/dev/null)" = "$sum  /tmp/counter-${counter%%:*}" ] ||
		bad rollback "it does not pin $counter"
fi

if [ $rc = 0 ]; then echo "good $is"; else echo bad; fi
exit $rc
