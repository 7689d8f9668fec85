/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot run: what is here is opened, what is late is waited for, what is left is told.
 */
#include "unlock/boot.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/clock.h"
#include "core/log.h"
#include "unlock/boot_impl.h"
#include "unlock/boot_left.h"
#include "unlock/record.h"
#include "unlock/source.h"
#include "unlock/unlock_run.h"

enum { NAP_MS = 50 };

/* --- the table --- */

/* A later run of the same boot: cryptroot's rounds, every second or so. */
static bool is_round(const struct boot_wish *w)
{
	return w->left && w->source_wait_ms == 0;
}

/* Is there a device of that name which is not the volume?  It could be a logical volume
 * of a stranger's disk. */
static bool is_taken(const struct boot_wish *w, const struct crypttab_entry *e)
{
	static const char tag[] = "UUID=";
	char uuid[LUKS_UUID_LEN + 1];
	struct record known = {.n = 0};

	if (e->why != CRYPTTAB_FINE || !luks_is_mapped(e->name))
		return false;
	if (luks_mapped_uuid(e->name, uuid) != OK)
		return true;
	if (strncmp(e->source, tag, sizeof(tag) - 1) == 0)
		return strcasecmp(e->source + sizeof(tag) - 1, uuid) != 0;
	return record_load(w->config_dir, uuid, &known) != OK;
}

static bool has_come(const struct crypttab_entry *e)
{
	char device[CRYPTTAB_PATH_MAX];

	return source_path(e->source, device, sizeof(device)) == OK &&
	       boot_is_here(e, device);
}

static bool is_wanted(const struct boot_wish *w, const struct crypttab_entry *e)
{
	const bool taken = e->ours && is_taken(w, e);

	if (!e->ours || (luks_is_mapped(e->name) && !taken))
		return false;
	/* What was refused, or left out by the person, is cryptroot's from then on; for
	 * what is not here no reader needs to be looked for. */
	return !is_round(w) ||
	       (e->why == CRYPTTAB_FINE && !boot_left_has(w->left, e->name) &&
	        (taken || has_come(e)));
}

size_t boot_count(const struct boot_wish *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->table->n; i++)
		n += is_wanted(w, &w->table->entry[i]);
	return n;
}

/* cryptroot reads the line in its own way. */
static void refuse(struct boot *b, struct boot_volume *vol)
{
	static const enum words why[CRYPTTAB_WHYS_] = {
	        [CRYPTTAB_FIELDS] = WORDS_TAB_FIELDS,
	        [CRYPTTAB_SPELLING] = WORDS_TAB_SPELLING,
	        [CRYPTTAB_NAME] = WORDS_TAB_NAME,
	        [CRYPTTAB_SOURCE] = WORDS_TAB_SOURCE,
	        [CRYPTTAB_OPTION] = WORDS_TAB_OPTION,
	        [CRYPTTAB_VALUE] = WORDS_TAB_VALUE,
	        [CRYPTTAB_TWICE] = WORDS_TAB_TWICE,
	        [CRYPTTAB_AGAIN] = WORDS_TAB_AGAIN,
	};
	const struct crypttab_entry *e = vol->entry;

	words_say(session_ask(b->s), why[e->why],
	          &(struct words_args){.disk = e->name[0] ? e->name : e->source,
	                               .text = e->option});
	vol->state = BOOT_LEFT;
	vol->e = ERR_UNSUPPORTED;
}

/* cryptroot takes it for open, too. */
static void refuse_taken(struct boot *b, struct boot_volume *vol)
{
	words_say(session_ask(b->s), WORDS_BOOT_TAKEN,
	          &(struct words_args){.disk = vol->entry->name});
	boot_left_add(b->w->left, vol->entry->name);
	vol->state = BOOT_LEFT;
	vol->e = ERR_EXISTS;
}

static enum err add(struct boot *b, const struct crypttab_entry *e)
{
	struct boot_volume *vol = &b->vol[b->n++];

	vol->entry = e;
	if (e->why != CRYPTTAB_FINE)
		refuse(b, vol);
	else if (is_taken(b->w, e))
		refuse_taken(b, vol);
	else if (source_path(e->source, vol->device, sizeof(vol->device)) != OK)
		return ERR_BUG; /* crypttab.c looked at it */
	return OK;
}

static enum err begin(struct boot *b)
{
	const struct crypttab *t = b->w->table;
	enum err e = OK;

	b->vol = calloc(t->n + 1, sizeof(*b->vol));
	if (!b->vol)
		return ERR_NOMEM;
	if (!is_round(b->w))
		boot_left_clear(b->w->left);
	for (size_t i = 0; i < t->n && e == OK; i++)
		if (is_wanted(b->w, &t->entry[i]))
			e = add(b, &t->entry[i]);
	b->since = clock_ms();
	return e;
}

/* --- one volume --- */

struct turn {
	struct boot *b;
	struct boot_volume *vol;
	bool stale; /* a passphrase that the record knows did not open its keyslot */
};

static enum err deliver(void *ctx, struct volume *v, int slot, const struct secret *pass)
{
	struct turn *t = ctx;

	assert(v == t->vol->v);
	const enum err e = boot_map(t->b, t->vol, slot, pass);
	t->stale = e == ERR_PASSPHRASE;
	return e;
}

