/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names chosen by strangers (comm, paths, anonymous names) made safe, once, on
 * their way in. What comes out is printable UTF-8 and may go as it is into a
 * terminal, a log or, between quotes, JSON. Knows nothing of outputs.
 */
#ifndef MEMTRACE_UTIL_ESCAPE_H
#define MEMTRACE_UTIL_ESCAPE_H

#include <stddef.h>

/* Every byte becomes at most 4. */
#define ESCAPE_ROOM(len) ((len)*4 + 1)

enum escape_flags {
	/*
	 * A backslash becomes \134, so that the text can be turned back: for
	 * comm and anonymous names. Not for paths: /proc/PID/maps does not do
	 * it (fs/seq_file.c, mangle_path with "\n"), what was read from there
	 * is escaped already, and our lines are to equal the kernel's.
	 */
	ESCAPE_BACKSLASH = 1 << 0,
};

/*
 * Writes src to dst and ends it with a NUL. Control bytes, what is not UTF-8,
 * and characters that steer a terminal or hide (C1, line separators, bidi
 * marks, zero widths) become \ooo, byte for byte, as in /proc/PID/maps and ls -b.
 * Where size is too small the text is cut before the character that does not
 * fit. Returns the length without the NUL. size must not be 0; dst must not
 * overlap src.
 */
size_t escape__bytes(char *dst, size_t size, const char *src, size_t len, unsigned int flags);

#endif
