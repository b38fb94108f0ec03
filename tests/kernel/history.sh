# SPDX-License-Identifier: GPL-2.0
# maps --history: what was there and what came, who made it; and maps on SIGUSR1.

# A shell loop that keeps mapping is no program that we have: python is.
history_program() {
	cat >"$T/grow.py" <<-'END'
		import mmap, time
		kept = []
		print("ready", flush=True)
		while True:
		    kept.append(mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
		    time.sleep(0.05)
	END
	env --default-signal=INT,QUIT,PIPE /usr/bin/python3 "$T/grow.py" >"$T/ready" </dev/null &
	grown=$!
	started="$started $grown"
	wait_for ready "$T/ready" || fail "the program did not start"
}

history_of_a_process() {
	local parts
	history_program
	mt maps --history -d 1 "$grown"
	want_rc 0
	grep -q "^# pid $grown (python3) space .* exact\$" "$T/out" || fail "no map: $(head -n 1 "$T/out")"
	grep -q '^    there when tracing began$' "$T/out" || fail "nothing was there"
	grep -Eq "^    created by mmap as rw-, .*tid $grown \(python3\): .*\(python3" "$T/out" ||
		fail "expected mmap by python3, got $(grep -m1 created "$T/out")"
	grep -Eq '^[0-9]+ seen, 0 lost' "$T/out" || fail "$(tail -n 1 "$T/out")"
	# Each line of the map is as /proc/PID/maps has it, but for size and kind.
	parts=$(grep -Ec '^[0-9a-f]{8,}-[0-9a-f]{8,} [r-][w-][x-][ps] ' "$T/out")
	[ "$parts" -gt 20 ] || fail "expected more than 20 regions, got $parts"
	detail "$parts regions"
}

history_in_json() {
	history_program
	mt maps --history --json -v -d 1 "$grown"
	want_rc 0
	python3 - "$T/out" <<-'END' || fail "the records are not as they should be: $(head -c 200 "$T/out")"
		import json, sys
		records = [json.loads(line) for line in open(sys.argv[1])]
		assert [r["type"] for r in records] == ["start", "map", "summary"], [r["type"] for r in records]
		parts = [p for r in records[1]["regions"] for p in r.get("history", [])]
		made = [p["created"] for p in parts if p["created"]["call"] == "mmap"]
		assert any(p["created"]["call"] == "found" for p in parts)
		assert made and all(m["stack"] and m["who"] for m in made), made
		for region in records[1]["regions"]:
		    at = region["start"]
		    for part in region.get("history", []):
		        assert part["start"] == at, (part, at)
		        at = part["end"]
		    assert at == region["end"], region
	END
}

history_on_signal() {
	history_program
	start --history -p "$grown"
	sleep 0.3
	kill -USR1 "$pid"
	wait_for 'created by mmap' "$T/out" || fail "no history: $(head -c 200 "$T/out")"
	kill -INT "$pid"
	finish
	want_rc 0
}

history_of_what_ends() {
	background sleep 60
	local ends=$pid
	start maps --history "$ends"
	kill "$ends"
	finish
	want_rc 4
	grep -q '^memtrace: process [0-9]* has ended' "$T/err" || fail "$(head -c 200 "$T/err")"
}

check "history: of a process" history_of_a_process
check "history: JSON" history_in_json
check "history: on SIGUSR1" history_on_signal
check "history: of a process that ends" history_of_what_ends
