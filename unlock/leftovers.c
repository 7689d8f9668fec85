/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking a way in out of a volume, whole or half made: for unenroll, for an enrolment
 * that failed, and for one that was cut short. */
#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "unlock/blob.h"
#include "unlock/enroll_impl.h"
#include "unlock/store.h"

enum err enroll_lock(const char *config_dir, bool make, int *ret_fd)
{
	int fd = -1;

	enum err e =
	        make ? dir_make_path(config_dir, 0755, &fd) : dir_open(config_dir, &fd);
	if (e == ERR_NOT_FOUND && !make) {
		*ret_fd = -1;
		return OK;
	}
	if (e != OK)
		return e;
	/* Held for the seconds that writing takes, never while somebody is asked. */
	while (flock(fd, LOCK_EX) != 0) {
		if (errno == EINTR)
			continue;
		e = err_from_errno(errno);
		(void)close(fd);
		return e;
	}
	*ret_fd = fd;
	return OK;
}

void enroll_unlock(int fd)
{
	if (fd >= 0)
		(void)close(fd); /* drops the lock */
}

enum err journal_save(const struct volume *v, const struct journal *j)
{
	char name[STORE_NAME_MAX];
	char *text = NULL;

	enum err e = journal_name(luks_uuid(v->luks), name);
	if (e == OK)
		e = journal_format(j, &text);
	if (e == OK)
		e = store_write(v->where.config_dir, STORE_VOLUMES, name,
		                (struct bytes){(uint8_t *)text, strlen(text)});
	free(text);
	return e;
}

enum err journal_delete(const struct volume *v)
{
	char name[STORE_NAME_MAX];

	enum err e = journal_name(luks_uuid(v->luks), name);
	/* One that a power cut brings back is found to be settled. */
	if (e == OK)
		e = store_forget(v->where.config_dir, STORE_VOLUMES, name);
	if (e == OK)
		store_prune(v->where.config_dir, STORE_VOLUMES);
	return e;
}

enum err volume_open_writable(const struct volume *v, struct luks **ret)
{
	uint8_t pin[HEADER_PIN_LEN];
	struct luks *l = NULL;

	enum err e = luks_open_writable(v->where.device, v->where.header, v->luks, &l);
	if (e != OK)
		return e;
	e = header_pin(l, pin);
	if (e == OK && memcmp(pin, v->pin, sizeof(pin)) != 0)
		e = ERR_TAMPERED;
	if (e != OK) {
		l = luks_close(l);
		return e;
	}
	*ret = l;
	return OK;
}

size_t count_active(const struct luks *l)
{
	size_t n = 0;

	for (int i = 0; i < luks_slots(l); i++) {
		struct luks_slot slot;

		n += luks_slot(l, i, &slot) == OK && slot.active;
	}
	return n;
}

/* Tokens of ours that name the slot, and those that name none any more: libcryptsetup
 * takes a killed slot out of its token, so these are the remains of one. */
static enum err remove_tokens(struct luks *dev, int slot)
{
	enum err first = OK;

	for (int i = 0; luks_version(dev) == 2 && i < LUKS_TOKENS_MAX; i++) {
		struct token t = {0};
		char *json = NULL;

		enum err e = luks_token_get(dev, i, TOKEN_TYPE, &json);
		if (e == OK)
			e = token_parse((struct bytes){(uint8_t *)json, strlen(json)},
			                &t);
		free(json);
		if (e != OK) /* not ours, or not understood: left alone */
			continue;
		if (t.keyslot == slot || t.keyslot < 0)
			e = luks_token_remove(dev, i);
		token_clear(&t);
		if (first == OK)
			first = e;
	}
	return first;
}

static enum err remove_entry(struct volume *v, int slot)
{
	struct record *r = &v->record;
	size_t kept = 0;

	if (v->state != RECORD_MATCHES && v->state != RECORD_DIFFERS)
		return OK;
	for (size_t i = 0; i < r->n; i++)
		if (r->entry[i].keyslot != slot)
			r->entry[kept++] = r->entry[i];
	if (kept == r->n)
		return OK;
	r->n = kept;
	/* The last entry leaves a record without ways in: its pin still guards the typed
	 * passphrase against a header that was swapped. */
	return record_save(v->where.config_dir, r);
}

