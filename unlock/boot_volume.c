/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One volume of a boot run: found, read, tried without a question, mapped or left. */
#include <sys/stat.h>

#include "core/clock.h"
#include "core/log.h"
#include "unlock/backend.h"
#include "unlock/boot_impl.h"
#include "unlock/boot_left.h"
#include "unlock/heads_key.h"
#include "unlock/unlock_run.h"

/* --- how it ends --- */

void boot_say(struct boot *b, const struct boot_volume *vol, enum words w, int n)
{
	words_say(session_ask(b->s), w,
	          &(struct words_args){.disk = vol->entry->name,
	                               .text = vol->e != OK ? err_text(vol->e)
	                                                    : vol->entry->source,
	                               .n = n});
}

static void opened(struct boot *b, struct boot_volume *vol)
{
	vol->state = BOOT_OPEN;
	b->since = clock_ms(); /* it may hold the source of another one */
	/* A card that was of no use to it may be of use to the next one. */
	session_look_again(b->s);
	boot_say(b, vol, WORDS_BOOT_OPEN, 0);
}

/* What of it is not said yet.  Nobody is asked for what is refused: the keyscript refuses
 * it as well. */
static enum words last_words(const struct boot_volume *vol, enum err e)
{
	if (vol->unmapped)
		return WORDS_BOOT_UNMAPPED;
	if (!vol->v)
		return WORDS_BOOT_UNREAD;
	if (volume_trusted(vol->v) != OK)
		return WORDS_BOOT_REFUSED;
	return e == ERR_PIN_BLOCKED || vol->wrong > 0 ? WORDS_BOOT_LEFT_TOLD
	                                              : WORDS_BOOT_LEFT;
}

void boot_leave(struct boot *b, struct boot_volume *vol, enum err e)
{
	const enum words last = last_words(vol, e);

	vol->state = BOOT_LEFT;
	vol->e = e;
	vol->v = volume_free(vol->v);
	session_look_again(b->s);
	boot_say(b, vol, last, 0);
	boot_left_add(b->w->left, vol->entry->name);
}

enum err boot_map(struct boot *b, struct boot_volume *vol, int slot,
                  const struct secret *pass)
{
	const enum err e = luks_activate(vol->v->luks, &vol->entry->map, slot, pass);

	vol->unmapped = e != OK && e != ERR_PASSPHRASE;
	if (e == OK)
		opened(b, vol);
	return e;
}

/* --- finding and reading --- */

static bool is_here(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (S_ISBLK(st.st_mode) || S_ISREG(st.st_mode));
}

bool boot_is_here(const struct crypttab_entry *e, const char *device)
{
	return is_here(device) && (!e->header || is_here(e->header));
}

static void look_at(struct boot *b, struct boot_volume *vol)
{
	const struct volume_where where = {
	        .device = vol->device,
	        .header = vol->entry->header,
	        .boot_dir = b->w->boot_dir,
	        .config_dir = b->w->config_dir,
	};

	if (!boot_is_here(vol->entry, vol->device))
		return;
	const enum err e = volume_load(&where, &vol->v);

	if (e == ERR_NOT_FOUND)
		return; /* and gone again */
	if (e != OK) {
		boot_leave(b, vol, e);
		return;
	}
	vol->state = BOOT_HERE;
	/* A typed passphrase opens what it opens. */
	volume_keep_slot(vol->v, vol->entry->keyslot);
}

void boot_look(struct boot *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->vol[i].state == BOOT_AWAITED)
			look_at(b, &b->vol[i]);
}

bool boot_serves(const struct boot_volume *vol, const uint8_t fpr[static FPR_LEN])
{
	const struct volume *v = vol->v;

	for (size_t i = 0; i < v->n_enrolled; i++)
		if (v->enrolled[i].complete &&
		    enrolment_is(&v->enrolled[i], BACKEND_CARD) &&
		    memcmp(v->enrolled[i].fpr, fpr, FPR_LEN) == 0)
			return true;
	return false;
}

/* --- without a question --- */

/* May something be tried on it?  Only once its header is the one that was enrolled. */
static bool is_ready(const struct boot_volume *vol)
{
	return vol->state == BOOT_HERE && volume_trusted(vol->v) == OK;
}

/* Heads keeps its key in these keyslots, which are not ours and cost little to try. */
static enum err find_heads_slot(struct volume *v, const struct secret *key, int *ret)
{
	const int wiped[] = {luks_version(v->luks) == 1 ? 7 : 31, 1};

	for (size_t i = 0; i < sizeof(wiped) / sizeof(wiped[0]); i++)
		if (luks_try(v->luks, wiped[i], key, ret) == OK)
			return OK;
	return passphrase_find_slot(v, key, ret);
}

static void try_heads(struct boot *b, struct boot_volume *vol)
{
	AUTO_SECRET *key = NULL;
	int slot = LUKS_ANY_SLOT;

	if (vol->tried_heads || !b->w->heads_key ||
	    strcmp(vol->entry->key, HEADS_KEY) != 0)
		return;
	vol->tried_heads = true;
	enum err e = b->w->heads_key(&key);
	if (e != OK) {
		log_line(LOG_DEBUG, "boot: no key of Heads: %s", err_text(e));
		return;
	}
	e = find_heads_slot(vol->v, key, &slot);
	if (e == OK)
		e = boot_map(b, vol, slot, key);
	if (e == OK)
		return;
	if (vol->unmapped)
		boot_leave(b, vol, e);
	else
		boot_say(b, vol, WORDS_BOOT_HEADS, 0);
}

static void try_typed(struct boot *b, struct boot_volume *vol, const struct secret *pass)
{
	int slot = LUKS_ANY_SLOT;

	enum err e = passphrase_find_slot(vol->v, pass, &slot);
	if (e == OK)
		e = boot_map(b, vol, slot, pass);
	if (e != OK && vol->unmapped)
		boot_leave(b, vol, e);
}

void boot_open_unasked(struct boot *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct boot_volume *vol = &b->vol[i];

		if (is_ready(vol))
			try_heads(b, vol);
		while (is_ready(vol) && vol->tried_kept < b->n_kept)
			try_typed(b, vol, b->kept[vol->tried_kept++]);
	}
}

size_t boot_try_all(struct boot *b, const struct boot_volume *but,
                    const struct secret *pass)
{
	size_t n = 0;

	boot_look(b);
	for (size_t i = 0; i < b->n; i++) {
		struct boot_volume *vol = &b->vol[i];

		if (vol == but || !is_ready(vol))
			continue;
		try_typed(b, vol, pass);
		n += vol->state == BOOT_OPEN;
	}
	return n;
}

void boot_keep(struct boot *b, const struct secret *pass)
{
	for (size_t i = 0; i < b->n_kept; i++)
		if (secret_equal(b->kept[i], pass))
			return;
	if (b->n_kept == BOOT_KEPT_MAX ||
	    secret_copy(secret_view(pass), &b->kept[b->n_kept]) != OK)
		return; /* then it is typed again */
	b->n_kept++;
}
