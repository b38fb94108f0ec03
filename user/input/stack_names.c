// SPDX-License-Identifier: GPL-2.0
/*
 * Demangling by libstdc++, which knows C++ and what Rust took over from it, and by
 * libiberty, which knows Rust's newer names ("_R": RFC 2603).
 */
#include "stack_names.h"

#include <libiberty/demangle.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/escape.h"

#define MANGLED_MAX 1024
#define EXPANSION_MAX (1u << 14)
#define REFERENCES_MAX (MANGLED_MAX / 2) /* "S_" is the shortest */

/* cxxabi.h, which is for C++ alone. */
char *__cxa_demangle(const char *mangled, char *buf, size_t *len, int *status);

/* "S1_", "S_", "T0_": which of the parts before it is meant here again; its length, or 0. */
static size_t reference_at(const char *at)
{
	size_t n = *at == 'S' || *at == 'T' ?
			   1 + strspn(at + 1, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") :
			   0;

	return n && at[n] == '_' ? n + 1 : 0;
}

/* "B4_" in a name of Rust's: what began at that byte is meant here again; its length, or 0. */
static size_t rust_reference_at(const char *at)
{
	size_t n = *at == 'B' ? 1 + strspn(at + 1, "0123456789abcdefghijklmnopqrstuvwxyz"
						   "ABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;

	return n && at[n] == '_' ? n + 1 : 0;
}

struct reference {
	const char *at;
	size_t len;
	uint32_t times;
};

/* Counts it with its like; returns how many there are now. */
static size_t note_reference(struct reference *refs, size_t n, const char *at, size_t len)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (refs[i].len == len && !memcmp(refs[i].at, at, len)) {
			refs[i].times++;
			return n;
		}
	}
	refs[n] = (struct reference){ at, len, 1 };
	return n + 1;
}

/*
 * A part that is referred to once stands there twice, and in what refers to that
 * four times: a short name can stand for more text than there is memory. Each part
 * is there once more than it is referred to, and the text at most as many times as
 * long as all of these multiplied. References that are lumped together would count
 * for too little: their numbers add up then instead of being multiplied.
 */
static bool is_bounded(const char *mangled, size_t (*find)(const char *at))
{
	struct reference refs[REFERENCES_MAX];
	uint64_t product = 1;
	size_t n = 0, len, i;

	if (strnlen(mangled, MANGLED_MAX) == MANGLED_MAX)
		return false;
	for (; *mangled; mangled++) {
		len = find(mangled);
		if (len)
			n = note_reference(refs, n, mangled, len);
	}
	for (i = 0; i < n && product <= EXPANSION_MAX; i++)
		product *= refs[i].times + 1;
	return product <= EXPANSION_MAX;
}

struct text {
	char buf[STACK_NAME_LEN];
	size_t len;
};

/* What is beyond is cut: the name comes in many small parts. */
static void text__add(const char *part, size_t len, void *ctx)
{
	struct text *text = ctx;

	if (len > sizeof(text->buf) - text->len)
		len = sizeof(text->buf) - text->len;
	memcpy(text->buf + text->len, part, len);
	text->len += len;
}

/* Rust's older names end in a hash: "core::fmt::write::h0123456789abcdef". */
static size_t without_hash(const char *name, size_t len)
{
	const char *hash = name + len - 16;

	if (len < 20 || memcmp(hash - 3, "::h", 3) || strspn(hash, "0123456789abcdef") != 16)
		return len;
	return len - 19;
}

/* "RawVec$LT$T$GT$" is RawVec<T> (rustc, legacy.rs); "..": "::". In place, and never longer. */
static size_t rust_plain(char *name, size_t len)
{
	static const struct {
		const char *code, *text;
	} codes[] = {
		{ "$LT$", "<" },  { "$GT$", ">" },  { "$RF$", "&" },  { "$BP$", "*" },
		{ "$C$", "," },	  { "$LP$", "(" },  { "$RP$", ")" },  { "$u20$", " " },
		{ "$u27$", "'" }, { "$u5b$", "[" }, { "$u5d$", "]" }, { "$u7b$", "{" },
		{ "$u7d$", "}" }, { "$u7e$", "~" }, { "..", "::" },
	};
	const size_t n = sizeof(codes) / sizeof(codes[0]);
	size_t at = 0, to = 0, i;

	while (at < len) {
		for (i = 0; i < n && strncmp(name + at, codes[i].code, strlen(codes[i].code)); i++)
			;
		if (i == n) {
			name[to++] = name[at++];
			continue;
		}
		memcpy(name + to, codes[i].text, strlen(codes[i].text));
		to += strlen(codes[i].text);
		at += strlen(codes[i].code);
	}
	return to;
}

void stack_name__of_bytes(const char *bytes, size_t len, char ret[STACK_NAME_LEN])
{
	escape__bytes(ret, STACK_NAME_LEN, bytes, len, ESCAPE_BACKSLASH);
}

void stack_name__of_symbol(const char *symbol, char ret[STACK_NAME_LEN])
{
	/* "memcpy@@GLIBC_2.14" in a .symtab is memcpy. A name may be as long as its file. */
	const size_t whole = strnlen(symbol, MANGLED_MAX);
	const char *version = memchr(symbol, '@', whole);
	size_t len = version ? (size_t)(version - symbol) : whole, all;
	char *readable = NULL;
	struct text text = { .len = 0 };
	int status;

	if (!strncmp(symbol, "_R", 2) && !symbol[len] && is_bounded(symbol, rust_reference_at) &&
	    rust_demangle_callback(symbol, DMGL_AUTO, text__add, &text)) {
		stack_name__of_bytes(text.buf, text.len, ret);
		return;
	}
	if (!strncmp(symbol, "_Z", 2) && !symbol[len] && is_bounded(symbol, reference_at))
		readable = __cxa_demangle(symbol, NULL, NULL, &status);
	if (readable) {
		all = strlen(readable);
		len = without_hash(readable, all);
		if (len < all)
			len = rust_plain(readable, len);
	}
	stack_name__of_bytes(readable ? readable : symbol, len, ret);
	free(readable);
}
