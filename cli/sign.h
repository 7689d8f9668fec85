/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of bootlatch sign share, in the order in which it comes to be known. */
#ifndef CLI_SIGN_H
#define CLI_SIGN_H

#include "cli/cli.h"
#include "sign/pending.h"
#include "sign/rollback.h"
#include "sign/signers.h"
#include "sign/since.h"
#include "sign/stamp.h"
#include "sign/verify.h"

enum { FPR_TEXT_LEN = 2 * PGP_FPR_LEN + 1 };

/* What lies outside of this program; tests bring their own. */
struct sign_seams {
	const struct counter_ops *counter;
	enum err (*open)(struct cli *c, struct session **ret);
};

struct signing {
	struct cli *c;
	const struct counter_ops *counter;
	const struct sign_seams *seams;
	const char *boot; /* what was named, for sentences */
	int dir;          /* the same, without what is mounted below it; locked */
	bool alone;   /* it was asked for by name: no partition of its own is missed */
	uint32_t now; /* seconds since 1970 */
	struct signers *signers; /* known on this machine */
	/* the card; key_known: false in a dry run */
	struct session *session;
	bool key_known;
	struct pubkey key;
	char fpr[FPR_TEXT_LEN];
	/* /boot as it was found */
	struct pending pending;
	struct stamp stamp;
	struct kexec_set *old;
	struct tree *tree;
	size_t files; /* of it that are signed, and their bytes */
	uint64_t bytes;
	bool good; /* the last signature is, and these two say more: */
	struct detached last;
	enum kexec_style last_style;
	/* /boot as it is to be */
	struct kexec_set *set;
	struct boot_entries *entries;
	struct default_choice entry;
	enum kexec_style style;
	bool bump; /* the counter goes up from `count` when the set is published */
	struct rollback rollback;
	uint64_t count;
	bool lists_differ; /* the three that are made anew, from those of before */
	bool same;         /* not one signed byte differs from before */
};

/* --- sign.c --- */
enum err sign_run(struct cli *c, const struct sign_seams *seams);

/* --- sign_options.c --- */
extern const struct own_option sign_options[];

/* --- sign_card.c --- */
/* The card, its signing key, its PIN's tries and the clock: before anything is read or
 * written.  A sentence in c->why when it fails, here and below. */
enum err sign_find_card(struct signing *x);
/* One PIN, one touch, one signature over the set's manifest, verified.  It is put into
 * the set. */
enum err sign_with_card(struct signing *x);

/* --- sign_read.c --- */
enum err sign_read_boot(struct signing *x);
const char *sign_path(const char *path); /* "./grub" as a person calls it */
/* ERR_REFUSED when something there was written since it was read. */
enum err sign_still_same(struct signing *x);
/* The tree, hashed, with a bar. */
enum err sign_walk(struct signing *x, struct tree **ret);

/* --- sign_plan.c --- */
enum err sign_plan(struct signing *x);
bool sign_nothing_to_do(const struct signing *x);

/* --- sign_show.c --- */
void sign_show_key(struct signing *x);
/* What changed since the last good signature. */
enum err sign_show_since(struct signing *x);
void sign_show_plan(struct signing *x);
void sign_show_files(struct signing *x); /* --dry-run: what would be written */
/* "3 files" */
const char *sign_count(uint64_t n, const char *one, const char *many,
                       char out[static 40]);
const char *sign_size(uint64_t bytes, char out[static 40]);
const char *sign_day(uint32_t t, char out[static 40]); /* in UTC, to the minute */

/* --- sign_put.c --- */
/* Stage, counter, publish, verify. */
enum err sign_put(struct signing *x);
enum err sign_resume(struct signing *x);
/* What hooks noted about /boot before it was read: it is as it was signed now. */
void sign_forget_pending(struct signing *x);
/* A stage that is whole is the person's to finish: ERR_REFUSED. */
enum err sign_no_stage(struct signing *x);

#endif
