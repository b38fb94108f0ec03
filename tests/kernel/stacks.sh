# SPDX-License-Identifier: GPL-2.0
# Stacks of programs without frame pointers, stripped, deleted, in another mount
# namespace, of another user; and of one that lies.

# The records of a run, and what stacks.py says of them.
stacks_say() { # WHAT [FILE...]
	local said
	said=$(python3 "$KERNEL_TESTS/stacks.py" "$1" "$T/records" "${@:2}" 2>&1) || fail "$said"
	detail "${said//$'\n'/, }"
}

# That it is told; how long it may be is scripts/bench-stacks' to judge, on a machine at rest.
stacks_time() {
	local ns
	ns=$(summary stack_ns "$T/records")
	[ "${ns:-0}" -gt 0 ] || fail "no time of unwinding in the summary"
	detail "$ns ns a stack"
}

stacks_reach() {
	mt --json -v -o "$T/records" -- "$WORKLOADS/stacks"
	want_rc 0
	stacks_say reach
	stacks_time
}

stacks_stripped() {
	strip -o "$T/stripped" "$WORKLOADS/stacks" || fail "strip failed"
	nm -S "$WORKLOADS/stacks" >"$T/nm"
	mt --json -v -o "$T/records" -- "$T/stripped"
	want_rc 0
	stacks_say offsets "$T/nm"
}

stacks_deleted() {
	cp "$WORKLOADS/stacks" "$T/gone"
	mt --json -v -o "$T/records" -- "$T/gone" gone
	want_rc 0
	[ ! -e "$T/gone" ] || fail "the program did not take its file away"
	stacks_say reach
}

# Another program lies where its file was, with other functions at the same offsets.
stacks_replaced() {
	cp "$WORKLOADS/stacks" "$T/gone"
	cp "$WORKLOADS/answers" "$T/other"
	mt --json -v -o "$T/records" -- "$T/gone" by "$T/other"
	want_rc 0
	cmp -s "$T/gone" "$WORKLOADS/answers" || fail "its file was not replaced"
	stacks_say reach
}

# Linked with all that it needs, and mapped anywhere: as many a container's only program.
stacks_static() {
	cc -static-pie -O1 -I "$KERNEL_TESTS/../workloads" -o "$T/inside" "$KERNEL_TESTS/../workloads/stacks.c" \
		-lpthread 2>"$T/compiler" || fail "cc: $(tail -n 3 "$T/compiler")"
	mt --json -v -o "$T/records" -- "$T/inside"
	want_rc 0
	stacks_say reach
}

# A file system that only the program sees.
stacks_mount() {
	mkdir "$T/mount"
	mt --json -v -o "$T/records" -- unshare -m sh -c 'mount -t tmpfs none "$1" && cp "$2" "$1/inside" &&
		chmod 700 "$1/inside" && exec "$1/inside"' sh "$T/mount" "$WORKLOADS/stacks"
	want_rc 0
	stacks_say reach
}

# What only its owner may read: with the privileges that are kept.
stacks_user() {
	mkdir -m 700 "$T/private"
	cp "$WORKLOADS/stacks" "$T/private/inside"
	chmod 500 "$T/private/inside"
	chown -R nobody "$T/private"
	mt --json -v --user nobody -o "$T/records" -- "$T/private/inside"
	want_rc 0
	stacks_say reach
}

stacks_gdb() {
	if ! command -v gdb >/dev/null; then
		detail "gdb is not installed"
		return
	fi
	printf '%s\n' 'set pagination off' 'break stacks_asks' commands silent 'bt 40' continue end run >"$T/commands"
	env -u DEBUGINFOD_URLS timeout $LIMIT gdb -nx -batch -x "$T/commands" "$WORKLOADS/stacks" >"$T/gdb" 2>&1 \
		</dev/null || fail "gdb failed: $(tail -n 1 "$T/gdb")"
	mt --json -v -o "$T/records" -- "$WORKLOADS/stacks"
	stacks_say chains "$T/gdb"
}

stacks_off() {
	mt --json -v -s none -o "$T/records" -- "$WORKLOADS/stacks"
	want_rc 0
	! grep -q '"stack":\[' "$T/records" || fail "-s none takes stacks: $(grep -m1 '"stack":\[' "$T/records" | head -c 200)"
	mt -q -s none -- "$WORKLOADS/stacks"
	! grep -q '^stacks of' "$T/err" || fail "-s none reports on stacks"
}

# Neither a crash, nor a hang, nor a byte that steers a terminal.
stacks_lie() {
	mt -v -o "$T/lines" -- "$WORKLOADS/stacks_lie"
	want_rc 0
	! LC_ALL=C grep -q '[^[:print:][:space:]]' "$T/lines" || fail "a control byte in the output"
	[ "$(grep -c ' > ' "$T/lines")" -gt 100 ] || fail "expected more than 100 frames, got $(grep -c ' > ' "$T/lines")"
	grep -q '> \[generated\](\\033\[31mred\\007)' "$T/lines" || [ "$(uname -m)" != x86_64 ] ||
		fail "the perf map's name is not there: $(grep -m1 generated "$T/lines")"
	grep -q ' seen, 0 lost' "$T/lines" || fail "$(tail -n 1 "$T/lines")"
	detail "$(tail -n 2 "$T/lines" | head -n 1)"
}

check "stacks: without frame pointers they reach main" stacks_reach
check "stacks: of a stripped program" stacks_stripped
check "stacks: of a program that was deleted" stacks_deleted
check "stacks: of a program that was replaced" stacks_replaced
check "stacks: of a static-PIE program" stacks_static
check "stacks: in another mount namespace" stacks_mount
check "stacks: of another user's program" stacks_user
check "stacks: as gdb shows them" stacks_gdb
check "stacks: none with -s none" stacks_off
check "stacks: that lie, and files that are corrupt" stacks_lie
