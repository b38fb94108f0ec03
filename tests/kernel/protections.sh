# SPDX-License-Identifier: GPL-2.0
# What is told of changes of protection, by programs whose right answer is known.

# The findings of protections in $T/records: how many, and their fields.
protections() { # [PATTERN]
	grep '"type":"finding".*"kind":"protection"' "$T/records" | grep -Ec -- "${1:-.}"
}

want_protections() { # NUMBER [PATTERN]
	local got
	got=$(protections "${2:-}")
	[ "$got" = "$1" ] ||
		fail "expected $1 findings /${2:-.}/, got $got: $(grep -m3 '"kind":"protection"' "$T/records")"
}

wx() { # ARGUMENT...
	mt --json -o "$T/records" "$@"
	want_rc 0
}

# Written for 30 ms; the machine may be slow.
write_then_execute() { # OPTION...
	local ms
	wx "$@" -- "$WORKLOADS/wx" wx
	want_protections 1
	want_protections 1 '"severity":"warning","class":"W>X","count":1,.*"bytes":16384,"old_perms":"rw-p","new_perms":"r-xp"'
	ms=$(sed -n 's/.*"text":"W>X: anonymous, writable for \([0-9]*\)[.0-9]* ms, then executable".*/\1/p' "$T/records")
	[ "${ms:-0}" -ge 30 ] && [ "$ms" -lt 3000 ] || fail "expected 30 ms, got ${ms:-none}: $(grep -m1 '"kind":"protection"' "$T/records")"
	# And by whom: the stack of the call that made it executable.
	want_protections 1 '"stack":\[.*"function":"main"'
	detail "$ms ms"
}

# In text the times are those of the kernel as well.
write_then_execute_text() {
	local ms
	mt -o "$T/report" -- "$WORKLOADS/wx" wx
	ms=$(sed -n 's/.*  warning: W>X: anonymous, writable for \([0-9]*\)[.0-9]* ms, then executable$/\1/p' "$T/report" | head -1)
	[ "${ms:-0}" -ge 30 ] && [ "$ms" -lt 3000 ] || fail "expected 30 ms, got ${ms:-none}: $(grep -m1 'W>X' "$T/report")"
	grep -q '^              warning: W>X: .* (mprotect, \[anon\])$' "$T/report" || fail "the closing report does not tell of it"
}

# Told the first and the tenth time; all 12 are counted.
by_way_of_read_only() {
	wx -- "$WORKLOADS/wx" ro
	want_protections 2
	want_protections 1 '"class":"W>X","count":1,.*writable for .* until .* ago, then executable"'
	want_protections 1 '"class":"W>X","count":10,.*; 10 times so far"'
	grep -q '"protection_classes":{"W>X":12,"hardened":' "$T/records" ||
		fail "expected 12 W>X, got $(grep -o '"protection_classes":{[^}]*}' "$T/records")"
}

stack() { # WHAT
	wx -- "$WORKLOADS/wx" "$1"
	want_protections 1
	want_protections 1 '"severity":"critical","class":"stack-exec"'
}

# What every program does at its start, and what this one does: no finding.
hardened() {
	local got
	wx -- "$WORKLOADS/wx" harden
	want_protections 0
	got=$(sed -n 's/.*"protection_classes":{"hardened":\([0-9]*\).*/\1/p' "$T/records")
	[ "${got:-0}" -ge 2 ] || fail "expected 2 hardened or more, got ${got:-none}"
	detail "$got hardened"
}

allowed() {
	printf '# ours\n\ncomm:w?,class:W>X\n' >"$T/rules"
	wx --allow-file="$T/rules" --allow class:W+X -- "$WORKLOADS/wx" ro
	want_protections 0
	grep -q '"allowed":\[{"rule":"comm:w?,class:W>X","count":12},{"rule":"class:W+X","count":0}\]' "$T/records" ||
		fail "expected 12 allowed by the file's rule, got $(grep -o '"allowed":\[[^]]*\]' "$T/records")"
	wx --allow "path:*/wx" -- "$WORKLOADS/wx" ro
	want_protections 0
	wx --allow "path:/nonexistent/*" -- "$WORKLOADS/wx" ro
	want_protections 2
}

# A JIT that compiles: what its rule names is not told.
node() {
	command -v node >/dev/null || { detail "node is not installed: nothing was tested"; return; }
	local told
	cat >"$T/hot.js" <<-'EOF'
	let n = 0;
	function hot(x) { return x * 2 + 1; }
	for (let i = 0; i < 3e6; i++) n = hot(i) & 1023;
	EOF
	wx -- node "$T/hot.js"
	told=$(protections)
	[ "$told" -gt 0 ] || fail "nothing is told of a JIT"
	wx --allow 'path:*/node' -- node "$T/hot.js"
	want_protections 0
	grep -q '"allowed":\[{"rule":"path:\*/node","count":[1-9]' "$T/records" || fail "nothing was allowed"
	detail "$told told without the rule"
}

# Told once at 80% and once at 95%.
near_data() {
	wx -- prlimit --data=$((200 << 20)) python3 -c 'import time
a = bytearray(170 << 20)
time.sleep(0.5)
b = bytearray(22 << 20)
time.sleep(0.5)'
	near 1 '"severity":"warning",.*of writable memory: [89][0-9]% of RLIMIT_DATA, 200M'
	near 1 '"severity":"critical",.*of writable memory: 9[5-9]% of RLIMIT_DATA, 200M'
}

near_regions() {
	wx -- "$WORKLOADS/map_count"
	near 1 '"severity":"warning",.* regions: 80% of vm.max_map_count'
	near 1 '"severity":"critical",.* regions: 95% of vm.max_map_count'
}

near() { # NUMBER PATTERN
	local got
	got=$(grep '"kind":"near"' "$T/records" | grep -Ec -- "$2")
	[ "$got" = "$1" ] || fail "expected $1 findings /$2/, got $got: $(grep -m3 '"kind":"near"' "$T/records")"
}

check "protections: RLIMIT_DATA comes near" near_data
check "protections: vm.max_map_count comes near" near_regions
check "protections: written, then executable" write_then_execute
check "protections: written, then executable, tier calls" write_then_execute --tier calls
check "protections: written, then executable, in text" write_then_execute_text
check "protections: by way of read-only" by_way_of_read_only
check "protections: the stack" stack stack
check "protections: a thread's stack" stack thread
check "protections: hardened" hardened
check "protections: allowed" allowed
check "protections: node" node
