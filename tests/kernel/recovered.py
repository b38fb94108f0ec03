# SPDX-License-Identifier: GPL-2.0
# How long maps were uncertain, by the state records of a file: recovered.py FILE
# prints "TIMES MAX-SECTIONS MEDIAN-MS MAX-MS", how many were left so, and how often it
# took more than 8 sections.
import json
import sys

since, times, sections = {}, [], [0]
for line in open(sys.argv[1]):
    record = json.loads(line)
    if record["type"] != "state":
        continue
    if not record["exact"]:
        since.setdefault(record["space"], record["ts"])
    elif record["space"] in since:
        times.append((record["ts"] - since.pop(record["space"])) / 1e6)
        sections.append(record.get("sections", 0))
times.sort()
median, most = (times[len(times) // 2], times[-1]) if times else (0, 0)
print(len(times), max(sections), f"{median:.1f} {most:.1f}", len(since), sum(n > 8 for n in sections))
