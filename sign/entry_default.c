/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The default entry: which one it becomes, why, and the two files that say so. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "sign/entry_impl.h"
#include "sign/manifest.h"

static const char end[] = ".txt";

const char *default_why_text(enum default_why w)
{
	static const char *const text[] = {
	        [DEFAULT_AS_BEFORE] = "It is the same entry as before.",
	        [DEFAULT_SAME_NAME] = "It has the name of the entry that was the default "
	                              "before; what it boots has changed.",
	        [DEFAULT_WAS_FIRST] =
	                "The first entry was the default before, so the first "
	                "one is again.",
	        [DEFAULT_ASKED] = "You asked for it.",
	        [DEFAULT_NOT_WANTED] =
	                "You asked for no default: Heads will show its menu.",
	        [DEFAULT_NONE_BEFORE] =
	                "There was no default before, so there is none now: "
	                "Heads will show its menu.",
	};
	static_assert(sizeof(text) / sizeof(text[0]) == DEFAULT_WHYS_, "one for each");

	return (size_t)w < DEFAULT_WHYS_ ? text[w] : "";
}

/* "kexec_default.N.txt"?  0: no.  What it has for N, else SIZE_MAX. */
static size_t default_number(const char *name)
{
	const size_t n = strlen(name), head = strlen(KEXEC_DEFAULT);
	size_t number = 0;

	if (strncmp(name, KEXEC_DEFAULT, head) != 0 || n <= head + strlen(end) ||
	    strcmp(name + n - strlen(end), end) != 0)
		return 0;
	for (size_t i = head; i < n - strlen(end); i++) {
		if (name[i] < '0' || name[i] > '9' || number > ENTRIES_MAX)
			return SIZE_MAX;
		number = number * 10 + (size_t)(name[i] - '0');
	}
	return number > 0 ? number : SIZE_MAX;
}

struct before {
	size_t number;
	struct bytes line; /* without its newline */
};

static bool find_before(const struct kexec_set *old, struct before *ret)
{
	for (size_t i = 0; old && i < old->n; i++) {
		const size_t number = default_number(old->file[i].name);

		if (number == 0)
			continue;
		struct bytes line = {old->file[i].data, old->file[i].n};
		while (line.n > 0 && line.p[line.n - 1] == '\n')
			line.n--;
		*ret = (struct before){.number = number, .line = line};
		return true;
	}
	return false;
}

static bool same_line(const struct boot_entry *b, const struct before *was)
{
	return bytes_equal(bytes_of(b->line), was->line);
}

static bool same_name(const struct boot_entry *b, const struct before *was)
{
	return bytes_equal(bytes_of(b->name), text_field(was->line, '|', 1));
}

/* The last field that begins so: a kernel's command line. */
static struct bytes append_of(struct bytes line)
{
	static const char key[] = "|append ";
	const uint8_t *at = line.n > 0 ? memmem(line.p, line.n, key, strlen(key)) : NULL;

	return at ? (struct bytes){at, line.n - (size_t)(at - line.p)}
	          : (struct bytes){0};
}

static bool same_append(const struct boot_entry *b, const struct before *was)
{
	const struct bytes a = append_of(bytes_of(b->line));

	return same_name(b, was) && a.n > 0 && bytes_equal(a, append_of(was->line));
}

typedef bool alike(const struct boot_entry *b, const struct before *was);

/* How many are alike; *ret is the number of the one at the same number, else the first.
 */
static size_t count_alike(const struct boot_entries *e, const struct before *was,
                          alike *is, size_t *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		if (!is(&e->entry[i], was))
			continue;
		if (n++ == 0 || i + 1 == was->number)
			*ret = i + 1;
	}
	return n;
}

bool entries_seem_sorted(const struct boot_entries *e, const struct kexec_set *set)
{
	struct before was = {0};
	size_t at = 0, less = 0;

	if (e->sorted || e->from_menu || !find_before(set, &was) ||
	    count_alike(e, &was, same_line, &at) != 1 || at == was.number)
		return false;
	for (size_t i = 0; i < e->n; i++)
		less += strcmp(e->entry[i].line, e->entry[at - 1].line) < 0;
	return less + 1 == was.number;
}

