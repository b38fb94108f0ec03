# SPDX-License-Identifier: GPL-2.0
# What the shell's cases share. A case is a function; `check NAME FUNCTION` runs
# it when FILTER wants it. In a case: `fail WHY` (the first one stays), `detail
# WORDS`, and the helpers below. Its files are in $T, emptied before each case.

T=$KERNEL_TMP/case
LIMIT=20 # seconds that any one memtrace may take

fail() {
	[ -n "$why" ] || why=$*
}

detail() {
	details="${details:+$details, }$*"
}

check() {
	[[ "$1" == *"$FILTER"* ]] || return 0
	rm -rf "$T"
	mkdir -m 755 "$T"
	why='' details='' started=''
	"${@:2}"
	end_started
	if [ -n "$why" ]; then
		echo "FAILED $1: $why"
	else
		echo "ok $1 (${details:-as expected})"
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
	local i
	for ((i = 0; i < LIMIT * 50; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.02
	done
	if kill -0 "$pid" 2>/dev/null; then
		fail "it did not end within $LIMIT s"
		kill -KILL "$pid"
	fi
	wait "$pid" 2>/dev/null
	rc=$?
	started=${started/ $pid/}
}

wait_for() { # TEXT FILE
	local i
	for ((i = 0; i < 250; i++)); do
		grep -q -- "$1" "$2" 2>/dev/null && return 0
		sleep 0.02
	done
	return 1
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

# Runs a case that must leave no BPF program and no pinned link behind. Programs
# are freed some time after their last user has gone: wait a little.
check_clean() { # FUNCTION [ARGUMENT...]
	local before after i left
	before=$(bpf_orphans)
	"$@"
	for ((i = 0; i < 40; i++)); do
		after=$(bpf_orphans)
		left=$(comm -13 <(echo "$before") <(echo "$after"))
		[ -n "$left" ] || return 0
		sleep 0.05
	done
	fail "BPF programs are left: $left"
}

# One busy process for all cases that need one: $busy.
busy=
start_busy() {
	[ -z "$busy" ] || return 0
	python3 "$KERNEL_TESTS/busy.py" 600 >"$KERNEL_TMP/busy.out" 2>&1 </dev/null &
	busy=$!
	wait_for ready "$KERNEL_TMP/busy.out" || fail "python3 busy.py did not start"
}

stop_busy() {
	[ -z "$busy" ] || { kill -KILL "$busy" && wait "$busy" 2>/dev/null; }
	busy=
}
