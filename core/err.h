/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one error type of the tree, with what each error means to a person and to a script.
 */
#ifndef CORE_ERR_H
#define CORE_ERR_H

/*
 * The attribute sits on the type, so the compiler rejects any call whose
 * result is dropped; no per-function attribute is needed.
 */
/* clang-format off */
enum [[nodiscard]] err {
	OK = 0,
	/* this machine */
	ERR_NOMEM, ERR_IO, ERR_NOT_FOUND, ERR_EXISTS, ERR_ACCESS, ERR_NO_SPACE, ERR_READ_ONLY,
	/* the person */
	ERR_USAGE, ERR_TIMEOUT, ERR_CANCELLED, ERR_PASSPHRASE,
	/* reader and card */
	ERR_NO_SERVICE,    /* pcscd cannot be reached */
	ERR_NO_READER, ERR_NO_CARD,
	ERR_BUSY,          /* another program holds the reader: SCARD_E_SHARING_VIOLATION */
	ERR_CARD_RESET,    /* another program reset the card: it can be talked to, nothing is selected or verified */
	ERR_CARD_LOST,     /* the card or reader went away in mid-conversation */
	ERR_CARD_MUTE,     /* no answer in time: the connection was given up */
	ERR_CARD_STATE,    /* the card answers, but cannot do this: no key, terminated */
	ERR_CARD_REFUSES,  /* it refuses, and says nothing of why that we understand */
	ERR_WRONG_CARD,
	ERR_TOUCH,         /* nobody touched the dongle in time: SW 6600 */
	/* the PIN */
	ERR_PIN_WRONG, ERR_PIN_BLOCKED,
	ERR_PIN_LENGTH,    /* too short or too long for the card: no try was spent */
	ERR_PIN_BYTES,     /* from a descriptor: a byte that nobody can type; not sent */
	ERR_PIN_LAST_TRY,  /* one try left and nobody confirmed spending it: not sent */
	ERR_PIN_GONE,      /* the card no longer knows that its PIN was verified */
	ERR_PIN_UNKNOWN,   /* the connection failed during VERIFY: counts as a spent try */
	/* the TPM */
	ERR_TPM_ABSENT,
	ERR_TPM_FAILED,    /* failure mode, no answer in time, nonsense */
	ERR_TPM_OTHER,     /* another storage root key than enrolled, or the object is not this TPM's */
	ERR_TPM_PCRS,      /* the PCRs are not what they were at sealing: counts for nothing */
	ERR_TPM_PIN,       /* wrong PIN: counted by the TPM */
	ERR_TPM_LOCKED,    /* too many wrong PINs: refused for a time, the right one too */
	/* data */
	ERR_FORMAT, ERR_UNSUPPORTED, ERR_CRYPTO,
	/* trust */
	ERR_SIGNATURE,
	ERR_NO_RECORD,     /* no enrolment record for this volume */
	ERR_TAMPERED,      /* the header pin differs, or a null cipher */
	ERR_NOT_ENROLLED,
	ERR_REFUSED,       /* refused to protect the person: last way in, reserved slot */
	ERR_WARNED,        /* it would work, but something should be mended */
	ERR_BUG,
	ERR_COUNT_
};
/* clang-format on */

/* What the unlock loop may do next; decided in one table, nowhere else. */
enum err_next { NEXT_STOP, NEXT_ASK_AGAIN, NEXT_BACKEND };

/* Exit statuses of every program of ours: frozen (docs/FORMAT.md). */
enum exit_status {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_PIN_WRONG = 3,
	EXIT_PIN_BLOCKED = 4,
	EXIT_NO_CARD = 5,
	EXIT_WRONG_CARD = 6,
	EXIT_VERIFICATION = 7,
	EXIT_NOT_ENROLLED = 8,
	EXIT_CANCELLED = 9,
	EXIT_REFUSED = 10,
	EXIT_WARNED = 11,
};

const char *err_text(enum err e); /* a short phrase, no full stop */
const char *
err_advice(enum err e); /* what to do about it, a sentence; never NULL, may be "" */
enum err_next err_next(enum err e);
enum exit_status err_exit(enum err e);
enum err err_from_errno(int errnum); /* ENOENT, EACCES, ENOSPC, EROFS, ... else ERR_IO */

#endif
