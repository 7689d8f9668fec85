/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every sentence that the unlock layer says to a person, in one table. */
#ifndef UNLOCK_WORDS_H
#define UNLOCK_WORDS_H

#include "core/ask.h"

enum { SENTENCE_MAX = 512 }; /* with its end; a terminal takes no more of it */

/* In templates: %r reader, %c card, %d disk, %t text, %n and %m numbers. */
enum words {
	/* the PIN */
	WORDS_PIN_OF_CARD,
	WORDS_PIN_OF_CARD_FOR,
	WORDS_PIN_HINT,
	WORDS_PIN_WRONG,
	WORDS_PIN_WRONG_ONE_LEFT,
	WORDS_PIN_BLOCKED,
	WORDS_PIN_BLOCKED_ADMIN,
	WORDS_PIN_BLOCKED_CODE,
	WORDS_PIN_BLOCKED_ALL,
	WORDS_PIN_LAST_TRY,
	WORDS_PIN_DIFFERS,
	WORDS_PIN_FAILED_BEFORE,
	WORDS_PIN_LENGTH,
	WORDS_PIN_LENGTH_CARD, /* the card said so, to a PIN that was sent */
	WORDS_PIN_UNKNOWN,
	WORDS_PIN_ON_PAD,
	WORDS_PIN_ON_PAD_FOR,
	WORDS_PIN_PAD_LAST,
	WORDS_PIN_PAD_NONE,
	WORDS_NOBODY,
	/* the card */
	WORDS_FOREIGN,
	WORDS_KEY_CHANGED,
	WORDS_KDF_CHANGED,
	WORDS_BUSY,
	WORDS_NOT_UNDERSTOOD,
	WORDS_PULLED,
	WORDS_LOOKING_AGAIN,
	WORDS_CARD_CANNOT,
	WORDS_WAITING,
	WORDS_WAITING_FOR,
	WORDS_SEVERAL,
	WORDS_SEVERAL_ONE,
	WORDS_HERE_WHILE_TYPING,
	WORDS_EMPTY_NO_CARD,
	WORDS_TOUCH,
	WORDS_TOUCH_OF,
	WORDS_TOUCH_MISSED,
	/* the blob */
	WORDS_BLOB_DAMAGED,
	WORDS_BLOB_OTHER_KEY,
	WORDS_BLOB_NOT_OPENED,
	WORDS_BLOB_STALE,
	WORDS_BLOB_GIVEN_UP,
	/* the passphrase */
	WORDS_PASSPHRASE_HINT,
	WORDS_PASSPHRASE_WRONG,
	WORDS_PASSPHRASE_UNTRIED,
	/* trust */
	WORDS_STRANGE,
	WORDS_RECORD_DIFFERS,
	WORDS_RECORD_BROKEN,
	WORDS_RECORD_MISSING,
	WORDS_NOT_ENROLLED,
	WORDS_VOUCH,
	WORDS_VOUCH_PIN,
	WORDS_NOT_VOUCHED,
	/* the boot run */
	WORDS_BOOT_OPEN,
	WORDS_BOOT_LEFT,
	WORDS_BOOT_LEFT_TOLD,
	WORDS_BOOT_UNREAD,
	WORDS_BOOT_REFUSED,
	WORDS_BOOT_UNMAPPED,
	WORDS_BOOT_TAKEN,
	WORDS_BOOT_TRIES,
	WORDS_BOOT_HEADS,
	WORDS_BOOT_WAITING,
	WORDS_BOOT_ABSENT,
	/* what the root lies on */
	WORDS_ROOT_OTHER,
	WORDS_ROOT_NO_DISK,
	WORDS_RESUME_OTHER,
	/* a line of crypttab that is left to cryptroot */
	WORDS_TAB_FIELDS,
	WORDS_TAB_SPELLING,
	WORDS_TAB_NAME,
	WORDS_TAB_SOURCE,
	WORDS_TAB_OPTION,
	WORDS_TAB_VALUE,
	WORDS_TAB_TWICE,
	WORDS_TAB_AGAIN,
	WORDS_TAB_KEYSLOT,
	/* signing /boot */
	WORDS_SIGN_PIN_OF_CARD,
	WORDS_SIGN_PIN_ON_PAD,
	WORDS_SIGN_PIN_BLOCKED,
	WORDS_SIGN_PIN_BLOCKED_ADMIN,
	WORDS_SIGN_PIN_BLOCKED_CODE,
	WORDS_SIGN_PIN_BLOCKED_ALL,
	WORDS_SIGN_NOBODY,
	WORDS_SIGN_FOREIGN,
	WORDS_COUNT_
};

struct words_args {
	const char *reader, *card, *disk, *text;
	int n, m;
};

const char *words_template(enum words w);
/* args may be NULL; control characters of strangers become '?'.  Returns out. */
const char *words_fill(enum words w, const struct words_args *args, char *out,
                       size_t cap);
void words_say(struct ask *a, enum words w, const struct words_args *args);

#endif
