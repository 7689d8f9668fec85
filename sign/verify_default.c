/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signed default entry against the boot menu as it is now. */
#include "sign/entry.h"
#include "sign/verify_parts.h"

/* N of kexec_default.N.txt; 0: no such name. */
static size_t number_of(const char *name)
{
	size_t n = 0, i = strlen(KEXEC_DEFAULT);

	if (name[i] == '0')
		return 0;
	for (; name[i] >= '0' && name[i] <= '9' && n <= ENTRIES_MAX; i++)
		n = 10 * n + (size_t)(name[i] - '0');
	return strcmp(name + i, ".txt") == 0 && n <= ENTRIES_MAX ? n : 0;
}

static bool is_line(const struct kexec_file *f, const char *line)
{
	const size_t n = strlen(line);

	return f->n == n + 1 && memcmp(f->data, line, n) == 0 && f->data[n] == '\n';
}

/* Its files' hashes, made anew of the tree. */
static enum err hashes_hold(const struct boot_entries *entries, size_t number,
                            const struct tree *t, const struct kexec_file *signed_,
                            bool *ret)
{
	const struct default_choice choice = {.number = number, .why = DEFAULT_AS_BEFORE};
	struct kexec_set *now = NULL;

	enum err e = kexec_new(&now);
	if (e == OK)
		e = default_put(entries, &choice, t, now);
	if (e == OK) {
		const struct kexec_file *f = kexec_find(now, KEXEC_DEFAULT_HASH);

		*ret = f && bytes_equal((struct bytes){f->data, f->n},
		                        (struct bytes){signed_->data, signed_->n});
	}
	now = kexec_free(now);
	return e;
}

static bool stands_at(const struct boot_entries *entries, size_t number,
                      const struct kexec_file *f)
{
	return number > 0 && number <= entries->n &&
	       is_line(f, entries->entry[number - 1].line);
}

/* Whichever Heads counted them: another one shows its menu. */
static bool is_entry(struct boot_entries *entries, size_t number,
                     const struct kexec_file *f)
{
	if (stands_at(entries, number, f))
		return true;
	entries_sort(entries);
	return stands_at(entries, number, f);
}

static enum err check_one(struct boot_entries *entries, const struct kexec_set *s,
                          const struct kexec_file *f, const struct tree *t,
                          struct findings *to)
{
	const struct kexec_file *hashes = kexec_find(s, KEXEC_DEFAULT_HASH);
	const size_t number = number_of(f->name);
	bool hold = false;

	if (!is_entry(entries, number, f)) {
		findings_add(to, FINDING_DEFAULT, f->name);
		return OK;
	}
	if (!hashes) {
		findings_add(to, FINDING_NO_FILE, KEXEC_DEFAULT_HASH);
		return OK;
	}
	const enum err e = hashes_hold(entries, number, t, hashes, &hold);
	if (e == ERR_NOMEM)
		return e;
	if (e != OK || !hold)
		findings_add(to, FINDING_DEFAULT, KEXEC_DEFAULT_HASH);
	return OK;
}

enum err check_default(int dirfd, const struct kexec_set *s, const struct tree *t,
                       struct findings *to)
{
	struct boot_entries *entries = NULL;
	size_t seen = 0;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < s->n; i++) {
		const struct kexec_file *f = &s->file[i];

		if (strncmp(f->name, KEXEC_DEFAULT, strlen(KEXEC_DEFAULT)) != 0)
			continue;
		if (seen++ == 0)
			e = entries_read(dirfd, t, &entries);
		if (e == ERR_NOMEM || e == ERR_BUSY)
			break;
		/* Of two, Heads takes one; of a menu that cannot be read, none. */
		if (e != OK || seen > 1)
			findings_add(to, FINDING_DEFAULT, f->name);
		else
			e = check_one(entries, s, f, t, to);
	}
	entries = entries_free(entries);
	return e == ERR_NOMEM || e == ERR_BUSY ? e : OK;
}
