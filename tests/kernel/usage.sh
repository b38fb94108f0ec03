# SPDX-License-Identifier: GPL-2.0
# Wrong use, and what cannot be traced: one clear line, the right exit status
# (DESIGN.md), nothing left attached.

refused() { # STATUS PATTERN ARGUMENT...
	mt "${@:3}"
	want_rc "$1"
	want_line "$2"
}

a_process() {
	sleep 60 &
	pid=$!
	started="$started $pid"
}

with_process() { # STATUS PATTERN ARGUMENT...: PID among the arguments is a process
	local status=$1 pattern=$2
	shift 2
	a_process
	refused "$status" "$pattern" "${@//PID/$pid}"
}

# The highest id that no process has.
no_such_pid() {
	local none
	none=$(($(cat /proc/sys/kernel/pid_max) - 1))
	while [ -e "/proc/$none" ]; do
		none=$((none - 1))
	done
	refused 4 'process' -p "$none"
}

ended_pid() {
	sleep 0 &
	wait $!
	refused 4 'process' -p $!
}

# The report comes by itself when there is nothing left to trace.
ends_by_itself() {
	local target
	mkfifo "$T/fifo"
	bash -c 'read x <"$1"' - "$T/fifo" &
	target=$!
	started="$started $target"
	start -p "$target"
	echo go >"$T/fifo"
	finish
	want_rc 0
	cat "$T/out" "$T/err" | grep -Eqi 'ended|exited' || fail "the report does not say that it ended: $(tail -3 "$T/err")"
}

kernel_thread() {
	local stat flags
	for stat in /proc/[0-9]*/stat; do
		flags=$(sed 's/.*) //' "$stat" 2>/dev/null | cut -d' ' -f7)
		[ $((${flags:-0} & 0x200000)) != 0 ] || continue # PF_KTHREAD
		stat=${stat%/stat}
		refused 4 'kernel thread' -p "${stat##*/}"
		return
	done
	detail "no kernel thread is visible here: nothing was tested"
}

# As nobody, from a place that nobody may read.
as_nobody() { # STATUS ARGUMENT...
	local status=$1
	shift
	cp "$MEMTRACE" "$T/memtrace"
	a_process
	timeout -k 2 $LIMIT setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$T/memtrace" "${@//PID/$pid}" >"$T/out" 2>"$T/err" </dev/null
	rc=$?
	want_rc "$status"
	want_line 'root|permission|capabilit|privilege'
	[ ! -s "$T/out" ] || fail "the command ran all the same: $(head -c 100 "$T/out")"
}

# In a mount namespace of its own, where some of /sys is empty.
without() { # STATUS PATTERN ARGUMENT... -- DIRECTORY...
	local status=$1 pattern=$2 arguments=()
	shift 2
	while [ "$1" != DIRECTORIES ]; do
		arguments+=("$1")
		shift
	done
	shift
	a_process
	# Only /sys is made private: in a chroot the root is no mount point.
	timeout -k 2 $LIMIT unshare -m --propagation unchanged bash -c '
		mount --make-rprivate /sys || exit 99
		while [ "$1" != -- ]; do
			[ ! -d "$1" ] || mount -t tmpfs none "$1" || exit 99
			shift
		done
		shift
		exec "$@"' - "$@" -- "$MEMTRACE" "${arguments[@]//PID/$pid}" >"$T/out" 2>"$T/err" </dev/null
	rc=$?
	want_rc "$status"
	want_line "$pattern"
}

# Tracefs is one way to find tracepoints: who needs it says so, who does not just works.
without_tracefs() {
	without 4 'trac(efs|ing|epoint)' -d 1 -p PID DIRECTORIES /sys/kernel/tracing /sys/kernel/debug
	if [ "$rc" = 0 ] && cat "$T/out" "$T/err" | grep -q ' seen, 0 lost'; then
		why=
		detail "it is not needed"
	fi
}

not_executable() {
	echo 'not a program' >"$T/file"
	refused 126 'permission' -- "$T/file"
}

unwritable_command() {
	refused 125 'nonexistent' -o /nonexistent/file -- touch "$T/ran"
	[ ! -e "$T/ran" ] || fail "the command ran all the same"
}

rules_refused() {
	printf '# rules\n\nclass:W^X\n' >"$T/rules"
	refused 2 "/rules:3: no class is called 'W\^X'" --allow-file "$T/rules" -- true
	refused 2 'cannot read /nonexistent: No such file' --allow-file /nonexistent -- true
}

closed_stdout() {
	timeout -k 2 $LIMIT "$MEMTRACE" -v -p "$busy" 2>"$T/err" </dev/null | head -1 >"$T/out"
	rc=${PIPESTATUS[0]}
	want_rc 1
	want_line 'pipe|reader|standard output|stdout'
}

stalled_reader() {
	mkfifo "$T/fifo"
	sleep 300 <"$T/fifo" &
	started="$started $!"
	background "$MEMTRACE" -v -p "$busy" >"$T/fifo" 2>"$T/err"
	wait_for 'Hit Ctrl-C to end' "$T/err" || fail "it did not start: $(head -c 200 "$T/err")"
	sleep 2
	kill -INT "$pid"
	finish
	[ "$rc" -le 1 ] || fail "expected exit status 0 or 1, got $rc"
	detail "exit status $rc"
}

full_disk() {
	refused 1 'space' -v -o /dev/full -p "$busy"
}

full_disk_command() {
	refused 125 'space' -v -o /dev/full -- sh -c 'sleep 0.3; echo finished'
	grep -q '^finished$' "$T/out" || fail "the command did not run to its end"
}

check "usage: unknown option" refused 2 'option' --no-such-option
check "usage: nothing to trace" refused 2 '.'
check "usage: not a pid" refused 2 'pid|process|number' -p twelve
check "usage: pid and command" with_process 2 '.' -p PID -- true
check "usage: no such pid" no_such_pid
check "usage: a pid that has ended" ended_pid
check "usage: a pid that ends" ends_by_itself
check "usage: kernel thread" kernel_thread
check "usage: not root" as_nobody 4 -p PID
check "usage: not root, command" as_nobody 125 -- echo ran
check "usage: no BTF" without 4 'btf' -p PID DIRECTORIES /sys/kernel/btf
check "usage: no BTF, command" without 125 'btf' -- echo ran DIRECTORIES /sys/kernel/btf
check "usage: no tracefs" without_tracefs
check "usage: command not found" refused 127 'no-such-command' -- no-such-command
check "usage: command not executable" not_executable
check "usage: unwritable -o" with_process 4 'nonexistent' -o /nonexistent/file -p PID
check "usage: unwritable -o, command" unwritable_command
check "usage: no such user" refused 2 'user' --user no-such-user -- true
check "usage: a rule that cannot be" refused 2 "'com:node' is no term" --allow com:node -- true
check "usage: rules of a file that cannot be" rules_refused
check "usage: closed stdout" closed_stdout
check "usage: stalled reader" stalled_reader
check "usage: full disk" full_disk
check "usage: full disk, command" full_disk_command
