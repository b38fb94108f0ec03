# SPDX-License-Identifier: GPL-2.0
# Programs whose right answer is known: the right site comes first, with the bytes
# that the program itself has counted.

# The workload "answers" as one of its programs, compared by answers.py.
answer() { # PROGRAM HOW
	mt --json -o "$T/records" -- "$WORKLOADS/answers" "$1"
	want_rc 0
	compare_answer "$2"
}

compare_answer() { # HOW
	local said
	cp "$T/out" "$T/truth"
	said=$(python3 "$KERNEL_TESTS/answers.py" "$1" "$T/records" "$T/truth" 2>&1) || fail "$said"
	detail "${said//$'\n'/, }"
}

answer_jemalloc() {
	local library
	library=$(ldconfig -p | sed -n 's/.*libjemalloc\.so\.2 .*=> //p' | head -n 1)
	if [ -z "$library" ]; then
		detail "NOT TESTED: libjemalloc2 is not installed"
		return
	fi
	mt --json -o "$T/records" -- env LD_PRELOAD="$library" "$WORKLOADS/answers" jemalloc
	want_rc 0
	compare_answer returns
}

# A list of some million pointers: what it takes it says itself, and it keeps it to its end. Debian's python3 has no
# symbols, and -X perf only from 3.12 on, so that it is told by its bytes alone.
answer_python() {
	local want site
	mt --json -o "$T/records" -- /usr/bin/python3 -c 'import os, sys
l = []
for i in range(3000000):
    l.append(None)
print(sys.getsizeof(l), flush=True)
os._exit(0)'
	want_rc 0
	want=$(cat "$T/out")
	# The first site of the summary: what it is, and its bytes and what is kept of them.
	site=$(sed -n 's/.*"sites":\[{"who":"\([^"]*\)","stack":[0-9]*,"bytes":\([0-9]*\),"calls":[0-9]*,"kept":\([0-9]*\),.*/\2 \3 \1/p' "$T/records")
	awk -v w="$want" -v got="$site" 'BEGIN {
		split(got, s, " ")
		exit !(w > 1e7 && s[1] > w * 0.99 && s[1] < w * 1.01 && s[2] > w * 0.99 && s[2] < w * 1.01)
	}' || fail "expected $want bytes, all kept, got ${site:-no site}"
	[[ $site == *"(python3"* ]] || fail "expected a site in python3, got $site"
	detail "$want bytes, $site"
}

# Its own compiler makes the program; without one nothing is tested, and that is said.
answer_compiled() { # COMPILER HOW-FAR COMMAND...
	local reaches=$2
	if ! command -v "$1" >/dev/null; then
		detail "NOT TESTED: $1 is not installed"
		return
	fi
	(cd "$T" && HOME=$T "${@:3}") >"$T/compiler" 2>&1 || fail "$1: $(tail -n 3 "$T/compiler")"
	mt --json -v -o "$T/records" -- "$T/grown"
	want_rc 0
	compare_answer exact
	grep '"call":"mmap"' "$T/records" | grep '"length":10[45][0-9]*,' | grep -q "\"function\":\"$reaches\"" ||
		fail "no stack reaches $reaches"
}

# rustup's rustc asks its home which one it is; Debian's needs none.
answer_rust() {
	answer_compiled rustc main env HOME="$HOME" rustc -C opt-level=1 -C symbol-mangling-version=v0 \
		-o grown "$KERNEL_TESTS/grow.rs"
}

answer_go() {
	answer_compiled go runtime.goexit.abi0 env GO111MODULE=off GOCACHE="$T/cache" GOFLAGS= \
		go build -o grown "$KERNEL_TESTS/grow.go"
}

# What is kept, and at most half as much again: a heap grows by more than is asked for.
go_heap_says() { # LINKER-FLAGS
	local want who bytes
	(cd "$T" && env HOME="$T" GO111MODULE=off GOCACHE="$T/cache" GOFLAGS='' \
		go build -ldflags="$1" -o grown "$KERNEL_TESTS/keep.go") >"$T/compiler" 2>&1 ||
		fail "go: $(tail -n 3 "$T/compiler")"
	mt --json -v -o "$T/records" -- "$T/grown"
	want_rc 0
	want=$(cat "$T/out")
	read -r bytes who < <(sed -n 's/.*"sites":\[{"who":"\([^"]*\)","stack":[0-9]*,"bytes":\([0-9]*\),.*/\2 \1/p' "$T/records")
	[[ "$who" == "main.answerKeeps "*"main.answerAsks "* ]] || fail "$1: expected answerKeeps of answerAsks, got ${who:-no site}"
	[ "${bytes:-0}" -ge $((want - (8 << 20))) ] && [ "$bytes" -le $((want * 3 / 2)) ] ||
		fail "$1: expected $want bytes and up to half as many more, got $bytes"
	grep '"function":"main.answerAsks"' "$T/records" | grep -v '"stack_cut"' | grep -q '"function":"runtime.goexit' ||
		fail "$1: no stack of answerAsks reaches runtime.goexit"
	detail "$1 $bytes of $want bytes by $who"
}