/* One that opens another volume is no wrong one. */
static enum err typed(void *ctx, const struct secret *pass, bool opens)
{
	struct turn *t = ctx;
	struct boot_volume *vol = t->vol;
	const int tries = vol->entry->tries;

	if (opens || boot_try_all(t->b, vol, pass) > 0) {
		boot_keep(t->b, pass);
		return OK;
	}
	if (tries <= 0)
		return OK; /* unless crypttab says so, there is no last one */
	vol->wrong++;
	if (vol->wrong < tries)
		return OK;
	boot_say(t->b, vol, WORDS_BOOT_TRIES, tries);
	return ERR_PASSPHRASE;
}

/* The volume that the open card serves, or NULL. */
static struct boot_volume *of_card(struct boot *b)
{
	const struct card_info *info = session_card(b->s);

	for (size_t i = 0; i < b->n && info; i++)
		if (b->vol[i].state == BOOT_HERE &&
		    boot_serves(&b->vol[i], info->key[CARD_KEY_DEC].fpr))
			return &b->vol[i];
	return NULL;
}

static bool has_key(const uint8_t (*fprs)[FPR_LEN], size_t n, const uint8_t *fpr)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(fprs[i], fpr, FPR_LEN) == 0)
			return true;
	return false;
}

/* The keys that open anything that is here.  0: too many for one session to look for. */
static size_t all_keys(const struct boot *b, uint8_t (*fprs)[FPR_LEN], size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct volume *v = b->vol[i].v;

		if (b->vol[i].state != BOOT_HERE || volume_trusted(v) != OK)
			continue;
		for (size_t k = 0; k < v->n_enrolled; k++) {
			const struct enrolment *en = &v->enrolled[k];

			if (!en->complete || !enrolment_is(en, BACKEND_CARD) ||
			    has_key((const void *)fprs, n, en->fpr))
				continue;
			if (n == max)
				return 0;
			memcpy(fprs[n++], en->fpr, FPR_LEN);
		}
	}
	return n;
}

static void open_one(struct boot *b, struct boot_volume *vol)
{
	uint8_t fprs[LUKS_SLOTS_MAX][FPR_LEN];
	struct turn t = {.b = b, .vol = vol};
	struct unlock_result result = {0};
	struct unlock_goal goal = {
	        .name = vol->entry->name,
	        .passphrase_first = b->w->passphrase_first,
	        .trust_record = true, /* mapping it shows whether it opens */
	        .wanted = (const void *)fprs,
	        .n_wanted = all_keys(b, fprs, LUKS_SLOTS_MAX),
	        .deliver = deliver,
	        .typed = typed,
	        .ctx = &t,
	};

	enum err e = unlock_volume(b->s, vol->v, &goal, &result);
	if (e == ERR_PASSPHRASE && t.stale) {
		goal.trust_record = false;
		e = unlock_volume(b->s, vol->v, &goal, &result);
	}
	/* A card of another one came: it is its turn. */
	const bool turns = e == ERR_WRONG_CARD && session_card(b->s) && of_card(b) != vol;

	if (e != OK && !turns)
		boot_leave(b, vol, e);
}

/* --- the loop --- */

static struct boot_volume *first(struct boot *b, enum boot_state state)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->vol[i].state == state)
			return &b->vol[i];
	return NULL;
}

static void give_up_waiting(struct boot *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct boot_volume *vol = &b->vol[i];

		if (vol->state != BOOT_AWAITED)
			continue;
		if (b->w->source_wait_ms > 0)
			boot_say(b, vol, WORDS_BOOT_ABSENT, 0);
		vol->state = BOOT_LEFT;
		vol->e = ERR_NOT_FOUND;
	}
}

static void wait_a_little(struct boot *b, const struct boot_volume *vol)
{
	if (clock_ms() - b->since >= b->w->source_wait_ms) {
		give_up_waiting(b);
		return;
	}
	if (!b->said_waiting)
		boot_say(b, vol, WORDS_BOOT_WAITING, (b->w->source_wait_ms + 999) / 1000);
	b->said_waiting = true;
	(void)poll(NULL, 0, NAP_MS); /* udev's links come without a word to us */
}

static void open_all(struct boot *b)
{
	for (;;) {
		boot_look(b);
		boot_open_unasked(b);
		struct boot_volume *vol = of_card(b);

		if (!vol)
			vol = first(b, BOOT_HERE);
		if (vol) {
			open_one(b, vol);
			continue;
		}
		vol = first(b, BOOT_AWAITED);
		if (!vol)
			return;
		wait_a_little(b, vol);
	}
}

static enum err end(struct boot *b)
{
	enum err e = OK;

	for (size_t i = 0; i < b->n; i++) {
		b->vol[i].v = volume_free(b->vol[i].v);
		if (e == OK && b->vol[i].state == BOOT_LEFT &&
		    b->vol[i].entry->why != CRYPTTAB_AGAIN)
			e = b->vol[i].e;
	}
	for (size_t i = 0; i < b->n_kept; i++)
		b->kept[i] = secret_free(b->kept[i]);
	free(b->vol);
	return e;
}

enum err boot_run(struct session *s, const struct boot_wish *w)
{
	struct boot b = {.s = s, .w = w};

	const enum err begun = begin(&b);
	if (begun == OK)
		open_all(&b);
	const enum err e = end(&b);
	return begun != OK ? begun : e;
}
