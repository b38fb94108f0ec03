// SPDX-License-Identifier: GPL-2.0
/*
 * Rules of what is allowed, from the command line and from files: text in, rules
 * out. A file is a stranger's: its size, lines and rules are bounded.
 */
#include "allow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/escape.h"

#define FILE_MAX (1u << 20)
#define RULE_MAX 1024 /* bytes */

static const char *const term_names[ALLOW_KEY_NR] = {
#define X(id, name, text) [ALLOW_##id] = name,
	ALLOW_TERMS(X)
#undef X
};

/* What is quoted in a complaint is escaped and short: it may be any bytes. */
struct quote {
	char text[ESCAPE_ROOM(64)];
};

static const char *quote(struct quote *q, const char *text, size_t len)
{
	escape__bytes(q->text, sizeof(q->text), text, len < 64 ? len : 64, 0);
	return q->text;
}

static enum allow_key key_of(const char *text, size_t len)
{
	int key;

	for (key = 0; key < ALLOW_KEY_NR; key++) {
		if (strlen(term_names[key]) == len && !strncmp(term_names[key], text, len))
			break;
	}
	return (enum allow_key)key;
}

static int term__check(const struct allow_term *term, char *why, size_t why_len)
{
	struct quote q;

	if (term->key != ALLOW_CLASS || allow__class_exists(term->pattern))
		return 0;
	snprintf(why, why_len,
		 "no class is called '%s': there are W+X, W>X, X>W, stack-exec and heap-exec",
		 quote(&q, term->pattern, strlen(term->pattern)));
	return -EINVAL;
}

/* One term, "comm:node". */
static int term__parse(const char *text, size_t len, struct allow_rule *rule, char *why,
		       size_t why_len)
{
	const char *colon = memchr(text, ':', len);
	size_t name = colon ? (size_t)(colon - text) : len;
	enum allow_key key = key_of(text, name);
	struct allow_term *term = &rule->terms[rule->n];
	struct quote q;

	if (!len) {
		snprintf(why, why_len, "a term is empty");
	} else if (!colon || key == ALLOW_KEY_NR) {
		snprintf(why, why_len,
			 "'%s' is no term: there are path:GLOB, comm:GLOB, class:GLOB and "
			 "stack:GLOB",
			 quote(&q, text, len));
	} else if (name + 1 == len) {
		snprintf(why, why_len, "nothing follows '%s:'", term_names[key]);
	} else if (rule->n == ALLOW_RULE_TERMS) {
		snprintf(why, why_len, "it has more than %d terms", ALLOW_RULE_TERMS);
	} else {
		term->key = key;
		term->pattern = strndup(colon + 1, len - name - 1);
		rule->n += term->pattern != NULL;
		return term->pattern ? term__check(term, why, why_len) : -ENOMEM;
	}
	return -EINVAL;
}

static int terms__parse(const char *text, size_t len, struct allow_rule *rule, char *why,
			size_t why_len)
{
	const char *comma;
	size_t term;
	int err;

	for (;;) {
		comma = memchr(text, ',', len);
		term = comma ? (size_t)(comma - text) : len;
		err = term__parse(text, term, rule, why, why_len);
		if (err || !comma)
			return err;
		text += term + 1;
		len -= term + 1;
	}
}

static int rule__parse(struct allow *allow, const char *text, size_t len, char *why, size_t why_len)
{
	struct allow_rule *rules, rule = { .n = 0 };
	char escaped[ESCAPE_ROOM(RULE_MAX)];
	int err;

	if (len > RULE_MAX || allow->n == ALLOW_RULES_MAX) {
		snprintf(why, why_len, len > RULE_MAX ? "a rule is longer than %d bytes" :
							"there are more than %d rules",
			 len > RULE_MAX ? RULE_MAX : ALLOW_RULES_MAX);
		return -EINVAL;
	}
	err = terms__parse(text, len, &rule, why, why_len);
	escape__bytes(escaped, sizeof(escaped), text, len, 0);
	rule.text = err ? NULL : strdup(escaped);
	rules = rule.text ? realloc(allow->rules, (allow->n + 1) * sizeof(rule)) : NULL;
	if (rules) {
		allow->rules = rules;
		allow->rules[allow->n++] = rule;
		return 0;
	}
	while (rule.n)
		free(rule.terms[--rule.n].pattern);
	free(rule.text);
	return err ? err : -ENOMEM;
}

int allow__parse_rule(const char *text, void *field, char *why, size_t why_len)
{
	return rule__parse(field, text, strlen(text), why, why_len);
}

/* The whole file in *ret, which the caller frees: its length, or -errno. */
static long read_file(const char *path, char **ret)
{
	/* A fifo without a writer is no reason to wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t len = 0;
	struct stat st;
	ssize_t n = 0;
	int err = 0;

	*ret = NULL;
	if (fd < 0)
		return -errno;
	*ret = malloc(FILE_MAX + 1);
	if (!*ret)
		err = -ENOMEM;
	else if (fstat(fd, &st))
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	while (!err && len <= FILE_MAX && (n = read(fd, *ret + len, FILE_MAX + 1 - len)) > 0)
		len += (size_t)n;
	if (!err && n < 0)
		err = -errno;
	close(fd);
	return err ? err : len > FILE_MAX ? -EFBIG : (long)len;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* One line of a file: a rule, or nothing, or a comment. */
static int line__parse(struct allow *allow, const char *line, size_t len, char *why, size_t why_len)
{
	while (len && is_blank(line[len - 1]))
		len--;
	for (; len && is_blank(*line); line++)
		len--;
	if (!len || *line == '#')
		return 0;
	if (memchr(line, '\0', len)) {
		snprintf(why, why_len, "it holds a NUL byte");
		return -EINVAL;
	}
	return rule__parse(allow, line, len, why, why_len);
}

int allow__parse_file(const char *path, void *field, char *why, size_t why_len)
{
	char line_why[256] = "", *text;
	const char *at, *newline;
	long len = read_file(path, &text);
	unsigned long line = 0;
	int err = len < 0 ? (int)len : 0;
	struct quote q;

	if (err && err != -ENOMEM) {
		snprintf(why, why_len, "cannot read %s: %s", quote(&q, path, strlen(path)),
			 strerror(-err));
		err = -EINVAL;
	}
	for (at = text; !err && at < text + len; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(text + len - at));
		if (!newline)
			newline = text + len;
		line++;
		err = line__parse(field, at, (size_t)(newline - at), line_why, sizeof(line_why));
		if (err == -EINVAL)
			snprintf(why, why_len, "%s:%lu: %s", quote(&q, path, strlen(path)), line,
				 line_why);
	}
	free(text);
	return err;
}
