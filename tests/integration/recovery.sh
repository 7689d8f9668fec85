#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# enroll --recovery: a key on paper, from the terminal that shows it to every prompt that takes it.
# STEP=N: it is killed at every N-th call (2).
# shellcheck disable=SC2016 # for inner shells
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
. "$(dirname "$0")/killed.sh"
need 'recovery keys' unshare ip cryptsetup jq strace
lib_reexec_in_namespace "$0" "$@"
volumes_start
D=$T/disk.img
GROUP='[bcdefghijklnrtuv]\{8\}'

# --- a conversation whose answers depend on what was shown ------------------------------------
talk_start() { # COMMAND…: on a terminal; its screen in $T/screen
	rm -f "$T/script"
	mkfifo "$T/script"
	: >"$T/screen"
	"$O/ptytalk" "$@" <"$T/script" >"$T/screen" 2>"$T/talk.err" &
	TALK=$!
	exec 7>"$T/script"
}
tell() { printf '%s\n' "$*" >&7; }
talk_end() { # its status
	exec 7>&-
	te_rc=0
	wait "$TALK" || te_rc=$?
	return "$te_rc"
}
shown() { grep -qaF -e "$1" "$T/screen"; }
# ptytalk takes in what is printed only while it expects something.
wait_for() { 
	tell "expect $1"
	lib_wait 200 shown "$1" && return
	echo "never said: $1"
	cat "$T/screen" "$T/talk.err"
	return 1
}
count_of() { grep -aoF -e "$1" "$T/screen" | wc -l; }
more_of() { [ "$(count_of "$1")" -gt "$2" ]; }
wait_more() { tell "expect $1" && lib_wait 100 more_of "$1" "$2"; } # TEXT N: more than N of it
# The key that is shown, as one line; the number of the group that is asked for.
key_shown() { tr -d '\r' <"$T/screen" | sed -n "s/^ *\($GROUP-$GROUP-$GROUP-*\)\$/\1/p" | tail -n 3 | tr -d '\n'; }
asked() { grep -ao 'Group [1-9] of' "$T/screen" | tail -n 1 | tr -dc 1-9; }
group() { key_shown | cut -d- -f "$1"; }

rec_start() { # [OPTION…]: up to the key on the screen
	talk_start "$O/bootlatch" enroll "$D" --recovery --boot "$BOOT" --config "$CONF" --wait 2 "$@"
	tell 'expect Passphrase for'
	tell 'send correct horse battery staple\n'
	wait_for 'Press Enter when it is written down'
}
answer() { # TEXT: to the next question for a group
	an_n=$(count_of 'Group ')
	tell "send $1\\n"
	[ -z "${2:-}" ] || wait_more 'Group ' "$an_n"
}
make_key() { # [OPTION…]: the whole conversation; $KEYTEXT
	rec_start "$@" || return 1
	KEYTEXT=$(key_shown)
	printf %s "$KEYTEXT" >"$T/recovery"
	tell 'send \n'
	wait_for 'Group ' || return 1
	answer "$(group "$(asked)")" more
	answer "$(group "$(asked)" | tr '[:lower:]' '[:upper:]')"
	wait_for 'opens keyslot' || return 1
	talk_end
}
typed() { printf '%s\n' "$1" >"$T/pass"; }
unlocks() { # TEXT: by the program of the initramfs, which prints the keyslot's passphrase
	printf '%s\n' "$1" | "$O/bootlatch-unlock" --device "$D" --boot "$BOOT" --config "$CONF" --wait 1 --passphrase-fd 0 2>"$T/un.err" >"$T/un.out" ||
		{ cat "$T/un.err"; return 1; }
}
prints_key() { unlocks "$1" && cmp "$T/un.out" "$T/recovery"; }

