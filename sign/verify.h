/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is /boot what was signed?  No card, no network, no write; fails closed. */
#ifndef SIGN_VERIFY_H
#define SIGN_VERIFY_H

#include "openpgp/detached.h"
#include "sign/manifest.h"

enum { FINDINGS_MAX = 4096 };

/* What is wrong, each about one path (or none). */
enum finding {
	FINDING_NO_SIGNATURE,  /* kexec.sig is missing */
	FINDING_BAD_SIGNATURE, /* not every signature in it is of one of the keys over one
	                          style's bytes, or there is none */
	FINDING_SIG_DATE,      /* made in the verifier's future, which gpg passes over, or
	                          before its key, which it does not */
	FINDING_NO_FILE,       /* a file that must be among the signed ones is missing */
	FINDING_MALFORMED, /* a signed file that cannot be parsed; a link in its place */
	FINDING_CHANGED,   /* content is not what was signed */
	FINDING_MISSING,   /* signed, not there */
	FINDING_ADDED,     /* there, not signed */
	FINDING_TREE, /* kexec_tree.txt has the same paths, but not as Heads has them */
	FINDING_TYPE, /* a link, say, where a file was signed, or the other way */
	FINDING_MODE, /* by our full manifest, these three; of a kexec*.txt and kexec.sig
	                 without it, when others than root have a say */
	FINDING_OWNER,
	FINDING_TARGET,
	FINDING_DEFAULT, /* the default entry is none of grub.cfg's, or its files changed
	                  */
	FINDING_TRIGGER, /* kexec_package_trigger_*: a package changed something */
	FINDING_NAME,    /* Heads refuses this name, or an older one splits it */
	FINDINGS_
};
/* "changed", "not signed", ...; path: as in the finding. */
const char *finding_text(enum finding f, const char *path);
const char *finding_name(enum finding f); /* for machines: "changed", "added", ... */
/* Would stock Heads notice it?  docs/THREATS.md lists what it does not.  path: as in the
 * finding. */
bool finding_heads_sees(enum finding f, const char *path);

struct verify_finding {
	enum finding what;
	char *path; /* malloc'ed: of a kexec*.txt or kexec.sig its name, else as in
	               tree_entry; NULL: about none */
};

enum verify_verdict {
	VERIFY_GOOD,       /* all of it, the full manifest included */
	VERIFY_HEADS_GOOD, /* Heads' part is good and signed by one of the keys; the full
	                      manifest is missing: nothing but Heads has signed here */
	VERIFY_RESIGNED, /* the same, and the full manifest is older than Heads' lists, as
	                    these signed files contradict it: signed again by Heads since.
	                    The findings are what Heads does not look at and is not as the
	                    full manifest has it: who vouches for it is not known */
	VERIFY_BAD,
};

struct verify_report {
	enum verify_verdict verdict;
	bool signature_good;
	enum kexec_style style;         /* these three when signature_good */
	uint32_t created;               /* seconds since 1970 */
	size_t key;                     /* index of the key */
	struct verify_finding *finding; /* in the order of the enum, then of paths */
	size_t n;                       /* at most FINDINGS_MAX */
	size_t left_out;                /* findings beyond them */
	size_t since; /* VERIFY_RESIGNED: entries that Heads has signed as they are now */
	size_t files; /* that were hashed */
	uint64_t bytes;
	/* What is mounted on /boot and could not be looked under (see tree_open), as in
	 * tree_entry.  Nothing below is among the findings. */
	char **mount;
	size_t n_mounts;
	size_t hidden; /* findings that would be of what was signed below these */
};

/* May it be taken for what a key holder signed?  Good, or with nothing but Heads' word
 * for it and no finding against that. */
bool verify_ok(const struct verify_report *r);

/*
 * keys: who may have signed, taken as they are.  now: seconds since 1970.  OK: there is a
 * report, whose verdict is to be read.  Else nothing could be found out (ERR_ACCESS,
 * ERR_IO, ERR_BUSY, ERR_CANCELLED, ERR_NOMEM), which callers treat as not verified.
 */
enum err boot_verify(int dirfd, const struct pubkey *keys, size_t n_keys, uint32_t now,
                     const struct tree_options *o, struct verify_report **ret);
struct verify_report *verify_free(struct verify_report *r);

/*
 * Part of it, for who signs: which key and style is a set's signature of?  Of several
 * the newest is told, and each must be good.  ERR_NOT_FOUND: no kexec.sig.
 * ERR_SIGNATURE: one is of none of the keys.
 */
enum err kexec_verify(const struct kexec_set *s, const struct pubkey *keys, size_t n_keys,
                      uint32_t now, enum kexec_style *ret_style, struct detached *ret);

#endif
