# SPDX-License-Identifier: GPL-2.0
# What goes where, and that what is shown has no part in what is tracked.

# What was printed is what was asked for.
shown() {
	[ "$(calls "$T/records-q")" = 0 ] || fail "-q shows calls"
	[ "$(calls "$T/records-x -z 1M")" = "$(calls "$T/records-x -z 1M" '"error"')" ] || fail "-x shows calls that worked"
	[ "$(calls "$T/records-v -z 1G" '"length": *[0-9]{1,8},')" = 0 ] || fail "-z 1G shows small calls"
	[ "$(calls "$T/records-e munmap" '"call": *"munmap"')" -gt 5 ] || fail "-e munmap shows too few"
	[ "$(calls "$T/records-e munmap" '"call": *"(mmap|brk|mprotect)"')" = 0 ] || fail "-e munmap shows others"
}

# The same program with each choice of what to show: the same number of calls.
filters() {
	local seen first='' option
	for option in -v -q '-x -z 1M' '-v -z 1G' '-e munmap'; do
		# shellcheck disable=SC2086
		mt --json $option -o "$T/records" -- "$WORKLOADS/munmap"
		want_rc 0
		seen=$(summary seen "$T/records")
		[ -n "$seen" ] || fail "$option: no summary"
		first=${first:-$seen}
		[ "$seen" = "$first" ] || fail "$option: seen $seen, with -v $first"
		mv "$T/records" "$T/records$option"
	done
	shown
	detail "seen $first each time"
}

failures() {
	mt --json -v -x -o "$T/records" -- "$WORKLOADS/errors"
	[ "$(calls "$T/records" '"error"')" -gt 15 ] || fail "-x shows too little"
	[ "$(calls "$T/records")" = "$(calls "$T/records" '"error"')" ] || fail "-x shows calls that worked"
}

streams_of_pid() {
	start -v -p "$busy"
	wait_for '(' "$T/out" || fail "no events came"
	kill -INT "$pid"
	finish
	grep -Eq '(mmap|munmap|brk|mprotect|madvise)' "$T/out" || fail "no events on stdout"
	grep -Eq '^(Tracing|memtrace:)' "$T/out" && fail "the banner is on stdout"
	grep -q '^Tracing' "$T/err" || fail "no banner on stderr"
	! grep -q $'\033' "$T/out" "$T/err" || fail "colour, and no terminal"
}

streams_of_command() {
	mt -v -- sh -c 'echo from the command; echo its error >&2'
	want_rc 0
	[ "$(cat "$T/out")" = 'from the command' ] || fail "stdout is not the command's alone: $(head -c 200 "$T/out")"
	grep -q '^its error$' "$T/err" || fail "the command's stderr is lost"
	grep -q ' seen, 0 lost' "$T/err" || fail "no report on stderr"
	mt -v -o "$T/report" -- sh -c 'echo from the command; echo its error >&2'
	[ "$(cat "$T/err")" = 'its error' ] || fail "with -o, stderr is not the command's alone: $(head -c 200 "$T/err")"
	grep -q ' seen, 0 lost' "$T/report" || fail "no report in the -o file"
}

# Every line of JSON is one, the first is start and the last is summary.
json_lines() {
	mt --json -v -- "$WORKLOADS/shm"
	want_rc 0
	[ ! -s "$T/out" ] || fail "records on the command's stdout"
	head -1 "$T/err" | grep -q '"type": *"start".*"schema": *1' || fail "the first line is no start record of schema 1"
	tail -1 "$T/err" | grep -q '"type": *"summary"' || fail "the last line is no summary"
	if grep -vq '^{.*}$' "$T/err"; then
		fail "a line is no record: $(grep -v '^{.*}$' "$T/err" | head -1)"
	fi
	detail "$(wc -l <"$T/err") records"
}

