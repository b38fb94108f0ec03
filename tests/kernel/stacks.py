# SPDX-License-Identifier: GPL-2.0
"""What the records of a run of the workload "stacks" say of its stacks:

  stacks.py reach FILE          how many reach main or the thread's function, and whether the
                                function that asked comes first above libc
  stacks.py chains FILE GDB     the same chains of functions as gdb's backtraces
  stacks.py offsets FILE NM     without names: whether offsets lie in the functions that nm shows
"""
import json
import re
import sys

OURS = re.compile(r"/(stacks|stripped|gone|inside)( \(deleted\))?$")
LIBC = re.compile(r"^_*(mmap|malloc|sysmalloc|int_malloc|sysmalloc_mmap|libc_malloc)")
ENDS = {"main", "stacks_thread"}


def calls(path):
    """Its calls that have a stack."""
    with open(path) as f:
        for line in f:
            record = json.loads(line)
            if record["type"] == "call" and record["comm"] in ("stacks", "stripped", "gone", "inside"):
                yield record


def ours(record):
    """Those of its own file; in a static program libc's are too, innermost."""
    frames = [f for f in record.get("stack", []) if OURS.search(f["module"])]
    while frames and LIBC.match(frames[0]["function"]):
        frames.pop(0)
    return frames


def expected(record):
    """The function that asks, of those calls that the program itself is the reason of."""
    if record["call"] != "mmap" or record.get("prot") != "PROT_READ|PROT_WRITE":
        return None
    length = record["length"]
    return "stacks_asks" if length == 12288 else "stacks_allocates" if length >= 1 << 20 and \
        length % (1 << 20) <= 8192 and length <= (2 << 20) + 8192 else None


def reach(path):
    sampled = reached = right = asked = 0
    for record in calls(path):
        wanted = expected(record)
        if not wanted or "stack" not in record:
            continue
        names = [f["function"] for f in ours(record)]
        sampled += 1
        reached += bool(ENDS & set(names)) and not record.get("stack_cut")
        asked += 1
        right += names[:1] == [wanted]
    print(f"{sampled} stacks, {reached} reach main or the thread's function, {right} of {asked} name who asked")
    if sampled < 150 or reached < 0.95 * sampled or right < 0.95 * asked:
        sys.exit("expected at least 150 stacks, 95% of each")


def chains(path, gdb):
    got = {tuple(f["function"] for f in ours(r) if f["function"] != "_start") for r in calls(path)
           if expected(r) == "stacks_asks" and "stack" in r}
    got.discard(())  # the dynamic loader asks for as much, before main
    wanted, chain = set(), []
    with open(gdb) as f:
        for line in f:
            frame = re.match(r"#(\d+) +(?:0x[0-9a-f]+ in )?([\w.]+)", line)
            if frame and frame[1] == "0" and chain:
                wanted.add(tuple(chain))
                chain = []
            if frame and (frame[2].startswith("stacks_") or frame[2] == "main"):
                chain.append(frame[2])
    wanted.add(tuple(chain))
    print(f"{len(got)} different stacks, {len(wanted)} in gdb")
    # Where unwinding is slow some calls are left out.
    if got - wanted or len(got) < len(wanted) // 3 or len(wanted) < 10:
        sys.exit(f"expected {sorted(wanted - got)}, got {sorted(got - wanted)}")


def offsets(path, nm):
    ranges = {}
    with open(nm) as f:
        for line in f:
            fields = line.split()
            if len(fields) == 4:
                ranges[fields[3]] = (int(fields[0], 16), int(fields[1], 16))
    checked = 0
    for record in calls(path):
        wanted = expected(record)
        frames = ours(record)
        if not wanted or not frames:
            continue
        start, size = ranges[wanted]
        at = int(frames[0]["offset"], 16)
        if frames[0]["function"] or not start < at <= start + size:
            sys.exit(f"expected no name and {wanted} at {start:#x}+{size:#x}, got {frames[0]}")
        if not frames[0].get("build_id"):
            sys.exit(f"expected a build id, got {frames[0]}")
        checked += 1
    print(f"{checked} stacks by offset and build id")
    if checked < 150:
        sys.exit("expected at least 150")


{"reach": reach, "chains": chains, "offsets": offsets}[sys.argv[1]](*sys.argv[2:])
