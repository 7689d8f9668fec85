/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One table: what each error is called, what to do about it, what follows, how it exits.
 */
#include "core/err.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

struct row {
	const char *text;
	const char *advice;
	enum err_next next;
	enum exit_status exit;
};

/* clang-format off */
static const struct row table[] = {
	[OK] = {"success", "", NEXT_STOP, EXIT_OK},
	[ERR_NOMEM] = {"out of memory",
		"Secrets need locked memory: close programs, or raise the limit (ulimit -l).",
		NEXT_STOP, EXIT_FAILED},
	[ERR_IO] = {"input or output failed", "Look into the kernel's log.",
		NEXT_BACKEND, EXIT_FAILED},
	[ERR_NOT_FOUND] = {"not found", "Check the name.", NEXT_BACKEND, EXIT_FAILED},
	[ERR_EXISTS] = {"exists already", "Choose another name, or remove the old one first.",
		NEXT_BACKEND, EXIT_FAILED},
	[ERR_ACCESS] = {"access denied", "Run the program as root.", NEXT_BACKEND, EXIT_FAILED},
	[ERR_NO_SPACE] = {"no space left", "Free some space, then try again.",
		NEXT_BACKEND, EXIT_FAILED},
	[ERR_READ_ONLY] = {"read-only", "Mount the file system writable, then try again.",
		NEXT_BACKEND, EXIT_FAILED},
	[ERR_USAGE] = {"wrong usage", "See the manual page.", NEXT_STOP, EXIT_USAGE},
	[ERR_TIMEOUT] = {"timed out", "Try again.", NEXT_BACKEND, EXIT_CANCELLED},
	[ERR_CANCELLED] = {"cancelled", "", NEXT_BACKEND, EXIT_CANCELLED},
	[ERR_PASSPHRASE] = {"no keyslot opens with this passphrase",
		"Check Caps Lock and the keyboard layout, then type it again.",
		NEXT_ASK_AGAIN, EXIT_FAILED},
	[ERR_NO_SERVICE] = {"the smart card service cannot be reached",
		"Start pcscd (systemctl start pcscd.socket), or install libccid.",
		NEXT_BACKEND, EXIT_NO_CARD},
	[ERR_NO_READER] = {"no card reader", "Plug in the dongle or the reader.",
		NEXT_BACKEND, EXIT_NO_CARD},
	[ERR_NO_CARD] = {"no card in the reader", "Insert the card.", NEXT_BACKEND, EXIT_NO_CARD},
	[ERR_BUSY] = {"another program holds the card",
		"Close that program; for GnuPG: gpgconf --kill scdaemon.",
		NEXT_BACKEND, EXIT_NO_CARD},
	[ERR_CARD_RESET] = {"another program reset the card",
		"Try again; if it happens often, run gpgconf --kill scdaemon.",
		NEXT_BACKEND, EXIT_NO_CARD},
	[ERR_CARD_LOST] = {"the card went away", "Insert it again and leave it in place.",
		NEXT_BACKEND, EXIT_NO_CARD},
	[ERR_CARD_MUTE] = {"the card gave no answer in time",
		"Take it out and put it in again.", NEXT_BACKEND, EXIT_NO_CARD},
	[ERR_CARD_STATE] = {"the card cannot do this",
		"Check with bootlatch card status that it has a decryption key and is not terminated.",
		NEXT_BACKEND, EXIT_FAILED},
	[ERR_CARD_REFUSES] = {"the card refuses to tell what is needed",
		"Try again; if it goes on, see bootlatch card selftest.",
		NEXT_BACKEND, EXIT_FAILED},
	[ERR_WRONG_CARD] = {"this card is not enrolled",
		"Insert the card that was enrolled for this volume.",
		NEXT_BACKEND, EXIT_WRONG_CARD},
	[ERR_TOUCH] = {"nobody touched the dongle in time",
		"Try again and touch the dongle when it blinks.", NEXT_BACKEND, EXIT_CANCELLED},
	[ERR_PIN_WRONG] = {"wrong PIN", "Type it again with care: the tries are counted.",
		NEXT_ASK_AGAIN, EXIT_PIN_WRONG},
	[ERR_PIN_BLOCKED] = {"the PIN is blocked",
		"Unblock it with the Admin PIN or the reset code: bootlatch card unblock.",
		NEXT_BACKEND, EXIT_PIN_BLOCKED},
	[ERR_PIN_LENGTH] = {"the PIN is too short or too long",
		"No try was spent: type it again.",
		NEXT_ASK_AGAIN, EXIT_PIN_WRONG},
	[ERR_PIN_BYTES] = {"the PIN has a byte that nobody can type",
		"It was not used, and no try was spent: give it as text on one line, without NUL or "
		"control characters.",
		NEXT_ASK_AGAIN, EXIT_PIN_WRONG},
	[ERR_PIN_LAST_TRY] = {"only one PIN try is left",
		"The PIN was not sent: confirm that the last try may be spent.",
		NEXT_ASK_AGAIN, EXIT_REFUSED},
	[ERR_PIN_GONE] = {"the card forgot that its PIN was verified",
		"Close other programs that use the card, then try again.",
		NEXT_BACKEND, EXIT_FAILED},
	[ERR_PIN_UNKNOWN] = {"the connection failed while the PIN was checked",
		"A try may have been spent: look at the tries left before the next one.",
		NEXT_BACKEND, EXIT_PIN_WRONG},
	[ERR_TPM_ABSENT] = {"there is no TPM 2.0",
		"Switch it on in the firmware's setup, or use another way.",
		NEXT_BACKEND, EXIT_NO_CARD},
	[ERR_TPM_FAILED] = {"the TPM failed, or gave no answer in time",
		"Switch the machine off and on again; if it goes on, use another way.",
		NEXT_BACKEND, EXIT_NO_CARD},
	[ERR_TPM_OTHER] = {"this is not the TPM that was enrolled, or it was cleared since",
		"Use another way, then enroll the TPM again.", NEXT_BACKEND, EXIT_WRONG_CARD},
	[ERR_TPM_PCRS] = {"the TPM measured another boot than the one that was enrolled",
		"Use another way; if you made the change yourself, enroll the TPM again.",
		NEXT_BACKEND, EXIT_VERIFICATION},
	[ERR_TPM_PIN] = {"wrong PIN for the TPM",
		"Type it again with care: the TPM counts the tries.",
		NEXT_ASK_AGAIN, EXIT_PIN_WRONG},
	[ERR_TPM_LOCKED] = {"the TPM is locked after too many wrong PINs",
		"Wait, or use another way: the right PIN is refused too until then.",
		NEXT_BACKEND, EXIT_PIN_BLOCKED},
	[ERR_FORMAT] = {"malformed data", "The data is damaged or not ours: restore it.",
		NEXT_BACKEND, EXIT_FAILED},
	[ERR_UNSUPPORTED] = {"not supported", "Use another card, key or volume format.",
		NEXT_BACKEND, EXIT_FAILED},
	[ERR_CRYPTO] = {"a cryptographic operation failed",
		"The data or the key is not what it should be.", NEXT_BACKEND, EXIT_FAILED},
	[ERR_SIGNATURE] = {"the signature does not verify",
		"Do not go on: somebody may have changed the data.",
		NEXT_STOP, EXIT_VERIFICATION},
	[ERR_NO_RECORD] = {"no enrolment record for this volume",
		"Do not go on unless you know why the record is missing; enrol again.",
		NEXT_STOP, EXIT_VERIFICATION},
	[ERR_TAMPERED] = {"the volume's header was changed",
		"Do not type a PIN or passphrase: check the disk from a system that you trust.",
		NEXT_STOP, EXIT_VERIFICATION},
	[ERR_NOT_ENROLLED] = {"no card is enrolled for this volume", "Enrol a card first.",
		NEXT_BACKEND, EXIT_NOT_ENROLLED},
	[ERR_REFUSED] = {"refused, to protect you",
		"It would take away the last way into the volume, or touch a reserved keyslot.",
		NEXT_STOP, EXIT_REFUSED},
	[ERR_WARNED] = {"something should be mended", "", NEXT_STOP, EXIT_WARNED},
	[ERR_BUG] = {"internal error", "This is a bug: please report it.",
		NEXT_STOP, EXIT_FAILED},
};
/* clang-format on */

static_assert(sizeof(table) / sizeof(table[0]) == ERR_COUNT_,
              "every error needs a text, an advice, a next step and an exit status");

static const struct row *row_of(enum err e)
{
	return &table[(size_t)e < ERR_COUNT_ ? e : ERR_BUG];
}

const char *err_text(enum err e)
{
	return row_of(e)->text;
}

const char *err_advice(enum err e)
{
	return row_of(e)->advice;
}

enum err_next err_next(enum err e)
{
	return row_of(e)->next;
}

enum exit_status err_exit(enum err e)
{
	return row_of(e)->exit;
}

enum err err_from_errno(int errnum)
{
	switch (errnum) {
	case ENOMEM:
		return ERR_NOMEM;
	case ENOENT:
	case ENOTDIR:
	case ENODEV:
	case ENXIO:
		return ERR_NOT_FOUND;
	case EEXIST:
		return ERR_EXISTS;
	case EACCES:
	case EPERM:
		return ERR_ACCESS;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_NO_SPACE;
	case EROFS:
		return ERR_READ_ONLY;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case EBUSY:
		return ERR_BUSY;
	default:
		return ERR_IO;
	}
}