for TYPE in luks2 luks1; do
	volume disk $TYPE
	rm -rf "$BOOT" "$CONF"
	mkdir "$BOOT" "$CONF"
	check "$TYPE: shown, written down, typed back" make_key
	check_is "$TYPE: it has 80 characters" 80 "$(printf %s "$KEYTEXT" | wc -c)"
	check_is "$TYPE: in a keyslot of ours" '0 2' "$(slots "$D")"
	check "$TYPE: cryptsetup opens it by exactly that line" opens_slot "$D" 2 "$T/recovery"
	printf %s "$KEYTEXT" | tr -d - >"$T/undashed"
	check_fails "$TYPE: and by no other" opens "$D" "$T/undashed"
	check "$TYPE: list tells what it is" in_json_is "$D" '.enrolled | length == 1 and .[0].backend == "recovery" and .[0].complete and (.[0].needs_pin | not)'
	check_says "$TYPE: in words" 0 'recovery' bl list "$D"
	[ $TYPE = luks1 ] || check_is 'nothing stays on /boot' '' "$(find "$BOOT" -type f)"
	check "$TYPE: typed as it was shown" prints_key "$KEYTEXT"
	check "$TYPE: without dashes" prints_key "$(printf %s "$KEYTEXT" | tr -d -)"
	check "$TYPE: in capitals, with blanks" prints_key "$(printf %s "$KEYTEXT" | tr '[:lower:]-' '[:upper:] ')"
	check "$TYPE: the old passphrase too" opens "$D"
	typed "$KEYTEXT"
	check "$TYPE: it renews the record" bl_pass record renew "$D"
	check "$TYPE: and stays in it" in_json_is "$D" '.enrolled[0].complete'
	check_says "$TYPE: a second one is not made unasked" 1 'has a recovery key' bl enroll "$D" --recovery
	check_says "$TYPE: the first is removed like any way in" 0 'recovery key is void' bl unenroll "$D" --keyslot 2
	check_fails "$TYPE: which speaks of no dongle" grep -i 'dongle\|PIN' "$T/words"
	check_is "$TYPE: with its keyslot" 0 "$(slots "$D")"
	check_is "$TYPE: its files" '' "$(find "$BOOT" -type f)"
	check_fails "$TYPE: and opens nothing any more" opens "$D" "$T/recovery"
done

# --- the terminal keeps nothing ---------------------------------------------------------------
volume disk luks2
rm -rf "$BOOT" "$CONF"
mkdir "$BOOT" "$CONF"
check 'made once more' make_key
# All that was printed between going to the other screen and coming back from it, taken away.
printf '\033[?1049h' >"$T/on"
printf '\033[?1049l' >"$T/off"
usual_screen() { tr '\n' '\001' <"$T/screen" | sed 's/\x1b\[?1049h[^\x02]*\x1b\[?1049l//' | tr '\001' '\n'; }
on_usual() { usual_screen | grep -aq "$1"; }
check_fails 'the usual screen never has a group of it' on_usual "$(printf %s "$KEYTEXT" | cut -d- -f 1)"
check 'but it has the questions' on_usual 'of the recovery key for'
check_fails 'nor does what is typed back show' on_usual "$(group 5)\\|$(group 5 | tr '[:lower:]' '[:upper:]')"
bl unenroll "$D" --keyslot 2 >/dev/null
no_way_yet() { [ "$(slots "$D")" = 0 ] && [ -z "$(find "$BOOT" -type f)" ] && opens "$D"; }
gave_up() { # STATUS: it ended, the terminal is on its usual screen, nothing was added
	gu_rc=0
	talk_end || gu_rc=$?
	[ "$gu_rc" = "$1" ] || { echo "status $gu_rc, not $1"; cat "$T/screen"; return 1; }
	[ "$(count_of '[?1049h')" = "$(count_of '[?1049l')" ] || { echo 'left on the other screen'; return 1; }
	no_way_yet
}
check 'shown again' rec_start
tell 'send \x03'
check '^C instead of Enter: nothing was enrolled' gave_up 9
check 'shown again' rec_start
tell 'send \x04'
check '^D as well' gave_up 9
check 'shown again' rec_start
tell 'signal 15'
check 'a signal: the key goes first' gave_up 143
check 'shown again' rec_start
tell 'send \n'
wait_for 'Group '
tell 'send \x04'
check '^D at the question: nothing was enrolled' gave_up 9
check 'shown again' rec_start
tell 'send \n'
wait_for 'Group '
tell 'send cccccccc\n'
check 'a wrong group is told' wait_for 'not what was shown'
tell 'send \n'
check 'an empty line shows it again' wait_more 'Press Enter when' 1
tell 'send \n'
wait_more 'Group ' "$(count_of 'Group ')"
answer "$(group "$(asked)")" more
answer "$(group "$(asked)")"
check 'and then the right ones do' talk_end
check_is 'it is enrolled' '0 2' "$(slots "$D")"
KEYTEXT=$(key_shown)
printf %s "$KEYTEXT" >"$T/recovery"

