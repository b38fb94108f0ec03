// SPDX-License-Identifier: GPL-2.0
/* Changes of protection in the closing report; see report_protections.h. */
#include "report_protections.h"

#include <inttypes.h>
#include <stdio.h>

#include "colour.h"
#include "core/observer.h"

#define RULES_MAX 3 /* rules that are named */

/* Of what needs no look: how many there were. */
static void counts(struct report_line *l, const struct prot_sums *sums)
{
	const struct {
		uint64_t count;
		const char *text;
	} parts[] = {
		{ sums->count[PROT_HARDENED], "hardened" },
		{ sums->count[PROT_GUARD], "guards" },
		{ sums->allowed, "allowed" },
	};
	const char *separator = ": ";

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].count)
			continue;
		report_line__add(l, "%s%" PRIu64 " %s", separator, parts[i].count, parts[i].text);
		separator = ", ";
	}
}

static void place_line(struct report_line *l, const struct prot_site *site)
{
	const char *severity = severity__name((enum severity)site->severity);
	char text[512], count[40] = "";

	report_line__begin(l, "");
	if (site->count > 1)
		snprintf(count, sizeof(count), ", %" PRIu64 " times", site->count);
	if (site->call != MT_CALL_NONE)
		snprintf(text, sizeof(text), ": %s (%s, %s%s)", site->text, call__name(site->call),
			 site->name, count);
	else
		snprintf(text, sizeof(text), ": %s (%s%s)", site->text, site->name, count);
	if (site->severity != SEVERITY_INFO)
		report_line__paint(l, COLOUR_RED, "%s", severity);
	else
		report_line__add(l, "%s", severity);
	report_line__add_middle(l, 0, text);
	report_line__end(l);
}

void report_protections__process(struct report_line *l, const struct process *p, size_t max)
{
	size_t order[PROT_SITES_MAX], n = prot_sums__order(&p->prot, order), told, i;
	uint64_t more = 0;

	report_line__begin(l, "protections");
	report_line__add(l, "%" PRIu64 " changed", p->protections);
	counts(l, &p->prot);
	report_line__end(l);
	told = n <= max ? n : max > 1 ? max - 1 : max;
	for (i = 0; i < told; i++)
		place_line(l, &p->prot.sites[order[i]]);
	for (; i < n; i++)
		more += p->prot.sites[order[i]].count;
	if (!more || told == max)
		return;
	report_line__begin(l, "");
	report_line__add(l, "and %" PRIu64 " more at %zu places", more, n - told);
	report_line__end(l);
}

void report_protections__allowed(struct report_line *l, const struct allow *allow)
{
	uint64_t sum = 0;
	size_t i, told = 0, used = 0;

	if (!allow || !allow->n)
		return;
	for (i = 0; i < allow->n; i++) {
		sum += allow->rules[i].count;
		used += allow->rules[i].count != 0;
	}
	report_line__begin(l, NULL);
	report_line__add(l, "%" PRIu64 " change%s of protection allowed", sum, sum == 1 ? "" : "s");
	for (i = 0; i < allow->n && told < RULES_MAX; i++) {
		if (allow->rules[i].count)
			report_line__add(l, "%s%s %" PRIu64, told++ ? ", " : " by: ",
					 allow->rules[i].text, allow->rules[i].count);
	}
	if (used > told)
		report_line__add(l, " and %zu more rules", used - told);
	report_line__end(l);
}
