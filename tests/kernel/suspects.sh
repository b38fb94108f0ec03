# SPDX-License-Identifier: GPL-2.0
# What is suspected with time, by programs whose right answer is known. They wait more
# than they work: what rises is told after ten seconds and a little.

suspected() { # KIND [PATTERN]
	grep '"type":"finding".*"kind":"'"$1"'"' "$T/records" | grep -Ec -- "${2:-.}"
}

want_suspected() { # NUMBER KIND [PATTERN]
	local got
	got=$(suspected "$2" "${3:-}")
	[ "$got" = "$1" ] ||
		fail "expected $1 findings $2 /${3:-.}/, got $got: $(grep -m3 "\"kind\":\"$2\"" "$T/records")"
}

# Among a start, a cache and a saw the one that leaks is told, within seconds.
one_site_leaks() { # OPTION...
	local at
	mt --json -o "$T/records" "$@" -- "$WORKLOADS/suspect" leak 15
	want_rc 0
	want_suspected 1 leak
	want_suspected 1 leak '"severity":"info".*"text":"needed memory, and what is kept of it rises by .*"who":"take .*suspect_leaks .*"confidence":"low"'
	at=$(sed -n 's/.*"type":"finding","ts":\([0-9]*\),.*"kind":"leak".*/\1/p' "$T/records")
	[ "${at:-0}" -gt 10000000000 ] || fail "expected it after 10 s, got ${at:-none} ns"
	grep -q '"leaks":\[{"who":"take .*suspect_leaks .*","stack":[0-9]*,"stands":true,' "$T/records" || fail "the summary does not tell of it"
	detail "after $((${at:-0} / 1000000)) ms"
}

nothing_leaks() {
	mt --json -o "$T/records" -- "$WORKLOADS/suspect" still 15
	want_rc 0
	want_suspected 0 leak
	want_suspected 0 stack
	want_suspected 0 deleted
}

# 96 MiB: more than libc keeps for itself.
stacks_stay() { # OPTION...
	mt --json -o "$T/records" "$@" -- "$WORKLOADS/suspect" stacks 12
	want_rc 0
	want_suspected 1 stack '"severity":"warning".*"text":"12 stacks of threads that have ended are kept, 96M'
	grep -q '"kept_stacks":12,"kept_stack_bytes":100663296' "$T/records" || fail "the summary does not tell of them"
}

stacks_are_joined() {
	mt --json -o "$T/records" -- "$WORKLOADS/suspect" joined 12
	want_rc 0
	want_suspected 0 stack
}

# It is gone half a second after the start, and looked for more and more seldom.
files_are_gone() { # OPTION...
	cp "$WORKLOADS/suspect" "$T/library"
	mt --json -o "$T/records" "$@" -- "$WORKLOADS/suspect" unlink "$T/library"
	want_rc 0
	want_suspected 1 deleted '"severity":"warning".*"region":".*/library".*restart the program'
	want_suspected 1 deleted '"severity":"info".*"region":"/tmp/memtrace-work-'
	want_suspected 2 deleted
}

# A cgroup of 64 MiB with 46 in use and python; v2, or v1 where it has the memory controller.
cgroup_fills() {
	local dir max
	case $(grep -c ':memory:' /proc/self/cgroup) in
	0) dir=/sys/fs/cgroup/memtrace-test-$$-$BASHPID max=memory.max ;;
	*) dir=/sys/fs/cgroup/memory/memtrace-test-$$-$BASHPID max=memory.limit_in_bytes ;;
	esac
	if ! mkdir "$dir" 2>/dev/null || ! echo $((64 << 20)) 2>/dev/null >"$dir/$max"; then
		rmdir "$dir" 2>/dev/null
		detail "no cgroup with a memory limit can be made here: nothing was tested"
		return
	fi
	mt --json -o "$T/records" -- sh -c 'echo $$ >"$1/cgroup.procs" && exec python3 -c "import time
a = b\"x\" * (46 << 20)
time.sleep(5)"' sh "$dir"
	rmdir "$dir"
	want_rc 0
	want_suspected 1 near '"severity":"warning".*"text":"[56][0-9.]*M anonymous and shared in the cgroup: [89][0-9]% of memory.max, 64M'
	detail "${dir%/memtrace*}"
}

check "suspects: one site leaks" one_site_leaks
check "suspects: nothing leaks" nothing_leaks
check "suspects: stacks stay" stacks_stay
check "suspects: stacks stay, tier calls" stacks_stay --tier calls
check "suspects: stacks are joined" stacks_are_joined
check "suspects: files are gone" files_are_gone
check "suspects: files are gone, tier calls" files_are_gone --tier calls
check "suspects: files are gone, by name" files_are_gone -s none
check "suspects: a cgroup fills" cgroup_fills
