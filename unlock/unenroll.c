/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing a way in: which keyslot is meant, and whether it is ours to kill. */
#include "core/log.h"
#include "unlock/enroll_impl.h"

static bool has_card(const struct enrolment *en, const char *serial)
{
	for (size_t i = 0; i < RECORD_SERIALS && en->ident[i][0] != '\0'; i++)
		if (pick_serial_matches(serial, en->ident[i]))
			return true;
	return false;
}

static enum err find_by_serial(const struct volume *v, const char *serial, int *ret)
{
	int found = -1;

	for (size_t i = 0; i < v->n_enrolled; i++) {
		if (!has_card(&v->enrolled[i], serial))
			continue;
		if (found >= 0)
			return ERR_USAGE;
		found = v->enrolled[i].keyslot;
	}
	if (found < 0)
		return ERR_NOT_ENROLLED;
	*ret = found;
	return OK;
}

static enum err find_target(struct volume *v, const struct unenroll_request *req,
                            int *ret)
{
	if (req->keyslot < 0)
		return req->ident != NULL ? find_by_serial(v, req->ident, ret)
		                          : ERR_USAGE;
	const struct enrolment *en = volume_find(v, req->keyslot);
	if (en == NULL && v->interrupted_slot != req->keyslot)
		return ERR_NOT_ENROLLED;
	if (req->ident != NULL && (en == NULL || !has_card(en, req->ident)))
		return ERR_NOT_ENROLLED;
	*ret = req->keyslot;
	return OK;
}

/*
 * Did we make what is in this active keyslot?  The header alone is no witness: a token
 * that an attacker wrote must not make us kill the person's own keyslot.
 */
static bool is_ours(struct volume *v, int keyslot, const struct luks_slot *slot)
{
	const struct enrolment *en = volume_find(v, keyslot);
	int first = 0, last = 0;

	if (!luks_slot_looks_ours(slot))
		return false;
	if ((volume_trusted(v) == OK && en != NULL && en->in_record) ||
	    v->interrupted_slot == keyslot)
		return true;
	keyslot_range(luks_version(v->luks), &first, &last);
	return en != NULL && en->has_token && keyslot >= first && keyslot <= last;
}

static enum err may_kill(struct volume *v, const struct luks *dev, int keyslot,
                         bool force)
{
	struct luks_slot slot = {0};

	const enum err e = luks_slot(dev, keyslot, &slot);
	if (e == ERR_NOT_FOUND || (e == OK && !slot.active) || force)
		return OK;
	if (e != OK)
		return e;
	if (!is_ours(v, keyslot, &slot)) {
		log_line(LOG_DEBUG, "keyslot %d may be somebody else's", keyslot);
		return ERR_REFUSED;
	}
	/* What an enrolment that was cut short left in its slot opens nothing. */
	const bool unfinished =
	        v->interrupted_slot >= 0 && v->interrupted_slot != keyslot &&
	        luks_slot(dev, v->interrupted_slot, &slot) == OK && slot.active;
	if (count_active(dev) <= (unfinished ? 2 : 1)) {
		log_line(LOG_DEBUG, "keyslot %d is the last way in", keyslot);
		return ERR_REFUSED;
	}
	return OK;
}

static enum err unenroll_locked(struct volume *v, const struct unenroll_request *req,
                                int *ret)
{
	struct luks *dev = NULL;
	int keyslot = -1;

	enum err e = volume_reload(v);
	if (e == OK)
		e = find_target(v, req, &keyslot);
	if (e == OK)
		e = volume_open_writable(v, &dev);
	if (e != OK)
		return e;
	e = may_kill(v, dev, keyslot, req->force);
	if (e == OK)
		e = way_remove(v, dev, keyslot, true);
	if (e == OK && v->interrupted_slot == keyslot)
		e = journal_delete(v);
	dev = luks_close(dev);
	if (e == OK)
		*ret = keyslot;
	return e;
}

enum err unenroll(struct volume *v, const struct unenroll_request *req, int *ret_keyslot)
{
	int lock = -1;

	enum err e = enroll_lock(v->where.config_dir, false, &lock);
	if (e != OK)
		return e;
	e = unenroll_locked(v, req, ret_keyslot);
	enroll_unlock(lock);
	if (e == OK && volume_reload(v) != OK)
		log_line(LOG_DEBUG, "the volume could not be read again");
	return e;
}
