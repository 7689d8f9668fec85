/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch doctor: faults, and the checks that find them.  Nothing here writes. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/image.h"
#include "cli/machine.h"

/* How bad it is for the next boot. */
enum doctor_level {
	DOCTOR_NOTE,     /* good to know */
	DOCTOR_WARNING,  /* the dongle still opens the disk; something else will not do */
	DOCTOR_ERROR,    /* a boot will not ask for the dongle, or not start */
	DOCTOR_TAMPERED, /* what is trusted is not what it was */
	DOCTOR_LEVELS_
};
const char *doctor_level_text(enum doctor_level l); /* "note", "warning", ... */

/* Everything that can be wrong: a row each in cli/doctor_faults.c. */
enum fault {
	/* doctor_table.c */
	FAULT_TABLE,
	FAULT_LINE,
	FAULT_OPTION,
	FAULT_NOT_OURS,
	FAULT_SYSTEMD,
	FAULT_DEVICE,
	FAULT_NOT_LUKS,
	FAULT_HEADS_LINE,
	FAULT_NOTHING,
	/* doctor_generator.c */
	FAULT_GENERATOR,
	FAULT_GENERATOR_OTHER,
	FAULT_CRYPTROOT,
	FAULT_HOOK,
	FAULT_KEYSCRIPT,
	FAULT_LIST,
	FAULT_FROZEN,
	/* doctor_volumes.c */
	FAULT_HEADER,
	FAULT_PIN,
	FAULT_RECORD_BROKEN,
	FAULT_RECORD_MISSING,
	FAULT_CONFIG_OPEN,
	FAULT_RECORD_ALONE,
	/* doctor_ways.c */
	FAULT_SLOT_GONE,
	FAULT_NO_BLOB,
	FAULT_BOOT_COPY,
	FAULT_TOKEN,
	FAULT_COPIES,
	FAULT_RECIPIENT,
	FAULT_NOT_RECORDED,
	FAULT_CLAIM,
	FAULT_INTERRUPTED,
	FAULT_PRIORITY,
	FAULT_SLOT_LOOKS,
	FAULT_LAST_WAY,
	FAULT_MEMORY,
	/* doctor_heads.c */
	FAULT_HEADS_SLOT,
	FAULT_HEADS_KEY,
	/* doctor_images.c */
	FAULT_NO_KERNEL,
	FAULT_NO_IMAGE,
	FAULT_IMAGE_BROKEN,
	FAULT_IMAGE_UNSEEN,
	FAULT_IMAGE_FILE,
	FAULT_IMAGE_LOADS,
	FAULT_IMAGE_PROGRAM,
	FAULT_IMAGE_RECORD,
	FAULT_IMAGE_BLOB,
	FAULT_IMAGE_TABLE,
	FAULT_IMAGE_ROOTS,
	FAULT_KEYMAP,
	FAULT_KEYBOARD,
	/* doctor_boot.c */
	FAULT_UNMOUNTED,
	FAULT_FULL,
	FAULT_READONLY,
	FAULT_SIGNATURE,
	FAULT_SIGNERS,
	FAULT_STAGE,
	FAULT_PENDING,
	FAULT_DEFAULT,
	FAULT_DEFAULT_OLD,
	FAULT_CLOCK,
	/* doctor_system.c */
	FAULT_LIBCCID,
	FAULT_PCSCD,
	FAULT_SCDAEMON_CCID,
	FAULT_SCDAEMON_RUNS,
	FAULT_UDEV,
	FAULT_SWAP,
	FAULT_ANYROOT,
	FAULT_CRYPTOPTS,
	FAULT_PANIC,
	FAULT_USB,
	/* doctor_tpm.c */
	FAULT_TPM,
	FAULT_TPM_LOCKED,
	FAULT_TPM_CHANGED,
	FAULT_TPM_DAMAGED,
	FAULT_TPM_OPEN,
	FAULT_TPM_UNSEEN,
	FAULT_TPM_LOADER,
	/* doctor_card.c */
	FAULT_CARD_BLOCKED,
	FAULT_CARD_TRIES,
	FAULT_CARD_FOREIGN,
	FAULT_CARD_KDF,
	FAULT_CARD_TOUCH,
	FAULT_CARD_BUSY,
	FAULT_TEST,
	FAULTS_
};

struct fault_row {
	const char *id;
	enum doctor_level level;
	const char *why;  /* a sentence or two: what it means for the boot */
	const char *mend; /* what to run or do; '@' stands for what it is about, '#' for
	                     the keyslot */
};
const struct fault_row *fault_row(enum fault f);

struct doctor {
	struct cli *c;
	struct machine *m;
	struct image_needs *needs; /* NULL: no volume is ours, or files.list is no list */
	bool no_card;
	int keyslot; /* that the next fault is about; -1: none */
	size_t found[DOCTOR_LEVELS_];
};

/* Tell one.  about: a device, a kernel's version, a file; "" for the machine. */
__attribute__((format(printf, 4, 5))) void
doctor_find(struct doctor *d, enum fault f, const char *about, const char *fmt, ...);
/* Tell what was not looked at, and why. */
void doctor_skip(struct doctor *d, const char *what, const char *why);

/* The checks.  An error ends the run: ERR_NOMEM and ERR_BUG, or a cancelled question. */
enum err doctor_table(struct doctor *d);
enum err doctor_generator(struct doctor *d);
enum err doctor_volumes(struct doctor *d);
enum err doctor_ways(struct doctor *d);
enum err doctor_heads(struct doctor *d);
enum err doctor_images(struct doctor *d);
enum err doctor_boot(struct doctor *d);
enum err doctor_signature(struct doctor *d);
enum err doctor_readers(struct doctor *d);
enum err doctor_system(struct doctor *d);
enum err doctor_tpm(struct doctor *d);
enum err doctor_card(struct doctor *d);

#endif
