# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the integration tests share: namespaces, checks, a reader, virtual cards, gpg.
#
# Sourced. A test begins with   lib_reexec_in_namespace "$0" "$@"   and ends with   finish
# Everything of a test lives in $T and in private namespaces; O is the build directory.

PASSED=0 FAILED=0 SKIPPED=0 OWNED=

# --- namespaces and cleaning up ---------------------------------------------
lib_reexec_in_namespace() {
	if [ -z "${LIB_INSIDE:-}" ]; then
		if [ "$(id -u)" != 0 ]; then
			echo "$1: needs root" >&2
			exit 77
		fi
		lib_prop=private # fails where / is no mount point, as in a chroot
		unshare -m --propagation private true 2>/dev/null || lib_prop=unchanged
		O=$(cd "${O:-build/release}" && pwd) || exit 2
		export O LIB_INSIDE=1
		exec unshare -m -n -p -f --kill-child --mount-proc --propagation "$lib_prop" \
			sh "$@"
	fi
	T=$(mktemp -d) || exit 2
	export T
	trap lib_clean EXIT
	trap 'exit 130' INT TERM
	ip link set lo up || exit 2
	mkdir -p /run/pcscd
	mount -t tmpfs tmpfs /run/pcscd || exit 2
}

lib_clean() {
	lib_rc=$?
	trap - EXIT
	if [ -n "${GNUPGHOME:-}" ]; then
		for lib_h in "$T"/gpg-*; do
			[ -d "$lib_h" ] && GNUPGHOME=$lib_h gpgconf --kill all >/dev/null 2>&1
		done
	fi
	for lib_p in $OWNED; do
		lib_end "$lib_p"
	done
	umount /run/pcscd 2>/dev/null
	if [ -n "${KEEP:-}" ]; then
		echo "kept $T" >&2
	elif grep -q " $T/" /proc/self/mounts; then
		echo "NOT removing $T: something is mounted below it" >&2
		lib_rc=3
	else
		rm -rf --one-file-system "$T"
	fi
	exit "$lib_rc"
}

# lib_own PID: ended when the test ends.  lib_end PID: ends it now and waits for it.
lib_own() { OWNED="$OWNED $1"; }
lib_end() {
	kill "$1" 2>/dev/null || return 0
	lib_i=0
	while [ $lib_i -lt 30 ] && kill -0 "$1" 2>/dev/null; do
		lib_i=$((lib_i + 1))
		sleep 0.1
	done
	kill -9 "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

# lib_wait TENTHS CMD...: until CMD succeeds, for TENTHS tenths of a second at most.
lib_wait() {
	lib_n=$1
	shift
	while ! "$@" >/dev/null 2>&1; do
		lib_n=$((lib_n - 1))
		[ "$lib_n" -gt 0 ] || return 1
		sleep 0.1
	done
}

# --- checks -----------------------------------------------------------------
ok() {
	PASSED=$((PASSED + 1))
	echo "ok    $1"
}
fail() {
	FAILED=$((FAILED + 1))
	echo "FAIL  $1"
	[ -z "${2:-}" ] || printf '%s\n' "$2" | sed 's/^/      /'
}
skip() {
	SKIPPED=$((SKIPPED + 1))
	echo "skip  $1"
}
# check SENTENCE CMD...        check_fails SENTENCE CMD...
# CMD runs in this shell, so what it sets stays; its output is shown when the check fails.
check() {
	lib_said=$1
	shift
	if "$@" >"$T/check.out" 2>&1; then
		ok "$lib_said"
	else
		fail "$lib_said" "$(cat "$T/check.out")"
	fi
}
check_fails() {
	lib_said=$1
	shift
	if "$@" >"$T/check.out" 2>&1; then
		fail "$lib_said" "$(cat "$T/check.out")"
	else
		ok "$lib_said"
	fi
}
# check_status SENTENCE N CMD...
check_status() {
	lib_said=$1 lib_want=$2
	shift 2
	"$@" >"$T/check.out" 2>&1
	lib_st=$?
	if [ $lib_st = "$lib_want" ]; then
		ok "$lib_said"
	else
		fail "$lib_said" "status $lib_st, not $lib_want: $(cat "$T/check.out")"
	fi
}
# check_is SENTENCE WANT GOT
check_is() {
	if [ "$2" = "$3" ]; then ok "$1"; else fail "$1" "want '$2', got '$3'"; fi
}
finish() {
	if [ $SKIPPED -gt 0 ]; then
		echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	else
		echo "$PASSED passed, $FAILED failed"
	fi
	[ $FAILED -eq 0 ]
	exit $?
}

# --- the reader -------------------------------------------------------------
pcscd_start() {
	mkdir -p "$T/reader.conf.d"
	cat >"$T/reader.conf.d/vpcd" <<-EOF
		FRIENDLYNAME "Virtual PCD"
		DEVICENAME   /dev/null:0x8C7B
		LIBPATH      /usr/lib/pcsc/drivers/serial/libifdvpcd.so
		CHANNELID    0x8C7B
	EOF
	lib_opt=
	pcscd --help 2>&1 | grep -q disable-polkit && lib_opt=--disable-polkit
	# shellcheck disable=SC2086  # no word when there is no option
	pcscd -f -c "$T/reader.conf.d" $lib_opt >"$T/pcscd.log" 2>&1 &
	PCSCD_PID=$!
	lib_own $PCSCD_PID
	lib_wait 100 test -S /run/pcscd/pcscd.comm && lib_wait 50 lib_listens 35964
}
pcscd_stop() {
	lib_end "$PCSCD_PID"
	rm -f /run/pcscd/pcscd.comm /run/pcscd/pcscd.pid
}
lib_listens() { grep -qi ":$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp; }

# --- virtual cards ----------------------------------------------------------
# [SLOT=0|1] vcard_start NAME [options of bootlatch-vcard]; sets READER.
# A card of the same NAME keeps its state; NAME may be left out later: the last one.
vcard_start() {
	VCARD=$1
	shift
	lib_slot=${SLOT:-0}
	READER="Virtual PCD 00 0$lib_slot"
	export READER
	echo "$lib_slot" >"$T/$VCARD.slot"
	"$O/bootlatch-vcard" --state "$T/$VCARD.state" --trace "$T/$VCARD.trace" \
		--vpcd "127.0.0.1:$((35963 + lib_slot))" "$@" 2>"$T/$VCARD.log" &
	echo $! >"$T/$VCARD.pid"
	lib_own $!
	lib_card_is Yes "$lib_slot"
}
# Until pcscd sees a card (Yes) or none (No) in that slot.
lib_card_is() {
	if command -v opensc-tool >/dev/null; then
		lib_wait 80 lib_sees "$1" "$2"
	else
		sleep 2
	fi
}
lib_sees() { opensc-tool -l 2>/dev/null | grep -q "^$2 *$1 .*Virtual PCD 00 0$2"; }
vcard_pid() { cat "$T/${1:-$VCARD}.pid"; }
vcard_stop() {
	lib_end "$(vcard_pid "$@")"
	lib_card_is No "$(cat "$T/${1:-$VCARD}.slot")"
}
vcard_pull() {
	kill -USR1 "$(vcard_pid "$@")"
	lib_card_is No "$(cat "$T/${1:-$VCARD}.slot")"
}
vcard_insert() {
	kill -USR2 "$(vcard_pid "$@")"
	lib_card_is Yes "$(cat "$T/${1:-$VCARD}.slot")"
}
# The names of its files.
vcard_state() { echo "$T/${1:-$VCARD}.state"; }
vcard_trace() { echo "$T/${1:-$VCARD}.trace"; }
vcard_trace_clear() { : >"$T/${1:-$VCARD}.trace"; }
# vcard_count NAME [COMMAND]: how many APDUs the trace holds, or how many of one name.
vcard_count() {
	if [ -n "${2:-}" ]; then
		grep -c " > $2 " "$T/$1.trace"
	else
		grep -c ' > ' "$T/$1.trace"
	fi
	return 0
}

# --- gpg --------------------------------------------------------------------
# gpg_home_new NAME [SLOT]: a fresh GNUPGHOME; its pinentry answers from files pin and admin.
gpg_home_new() {
	GNUPGHOME=$T/gpg-$1
	export GNUPGHOME
	mkdir -m 700 "$GNUPGHOME"
	echo 123456 >"$GNUPGHOME/pin"
	echo 12345678 >"$GNUPGHOME/admin"
	cat >"$GNUPGHOME/pinentry" <<-EOF
		#!/bin/sh
		which=pin
		echo "OK ready"
		while read -r word rest; do
			case \$word in
			SETDESC | SETPROMPT)
				case \$rest in *[Aa]dmin*) which=admin ;; esac ;;
			GETPIN) echo "D \$(cat "$GNUPGHOME/\$which")" ; which=pin ;;
			BYE) echo OK ; exit 0 ;;
			esac
			echo OK
		done
	EOF
	chmod 700 "$GNUPGHOME/pinentry"
	echo "pinentry-program $GNUPGHOME/pinentry" >"$GNUPGHOME/gpg-agent.conf"
	cat >"$GNUPGHOME/scdaemon.conf" <<-EOF
		disable-ccid
		pcsc-shared
		reader-port Virtual PCD 00 0${2:-0}
	EOF
	echo "trust-model always" >"$GNUPGHOME/gpg.conf"
}

