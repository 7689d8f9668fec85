# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# A program killed at each of its system calls that change something: sourced, POSIX sh.
#
#	strace -y -o "$T/strace" -e trace="$CALLS" PROGRAM…    # with -f or without
#	points "$D" "$BOOT/" >"$T/points"                      # lines NAME N
#	strace … -e inject=NAME:signal=KILL:when=N PROGRAM…
#	fired NAME                                             # that is what ended it
#
# Only the first process counts: a helper that it starts changes nothing of ours.
# shellcheck disable=SC2034 # for the tests
CALLS=openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat
CALLS=$CALLS,rmdir,ftruncate,truncate,fallocate,fchmod,fchmodat,fchown,link,linkat,symlinkat

# The calls of the first process in $T/strace: lines NAME N CALL, the N-th of that name. What is opened
# without being made is counted but not shown.
calls() {
	awk '
		{ pid = /^[0-9]+ / ? $1 : "" }
		NR == 1 { main = pid }
		pid != main { next }
		{ sub(/^[0-9]+ +/, "") }
		/^<\.\.\.|^\+\+\+|^---/ { next }
		{
			name = $0; sub(/\(.*/, "", name); n[name]++
			if (name == "openat" && $0 !~ /O_CREAT|O_TRUNC/) next
			print name, n[name], $0
		}' "$T/strace"
}

# points PATH…: those on what is open as PATH, or, for PATH/, on that folder and all below it.
points() {
	calls | awk '
		BEGIN {
			for (i = 1; i < ARGC; i++) {
				path = ARGV[i]
				below = sub(/\/$/, "", path)
				on["<" path ">"]
				if (below) on["<" path "/"]
			}
			ARGC = 1
		}
		{
			for (path in on)
				if (index($0, path)) {
					print $1, $2
					next
				}
		}' "$@"
}

# fired NAME: the first process was killed in that call; a helper may end after it.
fired() {
	awk -v call="$1(" '
		{ pid = /^[0-9]+ / ? $1 : "" }
		NR == 1 { main = pid }
		pid != main { next }
		/killed by SIGKILL/ { hit = index(last, call) > 0 }
		{ last = $0 }
		END { exit !hit }' "$T/strace"
}
