/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of crypttab is the volume's by its UUID, or because it leads to the same device.
 */
#include "unlock/crypttab_line.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "unlock/crypttab_options.h"
#include "unlock/source.h"

static bool leads_to(const char *path, const char *device)
{
	struct stat a, b;

	if (stat(path, &a) != 0 || stat(device, &b) != 0)
		return false;
	if (S_ISBLK(a.st_mode) && S_ISBLK(b.st_mode))
		return a.st_rdev == b.st_rdev;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool crypttab_is_of(const struct crypttab_entry *e, const struct crypttab_target *t)
{
	static const char *const by_uuid[] = {"UUID=", "/dev/disk/by-uuid/"};
	char path[CRYPTTAB_PATH_MAX];

	for (size_t i = 0; i < sizeof(by_uuid) / sizeof(by_uuid[0]); i++) {
		const size_t n = strlen(by_uuid[i]);

		if (strncmp(e->source, by_uuid[i], n) == 0 &&
		    strcasecmp(e->source + n, t->uuid) == 0)
			return true;
	}
	return source_path(e->source, path, sizeof(path)) == OK && path[0] == '/' &&
	       leads_to(path, t->device);
}

bool crypttab_is_meant(const struct crypttab_entry *e, const struct crypttab_target *t)
{
	return t->name ? strcmp(e->name, t->name) == 0 : crypttab_is_of(e, t);
}

struct bytes crypttab_part(struct bytes text, struct crypttab_span s)
{
	struct bytes skipped, cut = {NULL, 0};

	if (bytes_take(&text, s.at, &skipped) != OK || bytes_take(&text, s.n, &cut) != OK)
		return (struct bytes){NULL, 0};
	return cut;
}

/* What fits whole: half a path is another one. */
static bool copy_whole(struct bytes from, char ret[static CRYPTTAB_ABOUT_MAX])
{
	if (from.n >= CRYPTTAB_ABOUT_MAX)
		return false;
	if (from.n > 0)
		memcpy(ret, from.p, from.n);
	ret[from.n] = '\0';
	return true;
}

/* keyscript=/lib/cryptsetup/scripts/NAME or keyscript=NAME. */
static struct bytes script_name(struct bytes option)
{
	size_t from = strlen("keyscript=");

	for (size_t i = from; i < option.n; i++)
		if (option.p[i] == '/')
			from = i + 1;
	return crypttab_part(option, (struct crypttab_span){from, option.n - from});
}

static bool describe(struct bytes text, const struct crypttab_entry *e,
                     struct crypttab_theirs *r)
{
	const struct bytes options = crypttab_part(text, e->field[CRYPTTAB_F_OPTIONS]);
	const struct bytes script = crypttab_options_look(options).foreign;

	return copy_whole(bytes_of(e->name ? e->name : ""), r->name) &&
	       copy_whole(bytes_of(e->key ? e->key : ""), r->key) &&
	       (script.n == 0 || copy_whole(script_name(script), r->keyscript));
}

enum err crypttab_look(struct bytes text, const struct crypttab_target *t,
                       struct crypttab_theirs *ret)
{
	const struct crypttab_entry *e = NULL;
	struct crypttab_theirs theirs = {0};
	struct crypttab tab = {0};

	const enum err err = crypttab_parse(text, &tab);
	if (err != OK)
		return err;
	for (size_t i = 0; i < tab.n && !e; i++)
		e = crypttab_is_meant(&tab.entry[i], t) ? &tab.entry[i] : NULL;
	const bool whole = !e || describe(text, e, &theirs);
	crypttab_clear(&tab);
	if (whole)
		*ret = theirs;
	return whole ? OK : ERR_FORMAT;
}
