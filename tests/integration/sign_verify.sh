#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A /boot that a shell script signed as Heads does is good for bootlatch verify, and one that
# bootlatch sign signed is good for another script, gpg, gpgv, sqv and rnp: with every algorithm, in
# both styles, under GNU tools and busybox.
set -eu
. "$(dirname "$0")/lib.sh"
need 'signing and verifying' unshare ip pcscd opensc-tool gpg gpgv sqv rnp busybox jq strace nm
lib_reexec_in_namespace "$0" "$@"
# shellcheck disable=SC2034 # for boot.sh
TESTS=$(cd "$(dirname "$0")/.." && pwd)
. "$(dirname "$0")/../sign/boot.sh"
. "$(dirname "$0")/volumes.sh"
volumes_start
state_apart
sign_start
ALGORITHMS=${ALGORITHMS:-rsa2048 rsa3072 rsa4096 nistp256 nistp384 nistp521
	brainpoolP256r1 brainpoolP384r1 brainpoolP512r1 cv25519}

verify() { "$O/bootlatch" verify --boot "$BOOT" --config "$CONF" "$@" </dev/null; }
verify_is() { # FILTER: of the JSON, by the certificate
	verify --cert "$T/cert" --json >"$T/json" 2>"$T/words" || true
	jq -e "$1" "$T/json" >/dev/null || { cat "$T/json" "$T/words"; return 1; }
}

# --- signed by the script --------------------------------------------------------------------
small_boot "$BOOT"
signed_by_script() { # ALGORITHM STYLE TOOLS
	TOOLS=$3
	soft_key "$1" && heads_sign --style "$2" --key "$KEY" --default 1 --counter "$COUNTER" "$BOOT" &&
		heads_verify --style "$2" --default 1 --counter "$COUNTER" "$BOOT" || return 1
	verify_is '.ok and .verdict == "heads-good" and .style == "'"$2"'" and .signer == "'"$KEY"'"
		and (now - .signed_at | fabs) < 60'
}
for algo in $ALGORITHMS; do
	check "$algo: what the script signs is good, relative names" signed_by_script "$algo" relative gnu
	check "$algo: and with absolute ones, by busybox" signed_by_script "$algo" absolute busybox
done
TOOLS=gnu

each_entry() { # N
	heads_sign --key "$KEY" --default "$1" "$BOOT" && heads_verify --default "$1" "$BOOT" &&
		verify_is '.verdict == "heads-good"'
}
soft_key cv25519
for n in 1 2 3; do
	check "the default entry $n of the script is that of ours" each_entry $n
done

# --- names that older Heads splits --------------------------------------------------------------
soft_key cv25519
for name in 'kexec foo.txt' 'kexec_[x].txt' 'kexec_*.txt'; do
	echo x >"$BOOT/$name"
	[ "$name" != 'kexec_[x].txt' ] || echo other >"$BOOT/kexec_x.txt"
	heads_sign --style absolute --key "$KEY" "$BOOT"
	check "'$name': who quotes takes it" heads_verify --style absolute "$BOOT"
	check_fails "'$name': older Heads does not" heads_verify --style absolute --unquoted "$BOOT"
	check "'$name': and verify names it" verify_is '.status == 7 and .verdict == "bad" and .signature_good and
		(.findings | map([.what, .path, .heads_sees])) == [["name", "'"$name"'", true]]'
	rm -f "$BOOT/$name" "$BOOT/kexec_x.txt"
done
heads_sign --style absolute --key "$KEY" "$BOOT"
check 'without them older Heads takes it' heads_verify --style absolute --unquoted "$BOOT"

