/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which PCRs a way in is sealed to, and what speaks against them: without a TPM
 * (docs/adr/0015).  Not linked into the initramfs program. */
#ifndef UNLOCK_TPM2_CHOICE_H
#define UNLOCK_TPM2_CHOICE_H

#include "unlock/tpm2.h"

enum tpm2_profile {
	TPM2_UEFI,  /* GRUB or systemd-boot on UEFI: 4+7+8+9, capped in 13 */
	TPM2_HEADS, /* 0 to 5 and 7, capped in 4; not 6, where Heads measures our token */
	TPM2_LIST,  /* --pcrs */
};

struct tpm2_choice {
	enum tpm2_profile profile;
	uint32_t mask; /* the one for the cap is in it */
	unsigned cap;
	bool cap_added; /* it was not in the list */
};

/* "uefi" or "heads".  ERR_USAGE. */
enum err tpm2_choice_profile(const char *name, struct tpm2_choice *ret);
/*
 * Numbers joined by "+" or ",": each once, decimal, without needless zeros.  ERR_USAGE:
 * it is no such list.  ERR_REFUSED: one of TPM2_PCRS_RESETTABLE, or none that the boot
 * measures into is in it.
 */
enum err tpm2_choice_list(const char *text, struct tpm2_choice *ret);
/* What somebody chose before. */
struct tpm2_choice tpm2_choice_of(uint32_t mask, unsigned cap);
/* "81000001", with or without "0x": a persistent handle.  ERR_USAGE. */
enum err tpm2_handle(const char *text, uint32_t *ret);
/* A bit of a mask: the boot loader, without which the others can be put there by hand. */
#define TPM2_PCR_LOADER (1U << 4)

/* "7+8+9". */
enum { TPM2_LIST_MAX = TPM2_PCRS * 3 };
void tpm2_list(uint32_t mask, char ret[static TPM2_LIST_MAX]);

/* GRUB's 8 and 9, the EFI stub's 9, systemd's 11 and 12: initramfs or command line. */
#define TPM2_PCRS_OF_IMAGE (1U << 8 | 1U << 9 | 1U << 11 | 1U << 12)

/* What speaks against it, bits. */
enum tpm2_doubt {
	/* Neither the initramfs nor the kernel's command line is measured into it: a
	 * thief boots another one, and without a PIN has the disk. */
	TPM2_DOUBT_SET = 1 << 0,
	/* It would be, but nothing measures here: those PCRs are empty. */
	TPM2_DOUBT_EMPTY = 1 << 1,
	/* The PCR of the cap is not empty, and nobody noted why: it may be another value
	 * the next time. */
	TPM2_DOUBT_CAP = 1 << 2,
	/* Some of them go on changing after the disk is open, and these are not the
	 * values of then. */
	TPM2_DOUBT_MOVING = 1 << 3,
	/* The boot loader is not measured into it: a thief boots one that measures
	 * nothing, and extends the others by hand. */
	TPM2_DOUBT_LOADER = 1 << 4,
};
/* saved: the values are those of when the disk was opened. */
unsigned tpm2_doubts(const struct tpm2_choice *c, const struct tpm2_pcrs *to, bool saved);
/* Those for which nothing is sealed without a PIN. */
#define TPM2_DOUBTS_WITHOUT_PIN                                                          \
	((unsigned)(TPM2_DOUBT_SET | TPM2_DOUBT_EMPTY | TPM2_DOUBT_LOADER))
/* Bits of the PCRs into which nothing was measured. */
uint32_t tpm2_pcrs_empty(const struct tpm2_pcrs *p);

#endif
