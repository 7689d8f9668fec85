# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the integration tests share: namespaces, checks, a reader, virtual cards, gpg.
#
# Sourced. A test begins with   lib_reexec_in_namespace "$0" "$@"   and ends with   finish
# Everything of a test lives in $T and in private namespaces; O is the build directory.

PASSED=0 FAILED=0 SKIPPED=0 OWNED='' VCARD=''

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
			[ ! -d "$lib_h" ] || GNUPGHOME=$lib_h gpgconf --kill all >/dev/null 2>&1 || true
		done
	fi
	for lib_p in $OWNED; do
		lib_end "$lib_p"
	done
	umount /run/pcscd 2>/dev/null || true
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

# need SENTENCE PROGRAM...: ends the test as skipped where one is missing.
need() {
	lib_said=$1
	shift
	for lib_x in "$@"; do
		command -v "$lib_x" >/dev/null && continue
		skip "$lib_said" "no $lib_x"
		finish
	done
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
	kill -9 "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
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
	echo "skip  $1${2:+ ($2)}"
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
	lib_st=0
	"$@" >"$T/check.out" 2>&1 || lib_st=$?
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
	[ "$FAILED" -eq 0 ] || exit 1
	exit 0
}

# --- the reader -------------------------------------------------------------
# pcscd_start [WORDS]: before the reader's name
pcscd_start() {
	mkdir -p "$T/reader.conf.d"
	cat >"$T/reader.conf.d/vpcd" <<-EOF
		FRIENDLYNAME "${1:+$1 }Virtual PCD"
		DEVICENAME   /dev/null:0x8C7B
		LIBPATH      /usr/lib/pcsc/drivers/serial/libifdvpcd.so
		CHANNELID    0x8C7B
	EOF
	lib_opt=
	if pcscd --help 2>&1 | grep -q disable-polkit; then lib_opt=--disable-polkit; fi
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
# In the first free slot if none is given. A card of the same NAME keeps its state.
# Where NAME may be left out below, it is the card started last.
vcard_start() {
	VCARD=$1
	lib_dir=$T/vcard/$1
	shift
	lib_slot=${SLOT:-}
	if [ -z "$lib_slot" ]; then
		lib_slot=0
		for lib_f in "$T"/vcard/*/pid; do
			[ ! -e "$lib_f" ] || [ "$(cat "${lib_f%pid}slot")" != 0 ] || lib_slot=1
		done
	fi
	READER="Virtual PCD 00 0$lib_slot"
	export READER
	mkdir -p "$lib_dir"
	echo "$lib_slot" >"$lib_dir/slot"
	"$O/bootlatch-vcard" --state "$lib_dir/state" --trace "$lib_dir/trace" \
		--vpcd "127.0.0.1:$((35963 + lib_slot))" "$@" >"$lib_dir/log" 2>&1 &
	echo $! >"$lib_dir/pid"
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
vcard_slot() { cat "$T/vcard/${1:-$VCARD}/slot"; }
vcard_pid() { cat "$T/vcard/${1:-$VCARD}/pid"; }
vcard_stop() {
	lib_end "$(vcard_pid "$@")"
	rm -f "$T/vcard/${1:-$VCARD}/pid"
	lib_card_is No "$(vcard_slot "$@")"
}
vcard_pull() {
	kill -USR1 "$(vcard_pid "$@")"
	lib_card_is No "$(vcard_slot "$@")"
}
vcard_insert() {
	kill -USR2 "$(vcard_pid "$@")"
	lib_card_is Yes "$(vcard_slot "$@")"
}
# The names of its files.
vcard_state() { echo "$T/vcard/${1:-$VCARD}/state"; }
vcard_trace() { echo "$T/vcard/${1:-$VCARD}/trace"; }
vcard_trace_clear() { : >"$T/vcard/${1:-$VCARD}/trace"; }
# vcard_field NAME FIELD: from its state file, in hexadecimal; pin.pw1.tries and others.
vcard_field() { "$O/bootlatch-vcard" --state "$T/vcard/$1/state" --field "$2"; }
# apdu SLOT HEX...: the last answer with its status word, from opensc-tool, without spaces.
apdu() {
	lib_slot=$1
	shift
	for lib_x in "$@"; do
		shift
		set -- "$@" -s "$lib_x"
	done
	opensc-tool -c default -r "$lib_slot" "$@" 2>&1 | awk '
		/^Received/ { sw = ""; data = "" }
		/^Received/ && match($0, /SW1=0x[0-9A-F]*, SW2=0x[0-9A-F]*/) {
			sw = substr($0, RSTART + 6, 2) substr($0, RSTART + 16, 2)
		}
		END { print sw }'
}
# vcard_count NAME [COMMAND]: how many APDUs the trace holds, or how many of one name.
vcard_count() {
	grep -c " > ${2:-}" "$T/vcard/$1/trace" || true
}

# --- gpg --------------------------------------------------------------------
# gpg_home_new NAME [SLOT]: a fresh GNUPGHOME (slot of the card of that name, else 0); its pinentry answers from files pin and admin.
gpg_home_new() {
	lib_slot=0
	[ ! -e "$T/vcard/$1/slot" ] || lib_slot=$(vcard_slot "$1")
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
		reader-port Virtual PCD 00 0${2:-$lib_slot}
	EOF
	echo "trust-model always" >"$GNUPGHOME/gpg.conf"
}

# gpg_card_generate ALGORITHM (rsaBITS, cv25519, nistpBITS, brainpoolPBITSr1): three keys on
# the card; sets KEY. In vain after 300 s: gpg asks for ever when it cannot set an algorithm.
gpg_card_generate() {
	lib_algo=2 lib_curve=1 lib_step=0 lib_size=${1#rsa}
	case $1 in
	rsa*) lib_algo=1 ;;
	cv25519) ;;
	nistp256) lib_curve=3 ;;
	nistp384) lib_curve=4 ;;
	nistp521) lib_curve=5 ;;
	brainpoolP256r1) lib_curve=6 ;;
	brainpoolP384r1) lib_curve=7 ;;
	brainpoolP512r1) lib_curve=8 ;;
	*) return 2 ;;
	esac
	rm -f "$T/edit.in" "$T/edit.out"
	mkfifo "$T/edit.in" "$T/edit.out"
	timeout -s KILL 300 gpg --expert --no-tty --command-fd 0 --status-fd 3 --card-edit \
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
		cardedit.genkeys.size) echo "$lib_size" ;;
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
	wait $lib_gpg || true
	KEY=$(gpg --batch --with-colons -K 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }')
	export KEY
	[ -n "$KEY" ]
}

# gpg_card_edit COMMAND...: these in gpg's card menu.
gpg_card_edit() {
	printf '%s\n' "$@" quit |
		gpg --expert --no-tty --command-fd 0 --card-edit
}

# gpg_forget [CARD]: no PIN is remembered, by the agent or by the card.
# Without CARD: the one that the keyring is named after, else the card started last.
gpg_forget() {
	gpgconf --kill all
	lib_card=${1:-${GNUPGHOME##*/gpg-}}
	[ -e "$T/vcard/$lib_card/pid" ] || lib_card=$VCARD
	[ -e "$T/vcard/$lib_card/pid" ] || return 0
	vcard_pull "$lib_card"
	vcard_insert "$lib_card"
}