# A call has made its region and goes on to fill it: what is asked for meanwhile
# is no exact map, or it has the region.
call_under_way() {
	background "$MEMTRACE" --json -o "$T/records" -- python3 -c 'import mmap
mmap.mmap(-1, 1 << 30, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | 0x8000)' 2>"$T/err" # MAP_POPULATE
	has_made_it() { command=$(pgrep -P "$pid") && grep -qs /dev/zero "/proc/$command/maps"; }
	soon has_made_it || fail "the region was not made"
	ask_for_map
	finish
	want_rc 0
	grep '"type": *"map"' "$T/records" | grep -v /dev/zero | grep -q '"exact": *true' &&
		fail "called exact, and lacks the region of the call that is under way"
	grep '"type": *"map"' "$T/records" | grep -q '"exact": *false' || detail "the call had ended by then"
}

# Deeper than is walked in the kernel: the end of the path is no path.
deep_path() {
	mt --json -v -o "$T/records" -- python3 -c 'import mmap, os, sys
os.chdir(sys.argv[1])
for i in range(100):
    os.mkdir("d%d" % i)
    os.chdir("d%d" % i)
f = open("leaf", "w+")
f.truncate(4096)
mmap.mmap(f.fileno(), 4096)' "$T"
	want_rc 0
	grep -q '"\.\.\.[^"]*/d99/leaf"' "$T/records" || fail "expected \".../d99/leaf\", got $(grep -m1 -o '"[^"]*/d99/leaf"' "$T/records")"
}

# The sample that README's first command shows.
sample() {
	[ -x "$WORKLOADS/sample" ] || return 0
	mt -- "$WORKLOADS/sample"
	want_rc 0
	grep -q ' seen, 0 lost' "$T/err" || fail "no report"
	grep -Eq '^  grew by .*: map_anonymous \(sample\) < main \(sample\)$' "$T/err" ||
		fail "expected map_anonymous, called by main, first; got $(grep -m1 'grew by' "$T/err")"
	mt -s none -- "$WORKLOADS/sample"
	want_rc 0
	grew=$(awk '$1 == "break" && !grew { grew = $4 } END { print grew }' "$T/err")
	grep -Eq "^ +$grew in [0-9]+ calls.*, kept $grew .*: brk, heap, thread sample\$" "$T/err" ||
		fail "expected $grew that brk needed and kept, got $(grep -m3 ' calls' "$T/err")"
	grep -Eq '^  grew by .*: mmap, anonymous, thread sample$' "$T/err" ||
		fail "expected mmap as what kept most, got $(grep -m1 'grew by' "$T/err")"
}

check "output: filters choose what is printed only" filters
# What a person sees: 80x24, of which the next prompt takes a line.
report_fits() {
	local lines widest
	timeout -k 2 $LIMIT script -qec "stty rows 24 cols 80; '$MEMTRACE' -q -- '$WORKLOADS/limits'" /dev/null \
		>"$T/screen" 2>"$T/err" </dev/null
	tr -d '\r' <"$T/screen" | sed 's/\x1b\[[0-9;]*m//g' >"$T/plain"
	read -r lines widest < <(awk '{ if (length($0) > w) w = length($0) } END { print NR, w }' "$T/plain")
	[ "$lines" -gt 10 ] && [ "$lines" -le 23 ] || fail "expected 11 to 23 lines, got $lines"
	[ "$widest" -gt 40 ] && [ "$widest" -le 80 ] || fail "expected lines of at most 80 columns, got $widest"
	local part
	for part in 'memory ' 'accessible ' 'grew by ' 'protections ' 'failures ' '[0-9]* seen, 0 lost'; do
		grep -q "^ *$part" "$T/plain" || fail "there is no $part in it: $(head -c 300 "$T/plain")"
	done
	detail "$lines lines, $widest columns"
}

check "output: the report fits a screen" report_fits
check "output: failures only" failures
check "output: streams of -p" streams_of_pid
check "output: streams of a command" streams_of_command
check "output: JSON Lines" json_lines
check "output: sample" sample
check "output: a map while a call is under way" call_under_way
check "output: a deep path" deep_path
