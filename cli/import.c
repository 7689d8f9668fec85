/* SPDX-License-Identifier: GPL-2.0-or-later */
/* enroll --import: the other set-up's key is looked for, and what becomes of it is said.
 */
#include "cli/import.h"

#include <stdio.h>
#include <string.h>

#include "cli/crypttab.h"
#include "cli/output.h"
#include "unlock/token.h"

/* Debian's; smartcard-key-luks uses it too. */
static const char their_keyscript[] = "decrypt_gnupg-sc";

/* --- looking --- */

static enum err add_file(struct cli *c, const char *path, struct import *ret)
{
	const enum err e = import_add_file(path, ret);

	if (e == ERR_UNSUPPORTED)
		return cli_why(
		        c, e,
		        "%s is encrypted in a way that is not read here: AEAD (GnuPG's "
		        "OCB, RFC 9580's version 2), no MDC, or more than 16 keys. "
		        "Encrypt it anew "
		        "with gpg --rfc4880, or enroll with your passphrase instead, "
		        "without --import.",
		        path);
	if (e == ERR_FORMAT)
		return cli_why(
		        c, e,
		        "%s is no OpenPGP message that is encrypted to a card's "
		        "key, or it is longer than we read. Give the file that the "
		        "card opens today: --import=FILE.",
		        path);
	if (e != OK)
		return cli_why(c, e,
		               "The encrypted key %s cannot be read: %s. Give the file "
		               "that the card opens today: --import=FILE.",
		               path, err_text(e));
	return OK;
}

static enum err add_usual(struct cli *c, const struct crypttab_theirs *line,
                          struct import *ret)
{
	if (strcmp(line->keyscript, their_keyscript) == 0)
		return add_file(c, line->key, ret);
	const enum err e = import_add_file(IMPORT_KEY_FILE, ret);
	if (e == OK || e == ERR_NOT_FOUND)
		return OK;
	return add_file(c, IMPORT_KEY_FILE, ret);
}

static enum err nothing(struct cli *c, const struct crypttab_theirs *line)
{
	if (*line->keyscript != '\0')
		return cli_why(c, ERR_NOT_FOUND,
		               "Nothing to take over was found: \"%s\" in %s has the "
		               "keyscript %s, which is not one that we know, there is no "
		               "%s, and no gpg-token is in the LUKS header. If you know "
		               "the file that the card opens: --import=FILE.",
		               line->name, c->crypttab_file, line->keyscript,
		               IMPORT_KEY_FILE);
	return cli_why(c, ERR_NOT_FOUND,
	               "Nothing to take over was found: no line of %s for %s has "
	               "keyscript=%s, there is no %s, and no gpg-token is in the LUKS "
	               "header. If you know the file that the card opens: "
	               "--import=FILE.",
	               c->crypttab_file, c->device, their_keyscript, IMPORT_KEY_FILE);
}

static bool is_enrolled(const struct volume *v)
{
	for (size_t i = 0; i < v->n_enrolled; i++)
		if (v->enrolled[i].complete &&
		    enrolment_is(&v->enrolled[i], BACKEND_CARD))
			return true;
	return false;
}

static enum err find(struct cli *c, const struct volume *v, struct import *i)
{
	struct crypttab_theirs line = {0};

	enum err e = crypttab_who(c, v, &line);
	if (e != OK)
		return e;
	if (strcmp(line.keyscript, their_keyscript) == 0)
		c->replace_keyscript = true;
	if (c->import_file)
		return add_file(c, c->import_file, i);
	e = add_usual(c, &line, i);
	if (e == OK)
		e = import_add_tokens(v, i);
	return e == OK && i->n == 0 && !is_enrolled(v) ? nothing(c, &line) : e;
}

enum err import_find(struct cli *c, const struct volume *v, struct import *ret)
{
	struct import i = {0};

	const enum err e = find(c, v, &i);
	if (e != OK) {
		import_clear(&i);
		return e;
	}
	*ret = i;
	return OK;
}

/* --- telling --- */

static bool heads_wipes(const struct volume *v, int slot)
{
	return slot == 1 || slot == (luks_version(v->luks) == 1 ? 7 : 31);
}

/* A keyslot beside these two: a person's passphrase, most likely. */
static bool is_another(const struct volume *v, const struct enroll_result *r)
{
	for (int i = 0; i < luks_slots(v->luks); i++) {
		struct luks_slot slot;

		if (i != r->keyslot && i != r->existing_slot &&
		    luks_slot(v->luks, i, &slot) == OK && slot.active &&
		    volume_find(v, i) == NULL)
			return true;
	}
	return false;
}

static void tell_removal(struct cli *c, const struct enroll_result *r)
{
	char what[IMPORT_WHERE_MAX + 64];

	if (r->imported->token >= 0)
		(void)snprintf(what, sizeof(what),
		               "cryptsetup token remove --token-id %d %.200s",
		               r->imported->token, c->device);
	else
		(void)snprintf(what, sizeof(what), "rm %s", r->imported->where);
	cli_say(c,
	        "As long as they are there, whoever has the card and its PIN opens the "
	        "disk by them too,\nwhatever unenroll does. To be rid of them, once the "
	        "dongle has opened the disk at boot:\n"
	        "  cryptsetup luksKillSlot %s %d\n  %s",
	        c->device, r->existing_slot, what);
}

void import_tell(struct cli *c, const struct volume *v, const struct enroll_result *r)
{
	out_text(c, "imported", r->imported ? r->imported->where : NULL);
	if (!r->imported)
		return;
	out_number(c, "imported_keyslot", r->existing_slot);
	cli_say(c,
	        "Taken over from %s, whose key opens keyslot %d.\nBoth stay as they are, "
	        "so that you can go back.",
	        r->imported->where, r->existing_slot);
	if (heads_wipes(v, r->existing_slot))
		cli_say(c,
		        "Keyslot %d is one that Heads wipes when it seals a disk key; "
		        "keyslot %d is not.",
		        r->existing_slot, r->keyslot);
	if (is_another(v, r))
		tell_removal(c, r);
	else
		cli_say(c,
		        "Nothing but the card opens %s: no passphrase does. Add one "
		        "before the card is lost:\n"
		        "  gpg -d %s | cryptsetup luksAddKey --key-file=- %s",
		        c->device,
		        r->imported->token < 0 ? r->imported->where : "KEYFILE",
		        c->device);
}
