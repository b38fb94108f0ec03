# SPDX-License-Identifier: GPL-2.0
# A process that floods and one that does little, traced together: what the one does
# must not push out what the other did.

# Says what a flood program is to do, and reads what it did.
flood() { # FD-IN LINE
	echo "$2" >&"$1"
}

last_map() { # PID
	grep '"type": *"map"' "$T/records" | grep "\"pid\": *$1," | tail -n 1
}

# Where something is mapped, and how; neighbours are one where they are alike.
map_lines() { # RECORD
	sed 's/{"start":/\n&/g' <<<"$1" |
		sed -n 's/.*"start":"0x\([0-9a-f]*\)","end":"0x\([0-9a-f]*\)","perms":"\([^"]*\)".*/\1 \2 \3/p'
}

merged() {
	awk '$1 == end && $3 == perms { end = $2; next }
		{ if (end) print start, end, perms; start = $1; end = $2; perms = $3 }
		END { print start, end, perms }'
}

both_maps() {
	[ -n "$(last_map "$victim")" ] && [ -n "$(last_map "$flooder")" ]
}

same_map() { # PID WHO
	local record
	record=$(last_map "$1")
	[[ $record == *'"exact":true'* ]] || fail "the map of the $2 is not exact: ${record:0:150}"
	diff <(map_lines "$record" | merged) \
		<(grep -v vsyscall "/proc/$1/maps" | awk '{ sub("-", " "); print $1, $2, $3 }' | merged) >"$T/diff" ||
		fail "the map of the $2 is not the kernel's: $(head -n 4 "$T/diff")"
}

process_count() { # PID CALL: of the summary
	grep '"type": *"summary"' "$T/records" | sed 's/{"pid":/\n&/g' | grep "^{\"pid\": *$1," |
		sed -n 's/.*"'"$2"'": *{"count": *\([0-9]*\).*/\1/p'
}

# Eight threads flat out, and 100 calls a second beside them. memtrace may stall for a
# while, so that there is loss for certain and what the victim did in that time must
# have had room.
victim_loses_nothing() { # STALL-SECONDS OPTION...
	local stall=$1 side flooder victim tracer made flooded lost spaces
	shift
	for side in flooder victim; do mkfifo "$T/$side.in" "$T/$side.out"; done
	exec 5<>"$T/flooder.in" 6<>"$T/flooder.out" 7<>"$T/victim.in" 8<>"$T/victim.out"
	"$WORKLOADS/flood" <&5 >&6 &
	flooder=$!
	"$WORKLOADS/flood" <&7 >&8 &
	victim=$!
	started="$started $flooder $victim"
	start --json -o "$T/records" "$@" -p "$flooder,$victim"
	tracer=$pid
	echo "8 0 2" >&5
	echo "1 100 2" >&7
	if [ "$stall" != 0 ]; then
		sleep 0.5
		kill -STOP "$tracer"
		sleep "$stall"
		kill -CONT "$tracer"
	fi
	read -r -t $LIMIT flooded _ <&6 || fail "the flooder did not end"
	read -r -t $LIMIT made _ <&8 || fail "the victim did not end"
	exec 5>&- 6>&- 7>&- 8>&-
	kill -USR1 "$tracer"
	soon both_maps || fail "the maps did not come"
	kill -0 "$victim" 2>/dev/null && same_map "$victim" victim
	kill -0 "$flooder" 2>/dev/null && same_map "$flooder" flooder
	kill -INT "$tracer"
	pid=$tracer
	finish
	want_rc 0
	[ -z "$why" ] || return
	lost=$(summary lost "$T/records")
	[ "$lost" -gt 0 ] || [ "$stall" = 0 ] || fail "nothing was lost: nothing was tested"
	spaces=$(grep '"type": *"lost"' "$T/records" | sed 's/.*"pid": *\([0-9]*\).*/\1/' | sort -u)
	[ "${spaces:-$flooder}" = "$flooder" ] || fail "losses were counted to $spaces, expected only the flooder, $flooder"
	[ "$(($(process_count "$victim" mmap) + $(process_count "$victim" munmap)))" = "$made" ] ||
		fail "expected $made calls of the victim, got $(process_count "$victim" mmap) mmap and $(process_count "$victim" munmap) munmap"
	[ "$(summary seen "$T/records")" = "$(($(summary delivered "$T/records") + lost))" ] ||
		fail "seen is not delivered and lost"
	detail "the victim's $made calls came, $lost of the flooder's $flooded were lost"
}

# One after the other, and beside nothing else.
wait_for_cases
check "flood: a small ring" victim_loses_nothing 1 --tier calls --ring-size 1M
wait_for_cases
check "flood: two rings" victim_loses_nothing 1 --tier calls --ring-size 1M,2
wait_for_cases
if "$MEMTRACE" --tier truth -q -o /dev/null -- true 2>/dev/null; then
	check "truth: flood: a small ring" victim_loses_nothing 1 --tier truth --ring-size 1M
	wait_for_cases
	check "truth: flood: four rings" victim_loses_nothing 1 --tier truth --ring-size 1M,4
	wait_for_cases
	check "truth: flood: the default ring" victim_loses_nothing 0 --tier truth
	wait_for_cases
fi
