# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the child that drives the reader may still do, as the guest's kernel tells it.
reader_child() { grep -l '^bootlatch-card' /proc/[0-9]*/comm 2>/dev/null | sed 's,^/proc/\([0-9]*\)/.*,\1,'; }
holds() { # LINE OF /proc/PID/status
	grep -x "$1" "/proc/$(reader_child)/status" || { cat "/proc/$(reader_child)/status"; return 1; }
}
want dongle cv25519
want unplug
test_ ccid --debug >/tmp/waited 2>&1 &
waiting=$!
until_ 50 sh -c "grep -l '^bootlatch-card' /proc/[0-9]*/comm" >/dev/null 2>&1 || say fail 'the reader child is there'
usleep 1000000
tab=$(printf '\t')
check 'the reader child has no capability' 0 Cap holds "CapEff:${tab}0*"
check 'and none to come back to' 0 Cap holds "CapPrm:${tab}0*"
check 'it gets no new privileges' 0 1 holds "NoNewPrivs:${tab}1"
check 'its system calls are filtered' 0 2 holds "Seccomp:${tab}2"
want plug
wait $waiting || say fail 'what is confined opens the volume'
check 'it writes USB devices alone: the kernel could do all of that' 0 nothing \
	sh -c "grep -E 'not (confined|given up)' /tmp/waited || echo nothing"
