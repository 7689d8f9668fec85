/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every verb of `bootlatch` is given: its options and a way to say why it failed. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "cli/card_wish.h"
#include "cli/doctor_wish.h"
#include "cli/tpm_wish.h"
#include "cli/ways_wish.h"
#include "sign/entry.h"
#include "unlock/session.h"
#include "unlock/volume.h"

struct json_object; /* json-c's; only cli/output.c looks inside */

enum {
	CLI_CERTS_MAX = 8,
	CLI_WHY_MAX = 512,
	CLI_KEY_FILE_MAX = 1024 * 1024,
	CLI_JSON_DEPTH = 3, /* objects in lists of objects */
};

enum rollback_wish { ROLLBACK_AUTO, ROLLBACK_BUMP, ROLLBACK_KEEP, ROLLBACK_NONE };

/* The options of bootlatch sign alone. */
struct sign_wish {
	bool has_style;
	enum kexec_style style;
	bool has_key;
	uint8_t key[FPR_LEN];
	enum default_wish entry; /* DEFAULT_KEEP: not given */
	size_t number;           /* of DEFAULT_NUMBER */
	enum rollback_wish rollback;
	bool has_menu, sorted; /* how Heads counts its menu: as told, or as signed before
	                        */
	bool has_boot; /* --boot: named, so mounted or not is the person's business */
	bool agents;   /* ask through systemd's password agents */
	bool dry_run, diff, resume, yes;
};

struct cli {
	/* operands */
	const char *device;
	const char *name;
	/* options */
	struct volume_where where;
	int pin_fd, passphrase_fd; /* -1: not given */
	const char *reader, *serial, *transport;
	int wait_s; /* -1: not given */
	const char *key_file;
	const char *cert[CLI_CERTS_MAX];
	size_t n_certs;
	const char *report;
	const char *import_file;                   /* with import; NULL: looked for */
	const char *crypttab_file, *crypttab_name; /* the first is never NULL */
	const char *files_list;                    /* never NULL */
	bool recovery;                             /* enroll --recovery */
	int recovery_fd; /* where its key goes instead of to a terminal; -1: no */
	bool no_qr;      /* the key is shown without a QR code */
	bool crypttab, replace_keyscript, no_initramfs;
	bool card, import, force, no_record, readonly, json, debug, destructive,
	        with_serial;
	int keyslot; /* -1: not given */
	struct sign_wish sign;
	struct card_wish card_wish;
	struct doctor_wish doctor;
	struct tpm_wish tpm;
	struct ways_wish ways;
	bool no_card; /* the verb expects none: readers are looked at when asked for */
	/* results */
	struct ask *hears; /* sign.agents: takes what is said into its next question */
	struct json_object *out; /* with --json: what goes to stdout at the end */
	struct json_object *entered[CLI_JSON_DEPTH]; /* see out_enter() */
	size_t n_entered;
	char why[CLI_WHY_MAX]; /* a better sentence than the error's own, or "" */
};

/* One bit per option: which of them a verb takes. */
enum cli_opt {
	OPT_CARD = 1 << 0,
	OPT_CERT = 1 << 1,
	OPT_KEYSLOT = 1 << 2,
	OPT_KEY_FILE = 1 << 3,
	OPT_PASSPHRASE_FD = 1 << 4,
	OPT_PIN_FD = 1 << 5,
	OPT_READER = 1 << 6,
	OPT_SERIAL = 1 << 7,
	OPT_WAIT = 1 << 8,
	OPT_TRANSPORT = 1 << 9,
	OPT_BOOT = 1 << 10,
	OPT_CONFIG = 1 << 11,
	OPT_HEADER = 1 << 12,
	OPT_NO_RECORD = 1 << 13,
	OPT_READONLY = 1 << 14,
	OPT_FORCE = 1 << 15,
	OPT_DESTRUCTIVE = 1 << 16,
	OPT_REPORT = 1 << 17,
	OPT_WITH_SERIAL = 1 << 18,
	OPT_CRYPTTAB = 1 << 19,
	OPT_CRYPTTAB_NAME = 1 << 20,
	OPT_CRYPTTAB_FILE = 1 << 21,
	OPT_REPLACE_KEYSCRIPT = 1 << 22,
	OPT_NO_INITRAMFS = 1 << 23,
	OPT_IMPORT = 1 << 24,
	OPT_FILES_LIST = 1 << 25,
	OPT_JSON = 1 << 26,
	OPT_DEBUG = 1 << 27,
	OPT_HELP = 1 << 28,
	/* every command that works on a volume */
	OPT_VOLUME = OPT_BOOT | OPT_CONFIG | OPT_HEADER | OPT_PIN_FD | OPT_PASSPHRASE_FD |
	             OPT_READER | OPT_SERIAL | OPT_TRANSPORT | OPT_WAIT | OPT_JSON |
	             OPT_DEBUG | OPT_HELP,
	/* every command that looks at cards alone */
	OPT_READERS = OPT_READER | OPT_SERIAL | OPT_TRANSPORT | OPT_WAIT | OPT_JSON |
	              OPT_DEBUG | OPT_HELP,
};

