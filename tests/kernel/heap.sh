# SPDX-License-Identifier: GPL-2.0
# What memory is for: heaps of which every byte is known, and what the kernel says of them.

heap_says() { # MODE [OPTION...]
	local said
	export T
	said=$(python3 "$KERNEL_TESTS/heap.py" "$MEMTRACE" "$WORKLOADS/heap" "$@" 2>&1) || fail "$said"
	detail "${said//$'\n'/, }"
}

# A process that runs: what is resident at the start and at the end as well.
heap_attached() {
	python3 -c 'import time
a = bytearray(20 << 20)
print("ready", flush=True)
time.sleep(60)' >"$T/ready" &
	pid=$!
	started="$started $pid"
	wait_for ready "$T/ready"
	mt --json -d 1 -o "$T/records" -p $pid
	want_rc 0
	grep -Eq '"heap_at_start":\{.*"break":\{[^}]*"resident":[1-9].*"heap_at_end":\{.*"break":\{[^}]*"resident":[1-9]' "$T/records" ||
		fail "resident at the start and at the end: $(grep -o '"heap_at_start.*"mapped"' "$T/records" | head -c 600)"
	! grep -q '"type":"sample"' "$T/records" || fail "samples without -i"
	mt -i 0.3 -d 1 -p $pid
	grep -Eq '^[0-9:]+ [0-9]+ +[0-9]+ +python3 +sample +- +[0-9.]+M - +[0-9.]+M resident, .* returned; .*break' "$T/out" ||
		fail "no line of a sample: $(head -c 300 "$T/out")"
	grep -Eq '^ +break +[0-9.]+[KM] +' "$T/out" || fail "no line of the break in the report"
}

check "heap: the break" heap_says break
check "heap: the break, tier calls" heap_says break --tier calls
check "heap: arenas of 8 threads" heap_says arenas
check "heap: large blocks" heap_says large
check "heap: large blocks, by shape" heap_says large -s none
check "heap: jemalloc" heap_says jemalloc
check "heap: of a running process" heap_attached