static enum err keep(const struct boot_entries *e, const struct kexec_set *old,
                     struct default_choice *ret)
{
	struct before was = {0};
	size_t at = 0;

	if (!find_before(old, &was)) {
		*ret = (struct default_choice){0, DEFAULT_NONE_BEFORE};
		return OK;
	}
	if (count_alike(e, &was, same_line, &at) > 0) {
		*ret = (struct default_choice){at, DEFAULT_AS_BEFORE};
		return OK;
	}
	if (count_alike(e, &was, same_append, &at) > 0 ||
	    count_alike(e, &was, same_name, &at) == 1 || (at > 0 && at == was.number)) {
		*ret = (struct default_choice){at, DEFAULT_SAME_NAME};
		return OK;
	}
	/* Several of that name, and nothing tells which. */
	if (at > 0 || was.number != 1 || e->n == 0 || e->sorted)
		return ERR_NOT_FOUND;
	*ret = (struct default_choice){1, DEFAULT_WAS_FIRST};
	return OK;
}

enum err default_choose(const struct boot_entries *e, const struct kexec_set *old,
                        enum default_wish wish, size_t number, struct default_choice *ret)
{
	struct default_choice c = {0, DEFAULT_NOT_WANTED};

	if (wish == DEFAULT_KEEP)
		return keep(e, old, ret);
	if (wish != DEFAULT_NONE)
		c = (struct default_choice){wish == DEFAULT_FIRST ? e->first + 1 : number,
		                            DEFAULT_ASKED};
	if (wish != DEFAULT_NONE && (c.number == 0 || c.number > e->n))
		return ERR_NOT_FOUND;
	*ret = c;
	return OK;
}

static void drop_old(struct kexec_set *set)
{
	size_t i = 0;

	while (i < set->n) {
		if (default_number(set->file[i].name) == 0) {
			i++;
			continue;
		}
		char name[KEXEC_NAME_MAX];
		memcpy(name, set->file[i].name, sizeof(name));
		const size_t n = set->n;
		kexec_drop(set, name);
		if (set->n == n)
			i++; /* never for ever */
	}
	kexec_drop(set, KEXEC_DEFAULT_HASH);
}

static enum err hashes(const struct boot_entry *b, const struct tree *t,
                       struct buffer *out)
{
	for (size_t i = 0; i < b->n_files; i++) {
		const struct tree_entry *file = entry_file(t, b->file[i]);
		char name[TREE_PATH_MAX];

		if (!file)
			return ERR_NOT_FOUND;
		(void)snprintf(name, sizeof(name), ".%s", b->file[i]);
		hash_line_write(out, file->sha256, name);
	}
	return buffer_ok(out);
}

enum err default_put(const struct boot_entries *e, const struct default_choice *c,
                     const struct tree *t, struct kexec_set *set)
{
	AUTO_BUFFER line = {0}, list = {0};
	char name[KEXEC_NAME_MAX];

	if (c->number == 0) {
		drop_old(set);
		return OK;
	}
	if (c->number > e->n)
		return ERR_USAGE;
	if (e->entry[c->number - 1].unusable)
		return ERR_UNSUPPORTED;
	const struct boot_entry *b = &e->entry[c->number - 1];
	buffer_text(&line, b->line);
	buffer_text(&line, "\n");
	enum err got = buffer_ok(&line);
	if (got == OK)
		got = hashes(b, t, &list);
	if (got != OK)
		return got;
	drop_old(set);
	(void)snprintf(name, sizeof(name), KEXEC_DEFAULT "%zu%s", c->number, end);
	got = kexec_put(set, name, buffer_bytes(&line));
	return got == OK ? kexec_put(set, KEXEC_DEFAULT_HASH, buffer_bytes(&list)) : got;
}