/* An option that one verb alone knows. */
struct own_option {
	const char *name, *arg; /* arg NULL: takes none */
	const char *help;
	enum err (*take)(struct cli *c, const char *arg); /* sets c->why when it fails */
};
enum { OWN_OPTIONS_MAX = 16 };

struct verb {
	const char *name;     /* "enroll", or two words: "record show" */
	const char *operands; /* for the usage line */
	int min_operands, max_operands;
	unsigned opts;
	const struct own_option *own; /* up to one without a name; NULL: none */
	const char *summary;          /* half a line */
	const char *help;             /* paragraphs for --help */
	enum err (*run)(struct cli *c);
};

extern const struct verb verb_doctor, verb_revoke, verb_setup;
extern const struct verb verb_enroll, verb_unenroll, verb_list, verb_status, verb_test,
        verb_unlock, verb_record_show, verb_record_renew, verb_card_status,
        verb_card_selftest, verb_sign, verb_verify, verb_pending_show,
        verb_pending_notice, verb_pending_record, verb_pending_check, verb_pending_due,
        verb_card_generate, verb_card_passwd, verb_card_unblock, verb_card_touch,
        verb_card_cert, verb_card_reset, verb_tpm_status, verb_tpm_reseal,
        verb_tpm_lockout, verb_tpm_forget;

/* Options of one verb.  ERR_USAGE: the sentence is in c->why.  ERR_CANCELLED: --help was
 * printed. */
enum err cli_parse(const struct verb *v, int argc, char **argv, struct cli *c);
void cli_usage(const struct verb *v);
enum err cli_take_cert(struct cli *c, const char *arg); /* --cert */

/* Set c->why (printf) and return e. */
__attribute__((format(printf, 3, 4))) enum err cli_why(struct cli *c, enum err e,
                                                       const char *fmt, ...);
/* A line to the person: stdout, or stderr with --json, so that stdout stays for machines.
 */
__attribute__((format(printf, 2, 3))) void cli_say(const struct cli *c, const char *fmt,
                                                   ...);

/* The volume that the operand and options name, loaded; a sentence in c->why on failure.
 */
enum err cli_volume(struct cli *c, struct volume **ret);
/* Readers, asker and session as the options say. */
enum err cli_session(struct cli *c, struct session **ret);
/* The session's dongle into c->device; key NULL: asked for.  As bootlatch enroll tells
 * it.
 */
enum err enroll_dongle(struct cli *c, struct session *s, const struct secret *key);
/* ERR_TAMPERED and ERR_NO_RECORD in words that name this device. */
enum err cli_untrusted(struct cli *c, const struct volume *v, enum err e);

static inline void volume_cleanup_(struct volume **v)
{
	*v = volume_free(*v);
}
static inline void session_cleanup_(struct session **s)
{
	*s = session_free(*s);
}
#define AUTO_VOLUME  __attribute__((cleanup(volume_cleanup_))) struct volume
#define AUTO_SESSION __attribute__((cleanup(session_cleanup_))) struct session

#endif
