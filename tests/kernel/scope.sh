# SPDX-License-Identifier: GPL-2.0
# Whose calls are seen: by name, user, cgroup, with children and without.

# Runs memtrace with options while a function acts; records in $T/records.
while_tracing() { # FUNCTION OPTION...
	local act=$1 tracer
	shift
	start --json -v -o "$T/records" "$@"
	tracer=$pid
	"$act"
	sleep 0.2
	kill -INT "$tracer"
	pid=$tracer
	finish
	want_rc 0
	[ "$(summary lost "$T/records")" = 0 ] || fail "events were lost"
}

two_names() {
	"$T/mt-wanted"
	"$T/mt-other"
}

by_name() {
	cp "$WORKLOADS/munmap" "$T/mt-wanted"
	cp "$WORKLOADS/munmap" "$T/mt-other"
	while_tracing two_names -n mt-wanted
	[ "$(calls "$T/records" '"comm": *"mt-wanted"' '"call": *"munmap"')" -ge 10 ] || fail "calls of the name are missing"
	[ "$(calls "$T/records" '"comm": *"mt-other"')" = 0 ] || fail "calls of another name were seen"
}

two_users() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$T/mt-wanted"
	"$T/mt-other"
}

by_user() {
	cp "$WORKLOADS/munmap" "$T/mt-wanted"
	cp "$WORKLOADS/munmap" "$T/mt-other"
	while_tracing two_users -u 65534
	[ "$(calls "$T/records" '"comm": *"mt-wanted"' '"call": *"munmap"')" -ge 10 ] || fail "calls of the user are missing"
	[ "$(calls "$T/records" '"comm": *"mt-other"')" = 0 ] || fail "calls of another user were seen"
}

in_group() {
	bash -c 'echo $$ >"$1/cgroup.procs" && exec "$2"' - "$group" "$T/mt-wanted"
	"$T/mt-other"
	echo go >"$T/fifo"
	wait "$member"
}

by_cgroup() {
	local mount member
	mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	group=$mount/memtrace-test-$$
	if [ -z "$mount" ] || ! mkdir "$group" 2>/dev/null; then
		detail "no cgroup2 can be made here: nothing was tested"
		return
	fi
	cp "$WORKLOADS/munmap" "$T/mt-wanted"
	cp "$WORKLOADS/munmap" "$T/mt-other"
	cp "$WORKLOADS/munmap" "$T/mt-member"
	mkfifo "$T/fifo"
	# One that is in the group before tracing starts.
	bash -c 'echo $$ >"$1/cgroup.procs"; read x <"$2"; exec "$3"' - "$group" "$T/fifo" "$T/mt-member" &
	member=$!
	started="$started $member"
	sleep 0.1
	while_tracing in_group -c "$group"
	[ "$(calls "$T/records" '"comm": *"mt-wanted"' '"call": *"munmap"')" -ge 10 ] || fail "calls in the cgroup are missing"
	[ "$(calls "$T/records" '"comm": *"mt-member"' '"call": *"munmap"')" -ge 10 ] || fail "calls of one that was there before are missing"
	[ "$(calls "$T/records" '"comm": *"mt-other"')" = 0 ] || fail "calls from outside were seen"
	end_started
	rmdir "$group" 2>/dev/null || { sleep 0.2; rmdir "$group"; }
}

go_on() {
	echo go >"$T/fifo"
	wait "$target"
}

# Waits until it is traced, then becomes a workload.
target() { # WORKLOAD OPTION...
	mkfifo "$T/fifo"
	bash -c 'read x <"$1"; exec "$2"' - "$T/fifo" "$WORKLOADS/$1" &
	target=$!
	started="$started $target"
	while_tracing go_on -p "$target" "${@:2}"
	own=$(calls "$T/records" "\"pid\": *$target,")
	others=$(($(calls "$T/records") - own))
	[ "$own" -ge 10 ] || fail "expected the calls of the process itself, got $own"
	detail "$own calls of its own, $others of its children"
}

# tests/workloads/fork.c: five calls of a child and a grandchild.
with_children() {
	target fork -f
	[ "$others" = 5 ] || fail "expected 5 calls of children, got $others"
}

without_children() {
	target fork
	[ "$others" = 0 ] || fail "$others calls of children were seen without -f"
}

# tests/workloads/vfork.c: three calls of children on the target's own space,
# and those of the program that one of them executes, which are not in scope.
vfork_children() {
	target vfork
	[ "$others" = 3 ] || fail "expected 3 calls of children that share the space, got $others"
}

# All that the ring cannot take is lost, the end of the target included; who lives
# is asked of the kernel, so memtrace ends even so and holds nobody for alive.
lost_ends() {
	mkfifo "$T/fifo"
	bash -c 'read x <"$1"; for i in {1..400}; do (:); done' - "$T/fifo" &
	target=$!
	started="$started $target"
	start --json -f --ring-size 64K -o "$T/records" -p "$target"
	kill -STOP "$pid"
	go_on
	kill -CONT "$pid"
	finish
	want_rc 0
	[ -z "$why" ] || return
	[ "$(summary lives_lost "$T/records")" -gt 0 ] || fail "nothing was lost: nothing was tested"
	[ "$(summary uncertain "$T/records")" = 0 ] || fail "uncertain maps of processes that have ended: $(summary uncertain "$T/records")"
	grep -q '"ended": *false' "$T/records" && fail "a process that has ended is said to run"
	[ "$(summary seen "$T/records")" = "$(($(summary delivered "$T/records") + $(summary lost "$T/records")))" ] ||
		fail "seen is not delivered and lost"
	detail "$(summary lives_lost "$T/records") forks and ends lost"
}

