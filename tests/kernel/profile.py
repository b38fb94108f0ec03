#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# Reads what --folded and --pprof wrote by the formats' own rules, and compares
# their sums with the summary of the same run: profile.py RECORDS FOLDED PROFILE.
# The profile is read by protobuf's encoding alone, with the numbers of fields that
# https://github.com/google/pprof/blob/main/proto/profile.proto gives.
import gzip
import json
import re
import sys


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def fields(data):
    """{number: [values]}; of what is packed the bytes."""
    at, found = 0, {}
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            size, at = varint(data, at)
            value, at = data[at : at + size], at + size
            assert len(value) == size, "a field that ends after the data"
        else:
            raise AssertionError(f"wire type {key & 7}")
        found.setdefault(key >> 3, []).append(value)
    return found


def packed(found, number):
    values = []
    for value in found.get(number, []):
        if isinstance(value, int):
            values.append(value)
            continue
        at = 0
        while at < len(value):
            one, at = varint(value, at)
            values.append(one)
    return values


def one(found, number):
    return found.get(number, [0])[-1]


def read_profile(path):
    top = fields(gzip.open(path).read())
    strings = [s.decode() for s in top[6]]
    assert strings[0] == "" and len(set(strings)) == len(strings), "the table of strings"
    types = [strings[one(fields(t), 1)] + "/" + strings[one(fields(t), 2)] for t in top[1]]
    assert types == ["alloc_space/bytes", "alloc_objects/count", "inuse_space/bytes"], types
    assert strings[one(top, 14)] == "inuse_space", "the default type"
    mappings = {one(m, 1): m for m in map(fields, top.get(3, []))}
    functions = {one(f, 1): strings[one(f, 2)] for f in map(fields, top.get(5, []))}
    locations = {}
    for location in map(fields, top[4]):
        number, mapping = one(location, 1), one(location, 2)
        assert number and number not in locations, f"location {number}"
        if mapping:
            m = mappings[mapping]
            assert one(m, 2) <= one(location, 3) < one(m, 3), f"address of location {number}"
        lines = [functions[one(fields(l), 1)] for l in location.get(4, [])]
        locations[number] = lines[0] if lines else ""
    sums, pids = [0, 0, 0], set()
    for sample in map(fields, top[2]):
        values, ids = packed(sample, 2), packed(sample, 1)
        assert len(values) == 3 and ids and all(i in locations for i in ids), "a sample"
        sums = [a + b for a, b in zip(sums, values)]
        labels = {strings[one(l, 1)]: l for l in map(fields, sample[3])}
        assert "comm" in labels, "no comm"
        pids.add(one(labels["pid"], 3))
    for m in mappings.values():
        assert strings[one(m, 5)], "a mapping without a file"
    return sums, pids, set(locations.values()), [strings[one(m, 6)] for m in mappings.values()]


def read_folded(path):
    """As flamegraph.pl does: /^(.*)\\s+?(\\d+(?:\\.\\d*)?)$/, and no second number before it."""
    total, stacks = 0, set()
    for line in open(path, encoding="utf-8", newline="\n"):
        match = re.fullmatch(r"(\S.*) (\d+)\n", line)
        assert match, f"a line that is none: {line!r}"
        stack = match[1]
        assert not re.search(r"\s\d+(\.\d*)?$", stack), f"two values: {line!r}"
        assert not re.search(r"[\x00-\x1f\x7f]", stack), f"a control byte: {line!r}"
        frames = stack.split(";")
        assert len(frames) > 1 and all(frames), f"an empty frame: {line!r}"
        assert re.fullmatch(r"\S+-\d+|others", frames[0]), f"no process: {line!r}"
        assert stack not in stacks and int(match[2]), f"twice, or nothing: {line!r}"
        stacks.add(stack)
        total += int(match[2])
    return total, stacks


def main():
    records, folded, profile = sys.argv[1:4]
    summary = [json.loads(line) for line in open(records)][-1]
    parts = [p["sites_sum"] for p in summary["processes"]] + [summary["other"]["sites_sum"]]
    expected = [sum(p[k] for p in parts) for k in ("bytes", "calls", "kept")]
    allocated, stacks = read_folded(folded)
    kept, kept_stacks = read_folded(folded + ".kept")
    sums, pids, names, ids = read_profile(profile)
    assert sums == expected, f"expected the summary's {expected}, got {sums} in the profile"
    got = [allocated, kept]
    want = [expected[0], expected[2]]
    assert got == want, f"expected the summary's {want}, got {got} folded"
    known = {p["pid"] for p in summary["processes"] if p["sites_sum"]["bytes"]} | {0}
    assert pids <= known, f"expected processes {known}, got {pids}"
    # Each site of the summary, which are the largest, has its bytes.
    for name in sys.argv[4:]:
        assert any(name in s for s in stacks), f"{name} is in no folded stack"
        assert name in names, f"{name} is in no location"
    if any(";main" in s for s in stacks):
        assert any(re.fullmatch(r"[0-9a-f]{16,}", i) for i in ids), "no build id"
    print(f"{len(stacks)} stacks, {expected[0]} bytes, {expected[2]} kept")


main()
