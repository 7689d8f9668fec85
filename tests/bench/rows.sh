# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Rows of a bench: collected in $T/rows, written as JSON to $OUT, shown as a table. Sourced.
# shellcheck disable=SC2154 # T, OUT: who sources it

stop() { # SENTENCE [FILE]
	echo "bench: $1" >&2
	[ -z "${2:-}" ] || sed 's/^/  /' "$2" >&2
	exit 1
}
# median: of the numbers in lines
median() {
	sort -n | awk '{ x[NR] = $1 } END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'
}
# row NAME UNIT OURS PEER GOAL least|most: is ratio at least, or ours at most, the goal?
# GOAL null: for information.
row() {
	jq -cn --arg name "$1" --arg unit "$2" --argjson ours "$3" --argjson peer "$4" \
		--argjson goal "$5" --arg how "$6" '
		(if $peer == null then null else (($peer / $ours * 100) | round) / 100 end) as $r |
		{$name, $unit, $ours, $peer, ratio: $r, $goal,
		 met: (if $goal == null then null elif $how == "least" then $r >= $goal else $ours <= $goal end)}' >>"$T/rows"
}
rows_show() {
	jq -s . "$T/rows" >"$OUT"
	jq -r '(["name", "unit", "ours", "peer", "ratio", "goal", "met"], (.[] |
		[.name, .unit, .ours, .peer // "-", .ratio // "-", .goal // "-",
		if .met == null then "-" else .met end])) | @tsv' "$OUT" |
		awk -F'\t' '{ printf "%-30s %-6s %8s %8s %7s %6s  %s\n", $1, $2, $3, $4, $5, $6, $7 }'
	jq -e 'all(.[]; .met != false)' "$OUT" >/dev/null || echo 'A goal was missed.'
}
