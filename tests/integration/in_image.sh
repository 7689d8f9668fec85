#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The program of the initramfs by its symbols: nothing in it enrolls, seals, signs or changes a card.
set -eu
. "$(dirname "$0")/lib.sh"
need 'what the program of the initramfs is made of' unshare ip nm
lib_reexec_in_namespace "$0" "$@"

# Functions that other files call; those of the folders and files that are not for the image.
defines() { nm --defined-only "$@" 2>/dev/null | awk '$2 == "T" { print $3 }' | sort -u; }
defines "$O/bootlatch-unlock" >"$T/image"
defines "$O/bootlatch" >"$T/all"
check 'the program can be read' grep -qx unlock_volume "$T/image"
none_of() { # FILE of names
	comm -12 "$1" "$T/image" >"$T/found"
	[ -s "$1" ] && ! grep . "$T/found"
}
for layer in enroll sign; do
	defines "$O/$layer.a" >"$T/$layer"
	check "nothing of $layer.a is in it" none_of "$T/$layer"
done
changes=$(cd "$O" && ls card/extra.o card/admin.o card/keys.o card/life.o card/pw.o card/pw_lay.o card/pw_admin.o card/pw_change.o card/sign.o)
# shellcheck disable=SC2086 # words
(cd "$O" && defines $changes) >"$T/changes"
check 'nothing that changes a card, or signs with it' none_of "$T/changes"

# In files that the image needs for other things. In the other program, or this list is old.
printf '%s\n' session_verify_sign_pin card_verify_sign card_verify_sign_on_pad message_encrypt pkesk_put ecdh_send \
	rsa_encrypt armor_write recovery_make record_save token_format blob_write journal_format tpm2_seal luks_volume_key \
	random_secret | sort >"$T/other"
check_is 'the names of other writers are still right' '' "$(comm -23 "$T/other" "$T/all")"
check 'none of them either' none_of "$T/other"

# shellcheck disable=SC2016 # the inner shell's
check 'it brings no library that draws' sh -c 'ldd "$1" | grep -q gcrypt && ! ldd "$1" | grep qrencode' sh "$O/bootlatch-unlock"

# Where nothing opens by a TPM.
defines "$O/bootlatch-unlock-card" >"$T/card"
check_is 'its like for cards alone has no other names' '' "$(comm -13 "$T/image" "$T/card")"
check_is 'it brings nothing of tss2' '' "$(ldd "$O/bootlatch-unlock-card" | grep tss2 || true)"
# shellcheck disable=SC2016 # the inner shell's
check 'the first one does' sh -c 'ldd "$1" | grep -q tss2' sh "$O/bootlatch-unlock"
finish