# --- how it says so ---------------------------------------------------------------------------
soft_key cv25519
heads_sign --key "$KEY" "$BOOT"
check_says 'it says who signed' 0 "signed by $KEY" verify --cert "$T/cert"
check_says 'and that Heads looks at less' 0 'signed by nobody' verify --cert "$T/cert"
check_says 'without a key it tells nothing apart' 7 'name a certificate' verify
mkdir -p "$CONF/signers"
gpg --batch --export "$KEY" >"$CONF/signers/$KEY.pgp"
chmod -R go-w "$CONF"
check_status 'the keys of the settings folder are taken by themselves' 0 verify
chmod g+w "$CONF/signers"
check_says 'but not where others may write' 7 'others than root' verify
rm -r "$CONF/signers"
check_says 'a file that is no certificate verifies nothing' 7 'grub.cfg: ' verify --cert "$BOOT/grub/grub.cfg"
check_says 'nor does one that is not there' 7 'none.pgp: not found' verify --cert "$T/none.pgp"
mkdir -p "$CONF/signers"
echo nonsense >"$CONF/signers/$KEY.pgp"
check_says 'nor a damaged one of the settings folder' 7 'signers: ' verify
rm -r "$CONF/signers"
check_status 'wrong usage is told apart' 2 verify --cert
soft_key nistp256
check_says "another's signature is none" 7 'not one of a known key' verify --cert "$T/cert"
soft_key cv25519
check_status 'of two certificates one is enough' 0 verify --cert "$T/cert" --cert "$TESTS/unit/vectors/rsa2048.cert"
check_says 'a folder that is not there' 7 'none is not verified: not found' verify --cert "$T/cert" --boot "$T/none"
check_says 'a file in its place' 7 'is not verified' verify --cert "$T/cert" --boot "$T/cert"
help_says() { "$O/bootlatch" verify --help | grep -q 'Exit status 7' && grep -q 'Status 7: anything else' "$TESTS/../man/bootlatch-sign.8"; }
check 'help and manual say so' help_says
echo changed >"$BOOT/vmlinuz-6.1"
"$O/ptytalk" "$O/bootlatch" verify --boot "$BOOT" --cert "$T/cert" >"$T/typescript" 2>&1 </dev/null || true
colours() { grep -q "$(printf '\033')\[3[12]m" "$1"; }
check 'colours on a terminal' colours "$T/typescript"
"$O/ptytalk" env NO_COLOR=1 "$O/bootlatch" verify --boot "$BOOT" --cert "$T/cert" >"$T/typescript" 2>&1 </dev/null || true
check_fails 'not with NO_COLOR' colours "$T/typescript"
check 'which says the same' grep -q 'NOT AS IT WAS SIGNED' "$T/typescript"
verify --cert "$T/cert" >"$T/words" 2>&1 || true
check_fails 'and only there' colours "$T/words"
check 'as JSON, each finding is named' verify_is '.status == 7 and .verdict == "bad" and .signature_good and
	([.findings[] | select(.what == "changed" and .path == "./vmlinuz-6.1" and .heads_sees)] | length) == 1'
echo kernel >"$BOOT/vmlinuz-6.1"
mkdir "$T/empty"
check_says 'an empty folder is not signed' 7 'there is no signature' verify --cert "$T/cert" --boot "$T/empty"

# --- no card, no network, no write ------------------------------------------------------------
reads_only() { # STATUS
	ro_rc=0
	strace -f -o "$T/strace" "$O/bootlatch" verify --boot "$BOOT" --cert "$T/cert" >/dev/null 2>&1 || ro_rc=$?
	[ "$ro_rc" = "$1" ] || { echo "status $ro_rc"; return 1; }
	grep -c 'openat(' "$T/strace" >/dev/null || { echo 'nothing was traced'; return 1; }
	! grep -E 'open[a-z0-9]*\(.*O_(WRONLY|RDWR|CREAT|TRUNC)|^[0-9]+ +(creat|socket|connect|mkdir|mkdirat|rename|renameat|renameat2|unlink|unlinkat|link|linkat|symlink|symlinkat|chmod|fchmod|fchmodat|chown|fchown|fchownat|truncate|ftruncate|utime|utimensat|setxattr|mknod|mknodat|execve|fork|vfork)\(' "$T/strace" |
		grep -v "execve(\"$O/bootlatch\""
}
check 'it writes nothing and talks to nobody' reads_only 0
rm "$BOOT/ucode.img"
check 'nor when something is missing' reads_only 7
echo microcode >"$BOOT/ucode.img"
needs_no_card() {
	nm -u "$O/sign.a" >"$T/symbols"
	grep -q ' U ' "$T/symbols" || { echo 'no symbols'; return 1; }
	! grep -E ' (SCard|libusb_|IFDH|card_|crypt_[a-z]|json_|dlopen)' "$T/symbols"
}
check 'what signs and verifies needs nothing of cards' needs_no_card
links_alone() {
	readelf -d "$O/test_verify" >"$T/libraries"
	grep -q 'libgcrypt' "$T/libraries" || { echo 'no libraries'; return 1; }
	! grep -E 'NEEDED.*(pcsclite|usb|cryptsetup|json)' "$T/libraries"
}
if [ -x "$O/test_verify" ]; then
	check 'it links without pcsclite, libusb and cryptsetup' links_alone