# A process that was asked for has ended and another gets its id: nobody asked for that.
reused_pid() {
	local one
	sleep 60 &
	one=$!
	start --json -v -o "$T/records" -p "$one,$busy"
	kill -KILL "$one"
	wait "$one" 2>/dev/null
	python3 "$KERNEL_TESTS/with_pid.py" "$one" "$WORKLOADS/munmap" >"$T/with_pid.out" 2>&1 ||
		fail "no process could be made with pid $one: $(cat "$T/with_pid.out")"
	sleep 0.2
	kill -INT "$pid"
	finish
	want_rc 0
	[ "$(calls "$T/records" "\"pid\": *$one,")" = 0 ] || fail "calls of another process with that id were seen"
}

# Its other threads go on: that is no process that has ended.
main_thread_ended() {
	"$WORKLOADS/main_ends" 30 &
	target=$!
	started="$started $target"
	wait_for ') Z' "/proc/$target/stat" || fail "its main thread did not end"
	start --json -v -o "$T/records" -p "$target"
	sleep 0.3
	ask_for_map '"exact": *true'
	wait_for '"call": *"mmap"' "$T/records"
	kill -INT "$pid"
	finish
	want_rc 0
	[ "$(calls "$T/records" '"call": *"mmap"')" -ge 1 ] || fail "no calls were seen"
}

# Two processes at once, one of them named twice.
several() {
	local one two
	sleep 60 &
	one=$!
	started="$started $one"
	start --json -o "$T/records" -p "$one,$busy,$one"
	ask_for_map "\"pid\": *$one,"
	wait_for "\"type\": *\"map\".*\"pid\": *$busy," "$T/records"
	kill -INT "$pid"
	finish
	want_rc 0
	for two in "$one" "$busy"; do
		[ "$(grep '"type": *"map"' "$T/records" | grep -c "\"pid\": *$two,")" = 1 ] || fail "expected one map of pid $two"
	done
}

# It hurries to keep up with others, who do not; and not where a user wants otherwise.
priorities() {
	local command="grep -h . /proc/self/stat"
	start -o "$T/records" -p "$busy"
	[ "$(ps -o ni= -p "$pid" | tr -d ' ')" = -10 ] || fail "expected nice -10, got $(ps -o ni= -p "$pid")"
	kill -INT "$pid"
	finish
	[ "$("$MEMTRACE" -q -o "$T/records" -- $command | awk '{ print $19 }')" = 0 ] || fail "COMMAND has another priority"
	[ "$(nice -n 3 "$MEMTRACE" -q -o "$T/records" -- $command | awk '{ print $19 }')" = 3 ] || fail "COMMAND lost its priority"
}

check "scope: priorities" priorities
# Processes whose lives go from one ring to another, and spaces that are used again.
several_rings() {
	mt --json --ring-size 4M,4 -o "$T/records" "$@" -- bash -c 'for i in {1..40}; do /bin/true & /bin/true; done; wait'
	want_rc 0
	[ -z "$why" ] || return
	[ "$(summary lost "$T/records")$(summary lives_lost "$T/records")" = 00 ] || fail "events were lost"
	grep -q '"ended": *false' "$T/records" && fail "a process that has ended is said to run"
	[ "$(summary processes_seen "$T/records")" = 81 ] || fail "expected 81 processes, got $(summary processes_seen "$T/records")"
}

# At the end there always are calls that have begun: they are not counted, whenever they end.
ends_with_calls_under_way() { # OPTION...
	"$WORKLOADS/under_way" &
	target=$!
	started="$started $target"
	start --json -o "$T/records" "$@" -p "$target"
	sleep 0.4
	kill -INT "$pid"
	finish
	kill "$target"
	want_rc 0
	[ "$(summary seen "$T/records")" -gt 0 ] || fail "no calls were seen"
	[ "$(summary seen "$T/records")" = "$(($(summary delivered "$T/records") + $(summary lost "$T/records")))" ] ||
		fail "seen is not delivered and lost"
}

check "scope: -n" by_name
check "scope: -u" by_user
check "scope: -c" by_cgroup
check "scope: -p with -f" with_children
check "scope: -p without -f" without_children
check "scope: vfork children share the space" vfork_children
check "scope: -p of several" several
check "scope: ends that were lost" lost_ends
check "scope: a pid that is used again" reused_pid
check "scope: -p of one whose main thread has ended" main_thread_ended
check "scope: lives in several rings" several_rings --tier calls
check "scope: calls under way at the end" ends_with_calls_under_way
check "scope: calls under way at the end, tier calls" ends_with_calls_under_way --tier calls
if "$MEMTRACE" --tier truth -q -o /dev/null -- true 2>/dev/null; then
	check "truth: scope: lives in several rings" several_rings --tier truth
fi
