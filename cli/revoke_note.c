/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is being revoked, kept until it is done, so that whatever cuts it short is
 * finished by the next run. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/revoke.h"
#include "core/file.h"
#include "core/hex.h"
#include "unlock/fields.h"

#define NOTE "revoking"

enum { LINE = 2 * FPR_LEN + 1 };

enum err revoke_note_parse(struct bytes text, uint8_t (*ret)[FPR_LEN], size_t *ret_n)
{
	uint8_t key[REVOKE_KEYS_MAX][FPR_LEN];
	size_t n = 0;

	if (text.n == 0 || text.n > REVOKE_NOTE_MAX || text.n % LINE != 0)
		return ERR_FORMAT;
	while (text.n > 0) {
		char line[LINE];
		struct bytes part;

		enum err e = bytes_take(&text, LINE, &part);
		if (e != OK)
			return e;
		memcpy(line, part.p, LINE);
		if (line[LINE - 1] != '\n')
			return ERR_FORMAT;
		line[LINE - 1] = '\0';
		e = field_fpr(line, key[n]);
		if (e != OK)
			return e;
		for (size_t i = 0; i < n; i++)
			if (memcmp(key[i], key[n], FPR_LEN) == 0)
				return ERR_FORMAT;
		n++;
	}
	memcpy(ret, key, n * FPR_LEN);
	*ret_n = n;
	return OK;
}

enum err revoke_note_load(struct revocation *r)
{
	uint8_t key[REVOKE_KEYS_MAX][FPR_LEN];
	uint8_t *text = NULL;
	size_t len = 0, n = 0;
	int dir = -1;

	enum err e = dir_open(r->c->where.config_dir, &dir);
	if (e == ERR_NOT_FOUND)
		return OK;
	if (e == OK)
		e = file_read(dir, NOTE, REVOKE_NOTE_MAX, &text, &len);
	if (dir >= 0)
		(void)close(dir); /* only read */
	if (e == ERR_NOT_FOUND)
		return OK;
	if (e == OK)
		e = revoke_note_parse((struct bytes){text, len}, key, &n);
	free(text);
	if (e != OK)
		return cli_why(r->c, e,
		               "%s/" NOTE ", the note of a revocation that was cut "
		               "short, cannot be read: %s. Look at it, remove it, and "
		               "revoke what it was about again.",
		               r->c->where.config_dir, err_text(e));
	for (size_t i = 0; e == OK && i < n; i++)
		e = revoke_add_key(r, key[i]);
	r->again = e == OK;
	return e;
}

enum err revoke_note_save(const struct revocation *r)
{
	char text[REVOKE_NOTE_MAX + 1];
	int dir = -1;

	for (size_t i = 0; i < r->n_keys; i++) {
		char *line = text + i * LINE;

		hex_encode_up((struct bytes){r->key[i], FPR_LEN}, line);
		line[LINE - 1] = '\n';
	}
	enum err e = dir_make_path(r->c->where.config_dir, 0755, &dir);
	if (e != OK)
		return e;
	e = file_sweep(dir, NOTE);
	if (e == OK)
		e = file_publish(dir, NOTE,
		                 (struct bytes){(uint8_t *)text, r->n_keys * LINE}, 0600);
	(void)close(dir); /* synced */
	return e;
}

enum err revoke_note_remove(const struct revocation *r)
{
	int dir = -1;

	enum err e = dir_open(r->c->where.config_dir, &dir);
	if (e != OK)
		return e == ERR_NOT_FOUND ? OK : e;
	e = file_remove(dir, NOTE);
	if (e == OK || e == ERR_NOT_FOUND)
		e = file_sweep(dir, NOTE);
	(void)close(dir); /* synced */
	return e;
}
