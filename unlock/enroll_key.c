/* SPDX-License-Identifier: GPL-2.0-or-later */
/* May a key be enrolled?  Found out before anything is asked or written. */
#include <stdlib.h>

#include "openpgp/message.h"
#include "unlock/card_key.h"
#include "unlock/enroll.h"

static const char not_sound[] =
        "its decryption key is not sound: nothing can be encrypted to it. Make another "
        "one: bootlatch card generate --slots dec --force.";
static const char not_ours[] =
        "its decryption key is of a kind that we cannot use. Take RSA of 2048 bits or "
        "more, a NIST or Brainpool curve, or Curve25519.";

/* A message with nothing in it tells what an encryption to the key would. */
static enum err try_key(const struct pubkey *key)
{
	AUTO_SECRET *nothing = NULL;
	uint8_t *message = NULL;
	size_t n = 0;

	enum err e = secret_new(1, &nothing);
	if (e == OK)
		e = message_encrypt(&key, 1, nothing, &message, &n);
	free(message);
	return e;
}

enum err enroll_check_key(const struct pubkey *key, const char **ret_why)
{
	const enum err e = try_key(key);

	if (e == ERR_UNSUPPORTED)
		*ret_why = "Its kind is none that we can use: RSA of 2048 bits or more, "
		           "a NIST or Brainpool curve, or Curve25519.";
	else if (e == ERR_CRYPTO || e == ERR_FORMAT)
		*ret_why = "The key is not sound: nothing can be encrypted to it.";
	return e;
}

/* When unlocking, the attributes alone tell what the card can open. */
static bool fits_attributes(const struct card_key_attr *attr,
                            const struct card_pubkey *pub)
{
	if (attr->type == CARD_KEY_NONE)
		return true;
	return attr->type == pub->type &&
	       (pub->type != CARD_KEY_RSA || pub->rsa_n.n <= (attr->rsa_bits + 7u) / 8u);
}

/* What the failure to read it means; NULL: nothing that the key itself is to blame for.
 */
static const char *why_not_read(enum err e)
{
	switch (e) {
	case ERR_UNSUPPORTED:
		return not_ours;
	case ERR_CARD_STATE:
		return "it tells a fingerprint, but holds no decryption key. Make or "
		       "import it again.";
	case ERR_CARD_REFUSES:
		return "it refuses to tell its public decryption key. The key itself may "
		       "be well: leave it as it is, and try again, or enroll with "
		       "--cert.";
	default:
		return NULL;
	}
}

/* Nobody is to make a key in place of one that the card only does not tell of. */
static enum err no_fingerprint(struct card *c, const char **ret_why)
{
	struct card_pubkey pub;

	if (!card_info(c)->fpr_told) {
		*ret_why = "it does not tell the fingerprints of its keys (object C5), "
		           "by which it would be known again. Leave its keys as they "
		           "are, and use another card.";
		return ERR_UNSUPPORTED;
	}
	const enum err e = card_read_pubkey(c, CARD_KEY_DEC, &pub);
	switch (e) {
	case ERR_CARD_STATE:
		*ret_why = "it has no decryption key. Have it make one: bootlatch card "
		           "generate.";
		return e;
	case ERR_CARD_REFUSES:
		*ret_why = "it has no fingerprint of a decryption key, and refuses to "
		           "tell whether there is one. Make one only if you know that "
		           "there is none: bootlatch card generate --slots dec --force.";
		return e;
	case OK:
	case ERR_FORMAT:
	case ERR_UNSUPPORTED:
		*ret_why = "it has a decryption key, but no fingerprint of it, by which "
		           "it would be known again. Bring the key to the card once "
		           "more.";
		return ERR_CARD_STATE;
	default:
		return e;
	}
}

/* The OpenPGP key is recomputed: that public key, time and fingerprint belong together
 * shows that the blob will be for a key that this card really holds. */
enum err enroll_read_key(struct card *c, struct pubkey *ret, const char **ret_why)
{
	const struct card_key_info *info = &card_info(c)->key[CARD_KEY_DEC];
	struct card_pubkey pub;
	struct pubkey key;

	*ret_why = NULL;
	if (!info->present)
		return no_fingerprint(c, ret_why);
	enum err e = card_read_pubkey(c, CARD_KEY_DEC, &pub);
	if (e != OK) {
		*ret_why = why_not_read(e);
		return e;
	}
	if (pub.type != CARD_KEY_RSA && pub.type != CARD_KEY_ECDH) {
		*ret_why = not_ours;
		return ERR_UNSUPPORTED;
	}
	e = card_key_openpgp(info, &pub, &key);
	if (e == ERR_CRYPTO)
		*ret_why = "its decryption key has not the fingerprint and time that the "
		           "card tells. Bring the key to the card once more.";
	else if (e == ERR_UNSUPPORTED)
		*ret_why = not_ours;
	if (e != OK)
		return e;
	if (!fits_attributes(&info->attr, &pub)) {
		*ret_why =
		        "its decryption key is not of the kind or length that the card "
		        "tells (object C2). Bring the key to the card once more.";
		return ERR_CARD_STATE;
	}
	e = try_key(&key);
	if (e == ERR_CRYPTO || e == ERR_FORMAT || e == ERR_UNSUPPORTED)
		*ret_why = e == ERR_UNSUPPORTED ? not_ours : not_sound;
	if (e == OK)
		pubkey_copy(ret, &key);
	return e;
}

enum err enroll_card_key(struct session *s, struct pubkey *ret, const char **ret_why)
{
	*ret_why = NULL;
	const enum err e = session_wait_card(s, NULL, 0);
	if (e == ERR_USAGE)
		*ret_why = pick_why_text(PICK_SEVERAL);
	return e == OK ? enroll_read_key(session_card_handle(s), ret, ret_why) : e;
}