else
	skip 'it links without pcsclite, libusb and cryptsetup' "no $O/test_verify"
fi
chmod a+rx "$T"
cp "$O/bootlatch" "$T/bootlatch"
chmod 600 "$BOOT/initrd.img-6.1"
check_says 'what cannot be read is not verified' 7 'not verified: ./initrd.img-6.1' \
	setpriv --reuid 65534 --clear-groups "$T/bootlatch" verify --boot "$BOOT" --cert "$T/cert"
chmod 644 "$BOOT/initrd.img-6.1"

# --- signed by the card -----------------------------------------------------------------------
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
by_rnp() {
	rm -rf "$T/rnp"
	mkdir -m 700 "$T/rnp"
	rnpkeys --homedir "$T/rnp" --notty --import-keys "$T/cert" &&
		rnp --homedir "$T/rnp" --notty --verify --source "$1" "$BOOT/kexec.sig"
}
# Sequoia of Debian 12 has no Brainpool curves.
sqv_knows() {
	sqv --keyring "$TESTS/unit/vectors/$algo.cert" "$TESTS/unit/vectors/$algo.signature" \
		"$TESTS/unit/vectors/body" >/dev/null 2>&1
}
# What the signature is over, made without us.
manifest() { # STYLE
	m_before=''
	[ "$1" = relative ] || m_before=/boot/
	(cd "$BOOT" && LC_ALL=C && export LC_ALL && sha256sum kexec*.txt) | sed "s,  ,  $m_before," >"$T/manifest"
}
card_signs() { # STYLE [OPTION]...
	cs_style=$1
	shift
	bl_pin sign --manifest "$cs_style" --rollback none --yes "$@"
}
judged() { # STYLE: by everybody
	for tools in gnu busybox; do
		TOOLS=$tools
		heads_verify --style "$1" --default 1 "$BOOT" &&
			heads_verify --style "$1" --default 1 --keyring "$T/cert" "$BOOT" || return 1
	done
	TOOLS=gnu
	! sqv_knows || heads_verify --style "$1" --sqv "$T/cert" "$BOOT" || return 1
	manifest "$1" && by_rnp "$T/manifest" &&
		verify_is '.ok and .verdict == "good" and .style == "'"$1"'" and .signer == "'"$KEY"'"' &&
		verify
}
N=0
for algo in $ALGORITHMS; do
	N=$((N + 1))
	rm -rf "$BOOT" "$CONF"
	mkdir "$BOOT" "$CONF"
	small_boot "$BOOT"
	if ! vcard_start "$algo" --serial "00000A$((N + 10))" || ! gpg_home_new "$algo" ||
		! gpg_card_generate "$algo"; then
		fail "$algo: gpg makes keys on the card"
		continue
	fi
	gpg --batch --export >"$T/cert"
	gpgconf --kill all
	sqv_knows || skip "$algo: sqv" 'it does not know this curve'
	check "$algo: bootlatch sign signs" card_signs relative --key "$KEY" --default first
	check "$algo: gpg, gpgv, sqv, rnp, the script and verify take it" judged relative
	check "$algo: with absolute names" card_signs absolute
	check "$algo: they take that too" judged absolute
	check "$algo: older Heads takes them" heads_verify --style absolute --unquoted "$BOOT"
	for n in 2 3; do
		check "$algo: with default entry $n" card_signs auto --default $n
		check "$algo: the script has the same entry" heads_verify --style absolute --default $n "$BOOT"
	done
	check_fails "$algo: but not as relative names" heads_verify --style relative "$BOOT"
	vcard_stop "$algo"
done

finish
