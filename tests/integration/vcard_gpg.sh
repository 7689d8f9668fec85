# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2086  # one word each
# gpg as a judge of the virtual card: its menus answered, keys made, messages opened.
# Sourced by vcard.sh, after lib.sh.

# --- gpg and its menus --------------------------------------------------------

# A keyring whose pinentry tells a new PIN and a reset code from the PIN: files new and rc.
home() { # NAME
	gpg_home_new "$1"
	echo 87654321 >"$GNUPGHOME/rc"
	cat >"$GNUPGHOME/pinentry" <<-EOF
		#!/bin/sh
		which=pin
		echo "OK ready"
		while read -r word rest; do
			case \$word:\$rest in
			SETDESC:*New*PIN* | SETDESC:*epeat* | SETPROMPT:*epeat* | SETPROMPT:New*) which=new ;;
			SETDESC:*New*Reset*) which=rc ;;
			SETDESC:*Reset*Code* | SETPROMPT:*Reset*) [ \$which = new ] || which=rc ;;
			SETDESC:*Admin* | SETPROMPT:*Admin*) [ \$which = new ] || which=admin ;;
			GETPIN:*) echo "\$which" >>"$GNUPGHOME/asked"
				echo "D \$(cat "$GNUPGHOME/\$which")" ; which=pin ;;
			BYE:*) echo OK ; exit 0 ;;
			esac
			[ -z "\$DEBUG_PINENTRY" ] || echo "\$word \$rest" >>"$GNUPGHOME/pinentry.log"
			echo OK
		done
	EOF
}

# menu GPG-ARGUMENTS -- COMMAND...: the commands in a menu of gpg's, its questions answered
# from answers_to. Fails when gpg says that something failed.
menu() {
	m_args=
	while [ "$1" != -- ]; do
		m_args="$m_args $1"
		shift
	done
	shift
	rm -f "$T/edit.in" "$T/edit.out"
	mkfifo "$T/edit.in" "$T/edit.out"
	# shellcheck disable=SC2086  # words
	timeout -s KILL 60 gpg --expert --no-tty --command-fd 0 --status-fd 3 $m_args \
		<"$T/edit.in" 3>"$T/edit.out" >"$GNUPGHOME/edit.log" 2>&1 &
	m_gpg=$!
	exec 8>"$T/edit.in" 9<"$T/edit.out"
	while read -r _ m_kind m_what _ <&9; do
		[ "$m_kind" != SC_OP_FAILURE ] || echo "SC_OP_FAILURE $m_what" >>"$GNUPGHOME/edit.log"
		case $m_kind in GET_*) ;; *) continue ;; esac
		case $m_what in
		cardedit.prompt | keyedit.prompt)
			if [ $# -gt 0 ]; then
				echo "$1"
				shift
			else
				echo quit
			fi ;;
		*) answer_to "$m_what" ;;
		esac >&8
	done
	exec 8>&- 9<&-
	m_rc=0
	wait $m_gpg || m_rc=$?
	cat "$GNUPGHOME/edit.log"
	[ $m_rc != 137 ] || return 1
	! grep -q 'SC_OP_FAILURE\|^gpg: .*\(rror\|ailed\)' "$GNUPGHOME/edit.log"
}
CHOICE=q SIZE=2048 TYPE=1 CURVE=1 SLOT_NO=2
answer_to() {
	case $1 in
	cardedit.genkeys.algo) echo $TYPE ;;
	cardedit.genkeys.size) echo $SIZE ;;
	keygen.curve) echo $CURVE ;;
	cardedit.genkeys.backup_enc) echo n ;;
	cardedit.genkeys.storekeytype) echo $SLOT_NO; SLOT_NO=2 ;;
	keygen.valid) echo 0 ;;
	keygen.name) echo "Card Test" ;;
	keygen.email) echo card@example.org ;;
	keygen.comment) echo ;;
	keygen.userid.cmd) echo O ;;
	cardutil.change_pin.menu) echo "$CHOICE"; CHOICE=q ;;
	keygen.smartcard.surname) echo Sample ;;
	keygen.smartcard.givenname) echo Sam ;;
	cardedit.change_url) echo https://example.org/key ;;
	cardedit.change_login) echo sam ;;
	cardedit.change_lang) echo de ;;
	cardedit.change_sex) echo m ;;
	cardedit.factory-reset.really) echo yes ;;
	*) echo y ;;
	esac
}
set_algo() { # NAME: for key-attr and generate
	TYPE=2 SIZE=2048
	case $1 in
	rsa*) TYPE=1 SIZE=${1#rsa} ;;
	cv25519) CURVE=1 ;;
	nistp256) CURVE=3 ;;
	nistp384) CURVE=4 ;;
	nistp521) CURVE=5 ;;
	brainpoolP256r1) CURVE=6 ;;
	brainpoolP384r1) CURVE=7 ;;
	brainpoolP512r1) CURVE=8 ;;
	secp256k1) CURVE=9 ;;
	esac
}
generate() { # ALGO; sets KEY
	set_algo "$1"
	case $1 in
	rsa2048) menu --card-edit -- admin generate || return 1 ;; # a new card's attributes
	*) menu --card-edit -- admin key-attr generate || return 1 ;;
	esac
	find_key
}
find_key() {
	KEY=$(gpg --batch --with-colons -K 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }')
	[ -n "$KEY" ]
}
edit() { menu --card-edit -- admin "$@"; }
encrypts() { gpg --batch --yes -q -r "$KEY" -o "$T/cipher" -e "$T/plain"; }
decrypts() { [ "$(timeout -s KILL 30 gpg --batch -q -d "$T/cipher" 2>"$GNUPGHOME/decrypt.log")" = "$(cat "$T/plain")" ]; }
signs() {
	timeout -s KILL 20 gpg --batch --yes -q -o "$T/sig" -b "$T/plain" && gpg --batch -q --verify "$T/sig" "$T/plain"
}
status() { timeout 20 gpg --batch --with-colons --card-status "$@"; } # [AID]
line() { status 2>/dev/null | grep "^$1:" | cut -d: -f2-; }
serial() { status "$@" 2>/dev/null | awk -F: '$1 == "serial" { print $2 }'; }
pin_is() { echo "$1" >"$GNUPGHOME/pin"; }
