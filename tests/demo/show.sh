# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# How the demo shows things: steps, commands as typed, their output, and claims it checked.

STEP=0 BOLD='' GREEN='' RED='' PLAIN=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	ESC=$(printf '\033')
	BOLD="${ESC}[1m" GREEN="${ESC}[32m" RED="${ESC}[31m" PLAIN="${ESC}[0m"
fi

step() { # TITLE, then plain words on standard input
	STEP=$((STEP + 1))
	printf '\n%s%d  %s%s\n' "$BOLD" "$STEP" "$1" "$PLAIN"
	sed 's/^/   /'
	echo
}

typed() { printf '  %s$ %s%s\n' "$BOLD" "$*" "$PLAIN"; }

# show FILE: what a terminal would have shown, without the folders of the demo, indented.
show() {
	tr -d '\007' <"$1" | sed "s|$T/||g; s/\r*\$//; s/.*\r//; s/$(printf '\033')\[[0-9;]*[A-Za-z]//g" |
		fold -s -w 75 | sed 's/^/    /; s/ *$//'
}

# claim SENTENCE CMD...: the sentence is printed only if CMD succeeds; else the demo ends.
claim() {
	said=$1
	shift
	if "$@" >"$T/claim.out" 2>&1; then
		printf '  %sok%s  %s\n' "$GREEN" "$PLAIN" "$said"
	else
		stop "not so: $said" "$T/claim.out"
	fi
}

stop() { # WORDS [FILE]
	printf '\n%sThe demo stopped in step %d%s: %s\n' "$RED" "$STEP" "$PLAIN" "$1"
	[ -z "${2:-}" ] || show "$2"
	exit 1
} >&2

# run COMMAND: a line of shell, shown as typed, and its output ($T/out) below.
run() {
	typed "$1"
	RC=0
	(cd "$T" && sh -c "$1") >"$T/out" 2>&1 </dev/null || RC=$?
	show "$T/out"
}

# talk COMMAND <SCRIPT: the same on a terminal of its own, with what ptytalk types.
talk() {
	typed "$1"
	cat >"$T/script"
	RC=0
	(cd "$T" && "$O/ptytalk" sh -c "stty cols 75; $1" <"$T/script") >"$T/out" 2>"$T/talk.err" || RC=$?
	show "$T/out"
	[ ! -s "$T/talk.err" ] || stop 'the terminal did not show what was waited for' "$T/talk.err"
}

said() { grep -Fq "$1" "$T/out"; }
done_ok() { [ "$RC" = 0 ] || { echo "exit status $RC"; return 1; }; }
