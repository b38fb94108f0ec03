# SPDX-License-Identifier: GPL-2.0
# /proc/PID/maps is read once for each process that is attached to, and once for
# each resync, but in tier truth never: strace counts memtrace's own opens. smaps, which
# is another file, is read at times and never for an event.

# -f: whichever of its threads reads.
opens_of() { # ARGUMENT...
	# LeakSanitizer, in a build that has it, cannot work under strace.
	ASAN_OPTIONS=detect_leaks=0 timeout -k 2 60 strace -f -qq -e trace=open,openat,openat2 -o "$T/strace" \
		"$MEMTRACE" --json -o "$T/records" "$@" >"$T/out" 2>"$T/err" </dev/null
	rc=$?
	want_rc 0
	resyncs=$(summary resyncs "$T/records")
	# COMMAND is traced by strace as well, and reads no maps. memtrace's own map is
	# read as well, for the vsyscall page and to try tier truth.
	opens=$(awk '
		NR == 1 { self = $1 }
		!/\/maps"/ || /ENOENT/ { next }
		/proc\/self/ { next }
		index($0, "/proc/" self "/") { next }
		{ n++ }
		END { print n + 0 }' "$T/strace")
}

want_opens() { # ATTACHED
	local wanted=0
	[ -n "$resyncs" ] || fail "no summary"
	grep -q '"type":"start".*"tier":"truth"' "$T/records" || wanted=$(($1 + ${resyncs:-0}))
	[ "$opens" = "$wanted" ] ||
		fail "expected $wanted opens of maps, got $opens ($1 attached, $resyncs resyncs)"
	detail "$opens opens for $1 attached and $resyncs resyncs"
}

of_idle() { # ARGUMENT...
	local a b
	sleep 60 &
	a=$!
	sleep 60 &
	b=$!
	started="$started $a $b"
	opens_of -d 1 -p "$a,$b" "$@"
	want_opens 2
}

of_busy() { # ARGUMENT...
	opens_of -d 2 -p "$busy" "$@"
	want_opens 1
}

# Neither what execs nor what forks needs any.
of_command() { # ARGUMENT...
	opens_of "$@" -- "$WORKLOADS/fork"
	want_opens 0
}

# What is resident: as it is attached to, at the end, and at each interval.
want_smaps() { # NUMBER
	local got
	got=$(grep -c '/smaps"' "$T/strace")
	[ "$got" = "$1" ] || fail "expected $1 opens of smaps, got $got"
	detail "$got opens of smaps"
}

# None at all: but its own map, which it tries its reading on.
of_truth() {
	"$MEMTRACE" --tier truth -q -o /dev/null -- true 2>/dev/null || return 0
	opens_of --tier truth -d 2 -p "$busy"
	opens=$(awk -v self="$(awk 'NR == 1 { print $1 }' "$T/strace")" '
		!/\/maps"/ || /ENOENT|\/proc\/self/ || index($0, "/proc/" self "/") { next }
		{ n++ }
		END { print n + 0 }' "$T/strace")
	resyncs=0
	want_opens 0
	want_smaps 2
	opens_of --tier truth -i 0.5 -d 2.2 -p "$busy"
	want_smaps 6
}

check "opens: tier truth" of_truth
check "opens: of idle processes" of_idle
check "opens: of a busy process" of_busy
check "opens: of a command" of_command
check "opens: of idle processes, tier calls" of_idle --tier calls
check "opens: of a busy process, tier calls" of_busy --tier calls
check "opens: of a command, tier calls" of_command --tier calls