# gpg_card_generate rsa2048|nistp256|cv25519: three keys on the card; sets KEY.
gpg_card_generate() {
	lib_algo=2 lib_curve=1 lib_step=0
	case $1 in
	rsa2048) lib_algo=1 ;;
	nistp256) lib_curve=3 ;;
	cv25519) ;;
	*) return 2 ;;
	esac
	rm -f "$T/edit.in" "$T/edit.out"
	mkfifo "$T/edit.in" "$T/edit.out"
	gpg --expert --no-tty --command-fd 0 --status-fd 3 --card-edit \
		<"$T/edit.in" 3>"$T/edit.out" >"$GNUPGHOME/edit.log" 2>&1 &
	lib_gpg=$!
	exec 8>"$T/edit.in" 9<"$T/edit.out"
	while read -r _ lib_kind lib_what _ <&9; do
		case $lib_kind in GET_*) ;; *) continue ;; esac
		case $lib_what in
		cardedit.prompt)
			lib_step=$((lib_step + 1))
			case $lib_step in
			1) echo admin ;;
			2) echo key-attr ;;
			3) echo generate ;;
			*) echo quit ;;
			esac ;;
		cardedit.genkeys.algo) echo $lib_algo ;;
		cardedit.genkeys.size) echo 2048 ;;
		keygen.curve) echo $lib_curve ;;
		cardedit.genkeys.backup_enc) echo n ;;
		cardedit.genkeys.replace_key*) echo y ;;
		keygen.valid) echo 0 ;;
		keygen.name) echo "Card Test" ;;
		keygen.email) echo "card@example.org" ;;
		keygen.comment) echo ;;
		keygen.userid.cmd) echo O ;;
		*) echo y ;;
		esac >&8
	done
	exec 8>&- 9<&-
	wait $lib_gpg
	KEY=$(gpg --batch --with-colons -K 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }')
	export KEY
	[ -n "$KEY" ]
}

# gpg_forget [CARD]: no PIN is remembered, by the agent or by the card.
gpg_forget() {
	gpgconf --kill all
	vcard_pull "$@" && vcard_insert "$@"
}
