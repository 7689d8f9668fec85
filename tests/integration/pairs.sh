# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Kinds of card with their algorithms, as PROFILE:ALGORITHM: sourced by tests that go through them,
# before lib.sh. Those of $PAIRS are tested; without it
#
#	[ -n "${PAIRS:-}" ] || in_runs $(every_pair)
ALGORITHMS='rsa2048 rsa3072 rsa4096 cv25519 nistp256 nistp384 nistp521 brainpoolP256r1 brainpoolP384r1
	brainpoolP512r1'

algorithms_of() { # PROFILE: as tests/vcard has them
	case $1 in
	short) echo "${ALGORITHMS#*rsa4096 }" ;; # RSA does not fit
	v2.0 | yubikey4 | zeitcontrol-2.1) echo rsa2048 rsa3072 rsa4096 ;;
	yubikey-neo) echo rsa2048 ;;
	nitrokey-start) echo rsa2048 rsa4096 nistp256 cv25519 ;;
	zeitcontrol-3.4) echo "$ALGORITHMS" | sed 's/cv25519//' ;;
	*) echo "$ALGORITHMS" ;;
	esac
}

every_pair() {
	for ep_kind in $("${O:-build/release}/bootlatch-vcard" --profile list |
		sed '/ the same as /d; s/ .*//'); do
		for ep_algo in $(algorithms_of "$ep_kind"); do echo "$ep_kind:$ep_algo"; done
	done
}

# in_runs PAIR…: the test that calls it, once for each, and its sum; does not return.
# A pair is waiting for most of its time: several runs at once, each in namespaces of its own.
in_runs() {
	ir_runs=4 ir_n=0
	# A run without pairs would be one that starts four.
	[ $# -ge $ir_runs ] || { echo "$0: only $# pairs" >&2; exit 2; }
	ir_logs=$(mktemp -d)
	trap 'rm -rf "$ir_logs"' EXIT
	for ir_pair; do
		echo "$ir_pair" >>"$ir_logs/pairs.$((ir_n % ir_runs))"
		ir_n=$((ir_n + 1))
	done
	for ir_i in $(seq 0 $((ir_runs - 1))); do
		PAIRS=$(cat "$ir_logs/pairs.$ir_i") "$0" >"$ir_logs/log.$ir_i" 2>&1 &
	done
	wait
	cat "$ir_logs"/log.*
	cat "$ir_logs"/log.* | awk -v n=$ir_runs '
		/^[0-9]+ passed, [0-9]+ failed/ { n--; p += $1; f += $3; s += $5 }
		END {
			f += n # one that ended without a sum
			printf "%d passed, %d failed%s\n", p, f, s ? ", " s " skipped" : ""
			exit f > 0
		}'
	exit
}
