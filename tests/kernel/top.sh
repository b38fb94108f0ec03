# SPDX-License-Identifier: GPL-2.0
# memtrace top in a real terminal (tmux): what it shows, what keys do, and that the
# terminal is as it was when it ends, however it ends. And its tables without one.

COLOUR=$'\033\\[([0-9]*;)*(3[0-7]|4[0-7])m'

top_tmux() {
	tmux -S "$T/tmux" -f /dev/null "$@"
}

# A process that grows and one that does nothing: $grows and $idles.
two_processes() {
	python3 "$KERNEL_TESTS/grow.py" >"$T/grow.out" 2>&1 </dev/null &
	grows=$!
	sleep 300 &
	idles=$!
	started="$started $grows $idles"
	wait_for ready "$T/grow.out" || fail "grow.py did not start: $(cat "$T/grow.out")"
}

# The same, with top for them in a terminal.
open_top() { # COLUMNSxLINES [NAME=VALUE...] ARGUMENTS: the last, in one word
	two_processes
	open_terminal "${@:1:$#-1}" "${*: -1} -p $grows,$idles"
}

# Takes a terminal of that size and starts top in it, as a shell would.
open_terminal() { # COLUMNSxLINES [NAME=VALUE...] ARGUMENTS: the last, in one word
	local size=$1
	shift
	printf '%s\n' '#!/bin/bash' "cd $T" 'stty -g >before' 'echo earlier' \
		"$(printf '%q ' env LC_ALL=C.UTF-8 "${@:1:$#-1}") $MEMTRACE top ${*: -1}" \
		'echo $? >rc' 'stty -g >after' 'echo later' 'sleep 60' >"$T/session"
	top_tmux new-session -d -x "${size%x*}" -y "${size#*x}" "bash --norc $T/session" ||
		fail "tmux did not start"
	top_tmux pipe-pane "cat >$T/raw"
	# Ended with the case, however that goes.
	started="$started $(top_tmux display-message -p '#{pid}')"
}

close_tmux() {
	top_tmux kill-server 2>/dev/null
}

screen() {
	top_tmux capture-pane -p
}

# Waits until the screen matches, and keeps it in $T/screen.
wait_screen() { # PATTERN
	shows() { screen >"$T/screen" 2>/dev/null && grep -Eq -- "$1" "$T/screen"; }
	soon shows "$1" && return 0
	fail "the screen never showed /$1/: $(head -8 "$T/screen")"
	return 1
}

# The pids on the screen, in their order: below title, counts, sorting and headings.
listed() {
	sed -n '5,$p' "$T/screen" | grep -Eo '^ *[0-9]+ ' | xargs
}

press() {
	top_tmux send-keys "$@"
}

wait_rc() { # STATUS
	soon test -s "$T/after"
	[ "$(cat "$T/rc" 2>/dev/null)" = "$1" ] || fail "expected exit status $1, got $(cat "$T/rc" 2>/dev/null)"
}

# As it was: its settings, what it showed, and a cursor.
terminal_is_restored() {
	wait_rc "${1-0}"
	cmp -s "$T/before" "$T/after" || fail "stty -g: expected $(cat "$T/before"), got $(cat "$T/after")"
	wait_screen '^later'
	grep -q '^earlier' "$T/screen" || fail "what the terminal showed before is gone: $(head -5 "$T/screen")"
	! grep -q 'CALLS/s' "$T/screen" || fail "the table is still there"
	[ "$(top_tmux display-message -p '#{cursor_flag}')" = 1 ] || fail "the cursor is hidden"
}

shows_growth() {
	open_top 80x24 ''
	wait_screen "^ *$grows +\\+[1-9][0-9.]*M" || return
	grep -q 'gr\\033\[31mow' "$T/screen" || fail "the name is not escaped: $(grep "$grows" "$T/screen")"
	grep -Eq "^ *$idles +0 +0 " "$T/screen" || fail "the idle one grew: $(grep "$idles" "$T/screen")"
	[ "$(listed)" = "$grows $idles" ] || fail "expected $grows $idles, got $(listed)"
	wait_screen "^ *$grows .*[▁▂▃▄▅▆▇█]{3} gr" || return
	# About 5 MiB a second, at -19 to +20 % of what the clock is at.
	wait_screen "^ *$grows +\\+[0-9.]+M +\\+(4|5|6)(\\.[0-9])?M"
	detail "$(grep -Eo "^ *$grows +[^ ]+ +[^ ]+" "$T/screen" | tr -s ' ')"
	grep -Eq '^[1-9][0-9]* seen, 0 lost, .* 2 processes, 0 uncertain; tier' "$T/screen" ||
		fail "integrity: $(sed -n 2p "$T/screen")"
	press q
	terminal_is_restored
	close_tmux
}

sorts() {
	open_top 80x24 ''
	wait_screen "^ *$grows +\\+[1-9]" || return
	press r
	wait_screen 'sorted by GROWTH, reversed' || return
	[ "$(listed)" = "$idles $grows" ] || fail "reversed: expected $idles $grows, got $(listed)"
	press '<'
	wait_screen 'sorted by PID' || return
	[ "$(listed)" = "$grows $idles" ] || fail "by pid: expected $grows $idles, got $(listed)"
	press /
	press "$idles"
	wait_screen 'filter: .* \(1 process\)' || return
	! grep -Eq "^ *$grows " "$T/screen" || fail "the filter lets $grows through"
	press Enter Escape
	wait_screen "^ *$grows "
	press q
	terminal_is_restored
	close_tmux
}

drills_down() {
	open_top 80x24 ''
	wait_screen "^ *$grows +\\+[1-9]" || return
	press Enter
	# The heap is what grows: the first kind.
	wait_screen '^ *\+[0-9.]+M +\+[0-9.]+M +[0-9.]+M +1 heap ' || return
	sed -n 5p "$T/screen" | grep -q ' heap ' || fail "the heap is not first: $(sed -n 5p "$T/screen")"
	grep -Eq "\\(pid $grows\\): .* accessible of .* exact" "$T/screen" || fail "whose it is: $(sed -n 3p "$T/screen")"
	press Enter
	wait_screen ' \+[0-9.]+M rw-p heap +\[heap\]' || return
	[ "$(grep -c ' rw-p ' "$T/screen")" = 1 ] || fail "regions of other kinds are shown"
	press Escape Tab
	wait_screen '^ *[0-9.]+M +\+[0-9.]+M +[0-9.]+M +[0-9.]+M +[0-9.]+M +[0-9]+ .*ffi' || return
	press Tab
	wait_screen '^ *[0-9.]+M .* brk$' || return
	press Tab
	wait_screen 'r-xp text .*python' || return
	press q
	wait_screen "^ *$grows +\\+[1-9]"
	press q
	terminal_is_restored
	close_tmux
}

is_mapped() { # PID ADDRESS
	local lo hi rest
	while IFS=' -' read -r lo hi rest; do
		((16#$lo <= 16#$2 && 16#$2 < 16#$hi)) && return 0
	done <"/proc/$1/maps"
	fail "$2 is not mapped"
}

# A workload whose site leaks 1.25 MiB a second, beside a cache and a saw.
drills_down_to_sites() {
	local first
	"$WORKLOADS/suspect" leak 60 >/dev/null 2>&1 </dev/null &
	grows=$!
	started="$started $grows"
	open_terminal 80x24 "-p $grows"
	wait_screen "^ *$grows +\\+[1-9]" || return
	press Enter Tab
	wait_screen '^ *KEPT INTERVAL +BYTES BYTES/s +PEAK +CALLS WHO' || return
	# 20 calls of 64 KiB a second, at -20 to +20 %; at 80 columns modules are left out.
	press / suspect_leaks Enter
	wait_screen 'filter: suspect_leaks +\(1 site\)' || return
	wait_screen '^ *[0-9.]+[KM] +\+1(\.[0-5])?M +[0-9.]+M +1(\.[0-5])?M +[0-9.]+M +[0-9]+ take < suspect_leaks$' || return
	detail "$(grep -m1 'take <' "$T/screen" | tr -s ' ')"
	press Enter
	wait_screen '^ *[0-9]+ main +.*suspect\+0x[0-9a-f]+' || return
	grep -Eq '^ *[0-9]+ take +.*suspect\+0x' "$T/screen" || fail "no frame of take: $(cat "$T/screen")"
	grep -Eq '^ *[0-9]+ suspect_leaks +.*suspect\+0x' "$T/screen" || fail "no frame of suspect_leaks: $(cat "$T/screen")"
	grep -Eq "\\(pid $grows\\): [0-9.]+[KM] kept of [0-9.]+[KM] by [0-9]+ calls" "$T/screen" ||
		fail "what it keeps: $(sed -n 3p "$T/screen")"
	first=$(grep -Eo -m1 '^ *[0-9a-f]{8,}-[0-9a-f]{8,} +[0-9.]+[KM] rw-p anonymous' "$T/screen")
	[ -n "$first" ] || fail "no memory that it made: $(cat "$T/screen")"
	is_mapped "$grows" "$(grep -Eo '[0-9a-f]{8,}' <<<"$first" | head -1)"
	top_tmux resize-window -x 120 -y 30
	wait_screen '^ *[0-9]+ main +.*suspect\+0x[0-9a-f]+' || return
	press Escape
	wait_screen '[0-9]+ take \(suspect\) < suspect_leaks \(suspect\)$' || return
	grep -q 'filter: suspect_leaks' "$T/screen" || fail "the filter is gone: $(sed -n 3p "$T/screen")"
	press Escape
	wait_screen 'sorted by KEPT: ' || return
	press '>'
	wait_screen 'sorted by INTERVAL: ' || return
	press Escape
	wait_screen "^ *$grows +\\+[1-9]" || return
	press q
	terminal_is_restored
	close_tmux
}

# Without stacks a site is a call.
sites_of_calls() {
	open_top 80x24 '-s none'
	wait_screen "^ *$grows +\\+[1-9]" || return
	press Enter Tab
	wait_screen 'site.*\(no stacks: see -s\)' || return
	wait_screen '^ *[0-9.]+M +\+[0-9.]+M .* brk, heap, thread gr' || return
	press q
	wait_screen "^ *$grows +\\+[1-9]"
	press q
	terminal_is_restored
	close_tmux
}

pauses() {
	local before
	open_top 80x24 ''
	wait_screen "^ *$grows +\\+[1-9]" || return
	press p
	wait_screen PAUSED || return
	before=$(grep -E "^ *$grows " "$T/screen")
	sleep 2.2
	wait_screen PAUSED
	[ "$before" = "$(grep -E "^ *$grows " "$T/screen")" ] || fail "expected $before, got $(grep -E "^ *$grows " "$T/screen")"
	press p
	sleep 1.2
	wait_screen "^ *$grows "
	[ "$before" != "$(grep -E "^ *$grows " "$T/screen")" ] || fail "it does not go on"
	press q
	terminal_is_restored
	close_tmux
}

resizes() {
	open_top 80x24 ''
	wait_screen "^ *$grows +\\+[1-9]" || return
	! grep -q UNMAP "$T/screen" || fail "80 columns show all: $(sed -n 4p "$T/screen")"
	top_tmux resize-window -x 140 -y 40
	wait_screen 'UNMAP/s REGIONS +LOCKED' || return
	top_tmux resize-window -x 79 -y 24
	wait_screen 'needs 80x24, not 79x24' || return
	top_tmux resize-window -x 80 -y 10
	wait_screen 'needs 80x24, not 80x10' || return
	top_tmux resize-window -x 80 -y 24
	wait_screen "^ *$grows +\\+[1-9]"
	press q
	terminal_is_restored
	close_tmux
}

too_small() {
	open_top 70x20 ''
	wait_screen 'needs 80x24, not 70x20; q quits' || return
	press q
	terminal_is_restored
	close_tmux
}

colours() { # NAME=VALUE WANTED
	open_top 80x24 "$1" ''
	wait_screen "^ *$grows +\\+[1-9]" || return
	sleep 1.2
	press q
	terminal_is_restored
	if grep -Eq "$COLOUR" "$T/raw"; then
		[ "$2" = yes ] || fail "colour all the same: $(grep -Eo "$COLOUR" "$T/raw" | head -1 | cat -v)"
	else
		[ "$2" = no ] || fail "there is no colour"
	fi
	close_tmux
}

# In ASCII, where the locale is.
ascii() {
	open_top 80x24 LC_ALL=C ''
	wait_screen "^ *$grows .* [.:=+*#@-]{3,} gr" || return
	! LC_ALL=C grep -q '[^ -~]' "$T/screen" || fail "not ASCII: $(LC_ALL=C grep -m1 '[^ -~]' "$T/screen")"
	press q
	terminal_is_restored
	close_tmux
}

ends_by() { # SIGNAL
	open_top 80x24 ''
	wait_screen "^ *$grows +\\+[1-9]" || return
	if [ "$1" = KEY ]; then
		press C-c
	else
		kill "-$1" "$(pgrep -f "^$MEMTRACE top .*-p $grows,$idles")"
	fi
	terminal_is_restored
	close_tmux
}

# ^Z gives the terminal back, fg takes it again.
stops_and_goes_on() {
	local top
	open_top 80x24 ''
	wait_screen "^ *$grows +\\+[1-9]" || return
	top=$(pgrep -f "^$MEMTRACE top .*-p $grows,$idles")
	# The shell of the session has no job control: who stops it, continues it.
	kill -TSTP "$top"
	wait_screen '^earlier' || return
	grep -q '^State:.*stopped' "/proc/$top/status" || fail "it is not stopped: $(grep State "/proc/$top/status")"
	stty -g -F "$(top_tmux display-message -p '#{pane_tty}')" >"$T/stopped"
	cmp -s "$T/before" "$T/stopped" || fail "stopped, the terminal is not as it was"
	kill -CONT "$top"
	wait_screen "^ *$grows +\\+[1-9]" || return
	press q
	terminal_is_restored
	close_tmux
}

ends_with_its_terminal() {
	local top
	open_top 80x24 ''
	wait_screen "^ *$grows +\\+[1-9]" || return
	top=$(pgrep -f "^$MEMTRACE top .*-p $grows,$idles")
	close_tmux
	pid=$top
	soon ended || fail "it goes on without its terminal"
}

unknown_terminal() {
	open_top 80x24 TERM=nonesuch '-i 0.5 2'
	wait_rc 0
	wait_screen '^later'
	grep -q 'TERM' "$T/screen" || fail "it does not say why: $(head -5 "$T/screen")"
	[ "$(grep -c '^# ' "$T/screen")" = 2 ] || fail "expected 2 tables, got $(cat "$T/screen")"
	close_tmux
}

batch() { # ARGUMENT...
	two_processes
	mt top -i 0.5 -p "$grows,$idles" "$@" 3
	want_rc 0
	[ "$(grep -c '^# ' "$T/out")" = 3 ] || fail "expected 3 tables, got $(grep -c '^# ' "$T/out")"
	[ "$(grep -Ec "^ *$grows +\\+[0-9.]+[KM] +\\+[0-9.]+[KM] .* exact +gr" "$T/out")" = 3 ] ||
		fail "expected growth in 3 tables, got $(grep "$grows" "$T/out")"
	[ "$(grep -Ec "^ *$idles +0 +0 .* exact +sleep$" "$T/out")" = 3 ] ||
		fail "expected an idle process in 3 tables, got $(grep "$idles" "$T/out")"
	! grep -q $'\033' "$T/out" || fail "escape bytes: $(grep -m1 $'\033' "$T/out" | cat -v)"
	detail "$(grep -m1 -Eo "^ *$grows +[^ ]+ +[^ ]+" "$T/out" | tr -s ' ')"
}

# Below one process stand its sites.
batch_sites() {
	"$WORKLOADS/suspect" leak 60 >/dev/null 2>&1 </dev/null &
	started="$started $!"
	mt top -i 0.8 -p $! 2
	want_rc 0
	[ "$(grep -c "^sites of suspect (pid $!): [23]\$" "$T/out")" = 2 ] || fail "expected the sites of $! twice, got $(cat "$T/out")"
	grep -Eq '^ *[0-9.]+[KM] +\+[0-9.]+[KM] +[0-9.]+[KM] +[0-9.]+[KM] +[0-9.]+[KM] +[0-9]+ take \(suspect\) < suspect_leaks \(suspect\)$' "$T/out" ||
		fail "the leak is not among them: $(cat "$T/out")"
}

# When the processes of -p have ended there is nothing more to tell.
batch_ends() {
	sleep 6 &
	started="$started $!"
	mt top -i 0.5 -p $!
	want_rc 0
	grep -q ' ended  *sleep$' "$T/out" || fail "the end is not told: $(tail -3 "$T/out")"
}

batch_reader_gone() {
	timeout -k 2 $LIMIT "$MEMTRACE" top -b -i 0.1 -p "$busy" 2>"$T/err" </dev/null | head -1 >"$T/out"
	rc=${PIPESTATUS[0]}
	want_rc 1
	grep -q '^memtrace: .*standard output' "$T/err" || fail "no complaint: $(cat "$T/err")"
}

top_loses_nothing_unsaid() {
	mt top -b -i 1 --test-drop 1/50 -p "$busy" 2
	want_rc 0
	grep -Eq '^# .* seen, [1-9][0-9]* lost, ' "$T/out" || fail "nothing lost: $(grep -m1 '^#' "$T/out")"
}

refused_top() {
	mt top "${@:2}"
	want_rc 2
	want_line "$1"
}

if command -v tmux >/dev/null; then
	check "top: shows growth, and quits clean" shows_growth
	check "top: sorts and filters" sorts
	check "top: drills down to kinds, regions, calls" drills_down
	check "top: drills down to a site, its stack and its memory" drills_down_to_sites
	check "top: sites without stacks" sites_of_calls
	check "top: holds still and goes on" pauses
	check "top: another size of terminal" resizes
	check "top: a terminal that is too small" too_small
	check "top: colour" colours A=B yes
	check "top: NO_COLOR" colours NO_COLOR=1 no
	check "top: ASCII where the locale is" ascii
	check "top: ^C gives the terminal back" ends_by KEY
	check "top: SIGTERM gives the terminal back" ends_by TERM
	check "top: SIGTSTP gives the terminal back for a while" stops_and_goes_on
	check "top: its terminal goes away" ends_with_its_terminal
	check "top: a terminal of unknown type" unknown_terminal
elif [[ "top:" == *"$FILTER"* ]]; then
	echo "FAILED top: tmux is missing: scripts/setup --test installs it"
fi
check "top: tables without a terminal" batch
check "top: -b" batch -b
check "top: tables of one process with its sites" batch_sites
check "top: ends with its processes" batch_ends
check "top: the reader of tables goes away" batch_reader_gone
check "top: losses are told" top_loses_nothing_unsaid
check "top: COUNT 0" refused_top "'0' is no number" 0
check "top: an unknown column" refused_top 'no column' --sort nonsense
check "top: too short an interval" refused_top 'at least' -i 0.01
check "top: -p with -a" refused_top '-a excludes' -a -p 1
