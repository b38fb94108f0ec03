# SPDX-License-Identifier: GPL-2.0
"""Whether memtrace's closing record agrees with what a program said of itself:

  answers.py exact RECORDS TRUTH     every call sampled: bytes and kept within 1%
  answers.py sample RECORDS TRUTH    bytes within the interval that is told, and the largest
                                     of them within a quarter
  answers.py returns RECORDS TRUTH   at least as many bytes, for an allocator asks for more,
                                     and as many given back: what it has more is kept

TRUTH has lines "FUNCTION BYTES KEPT", the site that must come first at the top. A site
is a function's when that is the first of our functions in its words.
"""
import json
import sys


def closing(path):
    with open(path) as f:
        for line in f:
            record = json.loads(line)
            if record["type"] == "summary":
                return record
    sys.exit("no summary")


def who(site, names):
    """The function that it is a site of, innermost first."""
    for name in names:
        if any(part.startswith(name + " (") for part in site["who"].split(" < ")):
            return name
    return None


def total(sites, name, names, field):
    return sum(s.get(field, 0) for s in sites if who(s, names) == name)


def main(how, records, truth):
    summary = closing(records)
    expected = [line.split() for line in open(truth)]
    names = [e[0] for e in expected]
    process = max(summary["processes"], key=lambda p: sum(s["bytes"] for s in p["sites"]
                                                          if who(s, names)))
    sites = process["sites"]
    everything = summary["stacks_unwound"] == summary["stacks_asked"]
    wrong, said = [], []
    first = who(sites[0], names) if sites else None
    if first != names[0]:
        wrong.append(f"expected {names[0]} first, got {sites[0]['who'] if sites else 'no site'}")
    if everything != (how != "sample"):
        wrong.append(f"stacks of {summary['stacks_unwound']} of {summary['stacks_asked']} calls")
    for name, *numbers in expected:
        want, keep = (int(n) for n in numbers)
        got, kept = (total(sites, name, names, f) for f in ("bytes", "kept"))
        error = total(sites, name, names, "error_bytes")
        said.append(f"{name} {got} of {want} bytes, +-{error}, kept {kept} of {keep}")
        if how == "exact" and (abs(got - want) > want / 100 or abs(kept - keep) > want / 100 or error):
            wrong.append(f"expected {name} {want} bytes, kept {keep}; got {got}, kept {kept}, +-{error}")
        if how == "sample" and not got - error <= want <= got + error:
            wrong.append(f"expected {name} {want} bytes, got {got} +-{error}")
        if how == "returns" and (got < want or got - kept < want or got > 1.5 * want):
            wrong.append(f"expected {name} {want} bytes or some more, as many returned; got {got}, "
                         f"kept {kept}")
    if how == "sample":
        name, want, _ = max(expected, key=lambda e: int(e[1]))
        got = total(sites, name, names, "bytes")
        if abs(got - int(want)) > int(want) / 4:
            wrong.append(f"expected {name} {want} bytes within a quarter, got {got}")
    print("; ".join(said))
    if wrong:
        sys.exit("; ".join(wrong))


main(*sys.argv[1:])
