/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TPM 2.0 that keeps 32 bytes and gives them out to the boot that it was told of, and
 * for the PIN.  Nothing of the TPM's library is seen above this. */
#ifndef UNLOCK_TPM2_H
#define UNLOCK_TPM2_H

#include "core/secret.h"
#include "crypto/crypto.h"

enum {
	TPM2_PCRS = 24,
	TPM2_SECRET_LEN = 32,
	TPM2_SALT_LEN = 32,
	TPM2_NAME_LEN = 34, /* of an object: algorithm and SHA-256 (Part 1, 16) */
	TPM2_ID_LEN = 20,   /* of a sealed object: the beginning of that SHA-256 */
	TPM2_PUBLIC_MAX = 256,
	TPM2_PRIVATE_MAX = 512,
	TPM2_PIN_MIN = 6, /* bytes, of a PIN that is set */
	TPM2_PIN_MAX = 127,
};
/* Where the storage root key is kept, if anywhere (TCG Provisioning Guidance, 7.5.1). */
#define TPM2_SRK 0x81000001U

/*
 * Every call runs in a child process and ends in limit_ms (0: as long as a slow TPM needs
 * for it).  ERR_TPM_ABSENT, ERR_UNSUPPORTED (TPM 1.2, or a build without tss2),
 * ERR_ACCESS, ERR_TPM_FAILED, and what is said below.
 */
struct tpm2 {
	const char *tcti; /* as tss2's loader takes it; NULL: /dev/tpmrm0 */
	int limit_ms;
};

/* What is measured: of the PCRs in mask, the values in the bank of that hash. */
struct tpm2_pcrs {
	enum hash_alg bank;
	uint32_t mask; /* bit n: PCR n */
	uint8_t value[TPM2_PCRS][HASH_MAX_LEN];
};

struct tpm2_sealed {
	uint32_t srk; /* handle of the persistent one; 0: made anew from the template */
	uint8_t srk_name[TPM2_NAME_LEN];
	struct tpm2_pcrs pcrs; /* at sealing */
	bool needs_pin;
	uint8_t salt[TPM2_SALT_LEN];
	/* As the TPM wrote them, TPM2B_PUBLIC and TPM2B_PRIVATE. */
	uint8_t pub[TPM2_PUBLIC_MAX], priv[TPM2_PRIVATE_MAX];
	size_t pub_len, priv_len;
};

struct tpm2_wish {
	uint32_t srk; /* this persistent key; 0: TPM2_SRK where it is of use, else made */
	const uint8_t *srk_name; /* TPM2_NAME_LEN: and no other than this; NULL: any */
	enum hash_alg bank;
	uint32_t mask;
	uint8_t salt[TPM2_SALT_LEN]; /* random, of the PIN */
	/* To these values, of that bank and mask; NULL: to what they are now. */
	const struct tpm2_pcrs *to;
};

/* tpm2.c */

/* ERR_NOT_FOUND: the TPM has no such bank. */
enum err tpm2_read_pcrs(const struct tpm2 *t, enum hash_alg bank, uint32_t mask,
                        struct tpm2_pcrs *ret);
/* Seal TPM2_SECRET_LEN bytes to the PCRs, and to the PIN (NULL: to none).
 * ERR_TPM_OTHER: wish.srk is no such key, or not the one of that name, and nothing was
 * told to it.  ERR_NOT_FOUND: the TPM has no such bank. */
enum err tpm2_seal(const struct tpm2 *t, const struct tpm2_wish *w,
                   const struct secret *what, const struct secret *pin,
                   struct tpm2_sealed *ret);
/* The same for who has other work meanwhile (core/aside.h).  auth: what tpm2_auth_value
 * made of PIN and w->salt, NULL: no PIN.  What w points at stays until it is finished. */
struct aside;
enum err tpm2_seal_start(const struct tpm2 *t, const struct tpm2_wish *w,
                         const struct secret *what, const struct secret *auth,
                         struct aside **ret);
enum err tpm2_seal_finish(struct aside *a, const struct tpm2_wish *w, bool pin,
                          struct tpm2_sealed *ret);
/*
 * pin: NULL where it needs none.  ERR_FORMAT: tpm2_sealed_check says so, and the TPM was
 * not asked; or its key is the recorded one and does not take the private part.
 * ERR_TPM_OTHER, ERR_TPM_PCRS, ERR_TPM_PIN (counted), ERR_TPM_LOCKED.
 */
