// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults of the virtual card: at=N:ACTION, NAME:ACTION, NAME@N:ACTION, pull-at=N.
 * drop: gone for a moment before it is done. lose: done, the answer is lost, gone for a
 * moment. pull: gone before it is done, until inserted. short, long: half of the data or
 * more of it, with the status word. cut: the first half of the answer.
 */
#include "tests/vcard/priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool number(const char *s, unsigned base, unsigned max, unsigned *ret)
{
	char *end = NULL;
	unsigned long x = strtoul(s, &end, (int)base);
	if (*s == '\0' || *end != '\0' || x > max)
		return false;
	*ret = (unsigned)x;
	return true;
}

static bool parse_action(const char *s, struct fault *f)
{
	static const struct {
		const char *name;
		enum action action;
	} known[] = {
	        {"drop",    ACT_DROP   },
                {"lose",    ACT_LOSE   },
                {"long",    ACT_LONG   },
	        {"cut",     ACT_CUT    },
                {"hang",    ACT_HANG   },
                {"pull",    ACT_PULL   },
	        {"garbage", ACT_GARBAGE},
                {"short",   ACT_SHORT  },
	};
	unsigned sw = 0;
	if (strncmp(s, "sw=", 3) == 0 && number(s + 3, 16, 0xFFFF, &sw)) {
		f->action = ACT_SW;
		f->sw = (uint16_t)sw;
		return true;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(s, known[i].name) == 0) {
			f->action = known[i].action;
			return true;
		}
	}
	return false;
}

static bool parse_one(char *s, struct fault *f)
{
	if (strncmp(s, "pull-at=", 8) == 0) {
		f->action = ACT_PULL;
		return number(s + 8, 10, 1000000, &f->at) && f->at > 0;
	}
	char *colon = strchr(s, ':');
	if (colon == NULL || !parse_action(colon + 1, f))
		return false;
	*colon = '\0';
	if (strncmp(s, "at=", 3) == 0)
		return number(s + 3, 10, 1000000, &f->at) && f->at > 0;
	char *mark = strchr(s, '@');
	if (mark != NULL) {
		*mark = '\0';
		if (!number(mark + 1, 10, 1000000, &f->at) || f->at == 0)
			return false;
	}
	if (*s == '\0' || strlen(s) >= sizeof(f->name))
		return false;
	memcpy(f->name, s, strlen(s) + 1);
	return true;
}

bool vcard_fault(struct vcard *v, const char *spec)
{
	if (spec == NULL || *spec == '\0') {
		v->n_faults = 0;
		v->hung = false;
		return true;
	}
	char *copy = strdup(spec), *rest = copy, *one = NULL;
	bool ok = copy != NULL;
	while (ok && (one = strsep(&rest, ",")) != NULL) {
		struct fault f = {0};
		ok = v->n_faults < MAX_FAULTS && parse_one(one, &f);
		if (ok && f.name[0] == '\0')
			f.count = v->n_apdus; /* from now on */
		if (ok)
			v->faults[v->n_faults++] = f;
	}
	free(copy);
	return ok;
}

const struct fault *fault_match(struct vcard *v, const char *name, bool last)
{
	const struct fault *hit = NULL;
	for (size_t i = 0; i < v->n_faults; i++) {
		struct fault *f = &v->faults[i];
		if (f->name[0] != '\0' && (!last || strcasecmp(f->name, name) != 0))
			continue;
		if (f->name[0] != '\0')
			f->count++;
		unsigned seen = f->name[0] != '\0' ? f->count : v->n_apdus - f->count;
		if (hit == NULL && (f->at == 0 || f->at == seen))
			hit = f;
	}
	return hit;
}