# --- slips --------------------------------------------------------------------------------------
mistyped() { printf %s "$KEYTEXT" | tr c b; }
# argon2 takes its memory whenever the keyslot is tried.
printf 'slow' >"$T/slow"
cryptsetup luksAddKey -q --pbkdf argon2id --pbkdf-force-iterations 4 --pbkdf-memory 65536 --pbkdf-parallel 1 \
	--key-slot 5 --key-file "$T/key" "$D" "$T/slow"
argon_tried() { # TEXT
	printf '%s\n' "$1" >"$T/slip"
	strace -f -e trace=mmap -o "$T/strace" "$O/bootlatch" record renew "$D" --boot "$BOOT" --config "$CONF" --wait 1 \
		--passphrase-fd 4 4<"$T/slip" >"$T/renew.out" 2>&1 </dev/null || true
	grep -c 'mmap(NULL, 67[0-9]\{6\},' "$T/strace" || true
}
check_is 'a slip costs no time: argon2 is not tried' 0 "$(argon_tried "$(mistyped)")"
check_is 'a wrong passphrase tries it' 1 "$(argon_tried 'no such passphrase')"
say_tty() { # TEXT: typed at the prompt of the boot program
	talk_start sh -c 'exec "$@" >"$0"' "$T/un.out" "$O/bootlatch-unlock" --device "$D" --boot "$BOOT" --config "$CONF" --wait 1
	tell 'expect assphrase for'
	tell "send $1\\n"
}
say_tty "$(mistyped)"
check 'a slip is told as such' wait_for 'That is no recovery key'
tell "send $(printf %s "$KEYTEXT" | cut -c 2-)\\n"
check 'a letter too few too' wait_more 'That is no recovery key' 1
tell "send $(printf %s "$KEYTEXT" | tr '[:lower:]-' '[:upper:] ')\\n"
check 'and then it opens' talk_end
check 'with what the keyslot has' cmp "$T/un.out" "$T/recovery"
check_fails 'by a descriptor a slip opens nothing' unlocks "$(mistyped)"
printf 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc' >"$T/odd"
volume odd luks2
cryptsetup luksAddKey -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file "$T/key" "$T/odd.img" "$T/odd"
odd_opens() { printf '%s\n' "$(cat "$T/odd")" >"$T/pass" && bl_pass record renew "$T/odd.img"; }
check 'where there is no recovery key, such letters are a passphrase' odd_opens