enum err tpm2_unseal(const struct tpm2 *t, const struct tpm2_sealed *s,
                     const struct secret *pin, struct secret **ret);
/* The same where the PIN was stretched before, with s->salt, and for who has other work
 * meanwhile; then tpm2_unseal_finish. */
enum err tpm2_unseal_with(const struct tpm2 *t, const struct tpm2_sealed *s,
                          const struct secret *auth, struct aside **ret);
/* Extend one PCR in all active banks: what was sealed to its value opens no more until
 * the machine starts again. */
enum err tpm2_extend(const struct tpm2 *t, unsigned pcr, const char *what);

/* Dictionary attack protection (Part 1, 19.8). */
struct tpm2_lockout {
	uint32_t failed, max; /* tries counted; locked from max on */
	uint32_t interval_s;  /* after which one is forgotten */
	uint32_t recovery_s;  /* how long the lockout hierarchy waits after its own */
	uint32_t locked;      /* not 0: it is */
	uint32_t password;    /* not 0: the lockout hierarchy has one */
};
enum err tpm2_lockout(const struct tpm2 *t, struct tpm2_lockout *ret);

/* Both in one go: PCRs as tpm2_read_pcrs has them, and what is counted. */
struct tpm2_look {
	struct tpm2_pcrs pcrs;
	struct tpm2_lockout lockout;
};
enum err tpm2_look(const struct tpm2 *t, enum hash_alg bank, uint32_t mask,
                   struct tpm2_look *ret);

/*
 * For who has a person to wait for: one job in two parts, between which she is asked.
 * Started here, then polled and dropped as core/aside.h says.  Errors are those of the
 * calls above; ERR_TPM_OTHER comes before anything else of that TPM counts.
 */
enum err tpm2_look_start(const struct tpm2 *t, const struct tpm2_sealed *s,
                         struct aside **ret);
/* Of bank and mask of what is sealed.  OK: it waits for tpm2_unseal_start; else it is
 * gone. */
enum err tpm2_look_finish(struct aside *a, const struct tpm2_sealed *s,
                          struct tpm2_look *ret);
/* Of the same object.  An error: a is still to be dropped. */
enum err tpm2_unseal_start(struct aside *a, const struct tpm2 *t,
                           const struct tpm2_sealed *s, const struct secret *pin);
enum err tpm2_unseal_finish(struct aside *a, struct secret **ret);

/* Of an error of these calls, a phrase as err_text's: also where this program was linked
 * without a TPM (docs/adr/0020). */
const char *tpm2_trouble(enum err e);

/* tpm2_policy.c: without a TPM */

#define TPM2_PCRS_ALL ((1U << TPM2_PCRS) - 1)
/* Debug and application PCRs: whoever runs resets them (TCG PC Client, table of PCRs). */
#define TPM2_PCRS_RESETTABLE (1U << 16 | 1U << 23)

/* What PIN and salt are to the TPM, at most TPM2_SECRET_LEN bytes; its end has no zero
 * bytes, which libraries and TPMs do not agree about. */
enum err tpm2_auth_value(const struct secret *pin, const uint8_t salt[TPM2_SALT_LEN],
                         struct secret **ret);
/* Policy over those values, and the PIN (Part 3, PolicyPCR and PolicyAuthValue). */
enum err tpm2_policy(const struct tpm2_pcrs *p, bool pin, uint8_t ret[static 32]);
/* Is its public part that of an object as tpm2_seal makes it, with this policy?
 * ERR_FORMAT: no; the flag for the PIN may have been changed, or the values. */
enum err tpm2_sealed_check(const struct tpm2_sealed *s);
/* Of an object; unlike for any that has another policy or holds something else. */
enum err tpm2_id(const struct tpm2_sealed *s, uint8_t ret[static TPM2_ID_LEN]);
/* Bits of the PCRs that are in mask of both and differ. */
uint32_t tpm2_pcrs_differ(const struct tpm2_pcrs *a, const struct tpm2_pcrs *b);
/* What is measured there, a phrase; never NULL. */
const char *tpm2_pcr_measures(unsigned pcr);
/* sha256, sha384 or sha512; HASH_NONE: no other. */
enum hash_alg tpm2_bank_by_name(const char *name);
const char *tpm2_bank_name(enum hash_alg bank);

#endif
