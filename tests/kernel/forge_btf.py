# SPDX-License-Identifier: GPL-2.0
# Writes a copy of the kernel's type information in which members of structs
# lie elsewhere: forge_btf.py OUT STRUCT.MEMBER+BYTES... (Documentation/bpf/btf.rst)
import re
import struct
import sys

SOURCE = "/sys/kernel/btf/vmlinux"
STRUCT, UNION = 4, 5
# What follows struct btf_type: bytes for each of vlen, and once.
EACH = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}
ONCE = {1: 4, 3: 12, 14: 4, 17: 4}


def read_types(data):
    """Yields id -> (name offset, kind, vlen, kind_flag, size or type, offset of what follows)."""
    _, _, _, hdr_len, type_off, type_len, str_off, _ = struct.unpack_from("<HBBIIIII", data)
    at, end, types = hdr_len + type_off, hdr_len + type_off + type_len, [None]
    while at < end:
        name, info, size = struct.unpack_from("<III", data, at)
        kind, vlen = info >> 24 & 31, info & 0xffff
        types.append((name, kind, vlen, info >> 31, size, at + 12))
        at += 12 + EACH.get(kind, 0) * vlen + ONCE.get(kind, 0)
    return types, hdr_len + str_off


def text(data, at):
    return bytes(data[at:data.index(0, at)]).decode()


def find(data, types, strings, number, member):
    """Where the offset of a member is kept, in anonymous structs within as well."""
    _, kind, vlen, _, _, at = types[number]
    if kind not in (STRUCT, UNION):
        return None
    for at in range(at, at + 12 * vlen, 12):
        name, inner, _ = struct.unpack_from("<III", data, at)
        if text(data, strings + name) == member:
            return at + 8
        found = None if name and data[strings + name] else find(data, types, strings, inner, member)
        if found:
            return found
    return None


def main(out, *forgeries):
    data = bytearray(open(SOURCE, "rb").read())
    types, strings = read_types(data)
    for forgery in forgeries:
        name, member, by = re.fullmatch(r"(\w+)\.(\w+)([+-]\d+)", forgery).groups()
        places = {find(data, types, strings, i, member) for i, t in enumerate(types)
                  if t and t[1] == STRUCT and text(data, strings + t[0]) == name}
        places.discard(None)
        if not places:
            sys.exit(f"forge_btf.py: {SOURCE} has no {name}.{member}")
        for place in places:
            offset, = struct.unpack_from("<I", data, place)
            struct.pack_into("<I", data, place, offset + 8 * int(by))
    open(out, "wb").write(data)


main(*sys.argv[1:])
