# SPDX-License-Identifier: GPL-2.0
# Memory that was freed and is kept, by programs that know it from malloc itself.

# Starts one, and traces it for a moment: $freed is what it says that it has free, $of what
# it has from the kernel; and what memtrace says is in $heaps.
trace_freed() { # MODE [OPTION...]
	background "$WORKLOADS/freed" "$1" >"$T/ready"
	wait_for ready "$T/ready" || fail "it did not get ready"
	read -r _ freed of <"$T/ready"
	mt --json -d 0.3 -o "$T/records" "${@:2}" -p "$pid"
	want_rc 0
	heaps=$(sed -n 's/.*"type":"summary".*"malloc":{\([^}]*\)}.*/\1/p' "$T/records")
}

heap() { # FIELD
	sed -n 's/.*"'"$1"'":\([0-9]*\).*/\1/p' <<<"$heaps"
}

want_within() { # WHAT LOW HIGH GOT
	[ -n "$4" ] && [ "$4" -ge "$2" ] && [ "$4" -le "$3" ] || fail "$1: expected $2 to $3, got ${4:-none}"
}

want_findings() { # NUMBER
	local got
	got=$(grep -c '"type":"finding".*"kind":"free"' "$T/records")
	[ "$got" = "$1" ] || fail "expected $1 findings free, got $got"
}

# All but the last of 65536 blocks of 1000 bytes, with their headers.
freed_is_told() { # MODE [OPTION...]
	local all=$((65535 * 1008))
	trace_freed "$@"
	want_within "free" $((freed - freed / 50)) $((freed + freed / 50)) "$(heap free)"
	want_within "kept" $((all - all / 20)) "$freed" "$(heap kept)"
	want_within "in whole pages" $((all - all / 20)) "$all" "$(heap pages)"
	want_within "counted" $((of - 4096)) $((of + 65536)) "$(heap counted)"
	want_within "used chunks above" 1 1 "$(heap above)"
	want_within "bytes of them" 1008 1008 "$(heap above_bytes)"
	want_findings 1
	grep -q '"kind":"free","severity":"info".*"text":"at least [0-9.]*M of [0-9.]*M in malloc.s heaps are free and kept; .*, below 1 used chunk (1008); .*"malloc":{"ts":' "$T/records" ||
		fail "the finding: $(grep '"kind":"free"' "$T/records")"
	detail "$(heap free) of $freed"
	[ $# = 1 ] || return
	mt -q -d 0.2 -p "$pid"
	want_rc 0
	grep -Eq '^  free        at least 6[0-9.]+M of 6[0-9.]+M in malloc' "$T/out" || fail "no line in the report"
}

# What is free was returned, or hardly anything is, or there is too little of all to be asked.
nothing_is_kept() { # MODE LOW HIGH
	trace_freed "$1"
	[ "$2" != 0 ] || heaps=${heaps:-'"free":0,"kept":0'}
	want_within "free" "$2" "$3" "$(heap free)"
	want_within "kept" 0 $((512 << 10)) "$(heap kept)"
	want_findings 0
}

not_of_jemalloc() {
	background env LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=dirty_decay_ms:-1,dss:primary "$WORKLOADS/freed" "$1" >"$T/ready"
	wait_for ready "$T/ready" || fail "it did not get ready"
	grep -q libjemalloc "/proc/$pid/maps" || fail "it has no jemalloc"
	mt --json -d 0.3 -o "$T/records" -p "$pid"
	want_rc 0
	want_findings 0
	! grep -q '"malloc":{' "$T/records" || fail "it has heaps of malloc's: $(grep -o '"malloc":{[^}]*}' "$T/records" | head -1)"
}

# Whatever is found while all changes: it is believed only if it is sound.
freed_while_it_changes() {
	local n
	trace_freed churn -i 0.2 -d 2
	n=$(grep '"type":"sample"' "$T/records" | grep -c '"malloc":{')
	[ "$n" -ge 1 ] || fail "expected heaps in some samples, got none"
	grep -o '"malloc":{[^}]*}' "$T/records" | tr '{,:"' ' ' |
		awk '{ for (i = 1; i < NF; i++) v[$i] = $(i + 1) }
			v["free"] > v["counted"] || v["kept"] > v["free"] || v["pages"] > v["kept"] { bad++ }
			END { exit bad }' || fail "more than there is"
	detail "$n of $(grep -c '"type":"sample"' "$T/records") samples"
}

# It ends while it is traced: the last interval has seen it.
# Looks after 1.2, 2.4 and 3.6 seconds: none of them just as it ends.
freed_and_ended() {
	mt -i 1.2 -o "$T/report" -- "$WORKLOADS/freed" ends 3
	want_rc 0
	grep -Eq '^  free        at least .* in malloc.s heaps are free and kept; [0-9.]+ m?s before the end' "$T/report" ||
		fail "no line in the report: $(grep free "$T/report")"
}

check "freed: in the break" freed_is_told main
check "freed: in an arena" freed_is_told thread
check "freed: in the break, tier calls" freed_is_told main --tier calls
check "freed: trimmed" nothing_is_kept trim $((60 << 20)) $((70 << 20))
check "freed: nothing was" nothing_is_kept used 0 $((256 << 10))
check "freed: large blocks" nothing_is_kept large 0 $((256 << 10))
check "freed: not of jemalloc" not_of_jemalloc main
check "freed: while it changes" freed_while_it_changes
check "freed: and ended" freed_and_ended
