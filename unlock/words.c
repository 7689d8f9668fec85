/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the unlock layer says: for a tired person, what happened and then what to do. */
#include "unlock/words.h"

#include <stdio.h>

/* clang-format off */
static const char *const table[WORDS_COUNT_] = {
	[WORDS_PIN_OF_CARD] = "card %c",
	[WORDS_PIN_OF_CARD_FOR] = "card %c, to unlock %d",
	[WORDS_PIN_HINT] = "An empty line: the passphrase instead.",
	[WORDS_PIN_WRONG] = "Wrong PIN. Card %c has %n tries left.",
	[WORDS_PIN_WRONG_ONE_LEFT] =
		"Wrong PIN. Card %c has one try left. If that is wrong too, the card is blocked.",
	[WORDS_PIN_BLOCKED] =
		"The PIN of card %c is blocked. Unblock it with bootlatch card unblock (or gpg "
		"--card-edit), or use the passphrase.",
	[WORDS_PIN_BLOCKED_ADMIN] =
		"The PIN of card %c is blocked. Unblock it with the Admin PIN (bootlatch card "
		"unblock), or use the passphrase.",
	[WORDS_PIN_BLOCKED_CODE] =
		"The PIN of card %c is blocked. Unblock it with the reset code (bootlatch card "
		"unblock --reset-code), or use the passphrase.",
	[WORDS_PIN_BLOCKED_ALL] =
		"The PIN of card %c is blocked, and so is everything that could unblock it. Use the "
		"passphrase, and enroll another card.",
	[WORDS_PIN_LAST_TRY] =
		"Card %c has one try left, and a wrong PIN blocks it. To spend it, "
		"give the PIN twice, on two lines.",
	[WORDS_PIN_DIFFERS] =
		"The two PINs differ. Nothing was sent to the card, and no try was "
		"spent.",
	[WORDS_PIN_FAILED_BEFORE] =
		"Card %c refused this PIN before. It was not sent again, and no try was "
		"spent.",
	[WORDS_PIN_LENGTH] =
		"The PIN of card %c is %n to %m characters long. It was not sent, and no try was spent.",
	[WORDS_PIN_LENGTH_CARD] =
		"Card %c wants a PIN of another length than that. It counted no try: type it again.",
	[WORDS_PIN_UNKNOWN] =
		"The connection to card %c failed while the PIN was checked. The try counts "
		"as spent: look at the tries left before you type it again.",
	[WORDS_PIN_ON_PAD] = "Type the PIN of card %c on the reader's pad (%n tries left).",
	[WORDS_PIN_ON_PAD_FOR] =
		"Type the PIN of card %c on the reader's pad (%n tries left), to unlock %d.",
	[WORDS_PIN_PAD_LAST] =
		"Card %c has one try left, and a wrong PIN blocks it. It is spent on the reader's pad "
		"only if you say so.",
	[WORDS_PIN_PAD_NONE] =
		"No PIN was typed on the reader's pad. No try was spent.",
	[WORDS_NOBODY] =
		"Nobody can be asked. Run this at a terminal, or use --pin-fd or "
		"--passphrase-fd.",

	[WORDS_FOREIGN] =
		"Card %c in %r is not enrolled for this volume. Insert the card that is.",
	[WORDS_KEY_CHANGED] =
		"Card %c was enrolled in keyslot %n with another decryption key than it has now. If you "
		"changed the key: open the volume another way, then bootlatch unenroll --keyslot %n and "
		"bootlatch enroll.",
	[WORDS_KDF_CHANGED] =
		"Card %c: its PIN settings (KDF) are not those that were enrolled, so no PIN is sent. "
		"If you changed them: open the volume another way, then bootlatch enroll.",
	[WORDS_BUSY] =
		"Another program holds the card in %r. If it is GnuPG: gpgconf --kill scdaemon.",
	[WORDS_NOT_UNDERSTOOD] =
		"What the card in %r says of itself is not understood (%t). Insert another one.",
	[WORDS_PULLED] =
		"The dongle was pulled out. Insert it again and leave it in place.",
	[WORDS_LOOKING_AGAIN] =
		"The connection to card %c failed (%t). Leave it in place: it is "
		"looked at again.",
	[WORDS_CARD_CANNOT] = "Card %c cannot be used: %t.",
	[WORDS_WAITING] = "Waiting for the dongle. Insert it now.",
	[WORDS_WAITING_FOR] =
		"Waiting up to %n seconds for the dongle. Insert it now.",
	[WORDS_SEVERAL] = "Several cards fit. Choose one with --serial:",
	[WORDS_SEVERAL_ONE] = "  card %c in %r",
	[WORDS_HERE_WHILE_TYPING] =
		"Card %c is here. Finish the passphrase, or send an empty line (^U, "
		"Enter) to use the card.",
	[WORDS_EMPTY_NO_CARD] = "No dongle is here yet. Insert it, or type the passphrase.",
	[WORDS_TOUCH] = "Touch the dongle now.",
	[WORDS_TOUCH_OF] = "Touch the dongle now: touch %n of %m.",
	[WORDS_TOUCH_MISSED] =
		"Nobody touched the dongle in time. Press Enter to try again, and "
		"touch it when it blinks.",

	[WORDS_TPM_PIN_FOR] = "the TPM, to unlock %d",
	[WORDS_TPM_HINT] = "An empty line: the passphrase instead.",
	[WORDS_TPM_HINT_CARD] =
		"You may insert the dongle instead. An empty line: the passphrase.",
	[WORDS_TPM_HERE_WHILE_TYPING] =
		"Card %c is here. Finish the PIN of the TPM, or send an empty line (^U, Enter) to use the "
		"card.",
	[WORDS_TPM_WRONG] = "Wrong PIN. The TPM has %n tries left.",
	[WORDS_TPM_WRONG_ONE_LEFT] =
		"Wrong PIN. The TPM has one try left. If that is wrong too, it refuses the right one as "
		"well until some time has passed (%t for each try).",
	[WORDS_TPM_LAST_TRY] =
		"The TPM has one try left, and a wrong PIN locks it. To spend it, give the PIN twice, on "
		"two lines.",
	[WORDS_TPM_DIFFERS] =
		"The two PINs differ. Nothing was sent to the TPM, and no try was spent.",
	[WORDS_TPM_REFUSED_BEFORE] =
		"The TPM refused this PIN before. It was not sent again, and no try was spent.",
	[WORDS_TPM_PIN_LENGTH] =
		"The PIN of the TPM is %n to %m characters long. It was not sent, and no try was spent.",
	[WORDS_TPM_LOCKED] =
		"The TPM is locked: too many wrong PINs were counted (%n), or the machine lost power too often. "
		"It refuses the right PIN too, until it has been on for %t: then one try is free. Use the "
		"dongle or the passphrase.",
	[WORDS_TPM_PCRS] =
		"The TPM does not open %d: this start differs from the one that it was sealed to. Changed: %t. "
		"If you know why (an update, enrolling), open %d another way, then: bootlatch tpm reseal. If you "
		"do not, look into it before you type anything.",
	[WORDS_TPM_PCRS_UNKNOWN] =
		"The TPM does not open %d: this start differs from the one that it was sealed to. If you know "
		"why, open %d another way, then: bootlatch tpm reseal.",
	[WORDS_TPM_CAPPED] =
		"The TPM was closed when this system had started. It opens %d at the next start, no sooner.",
	[WORDS_TPM_OTHER] =
		"The TPM is not the one that was enrolled for %d, or it was cleared since. Open %d another "
		"way, then: bootlatch unenroll --keyslot %n, and bootlatch enroll --tpm2.",
	[WORDS_TPM_DAMAGED] =
		"What the TPM sealed for keyslot %n of %d is damaged. Open %d another way, then: bootlatch "
		"unenroll --keyslot %n, and bootlatch enroll --tpm2.",
	[WORDS_TPM_NOT_RECORDED] =
		"What the TPM shall open for keyslot %n of %d is not what was enrolled: somebody changed it. "
		"The TPM is not asked. Open %d another way, then: bootlatch unenroll --keyslot %n, and "
		"bootlatch enroll --tpm2.",
	[WORDS_TPM_STALE] =
		"What the TPM gave out does not open keyslot %n of %d. Once it is open: bootlatch unenroll "
		"--keyslot %n, and bootlatch enroll --tpm2.",
	[WORDS_TPM_CANNOT] = "The TPM cannot be used: %t. Use another way.",
	[WORDS_TPM_SLOW] = "The TPM has not answered yet. You need not wait for it.",
	[WORDS_TPM_AT_WORK] = "The TPM is still at work. You need not wait for it.",
	[WORDS_TPM_NONE_TO_CAP] =
		"There is no TPM to close for this start. If the start fails from here on, the machine starts "
		"again and gives no shell.",
	[WORDS_TPM_NOT_CAPPED] =
		"The TPM could not be closed for this start: %t. Whoever is root from now on could ask it for "
		"what opens the disks, where that needs no PIN.",

	[WORDS_BLOB_DAMAGED] =
		"The key blob of keyslot %n (%t) is damaged. Once the volume is open: bootlatch unenroll "
		"--keyslot %n, then enroll card %c again.",
	[WORDS_BLOB_KIND] =
		"The key blob of keyslot %n (%t) is encrypted in a way that is not read here: AEAD (GnuPG's "
		"OCB, RFC 9580's version 2), no MDC, or more than 16 keys. Once the volume is open: bootlatch unenroll "
		"--keyslot %n, then enroll card %c again.",
	[WORDS_BLOB_OTHER_KEY] =
		"The key blob of keyslot %n (%t) is not for the key on card %c. Once the volume is open: "
		"bootlatch unenroll --keyslot %n, then enroll this card again.",
	[WORDS_BLOB_NOT_OPENED] =
		"Card %c could not open the key blob of keyslot %n (%t). Once the volume is open: "
		"bootlatch unenroll --keyslot %n, then enroll this card again.",
	[WORDS_BLOB_STALE] =
		"What card %c decrypted (%t) does not open keyslot %n. Once the volume is open: bootlatch "
		"unenroll --keyslot %n, then enroll this card again.",
	[WORDS_BLOB_GIVEN_UP] =
		"Card %c cannot open keyslot %n of %d. Use another way.",

	[WORDS_PASSPHRASE_HINT] = "An empty line: the dongle instead.",
	[WORDS_PASSPHRASE_HINT_TPM] = "An empty line: the TPM instead.",
	[WORDS_PASSPHRASE_WRONG] =
		"This passphrase does not open %d. Check Caps Lock and the keyboard layout, then type it "
		"again.",
	[WORDS_PASSPHRASE_UNTRIED] =
		"The passphrase could not be tried on %d: %t. Type it again, or use the dongle.",
	[WORDS_RECOVERY_MISTYPED] =
		"That is no recovery key: a letter is wrong, missing or too many. Type all 72 letters "
		"again. Dashes, blanks and capitals make no difference.",

	[WORDS_STRANGE] =
		"%d is refused. %t Type no PIN and no passphrase: check the disk from a system that you "
		"trust.",
	[WORDS_RECORD_DIFFERS] =
		"The header of %d is not the one that was enrolled. If you changed it yourself "
		"(cryptsetup reencrypt): bootlatch record renew. If not: type no PIN and no passphrase, "
		"and check the disk from a system that you trust.",
	[WORDS_RECORD_BROKEN] =
		"The enrolment record of %d is damaged, so its header cannot be checked. From a system "
		"that you trust: bootlatch record renew.",
	[WORDS_RECORD_MISSING] =
		"This machine has no enrolment record of %d, so its header cannot be checked. If you "
		"moved the disk here: bootlatch unlock --no-record, or bootlatch record renew.",
	[WORDS_NOT_ENROLLED] = "Nothing is enrolled for %d. Enroll a card first: bootlatch enroll.",
	[WORDS_NO_WAY] =
		"Only a passphrase opens %d: no dongle and no TPM is enrolled for its header as it is now "
		"(cryptsetup reencrypt takes them out). Once it is open: bootlatch list, bootlatch enroll.",
	[WORDS_VOUCH] =
		"No record of this machine matches %d. Go on only if that is the pin that you know from "
		"bootlatch record show.",
	[WORDS_VOUCH_PIN] = "The header pin of %d is %t",
	[WORDS_NOT_VOUCHED] =
		"Nobody vouched for %d, so nothing was opened. Answer yes at a terminal to vouch for it.",

	[WORDS_BOOT_OPEN] = "%d is open.",
	[WORDS_BOOT_LEFT] =
		"%d was not opened: %t. It is left to cryptroot, which asks for it next.",
	[WORDS_BOOT_LEFT_TOLD] =
		"%d was not opened. It is left to cryptroot, which asks for it next.",
	[WORDS_BOOT_UNREAD] = "%d was not opened: %t. It is left to cryptroot.",
	[WORDS_BOOT_REFUSED] =
		"%d stays locked, and nobody is asked for it. If cryptsetup says \"Nothing to read on "
		"input\" next, this is why.",
	[WORDS_BOOT_UNMAPPED] =
		"%d could be opened, but not mapped: %t. See the kernel's log (dmesg). It is left to "
		"cryptroot.",
	[WORDS_BOOT_TAKEN] =
		"There is a device with the name %d already, and it is not that volume. Type no PIN and no "
		"passphrase for it, and check the disks from a system that you trust.",
	[WORDS_BOOT_TRIES] =
		"This passphrase does not open %d, and that was try %n of %n (tries= in crypttab).",
	[WORDS_BOOT_HEADS] =
		"The key that Heads released does not open %d. Use the dongle or the passphrase, and "
		"seal the key in Heads anew.",
	[WORDS_BOOT_WAITING] = "Waiting up to %n seconds for %t, which holds %d.",
	[WORDS_BOOT_ABSENT] =
		"%t has not appeared. %d is left to cryptroot, which goes on looking for it.",

	[WORDS_ROOT_OTHER] =
		"The root file system on %d is not on the encrypted disk of this machine. Somebody may have "
		"put another system in place of yours, so it is not started. Type no PIN and no passphrase: "
		"check the disks from a system that you trust. Enter starts the machine again.",
	[WORDS_ROOT_NO_DISK] =
		"The root file system %d is no disk, so what it lies on is not checked.",
	[WORDS_RESUME_OTHER] =
		"%d, to resume from, is not on the encrypted disk of this machine. Nothing is resumed from "
		"it: the machine starts anew.",

	[WORDS_TAB_FIELDS] =
		"The line of %d in crypttab does not have three or four fields (a comment behind them counts). "
		"It is left to cryptroot.",
	[WORDS_TAB_SPELLING] =
		"The line of %d in crypttab has a control character, or a backslash that begins no octal "
		"number. It is left to cryptroot.",
	[WORDS_TAB_NAME] = "crypttab: %d cannot be the name of a mapping. It is left to cryptroot.",
	[WORDS_TAB_SOURCE] =
		"crypttab: the source of %d is no path and no UUID=, LABEL=, PARTUUID= or PARTLABEL=. "
		"It is left to cryptroot.",
	[WORDS_TAB_OPTION] =
		"crypttab: %d has the option %t, which is not known here. It is left to cryptroot.",
	[WORDS_TAB_VALUE] =
		"crypttab: %d has the option %t with a value that it cannot have. It is left to "
		"cryptroot.",
	[WORDS_TAB_TWICE] =
		"crypttab: %d has the option %t twice, with different values. It is left to cryptroot.",
	[WORDS_TAB_KEYSLOT] =
		"crypttab has keyslot=%n for %d: only the passphrase or the dongle of that keyslot opens it.",
	[WORDS_TAB_AGAIN] =
		"crypttab has a second line for %d, which is left out. Only the first one counts.",

	[WORDS_SIGN_PIN_OF_CARD] = "card %c, to sign %d",
	[WORDS_SIGN_PIN_ON_PAD] =
		"Type the PIN of card %c on the reader's pad (%n tries left), to sign %d.",
	[WORDS_SIGN_PIN_BLOCKED] =
		"The PIN of card %c is blocked. Unblock it with bootlatch card unblock (or gpg "
		"--card-edit), then sign again.",
	[WORDS_SIGN_PIN_BLOCKED_ADMIN] =
		"The PIN of card %c is blocked. Unblock it with the Admin PIN (bootlatch card "
		"unblock), then sign again.",
	[WORDS_SIGN_PIN_BLOCKED_CODE] =
		"The PIN of card %c is blocked. Unblock it with the reset code (bootlatch card "
		"unblock --reset-code), then sign again.",
	[WORDS_SIGN_PIN_BLOCKED_ALL] =
		"The PIN of card %c is blocked, and so is everything that could unblock it. Sign with "
		"another card, whose key Heads knows.",
	[WORDS_SIGN_NOBODY] = "Nobody can be asked. Run this at a terminal, or use --pin-fd.",
	[WORDS_SIGN_FOREIGN] = "Card %c in %r has another signing key than the one that is wanted.",
};
/* clang-format on */

