// SPDX-License-Identifier: GPL-2.0
/*
 * Escaping of names chosen by strangers; see escape.h. Owns the choice of what
 * is printable. Must not know what the text is a name of.
 */
#include "escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * The length of the UTF-8 sequence at s (n bytes are there) and its code point,
 * or 0 when it is none: overlong forms, surrogates and what is beyond U+10FFFF
 * are none (RFC 3629).
 */
static size_t utf8__decode(const unsigned char *s, size_t n, uint32_t *ret_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t point;
	size_t len;

	if (s[0] < 0x80) {
		*ret_point = s[0];
		return 1;
	}
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (n < len)
		return 0;
	point = s[0] & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s[i] & 0x3f);
	}
	if (point < least[len] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return len;
}

/* False for what steers a terminal, reorders text or cannot be seen. */
static bool point__printable(uint32_t point)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0x00, 0x1f },	      /* C0 */
		{ 0x7f, 0x9f },	      /* DEL and C1: U+009B is CSI */
		{ 0xad, 0xad },	      /* soft hyphen */
		{ 0x61c, 0x61c },     /* Arabic letter mark */
		{ 0x180e, 0x180e },   /* Mongolian vowel separator */
		{ 0x200b, 0x200f },   /* zero widths, left-to-right and right-to-left marks */
		{ 0x2028, 0x202e },   /* line and paragraph separators, bidi embeddings */
		{ 0x2060, 0x206f },   /* invisible operators, bidi isolates */
		{ 0xfdd0, 0xfdef },   /* noncharacters */
		{ 0xfeff, 0xfeff },   /* byte order mark */
		{ 0xfff9, 0xfffb },   /* interlinear annotation */
		{ 0xe0000, 0xe0fff }, /* tags */
	};

	if ((point & 0xfffe) == 0xfffe)
		return false; /* noncharacters at the end of each plane */
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (point >= hidden[i].first && point <= hidden[i].last)
			return false;
	return true;
}

/* ASCII that stands for itself. */
static bool is_plain(unsigned char c, unsigned int flags)
{
	return c >= 0x20 && c < 0x7f && !(c == '\\' && (flags & ESCAPE_BACKSLASH));
}

size_t escape__bytes(char *dst, size_t size, const char *src, size_t len, unsigned int flags)
{
	const unsigned char *s = (const unsigned char *)src;
	size_t out = 0, seq;
	uint32_t point;

	for (size_t i = 0; i < len; i += seq) {
		/* Nearly all that there is; a name comes with every call. */
		if (is_plain(s[i], flags) && out + 1 < size) {
			dst[out++] = src[i];
			seq = 1;
			continue;
		}
		seq = utf8__decode(s + i, len - i, &point);
		if (seq && point__printable(point) &&
		    !(point == '\\' && (flags & ESCAPE_BACKSLASH))) {
			if (out + seq >= size)
				break;
			memcpy(dst + out, s + i, seq);
			out += seq;
			continue;
		}
		if (!seq)
			seq = 1;
		if (out + 4 * seq >= size)
			break;
		for (size_t k = 0; k < seq; k++) {
			dst[out++] = '\\';
			dst[out++] = '0' + (s[i + k] >> 6);
			dst[out++] = '0' + (s[i + k] >> 3 & 7);
			dst[out++] = '0' + (s[i + k] & 7);
		}
	}
	dst[out] = '\0';
	return out;
}