# Without symbols and DWARF as well: the runtime's own table has the names.
answer_go_heap() {
	if ! command -v go >/dev/null; then
		detail "NOT TESTED: go is not installed"
		return
	fi
	go_heap_says ""
	go_heap_says "-s -w"
}

# Buffers are malloc's: each 2 MiB and a page. The function is V8's code, named by its perf map.
answer_node() {
	local stacks named
	if ! command -v node >/dev/null; then
		detail "NOT TESTED: node is not installed"
		return
	fi
	(cd "$T" && mt --json -v -o "$T/records" -- node --perf-basic-prof --interpreted-frames-native-stack \
		"$KERNEL_TESTS/grow.js")
	stacks=$(grep '"call":"mmap"' "$T/records" | grep '"length":21[0-9]\{5\},' | grep '"stack":\[')
	named=$(grep -c 'answerKeeps' <<<"$stacks")
	[ "$(grep -c . <<<"$stacks")" -ge 40 ] || fail "expected 40 stacks of buffers, got $(grep -c . <<<"$stacks")"
	[ "$named" -ge 20 ] || fail "expected answerKeeps in 20 of 40 stacks, got $named: $(head -n 1 <<<"$stacks" | head -c 1500)"
	detail "$(grep -c . <<<"$stacks") buffers, $named name the function that keeps them"
}

check "answers: a break that grows" answer break exact
check "answers: arenas of 8 threads, trimmed" answer arenas exact
check "answers: large blocks leaked among honest ones" answer large exact
check "answers: a sample of very many calls" answer sample sample
check "answers: jemalloc that purges" answer_jemalloc

# What names generated code is read when it is a map of the program's own, and no other file.
perf_maps() {
	local how named calls
	if [ "$(uname -m)" != x86_64 ]; then
		detail "NOT TESTED: its code is for x86-64"
		return
	fi
	mt --json -v -o "$T/records" -- sh -c 'for how; do "$0" "$how" || exit; done' "$WORKLOADS/perf_map" \
		right sparse full endless fifo link owner
	want_rc 0
	for how in right sparse full endless fifo link owner; do
		calls=$(grep "\"comm\":\"$how\".*\"stack\":\[{\"function\":\"[a-z_]*\",\"module\":\"\",\"" "$T/records" | grep -c '"call":"mmap"')
		[ "$calls" = 3 ] || fail "$how: expected 3 calls of generated code, got $calls"
		named=$(grep "\"comm\":\"$how\"" "$T/records" | grep -c '"function":"named_by_map"')
		[ "$named" = $([ $how = right ] && echo 3 || echo 0) ] || fail "$how: got $named names"
		detail "$how $named"
	done
}

# All that a terminal gets, from a thread, a path, an anonymous name and a map that steer terminals.
terminal_bytes() {
	local program=$T/$'\033]0;path\a\r'
	cp "$WORKLOADS/stacks_lie" "$program"
	script -qec "$(printf '%q ' "$MEMTRACE" -v -- "$program")" /dev/null >"$T/terminal" 2>&1 </dev/null
	rc=$?
	want_rc 0
	grep -q 'stacks of ' "$T/terminal" || fail "no report: $(tail -c 300 "$T/terminal")"
	# Colours are ours: ESC [ digits m; script(1)'s terminal ends lines with CR LF.
	sed -e 's/\x1b\[[0-9;]*m//g' -e 's/\r$//' "$T/terminal" >"$T/plain"
	! LC_ALL=C grep -aq $'[\001-\010\013-\037\177]' "$T/plain" ||
		fail "a control byte: $(LC_ALL=C grep -am1 $'[\001-\010\013-\037\177]' "$T/plain" | cat -v | head -c 300)"
	LC_ALL=C grep -aq '\\033\[2J' "$T/plain" || fail "the thread's name is not there, escaped"
	LC_ALL=C grep -aq '\\033\]0;path' "$T/plain" || fail "the path is not there, escaped"
	detail "$(wc -c <"$T/terminal") bytes"
}

check "answers: a python list that grows" answer_python
check "answers: node buffers, and the function that keeps them" answer_node
check "answers: rust" answer_rust
check "answers: go" answer_go
check "answers: a heap of go" answer_go_heap
check "answers: maps of generated code that are none of it" perf_maps
check "answers: no byte that steers a terminal" terminal_bytes
