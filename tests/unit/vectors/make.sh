#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the files of this folder with gpg, for tests/unit/test_vectors.c: make.sh [FOLDER]
# Those that are committed are gpg 2.2.40's (Debian 12).  The keys protect nothing.
#   ALGORITHM.cert, .secret   a primary key that certifies, subkeys that sign and decrypt
#   ALGORITHM.message         encrypted to it
#   ALGORITHM.signature       detached, of "body"
#   many.asc                  armored, signed, to five keys of which two are hidden
set -eu
out=$(cd "${1:-$(dirname "$0")}" && pwd)
tmp=$(mktemp -d)
trap 'GNUPGHOME=$tmp gpgconf --kill all; rm -rf "$tmp"' EXIT
g() {
	gpg --homedir "$tmp" --batch --quiet --yes --no-tty --trust-model always \
		--faked-system-time 20260101T000000 --pinentry-mode loopback --passphrase '' "$@"
}
printf 'the secret of this volume\n' >"$out/body"
for alg in rsa2048 rsa3072 rsa4096 cv25519 nistp256 nistp384 nistp521 brainpoolP256r1 \
	brainpoolP384r1 brainpoolP512r1; do
	case $alg in cv25519) sign=ed25519 ;; rsa*) sign=$alg ;; *) sign=$alg/ecdsa ;; esac
	g --quick-generate-key "$alg@example.org" "$sign" cert never
	fpr=$(g --with-colons --list-keys "$alg@example.org" | awk -F: '$1 == "fpr" { print $10; exit }')
	g --quick-add-key "$fpr" "$sign" sign never
	g --quick-add-key "$fpr" "$alg" encr never
	g --output "$out/$alg.cert" --export "$fpr"
	g --output "$out/$alg.secret" --export-secret-keys "$fpr"
	g --output "$out/$alg.message" --encrypt -r "$fpr" "$out/body"
	g --output "$out/$alg.signature" -u "$alg@example.org" --detach-sign "$out/body"
done
g --armor --output "$out/many.asc" -u cv25519@example.org --sign --encrypt \
	-R rsa2048@example.org -r cv25519@example.org -r nistp384@example.org \
	-R nistp521@example.org -r brainpoolP512r1@example.org "$out/body"
