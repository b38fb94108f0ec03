# SPDX-License-Identifier: GPL-2.0
# What the shell's cases share. A case is a function; `check NAME FUNCTION` runs
# it when FILTER wants it. In a case: `fail WHY` (the first one stays), `detail
# WORDS`, and the helpers below. Its files are in $T, its own directory.

# Seconds that anything is waited for: only what hangs takes so long, and how fast the
# machine is, is no matter of a test.
LIMIT=60

fail() {
	[ -n "$why" ] || why=$*
}

detail() {
	details="${details:+$details, }$*"
}

# Cases wait more than they work: $JOBS of them run at once, each in a subshell.
running=0
wanted=0
check() {
	[[ "$1" == *"$FILTER"* ]] || return 0
	if [ -n "${FEW:-}" ] && [ -z "$FILTER" ]; then
		wanted=$((wanted + 1))
		[ $((wanted % 3)) = 1 ] || return 0
	fi
	if [ "$running" -ge "$JOBS" ]; then
		wait -n
		running=$((running - 1))
	fi
	run_case "$@" &
	running=$((running + 1))
}

wait_for_cases() {
	while [ "$running" -gt 0 ]; do
		wait -n
		running=$((running - 1))
	done
}

run_case() { # NAME FUNCTION [ARGUMENT...]
	local begin=$EPOCHREALTIME
	T=$KERNEL_TMP/case.$BASHPID
	mkdir -m 755 "$T"
	why='' details='' started=''
	"${@:2}"
	end_started
	# One write, so that lines of several cases stay whole.
	if [ -n "$why" ]; then
		printf '%s\n' "FAILED $1: ${why//$'\n'/ | }"
	else
		begin=$(((${EPOCHREALTIME/./} - ${begin/./}) / 100000))
		printf '%s\n' "ok $1 (${details:+$details, }$((begin / 10)).$((begin % 10)) s)"
	fi
}

# Ends what the case started with `start` or `background` and left running.
end_started() {
	local pid
	for pid in $started; do
		kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	started=''
}

# Runs memtrace to its end: status in $rc, output in $T/out and $T/err.
mt() {
	timeout -k 2 $LIMIT "$MEMTRACE" "$@" >"$T/out" 2>"$T/err" </dev/null
	rc=$?
	[ $rc != 124 ] || fail "memtrace $* did not end within $LIMIT s"
}

# Starts something in the background, as a terminal would: bash has SIGINT ignored there.
background() {
	env --default-signal=INT,QUIT,PIPE "$@" </dev/null &
	pid=$!
	started="$started $pid"
}

# Starts memtrace and waits until it traces: $pid.
start() {
	background "$MEMTRACE" "$@" >"$T/out" 2>"$T/err"
	wait_for 'Hit Ctrl-C to end' "$T/err" || fail "memtrace $* did not say that it traces: $(head -c 200 "$T/err")"
}

# Waits for the end of what was started: $rc.
finish() {
	if ! soon ended; then
		fail "it did not end within $LIMIT s"
		kill -KILL "$pid"
	fi
	wait "$pid" 2>/dev/null
	rc=$?
	started=${started/ $pid/}
}

ended() {
	! kill -0 "$pid" 2>/dev/null
}

# Waits until a command succeeds.
soon() { # COMMAND...
	local i
	for ((i = 0; i < LIMIT * 50; i++)); do
		"$@" && return 0
		sleep 0.02
	done
	return 1
}

wait_for() { # TEXT FILE
	soon grep -qs -- "$1" "$2"
}

# Asks for maps, and waits for one.
ask_for_map() { # [PATTERN]
	kill -USR1 "$pid"
	wait_for "\"type\": *\"map\".*${1:-}" "$T/records" || fail "no map came: $(head -c 200 "$T/err")"
}

want_rc() {
	[ "$rc" = "$1" ] || fail "expected exit status $1, got $rc: $(head -c 200 "$T/err")"
}

# Exactly one line of complaint, and it says what it is about.
want_line() {
	local lines
	lines=$(grep -c '^memtrace: ' "$T/err")
	[ "$lines" = 1 ] || fail "expected one line \"memtrace: ...\", got $lines: $(head -c 300 "$T/err")"
	grep '^memtrace: ' "$T/err" | grep -Eqi -- "$1" ||
		fail "the complaint does not match /$1/: $(grep '^memtrace: ' "$T/err" | head -1)"
	detail "$(grep -m1 '^memtrace: ' "$T/err" | cut -c11-100)"
}

# A number of the closing summary in JSON.
summary() { # FIELD FILE
	sed -n '/"type": *"summary"/s/.*"'"$1"'": *\([0-9]*\).*/\1/p' "$2" | head -1
}

# Calls in a file of records that match all patterns.
calls() { # FILE [PATTERN...]
	local file=$1 text
	shift
	text=$(grep '"type": *"call"' "$file")
	for pattern; do
		text=$(grep -E -- "$pattern" <<<"$text")
	done
	grep -c . <<<"$text"
}

# BPF programs that nobody alive holds: id and name.
bpf_orphans() {
	bpftool prog list 2>/dev/null | awk '
		/^[0-9]+:/ { if (id) print id; id = $1 $4; }
		/^\tpids / { id = "" }
		END { if (id) print id }' | sort
}

# Nothing of ours is left in the kernel: programs are freed some time after their
# last user has gone, so wait a little.
nothing_left() { # ORPHANS-BEFORE
	local left
	left=$(comm -13 <(echo "$1") <(bpf_orphans))
	# Those of somebody else's memtrace may come and go meanwhile.
	orphans_end() { left=$(comm -12 <(echo "$left") <(bpf_orphans)) && [ -z "$left" ]; }
	[ -z "$left" ] || soon orphans_end || fail "BPF programs are left that nobody holds: $left"
}

# What runs beside all cases: a busy process for those that need one, $busy; and
# a memtrace that watches an idle one, and must not see anything of all this. (It
# also makes the others end sooner: the kernel waits long for the last user of a
# tracepoint to have gone.)
start_companions() {
	# The CPUs are for the cases.
	nice -n 15 python3 "$KERNEL_TESTS/busy.py" 1200 >"$KERNEL_TMP/busy.out" 2>&1 </dev/null &
	busy=$!
	sleep 1200 &
	idle=$!
	env --default-signal=INT "$MEMTRACE" --json -v -o "$KERNEL_TMP/idle.json" -p $idle \
		>"$KERNEL_TMP/idle.out" 2>"$KERNEL_TMP/idle.err" </dev/null &
	watcher=$!
	wait_for ready "$KERNEL_TMP/busy.out" || echo "FAILED companions: python3 busy.py did not start"
	wait_for 'Hit Ctrl-C to end' "$KERNEL_TMP/idle.err"
}

# A case of its own: what the watcher saw.
idle_sees_nothing() {
	grep -q '"type": *"summary"' "$KERNEL_TMP/idle.json" || fail "no summary: $(head -c 200 "$KERNEL_TMP/idle.err")"
	[ "$(summary seen "$KERNEL_TMP/idle.json")" = 0 ] ||
		fail "calls of others were seen: $(grep -m1 '"type": *"call"' "$KERNEL_TMP/idle.json")"
}

stop_companions() {
	kill -INT "$watcher" 2>/dev/null && wait "$watcher"
	kill -KILL "$busy" "$idle" 2>/dev/null
	wait "$busy" "$idle" 2>/dev/null
}
