# SPDX-License-Identifier: GPL-2.0
# Tier truth when something is wrong: records get lost on purpose, or the kernel's
# types are not as they are said to be. No map that is called exact is wrong.

truth() { "$MEMTRACE" --tier truth -q -o /dev/null -- true 2>/dev/null; }

# memtrace over a burst of changes that then stands still: records in $T/records.
over_burst() { # OPTION...
	local burst
	background python3 "$KERNEL_TESTS/burst.py" 4 3 >"$T/burst"
	burst=$pid
	wait_for ready "$T/burst" || fail "burst.py did not start"
	start --tier truth --json -o "$T/records" --verify=0.2 "$@" -p "$burst"
	# What is lost before there is a base cannot be missed, and the base may get lost itself.
	sleep 0.3
	kill -USR1 "$burst"
	wait_for still "$T/burst" || fail "burst.py did not come to its end"
	sleep 0.5
	ask_for_map
	kill -INT "$pid"
	finish
	want_rc 0
}

# Every loss was noticed, and nothing that is wrong was believed.
want_recovery() {
	local lost seen delivered missing verified median longest left
	lost=$(summary sections_lost "$T/records")
	seen=$(summary sections_seen "$T/records")
	delivered=$(summary sections_delivered "$T/records")
	missing=$(summary sections_missing "$T/records")
	verified=$(summary verified "$T/records")
	[ "${lost:-0}" -ge 10 ] || fail "expected 10 losses or more, got $lost"
	[ "$seen" = $((delivered + lost)) ] || fail "sections: $seen seen, $delivered delivered, $lost lost"
	[ "$missing" = "$lost" ] || fail "$lost sections lost, but $missing noticed"
	[ "$(summary seen "$T/records")" = $(($(summary delivered "$T/records") + $(summary lost "$T/records"))) ] ||
		fail "calls: seen is not delivered and lost"
	[ "$(summary audit_failures "$T/records")" = 0 ] || fail "audits failed: $(grep -m1 '"audit"' "$T/records")"
	[ "$(summary differences "$T/records")" = 0 ] || fail "$(cat "$T/err")"
	[ "${verified:-0}" -ge 1 ] || fail "no map was compared"
	[ "$(summary uncertain "$T/records")" = 0 ] || fail "uncertain at the end"
	grep '"type":"map"' "$T/records" | grep -q '"exact":true' || fail "the map was not exact when it stood still"
	read -r times most median longest left late <<<"$(python3 "$KERNEL_TESTS/recovered.py" "$T/records")"
	[ "$left" = 0 ] || fail "$left maps stayed uncertain"
	# In the burst's three seconds: how long each took is the machine's matter.
	[ "$times" -ge 5 ] || fail "exact again $times times only"
	detail "$lost lost of $seen sections, $missing noticed, $verified maps compared"
	detail "exact again $times times after $most sections at most, $median ms, at most $longest"
}

# The kernel knows what it lost: the next section sends everything.
counted_loss() {
	over_burst --test-drop=1/100
	want_recovery
	# Who lost one says so before the next section ends, unless the host has taken its CPU away.
	[ $((late * 100)) -le "$times" ] || fail "$late of $times times exact again only after more than 8 sections, $most at most"
}

# Nobody counts it for the space: only numbers tell.
quiet_loss() {
	over_burst --test-drop=1/100,quietly
	want_recovery
}

# One in three: walks are lost again and again.
much_loss() {
	over_burst --test-drop=1/3,quietly
	want_recovery
}

no_loss() {
	over_burst
	[ "$(summary sections_missing "$T/records")" = 0 ] || fail "sections are missing"
	[ "$(summary resyncs "$T/records")" = 0 ] || fail "maps were read again"
	[ "$(summary audit_failures "$T/records")" = 0 ] || fail "audits failed"
	detail "$(summary audits "$T/records") audits, $(summary verified "$T/records") maps compared"
}

forge() { # STRUCT.MEMBER+BYTES...
	python3 "$KERNEL_TESTS/forge_btf.py" "$T/btf" "$@" || fail "the types cannot be forged"
	export MEMTRACE_BTF=$T/btf
}

# Noticed before anything is traced: the map of memtrace itself is read wrong.
forged() { # STRUCT.MEMBER+BYTES
	local tier
	forge "$1"
	mt --json -o "$T/records" -- sh -c 'echo fine; exit 7'
	unset MEMTRACE_BTF
	want_rc 7
	[ "$(cat "$T/out")" = fine ] || fail "COMMAND printed $(head -c 100 "$T/out")"
	want_line 'going on with tier (ordered|calls)'
	tier=$(sed -n 's/.*going on with tier //p' "$T/err")
	grep '"type":"summary"' "$T/records" | grep -q '"tier":"'"$tier"'"' || fail "the summary does not say tier $tier"
	grep '"type":"start"' "$T/records" | grep -q '"tier":"'"$tier"'"' || fail "the start does not say tier $tier"
}