# --- for machines -------------------------------------------------------------------------------
volume disk luks2
rm -rf "$BOOT" "$CONF"
mkdir "$BOOT" "$CONF"
# shellcheck disable=SC2120 # check gives them
by_fd() { bl enroll "$D" --recovery-fd 5 --passphrase-fd 4 --wait 1 "$@" 4<"$T/pass" 5>"$T/out"; }
say_pass 'correct horse battery staple'
check 'to a descriptor' by_fd
head -c 80 "$T/out" >"$T/recovery"
check_is 'a line' 81 "$(wc -c <"$T/out")"
check 'that opens it' opens_slot "$D" 2 "$T/recovery"
check 'a second one by force' by_fd --force --json
check_is 'beside the first' '0 2 3' "$(slots "$D")"
check_says '--json alone is refused' 2 'recovery-fd' bl enroll "$D" --recovery --force --json
check_says 'without a terminal it is refused' 10 'no terminal' setsid "$O/bootlatch" enroll "$D" --recovery --force --boot "$BOOT" --config "$CONF"
check_says '--no-qr without a key to show' 2 'goes with' bl enroll "$D" --no-qr
check_says 'with a card it is refused' 2 'no dongle' bl enroll "$D" --recovery --card
check_says 'a descriptor that is closed' 2 'not open' bl enroll "$D" --recovery-fd 9
check_says 'a word that is no number' 2 'takes a number' bl enroll "$D" --recovery-fd x
check_says 'the keyslot that is the passphrase'"'"'s' 10 'opens nothing' by_fd --force --keyslot 0
check_says 'a keyslot that is taken' 1 'opens nothing' by_fd --force --keyslot 3
check_says 'a full descriptor: nothing is enrolled' 1 'Nothing was enrolled' sh -c \
	'"$1" enroll "$2" --force --recovery-fd 5 --passphrase-fd 4 --boot "$3" --config "$4" 4<"$5" 5>/dev/full' - \
	"$O/bootlatch" "$D" "$BOOT" "$CONF" "$T/pass"
say_pass 'wrong'
check_says 'a wrong passphrase' 1 'passphrase' by_fd --force
say_pass 'correct horse battery staple'
check_is 'and no keyslot came of any of these' '0 2 3' "$(slots "$D")"
echo x >>"$(record_of "$D")"
check_says 'a record that is damaged' 7 'record' by_fd --force

