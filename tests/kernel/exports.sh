# SPDX-License-Identifier: GPL-2.0
# --folded and --pprof: files that the tools open that they are for, with the sums
# of the summary, whatever names programs have; and what becomes of them on a full disk.

exports_read() { # NAME...: what must be in them
	local said
	said=$(python3 "$KERNEL_TESTS/profile.py" "$T/records" "$T/folded" "$T/profile" "$@" 2>&1) ||
		fail "$(tail -n 1 <<<"$said")"
	detail "$said"
}

# By the description that we pack with: nothing in it has a number that we do not know.
exports_protoc() {
	command -v protoc >/dev/null || return
	gunzip <"$T/profile" | protoc --proto_path="$KERNEL_TESTS/../../user/output" \
		--decode=perftools.profiles.Profile profile.proto >"$T/decoded" || fail "protoc does not read it"
	! grep -Eq '^ *[0-9]+[: ]' "$T/decoded" || fail "an unknown field: $(grep -Em1 '^ *[0-9]+[: ]' "$T/decoded")"
}

exports_go() { # NAME
	local kept total
	command -v go >/dev/null || return
	HOME=$T PPROF_TMPDIR=$T go tool pprof -unit=bytes -nodecount=1000 -nodefraction=0 -top "$T/profile" \
		>"$T/top" 2>"$T/go.err" || fail "go tool pprof: $(head -c 200 "$T/go.err")"
	kept=$(awk '{ sum += $NF } END { print sum }' "$T/folded.kept")
	total=$(sed -n 's/.* of \([0-9]*\)B total.*/\1/p' "$T/top")
	[ "$total" = "$kept" ] || fail "go tool pprof: expected $kept bytes in all, got $total: $(head -c 300 "$T/top")"
	grep -q " $1\$" "$T/top" || fail "go tool pprof does not name $1"
	detail "go tool pprof reads it"
}

exports_command() {
	mt --json -q -o "$T/records" --folded "$T/folded" --pprof "$T/profile" -- sh -c "'$WORKLOADS/stacks'; '$WORKLOADS/sample'"
	want_rc 0
	exports_read main
	exports_protoc
	exports_go main
}

# Without stacks each call is a frame.
exports_calls() {
	mt --json -q -s none -o "$T/records" --folded "$T/folded" --pprof "$T/profile" -- "$WORKLOADS/sample"
	want_rc 0
	exports_read '[mmap]' '[brk]'
	grep -Eq '^sample-[0-9]+;\[mmap\] [0-9]+$' "$T/folded" || fail "expected sample-PID;[mmap], got $(head -n 1 "$T/folded")"
}

# Names that would part frames, lines and values, and the escapes of a perf map.
exports_hostile() {
	local name=$'a;b\n 12 \e[31m'
	cp "$WORKLOADS/stacks_lie" "$T/$name"
	mt --json -q -o "$T/records" --folded "$T/folded" --pprof "$T/profile" -- "$T/$name" 12
	want_rc 0
	exports_read
	exports_protoc
	! LC_ALL=C grep -q '[^[:print:]]' "$T/folded" || fail "a control byte: $(grep -m1 '[^[:print:]]' "$T/folded")"
}

# What is there already stays, and nothing is left beside it.
exports_small_disk() {
	mkdir "$T/disk"
	cat >"$T/inside" <<-'END'
		mount -t tmpfs -o size=8k none "$1" || exit 99
		echo before >"$1/folded"
		"$2" -q -o "$1/../report" --folded "$1/folded" -- "$3"
		rc=$?
		[ "$(cat "$1/folded")" = before ] || exit 98
		ls -A "$1"
		exit $rc
	END
	timeout -k 2 $LIMIT unshare -m sh "$T/inside" "$T/disk" "$MEMTRACE" "$WORKLOADS/stacks" >"$T/out" 2>"$T/err"
	rc=$?
	want_rc 125
	[ "$(cat "$T/out")" = folded ] || fail "expected the old file alone, got $(tr '\n' ' ' <"$T/out")"
	want_line 'cannot write to .*folded: No space left'
}

exports_full() { # STATUS ARGUMENT...
	mt -q --folded /dev/full "${@:2}"
	want_rc "$1"
	want_line 'cannot write to /dev/full: No space left'
	mt -q --pprof /dev/full "${@:2}"
	want_rc "$1"
	want_line 'cannot write to /dev/full: No space left'
	[ -c /dev/full ] || fail "/dev/full is no device any more"
}

# Told before anything runs.
exports_no_place() {
	mt --pprof "$T/none/profile" -- touch "$T/ran"
	want_rc 125
	want_line 'cannot write to .*none/profile: No such file'
	[ ! -e "$T/ran" ] || fail "COMMAND ran"
	mt --folded "$T" -d 1 -a
	want_rc 1
	want_line 'cannot write to .*: Is a directory'
}

# As with sudo in somebody's own directory: memtrace has few privileges left at the end.
exports_of_another() {
	mkdir "$T/theirs"
	echo before >"$T/theirs/folded"
	chmod 600 "$T/theirs/folded"
	chown -R nobody "$T/theirs"
	mt -q --folded "$T/theirs/folded" --pprof "$T/theirs/profile" -- "$WORKLOADS/sbrk"
	want_rc 0
	grep -q '^sbrk-' "$T/theirs/folded" || fail "it was not written: $(head -n 1 "$T/theirs/folded")"
	[ "$(stat -c %U:%a "$T/theirs/folded")" = nobody:600 ] ||
		fail "expected nobody:600, got $(stat -c %U:%a "$T/theirs/folded")"
	[ "$(find "$T/theirs" -type f | wc -l)" = 3 ] || fail "expected 3 files, got $(find "$T/theirs" -type f | tr '\n' ' ')"
}

# Its name leads to the file that we write to already.
exports_to_our_output() {
	echo before >"$T/both"
	timeout -k 2 $LIMIT "$MEMTRACE" -v --folded /dev/stdout -d 0.5 -p "$busy" >>"$T/both" 2>"$T/err" </dev/null
	rc=$?
	want_rc 0
	[ "$(head -n 1 "$T/both")" = before ] || fail "what stood there is gone: $(head -c 200 "$T/both")"
	grep -q ' munmap ' "$T/both" || fail "the events are gone: $(head -c 200 "$T/both")"
	grep -Eq '^python3-[0-9]+;.* [0-9]+$' "$T/both" || fail "there are no stacks: $(tail -n 1 "$T/both")"
}

check "exports: as their readers have them, with the sums of the summary" exports_command
check "exports: without stacks" exports_calls
check "exports: hostile names" exports_hostile
check "exports: a small disk" exports_small_disk
check "exports: a full device" exports_full 1 -d 0.5 -p "$busy"
check "exports: a full device, command" exports_full 125 -- true
check "exports: no place for them" exports_no_place
check "exports: in another user's directory" exports_of_another
check "exports: to our own output" exports_to_our_output
