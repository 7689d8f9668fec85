#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Our OpenPGP layer against the installed gpg, both ways: openpgp.sh PGPTOOL
set -eu
tool=${1:-${O:-build/release}/pgptool}
tmp=$(mktemp -d)
GNUPGHOME=$tmp/home
export GNUPGHOME
mkdir -m 700 "$GNUPGHOME"
trap 'gpgconf --kill all || true; rm -rf "$tmp"' EXIT
passes=0 fails=0
ok() { echo "ok   $1"; passes=$((passes + 1)); }
bad() { echo "FAIL $1"; fails=$((fails + 1)); }
g() { gpg --batch --quiet --no-tty --trust-model always --pinentry-mode loopback --passphrase '' "$@"; }

printf 'the secret of this volume\n' >"$tmp/body"
head -c 6000 /dev/zero >"$tmp/zeros"
for alg in cv25519 nistp256 nistp384 nistp521 brainpoolP256r1 brainpoolP512r1 rsa2048; do
	sign=$alg
	case $alg in
	cv25519) sign=ed25519 ;;
	esac
	user=$alg@example.org
	g --quick-generate-key "$user" "$sign" sign never
	fpr=$(g --with-colons --list-keys "$user" | awk -F: '$1 == "fpr" { print $10; exit }')
	g --quick-add-key "$fpr" "$alg" encr never
	g --export "$user" >"$tmp/cert"
	g --armor --export "$user" >"$tmp/cert.asc"
	sub=$(g --with-colons --list-keys "$user" | awk -F: '$1 == "fpr" { f = $10 } END { print f }')
	if "$tool" keys "$tmp/cert" | grep -q "^$sub "; then ok "$alg cert"; else bad "$alg cert"; fi
	if "$tool" encrypt "$tmp/cert.asc" "$tmp/body" >"$tmp/ours" &&
		g --decrypt "$tmp/ours" 2>/dev/null | cmp -s - "$tmp/body"; then
		ok "$alg gpg reads ours"
	else
		bad "$alg gpg reads ours"
	fi
	for opt in "" "--armor" "-z0" "--compress-algo zip" "--compress-algo zlib" "-R" "--sign" "zeros"; do
		to=-r
		in=$tmp/body
		o=$opt
		case $opt in
		-R) to=-R o= ;;
		zeros) in=$tmp/zeros o= ;;
		esac
		# shellcheck disable=SC2086
		g $o -u "$user" --encrypt "$to" "$user" <"$in" >"$tmp/theirs"
		key=$(g --show-session-key --decrypt "$tmp/theirs" 2>&1 >/dev/null |
			sed -n "s/.*session key: '\(.*\)'.*/\1/p")
		if "$tool" decrypt "$tmp/theirs" "$key" 2>/dev/null | cmp -s - "$in"; then
			ok "$alg we read gpg's $opt"
		else
			bad "$alg we read gpg's $opt"
		fi
	done
	g --quick-set-expire "$fpr" seconds=1 "$sub"
	sleep 2
	g --export "$user" >"$tmp/cert"
	if "$tool" keys "$tmp/cert" 2>/dev/null; then bad "$alg expired"; else ok "$alg expired"; fi
	g --quick-set-expire "$fpr" 0 "$sub"
	g --export "$user" >"$tmp/cert"
	if "$tool" keys "$tmp/cert" >/dev/null; then ok "$alg prolonged"; else bad "$alg prolonged"; fi
	sed 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$fpr.rev" >"$tmp/rev"
	g --import "$tmp/rev"
	g --export "$user" >"$tmp/cert"
	if "$tool" keys "$tmp/cert" 2>&1 | grep -q revoked; then ok "$alg revoked"; else bad "$alg revoked"; fi
done
echo "$passes passed, $fails failed"
[ "$fails" -eq 0 ]
