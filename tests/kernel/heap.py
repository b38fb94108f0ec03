# SPDX-License-Identifier: GPL-2.0
# heap.py MEMTRACE WORKLOAD MODE [OPTION...]: traces a program whose heap is known, and
# holds memtrace's samples and summary against that and against smaps as read here.
import json
import os
import subprocess
import sys
import time

KIB, MIB, PAGE = 1 << 10, 1 << 20, 4096
WINDOW = 64 * MIB
JEMALLOC = "libjemalloc.so.2"
wrong = []


def expect(what, want, got):
    if want != got:
        wrong.append(f"{what}: expected {want}, got {got}")


def expect_within(what, low, high, got):
    if not low <= (got or 0) <= high:
        wrong.append(f"{what}: expected {low} to {high}, got {got}")


def smaps_of(pid):
    """start, end, accessible, resident of each region, as the kernel tells now."""
    regions = []
    for line in open(f"/proc/{pid}/smaps"):
        word = line.split()[0]
        if word == "Rss:":
            regions[-1][3] = int(line.split()[1]) * KIB
        elif "-" in word and not word.endswith(":"):
            start, end = (int(x, 16) for x in word.split("-"))
            regions.append([start, end, line.split()[1][:3] != "---", 0])
    return [r for r in regions if r[0] < 1 << 63]


def arenas_of(regions):
    """committed, reserved, resident of what has the shape of an arena."""
    sums = [0, 0, 0]
    for at, rest in zip(regions, regions[1:]):
        if (at[0] % WINDOW == 0 and at[2] and not rest[2] and at[1] == rest[0] and
                rest[1] == at[0] + WINDOW):
            sums[0] += at[1] - at[0]
            sums[1] += rest[1] - rest[0]
            sums[2] += at[3]
    return sums


def wait_for_samples(records, pid, n):
    """So many more than there are: the machine may be slow."""
    deadline, first = time.monotonic() + 15, None
    while time.monotonic() < deadline:
        with open(records) as file:
            got = sum('"type":"sample"' in line and f'"pid":{pid},' in line for line in file)
        first = got if first is None else first
        if got >= first + n:
            return
        time.sleep(0.05)
    wrong.append(f"expected {n} more samples within 15 s, got {got - first}")


def trace(memtrace, workload, mode, options):
    records = os.path.join(os.environ["T"], "records")
    command = [memtrace, "--json", "-i", "0.2", "-o", records, *options, "--", workload, mode]
    env = dict(os.environ)
    if mode == "jemalloc":
        env["LD_PRELOAD"] = JEMALLOC
        env["MALLOC_CONF"] = "narenas:1,tcache:false,dirty_decay_ms:-1,muzzy_decay_ms:0"
        command[command.index("--") + 1:] = ["env", "LD_PRELOAD=" + env.pop("LD_PRELOAD"),
                                             workload, mode]
    run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
    if run.stdout.readline() != b"ready\n":
        run.kill()
        sys.exit("the program did not get ready")
    pid = int(open(f"/proc/{run.pid}/task/{run.pid}/children").read().split()[0])
    wait_for_samples(records, pid, 3)
    regions = smaps_of(pid)
    run.stdin.close()
    expect("exit status", 0, run.wait(timeout=20))
    return pid, regions, [json.loads(line) for line in open(records)]


def check_totals(sample, regions):
    """All that is mapped is some part's; in memory is what the kernel says."""
    accessible = sum(r[1] - r[0] for r in regions if r[2])
    expect("committed", accessible, sample["committed"])
    expect("reserved", sum(r[1] - r[0] for r in regions) - accessible, sample["reserved"])
    expect("resident", sum(r[3] for r in regions), sample.get("resident"))
    for key in ("reserved", "committed", "returned", "resident"):
        expect(f"the sum of {key}", sum(p.get(key, 0) for p in sample["parts"].values()),
               sample.get(key, 0))


def check_part(sample, name, **want):
    part = sample["parts"].get(name, {})
    for key, value in want.items():
        expect(f"{name} {key}", value, part.get(key, 0))


def check(mode, sample, regions, stacks):
    block, odd = MIB + PAGE, 74 * PAGE
    blocks = 10 * block + (4 * odd if stacks else 0)
    if mode == "break":
        check_part(sample, "break", committed=3 * MIB, peak=4 * MIB, returned=MIB, reserved=0,
                   resident=MIB)
    elif mode == "large":
        check_part(sample, "large-blocks", committed=blocks, peak=blocks + 6 * block,
                   returned=6 * block, resident=blocks)
        # Without stacks the blocks of odd sizes are not known to be any.
        expect_within("anonymous", 5 * MIB + (0 if stacks else 4 * odd), 6 * MIB + 4 * odd,
                      sample["parts"]["anonymous"]["committed"])
    elif mode == "arenas":
        committed, reserved, resident = arenas_of(regions)
        expect_within("bytes in arenas by shape", 8 * 6000 * 500, 8 * 7 * MIB, committed)
        check_part(sample, "arena", committed=committed, reserved=reserved, resident=resident)
        expect_within("arena returned", 8 * 2 * MIB, 8 * 8 * MIB,
                      sample["parts"].get("arena", {}).get("returned"))
        check_part(sample, "thread-stack", reserved=8 * PAGE, committed=8 * 8 * MIB)
    elif mode == "jemalloc":
        part = sample["parts"].get("allocator", {})
        expect("allocators", "jemalloc", sample.get("allocators"))
        expect_within("allocator committed", 64 * MIB, 90 * MIB, part.get("committed"))
        expect_within("allocator returned", 60 * MIB, 90 * MIB, part.get("returned"))
        expect_within("allocator resident", 4 * KIB, 6 * MIB, part.get("resident"))


def main():
    memtrace, workload, mode, *options = sys.argv[1:]
    pid, regions, records = trace(memtrace, workload, mode, options)
    samples = [r for r in records if r["type"] == "sample" and r["pid"] == pid]
    if samples:
        check_totals(samples[-1], regions)
        check(mode, samples[-1], regions, "none" not in options)
    end = next(p for p in records[-1]["processes"] if p["pid"] == pid)
    expect("the sum at the end", end["at_end"]["accessible"],
           sum(p["committed"] for p in end["heap_at_end"].values()))
    expect("the sum at the peak", end["peak"]["accessible"], sum(end["heap_at_peak"].values()))
    part = {"break": "break", "large": "large-blocks", "arenas": "arena"}.get(mode, "allocator")
    if samples and samples[-1]["parts"].get(part):
        got = samples[-1]["parts"][part]
        print(", ".join(f"{k} {v}" for k, v in got.items()), end="")
    sys.exit("\n".join(wrong) if wrong else 0)


main()