enum err way_remove(struct volume *v, struct luks *dev, int slot, bool kill)
{
	struct luks_slot now;
	enum err e = OK;

	if (kill && luks_slot(dev, slot, &now) == OK && now.active)
		e = luks_kill_slot(dev, slot);
	if (e == OK)
		e = remove_tokens(dev, slot);
	if (e != OK)
		return e;
	/* A blob that cannot be removed opens nothing now: the entry goes all the same.
	 */
	const enum err blob = blob_remove(v->where.boot_dir, luks_uuid(v->luks), slot);
	e = remove_entry(v, slot);
	return e != OK ? e : blob;
}

enum err recovery_unmark(const struct volume *v, int keyslot)
{
	if (luks_version(v->luks) == 1) /* it is its token */
		return OK;
	return blob_remove(v->where.boot_dir, luks_uuid(v->luks), keyslot);
}

/* What it is of stands: only what an enrolment tidies up at its end may be left. */
static enum err finish(const struct volume *v, const struct journal *j)
{
	const struct enrolment *en = volume_find(v, j->keyslot);

	const enum err e = en != NULL && enrolment_is(en, BACKEND_RECOVERY)
	                           ? recovery_unmark(v, j->keyslot)
	                           : OK;
	return e == OK ? journal_delete(v) : e;
}

enum err journal_settle(struct volume *v)
{
	struct journal j;

	const enum err e = journal_load(v->where.config_dir, luks_uuid(v->luks), &j);
	if (e == ERR_NOT_FOUND || e == ERR_FORMAT) /* a damaged one: leftovers_clean */
		return OK;
	return e == OK && volume_has_way(v, j.keyslot, j.fpr) ? finish(v, &j) : e;
}

/*
 * What stands in the journal's slot now?  Another key's way in: somebody enrolled there
 * since, on another machine, or on this one with another folder of records.
 */
static bool is_another_key(const struct enrolment *en, const struct journal *j)
{
	return en != NULL && memcmp(en->fpr, j->fpr, FPR_LEN) != 0;
}

/*
 * Did the enrolment that the journal is of fill the slot?  Its blob (LUKS1: its token
 * too) was there before the keyslot, and is taken away after it.  A person's slot does
 * not look like ours, or is what opened the volume just now.
 */
static bool was_left_behind(const struct volume *v, const struct luks *dev, int slot_no,
                            int existing_slot)
{
	const struct enrolment *en = volume_find(v, slot_no);
	struct luks_slot slot = {0};

	return en != NULL && (luks_version(dev) != 1 || en->has_token) &&
	       luks_slot(dev, slot_no, &slot) == OK && luks_slot_looks_ours(&slot) &&
	       slot_no != existing_slot && count_active(dev) > 1;
}

enum err leftovers_clean(struct volume *v, int existing_slot, bool *ret_cleaned)
{
	struct journal j;
	struct luks *dev = NULL;

	enum err e = journal_load(v->where.config_dir, luks_uuid(v->luks), &j);
	*ret_cleaned = false;
	if (e == ERR_NOT_FOUND)
		return OK;
	if (e == ERR_FORMAT) { /* it cannot say what is left: list shows unknown slots */
		log_line(LOG_DEBUG, "a damaged journal is dropped");
		return journal_delete(v);
	}
	if (e != OK)
		return e;
	if (volume_has_way(v, j.keyslot, j.fpr))
		return finish(v, &j);
	if (is_another_key(volume_find(v, j.keyslot), &j))
		return journal_delete(v);
	e = volume_open_writable(v, &dev);
	if (e != OK)
		return e;
	e = way_remove(v, dev, j.keyslot,
	               was_left_behind(v, dev, j.keyslot, existing_slot));
	dev = luks_close(dev);
	if (e == OK)
		e = journal_delete(v);
	if (e == OK)
		*ret_cleaned = true;
	return e;
}