# The same with that trial left out: audits fail, and the tier is lowered meanwhile.
forged_later() { # STRUCT.MEMBER+BYTES
	forge "$1"
	export MEMTRACE_SELF_TEST=0
	start --tier truth --json -o "$T/records" -p "$busy"
	unset MEMTRACE_BTF MEMTRACE_SELF_TEST
	wait_for 'going on with tier calls' "$T/err" || fail "the tier was not lowered: $(cat "$T/err")"
	sleep 1
	ask_for_map '"tier":"calls"'
	kill -INT "$pid"
	finish
	want_rc 0
	want_line 'going on with tier calls'
	grep '"type":"summary"' "$T/records" | grep -q '"tier":"calls"' || fail "the summary does not say tier calls"
	grep '"type":"map"' "$T/records" | grep -q '"tier":"calls"' || fail "no map of tier calls"
	[ "$(summary audit_failures "$T/records")" -ge 3 ] || fail "audits: $(summary audit_failures "$T/records") failed"
	[ "$(summary seen "$T/records")" = $(($(summary delivered "$T/records") + $(summary lost "$T/records"))) ] ||
		fail "calls: seen is not delivered and lost"
	[ "$(summary seen "$T/records")" -gt 0 ] || fail "no calls were seen"
	detail "$(summary audit_failures "$T/records") audits failed"
}

# What no audit can see, as both sides read it wrong: --verify does.
verify_differs() {
	forge vm_area_struct.vm_file+8
	export MEMTRACE_SELF_TEST=0
	start --tier truth --verify=0.2 --json -o "$T/records" -p "$idle"
	unset MEMTRACE_BTF MEMTRACE_SELF_TEST
	wait_for 'differs from /proc/PID/maps' "$T/err" || fail "no difference was told"
	kill -INT "$pid"
	finish
	want_rc 3
	grep -Eq '^  expected [0-9a-f]+-[0-9a-f]+ ' "$T/err" || fail "the expected line is missing"
	grep -Eq '^  got +[0-9a-f]+-[0-9a-f]+ ' "$T/err" || fail "the other line is missing"
	grep -q '"type":"audit"' "$T/records" || fail "no audit record"
	detail "$(grep -m1 expected "$T/err"), $(grep -m1 got "$T/err")"
}

# Nothing was lost, and nothing had to be read again. What was lost is another case's matter.
want_undisturbed() {
	[ "$(summary audit_failures "$T/records")" = 0 ] ||
		fail "$(summary audit_failures "$T/records") audits failed: $(grep -m1 '"type":"audit"' "$T/records")"
	[ "$(summary resyncs "$T/records")" = 0 ] || [ "$(summary lost "$T/records")" != 0 ] ||
		fail "$(summary resyncs "$T/records") resyncs: $(grep -m1 '"exact":false' "$T/records" | cut -c1-300)"
	detail "$(summary seen "$T/records") calls, $(summary audits "$T/records") audits"
}

# Maps are read from outside, without the lock, while two threads change them: ten times a
# second or more there was a name that had not come, or a piece of two maps at once.
asked_all_the_time() {
	local asked group
	background "$MEMTRACE" --tier truth --json -s none -o "$T/records" -- "$WORKLOADS/fuzz" 2 77 >"$T/out" 2>"$T/err"
	if ! wait_for ready "$T/out"; then
		fail "the fuzz workload did not start: $(head -c 200 "$T/err")"
		return
	fi
	group=$(sed -n 's/^ready //p' "$T/out")
	for ((asked = 0; asked < 300; asked++)); do
		kill -USR1 "$pid" || break
		sleep 0.002
	done
	kill -KILL -- "-$group"
	finish
	want_rc 137
	[ "$asked" = 300 ] || fail "it ended after it was asked $asked times"
	want_undisturbed
}

# More names than are kept, and one that is referred to all the while.
a_name_among_many() {
	mt --tier truth --json -f -s none -o "$T/records" -- python3 "$KERNEL_TESTS/forks.py" "$T" 300
	want_rc 0
	want_undisturbed
}

# Below tier truth as well, and a pass is a pass.
verify_calls() {
	mt --tier calls --verify=0.2 -d 1.5 --json -o "$T/records" -p "$idle,$busy"
	want_rc 0
	[ "$(summary verified "$T/records")" -ge 3 ] || fail "only $(summary verified "$T/records") maps were compared"
	[ "$(summary differences "$T/records")" = 0 ] || fail "$(cat "$T/err")"
	detail "$(summary verified "$T/records") maps compared"
}

check "verify: tier calls" verify_calls
if truth; then
	check "recovery: nothing lost" no_loss
	check "recovery: asked all the time" asked_all_the_time
	check "recovery: a name among very many" a_name_among_many
	check "recovery: one in 100 lost" counted_loss
	check "recovery: one in 100 lost quietly" quiet_loss
	check "recovery: one in 3 lost quietly" much_loss
	check "verify: a wrong file" verify_differs
	for member in maple_range_64.slot+8 maple_range_64.pivot+8 maple_arange_64.slot+8 mm_struct.mm_mt+8 \
		vm_area_struct.vm_file+8 mm_struct.total_vm+8 mm_struct.data_vm+8 mm_struct.map_count+4; do
		check "forged: $member" forged "$member"
	done
	for member in mm_struct.total_vm+8 maple_arange_64.slot+8; do
		check "forged: $member, noticed later" forged_later "$member"
	done
fi
