# SPDX-License-Identifier: GPL-2.0
# Signals, exit status, and what COMMAND inherits: with us or without, it must
# not see a difference.

REPORT='[0-9] seen, [0-9]'

interrupt() { # SIGNAL
	start -p "$busy"
	sleep 0.3
	kill "-$1" "$pid"
	finish
	want_rc 0
	cat "$T/out" "$T/err" | grep -q "$REPORT" || fail "no closing report"
}

term_is_passed_on() {
	background "$MEMTRACE" -o "$T/report" -- sh -c 'echo started; exec sleep 300' >"$T/out" 2>"$T/err"
	wait_for started "$T/out" || fail "the command did not start"
	kill -TERM "$pid"
	finish
	want_rc 143
	grep -q "$REPORT" "$T/report" || fail "no closing report"
}

# Sent to us alone, as by kill: the command goes on, and so do we.
interrupt_is_the_commands() {
	background "$MEMTRACE" -o "$T/report" -- sh -c 'echo started; sleep 0.5; exit 3' >"$T/out" 2>"$T/err"
	wait_for started "$T/out" || fail "the command did not start"
	kill -INT "$pid"
	finish
	want_rc 3
	grep -q "$REPORT" "$T/report" || fail "no closing report"
}

status() { # STATUS COMMAND...
	mt -o "$T/report" -- "${@:2}"
	want_rc "$1"
	grep -q "$REPORT" "$T/report" || fail "no closing report"
}

detaches() {
	local command
	background "$MEMTRACE" -d 1 -o "$T/report" -- sh -c 'echo $$; exec sleep 300' >"$T/out" 2>"$T/err"
	finish
	want_rc 0
	command=$(cat "$T/out")
	kill -0 "$command" 2>/dev/null || fail "the command does not run any more"
	kill -KILL "$command" 2>/dev/null
	grep -q "$REPORT" "$T/report" || fail "no closing report"
}

duration() {
	mt -d 1 -p "$busy"
	want_rc 0
	cat "$T/out" "$T/err" | grep -q "$REPORT" || fail "no closing report"
}

# The command is somebody else by the time: passing a signal on takes a privilege.
term_to_another_user() {
	background "$MEMTRACE" -o "$T/report" -- setpriv --reuid=65534 --clear-groups sh -c 'echo started; exec sleep 300' >"$T/out" 2>"$T/err"
	wait_for started "$T/out" || fail "the command did not start"
	kill -TERM "$pid"
	finish
	want_rc 143
}

# Privileges and no_new_privs are each thread's own. -s none needs DAC_READ_SEARCH, SYS_PTRACE,
# PERFMON and BPF; -s dwarf CHECKPOINT_RESTORE as well.
least_privilege() {
	local task status threads=0
	start -p "$busy" -s "$1" -o "$T/report"
	for task in /proc/"$pid"/task/*; do
		# The thread that looks at heaps may have ended.
		status=$(cat "$task/status" 2>/dev/null) || continue
		threads=$((threads + 1))
		grep -q "^CapEff:.*$2\$" <<<"$status" ||
			fail "expected $2, got $(grep CapEff <<<"$status") in thread $threads"
		grep -q '^NoNewPrivs:.*1$' <<<"$status" || fail "no_new_privs is not set in thread $threads"
	done
	[ "$threads" -gt 0 ] || fail "no thread was looked at"
	kill -INT "$pid"
	finish
	want_rc 0
	detail "$threads threads"
}

# nohup(1) has SIGHUP ignored: it must not end us then.
hangup_ignored() {
	background sh -c 'trap "" HUP; exec "$@"' - "$MEMTRACE" --json -d 3 -o "$T/records" -p "$busy" >"$T/out" 2>"$T/err"
	wait_for 'Hit Ctrl-C to end' "$T/err" || fail "it did not begin to trace"
	kill -HUP "$pid"
	finish
	want_rc 0
	[ "$(summary duration_ns "$T/records")" -gt 3000000000 ] || fail "it ended after $(summary duration_ns "$T/records") ns of 3 s"
}

usr1_storm() {
	local i maps
	start --json -o "$T/records" -p "$busy"
	for ((i = 0; i < 300; i++)); do
		kill -USR1 "$pid"
	done
	wait_for '"type": *"map"' "$T/records"
	kill -INT "$pid"
	finish
	want_rc 0
	maps=$(grep -c '"type": *"map"' "$T/records")
	[ "$maps" -ge 1 ] || fail "no map came"
	[ "$(summary lost "$T/records")" = 0 ] || fail "events were lost"
	detail "$maps maps for 300 signals"
}

as_user() {
	mt -o "$T/report" --user nobody -- sh -c 'id -u; id -g; id -G'
	want_rc 0
	[ "$(tr '\n' ' ' <"$T/out")" = "$(id -u nobody) $(id -g nobody) $(id -G nobody) " ] ||
		fail "expected nobody's ids, got $(tr '\n' ' ' <"$T/out")"
}

# Prints what a process may inherit, but for what differs from run to run.
INHERITED='
	ls /proc/self/fd | wc -l
	grep -E "^(Uid|Gid|Groups|Sig[BIC]|Shd|Cap|NoNewPrivs|Seccomp|Umask|Cpus_allowed)" /proc/self/status
	cat /proc/self/oom_score_adj /proc/self/cgroup /proc/self/attr/current 2>/dev/null
	ulimit -a
	pwd
	env | grep -v "^_=" | sort
	nice
	ps -o sid=,tty= -p $$
'
inherits() {
	bash -c "$INHERITED" >"$T/expected" 2>/dev/null </dev/null
	mt -o "$T/report" -- bash -c "$INHERITED"
	want_rc 0
	# timeout(1), under which mt runs it, makes a process group but no session.
	cmp -s "$T/expected" "$T/out" ||
		fail "what the command inherits differs: $(diff "$T/expected" "$T/out" | grep '^[<>]' | head -4 | tr '\n' ' ')"
	detail "$(wc -l <"$T/expected") lines alike"
}

standard_input() {
	echo 'some input' | timeout -k 2 $LIMIT "$MEMTRACE" -o "$T/report" -- cat >"$T/out" 2>"$T/err"
	rc=$?
	want_rc 0
	[ "$(cat "$T/out")" = 'some input' ] || fail "the command did not get its input"
}

check "signals: SIGINT ends -p" interrupt INT
check "signals: SIGTERM ends -p" interrupt TERM
check "signals: SIGTERM is passed on" term_is_passed_on
check "signals: SIGINT is the command's" interrupt_is_the_commands
check "signals: exit status 7" status 7 sh -c 'exit 7'
check "signals: killed" status 137 sh -c 'kill -KILL $$'
check "signals: -d detaches from the command" detaches
check "signals: -d ends -p" duration
check "signals: SIGUSR1 storm" usr1_storm
check "signals: --user" as_user
check "signals: what the command inherits" inherits
check "signals: standard input" standard_input
check "signals: SIGTERM to a command that is somebody else" term_to_another_user
check "signals: least privilege" least_privilege none 000000c000080004
check "signals: least privilege with stacks" least_privilege dwarf 000001c000080004
check "signals: SIGHUP ignored" hangup_ignored