const char *words_template(enum words w)
{
	return (size_t)w < WORDS_COUNT_ && table[w] ? table[w] : "";
}

struct line {
	char *out;
	size_t cap, n;
};

static void add(struct line *l, char c)
{
	if (l->cap > 0 && l->n < l->cap - 1)
		l->out[l->n++] = c;
}

/* Text from a card, a reader or a header must not drive the terminal: C0, DEL, and C1 in
 * UTF-8. */
static void add_foreign(struct line *l, const char *text)
{
	unsigned char before = 0;

	if (!text)
		text = "?";
	for (; *text; text++) {
		const unsigned char c = (unsigned char)*text;
		const bool c1 = before == 0xc2 && c >= 0x80 && c <= 0x9f;

		if (c < 0x20 || c == 0x7f || c1)
			add(l, '?');
		else
			add(l, *text);
		before = c;
	}
}

static void add_number(struct line *l, int n)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", n);
	add_foreign(l, text);
}

const char *words_fill(enum words w, const struct words_args *args, char *out, size_t cap)
{
	static const struct words_args none = {0};
	struct line l = {out, cap, 0};

	if (cap == 0)
		return "";
	if (!args)
		args = &none;
	for (const char *p = words_template(w); *p; p++) {
		if (*p != '%' || p[1] == '\0') {
			add(&l, *p);
			continue;
		}
		switch (*++p) {
		case 'r':
			add_foreign(&l, args->reader);
			break;
		case 'c':
			add_foreign(&l, args->card);
			break;
		case 'd':
			add_foreign(&l, args->disk);
			break;
		case 't':
			add_foreign(&l, args->text);
			break;
		case 'n':
			add_number(&l, args->n);
			break;
		case 'm':
			add_number(&l, args->m);
			break;
		default:
			add(&l, *p);
		}
	}
	out[l.n] = '\0';
	return out;
}

void words_say(struct ask *a, enum words w, const struct words_args *args)
{
	char text[SENTENCE_MAX];

	if (a && a->ops->note)
		a->ops->note(a, words_fill(w, args, text, sizeof(text)));
}

const char *words_duration(uint32_t s, char out[static DURATION_MAX])
{
	enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
	static const struct {
		uint32_t s;
		const char *name;
	} units[] = {
	        {DAY,    "day"   },
                {HOUR,   "hour"  },
                {MINUTE, "minute"},
                {1,      "second"}
        };
	size_t i = 0;

	while (i + 1 < sizeof(units) / sizeof(units[0]) && s < 2 * units[i].s &&
	       s != units[i].s)
		i++;
	const uint32_t n = s / units[i].s + (s % units[i].s != 0);
	(void)snprintf(out, DURATION_MAX, "%u %s%s", n, units[i].name, n == 1 ? "" : "s");
	return out;
}