# --- the same as a QR code, of which zbarimg knows nothing but the picture ---------------------
# picture COLUMN INK: what ptytalk saw drawn from that column on; a module has 4 by 4 pixels. INK: of what is drawn,
# black or white.
picture() {
	LC_ALL=C sed 's/\x1b\[/\n[/g' | LC_ALL=C sed 's/\xe2\x96\x80/u/g; s/\xe2\x96\x84/l/g; s/\xe2\x96\x88/b/g' |
		awk -v column="$1" -v ink="$2" '
			function line(text, half, i, k, c, out) {
				for (i = 1; i <= wide; i++) {
					c = substr(text, i, 1)
					c = (c == "b" || c == half) == (ink == "black")
					for (k = 0; k < 4; k++) out = out " " c
				}
				for (k = 0; k < 4; k++) print out
			}
			$0 ~ "^\\[[0-9]+;" column "H" { here = sub(/^[^H]*H/, "") }
			/^\[0;30;47;107m/ { sub(/^[^m]*m/, "") }
			here && /^[ ulb]+$/ { row[n++] = $0; wide = length($0); here = 0 }
			END {
				print "P1", wide * 4, n * 8
				for (r = 0; r < n; r++) { line(row[r], "u"); line(row[r], "l") }
			}'
}
scanned() { # COLUMN INK: what the picture says
	picture "$1" "$2" <"$T/screen" >"$T/code.pbm"
	zbarimg --raw -q -Sdisable -Sqrcode.enable "$T/code.pbm"
}
confirm() { # to the end
	tell 'send \n'
	wait_for 'Group ' || return 1
	answer "$(group "$(asked)")" more
	answer "$(group "$(asked)")"
	wait_for 'opens keyslot' || return 1
	talk_end
}
scan() { # COLUMN INK: of a key that is shown, until it is enrolled; what it says in $T/recovery
	sc_rc=0
	scanned "$1" "$2" >"$T/scanned" || sc_rc=$?
	tr -d '\n' <"$T/scanned" >"$T/recovery"
	confirm && [ "$sc_rc" = 0 ] && [ "$(cat "$T/recovery")" = "$(key_shown)" ]
}
no_code() { ! LC_ALL=C grep -qa "$(printf '\342\226\210')" "$T/screen"; }
if ! ldd "$O/bootlatch" | grep -q qrencode; then
	skip 'QR code' 'built without libqrencode'
else
	export LC_ALL=C.UTF-8 TERM=xterm-256color
	for way in black white; do # a screen of 25 rows and 100 columns: beside the words
		volume disk luks2
		rm -rf "$BOOT" "$CONF"
		mkdir "$BOOT" "$CONF"
		if [ $way = white ]; then export NO_COLOR=1; else unset NO_COLOR; fi
		check "shown with a code, in $way" rec_start
		check '... a scanner reads the key from it' scan 60 $way
		check '... which opens the volume' opens_slot "$D" 2 "$T/recovery"
	done
	unset NO_COLOR
	check_fails 'the usual screen never had it' on_usual "$(printf '\342\226\210')"
	check '--no-qr' rec_start --force --no-qr
	check '... shows the letters alone' no_code
	tell 'send \x03'
	talk_end || true
	for l in C xx_XX.none; do
		export LC_ALL="$l"
		check "in the locale '$l'" rec_start --force
		check '... the letters alone' no_code
		tell 'send \x03'
		talk_end || true
	done
	export LC_ALL=C.UTF-8 TERM=dumb
	check 'a terminal without a cursor' rec_start --force
	check '... the letters alone' no_code
	tell 'send \x03'
	talk_end || true
fi
unset LC_ALL NO_COLOR

# --- killed at every call that changes something -------------------------------------------------
traced() {
	strace -f -y -o "$T/strace" -e trace="$CALLS" "$@" "$O/bootlatch" enroll "$D" --recovery-fd 5 --passphrase-fd 4 --wait 1 \
		--boot "$BOOT" --config "$CONF" 4<"$T/pass" 5>"$T/out" </dev/null
}
fresh() {
	cp --sparse=always "$T/clean.img" "$D"
	rm -rf "$BOOT" "$CONF"
	mkdir "$BOOT" "$CONF"
}
one_recovery() {
	[ "$(slots "$D")" = '0 2' ] || { echo "keyslots $(slots "$D")"; return 1; }
	in_json_is "$D" '(.enrolled | length) == 1 and .enrolled[0].complete and .interrupted_keyslot == null' || { in_json "$D" .; return 1; }
	[ "$TYPE" = luks1 ] || [ "$(tokens "$D")" = 1 ] || { echo "tokens $(tokens "$D")"; return 1; }
	stray=$(find "$BOOT" "$CONF" -name '.?*' -o -name '*.enrolling')
	[ "$TYPE" = luks1 ] || stray=$stray$(find "$BOOT" -type f)
	[ -z "$stray" ] || { echo "left: $stray"; return 1; }
}
killed_at() { # NAME N: and run again
	fresh
	ka_rc=0
	traced -e "inject=$1:signal=KILL:when=$2" >/dev/null 2>&1 || ka_rc=$?
	[ "$ka_rc" = 137 ] || { echo "status $ka_rc, not 137"; return 1; }
	fired "$1" || { echo 'it was not killed there'; return 1; }
	opens "$D" || { echo 'the old passphrase does not open it'; return 1; }
	ka_rc=0
	by_fd >"$T/said" 2>&1 || ka_rc=$?
	case $ka_rc in
	0) head -c 80 "$T/out" >"$T/recovery" && opens_slot "$D" 2 "$T/recovery" || return 1 ;;
	*) grep -q 'has a recovery key' "$T/said" || { cat "$T/said"; return 1; } ;;
	esac
	one_recovery && opens "$D"
}
for TYPE in luks2 luks1; do
	volume disk $TYPE
	cp --sparse=always "$D" "$T/clean.img"
	fresh
	check "$TYPE: traced" traced
	points "$D" "$BOOT/" "$CONF/" >"$T/points"
	check "$TYPE: calls change something" test "$(wc -l <"$T/points")" -ge 15
	[ $TYPE = luks2 ] && step=${STEP:-2} || step=8
	n=0
	while read -r name when; do
		n=$((n + 1))
		[ $((n % step)) = 0 ] || continue
		check "$TYPE: killed at $name number $when, and run again" killed_at "$name" "$when" <&-
	done <"$T/points"
done
finish
