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
	const char *state; /* where the set that was signed last is kept */
	enum err (*ask)(struct ask **ret); /* who confirms where no card is wanted */
};

/* What the changes are told from. */
enum sign_base {
	BASE_NONE,    /* no set that a known key signed */
	BASE_BOOT,    /* what is signed on /boot, whose signature is good */
	BASE_AHEAD,   /* the same, dated later than now */
	BASE_TRIGGER, /* the same, but for a package's trigger file beside it */
	BASE_VOID,    /* what was signed here last: /boot's signature is not good */
	BASE_OLDER    /* the same: /boot's is good, but of before */
};

struct signing {
	struct cli *c;
	const struct counter_ops *counter;
	const struct sign_seams *seams;
	const char *boot; /* what was named, for sentences */
	int dir;          /* the same, without what is mounted below it */
	int lock;         /* of last_lock; -1: none */
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
	bool good; /* the signature that lies there is, and nothing newer is known */
	enum sign_base base_kind;
	const struct kexec_set *base; /* NULL: none; else x->old, or own_base */
	struct kexec_set *own_base;
	struct detached last; /* the signature of base, with its style */
	enum kexec_style last_style;
	/* /boot as it is to be */
	struct kexec_set *set;
	struct boot_entries *entries;
	struct default_choice entry;
	enum kexec_style style;
	bool bump; /* the counter goes up from `count` when the set is published */
	struct rollback rollback;
	uint64_t count;
	bool same; /* not one signed byte differs from before */
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
/* Part of it, for --resume: how much the tree has that is signed; ERR_REFUSED: nothing.
 */
enum err sign_check_content(struct signing *x);
/* ERR_REFUSED when something there was written since it was read. */
enum err sign_still_same(struct signing *x);
/* x->tree, hashed, with a bar; x->stamp is what it was read of. */
enum err sign_walk(struct signing *x);

/* --- sign_base.c --- */
/* From what x->old, or what was kept, tells.  Part of sign_read_boot, and for --resume.
 */
enum err sign_find_base(struct signing *x);
bool sign_is_trigger(const char *name);   /* of a package, for Heads */
bool sign_is_made_anew(const char *name); /* a list, whatever was in it */
/* Lies there a kexec.sig, or a kexec*.txt that is no trigger? */
bool sign_has_old(const struct signing *x);

/* --- sign_text.c --- */
void sign_escape(struct buffer *out, struct bytes text); /* reversible, printable ASCII */
void sign_quote(struct buffer *out, struct bytes text);  /* the same in quotes */
void sign_name(const struct signing *x, struct buffer *out, const char *name);
const char *sign_path(const char *path); /* "./grub" as a person calls it */
bool sign_is_plain(struct bytes text);   /* would nothing in it be escaped in quotes? */
const char *sign_text(struct buffer *b); /* ended, for printing; it stays the buffer's */
/* In rows of a terminal, from the second on with this indent; agents are told it whole.
 */
void sign_say_long(const struct signing *x, size_t indent, struct buffer *b);
/* Into JSON, in printable ASCII. */
void sign_out_escaped(struct cli *c, const char *key, struct bytes value);

/* --- sign_plan.c --- */
enum err sign_plan(struct signing *x);
enum err sign_odd_for_agents(struct signing *x); /* refuses, in a sentence */
bool sign_nothing_to_do(const struct signing *x);

/* --- sign_changes.c --- */
/* How early it is told. */
enum sign_rank { RANK_BOOTS, RANK_RIGHTS, RANK_ADDED, RANK_CONTENT };
struct sign_told {
	struct since_change c; /* of a kexec*.txt: its name and no entries */
	enum sign_rank rank;
};
/* Sorted by rank; what is cut is put in another order. */
void sign_tell_changes(const struct signing *x, struct sign_told *t, size_t n);

/* --- sign_since.c --- */
/* What changed since the base was signed; forgets the base when it tells nothing. */
enum err sign_show_since(struct signing *x);

/* --- sign_show.c --- */
void sign_show_key(struct signing *x);
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
/* What hooks noted about /boot before it was read: it is as it was signed now. */
void sign_forget_pending(struct signing *x);
/* The counter goes up, with the stage waiting. */
enum err sign_raise_counter(struct signing *x);
/* What was published is read again and verified, kept for the next time, and told. */
enum err sign_finish(struct signing *x);
/* e, and that --resume finishes it. */
enum err sign_with_resume(struct signing *x, enum err e, const char *what);

/* --- sign_resume.c --- */
enum err sign_resume(struct signing *x);
/* A stage that is whole is the person's to finish: ERR_REFUSED.  What does not count is
 * thrown away, before anybody types a PIN. */
enum err sign_no_stage(struct signing *x);

#endif
