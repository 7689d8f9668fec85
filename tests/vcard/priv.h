/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the virtual card share among themselves. */
#ifndef TESTS_VCARD_PRIV_H
#define TESTS_VCARD_PRIV_H

#include <stdio.h>

#include "tests/vcard/vcard.h"

/* --- buf.c: growing bytes and BER-TLV --- */
struct buf {
	uint8_t *p;
	size_t n, cap;
};
void buf_put(struct buf *b, const void *p, size_t n);
void buf_byte(struct buf *b, unsigned byte);
void buf_tlv(struct buf *b, unsigned tag, const void *p, size_t n);
void buf_tlv_82(struct buf *b, unsigned tag, const void *p,
                size_t n);     /* length 82 xx xx */
void buf_clear(struct buf *b); /* keeps the memory, wipes the bytes */
void buf_free(struct buf *b);
/* The first object called TAG in P (not looking inside others). */
bool tlv_find(const uint8_t *p, size_t n, unsigned tag, const uint8_t **ret_p,
              size_t *ret_n);
/* Reads a tag and length; false: malformed. VALUE may be longer than what is there. */
bool tlv_head(const uint8_t **p, size_t *n, unsigned *ret_tag, size_t *ret_len);
bool same_bytes(const void *a, const void *b, size_t n); /* constant time */

/* --- profile.c, makes.c: how a make of card behaves --- */
enum terminated {               /* what a terminated card says */
	          TERM_6285,    /* to SELECT and to everything but ACTIVATE FILE */
	          TERM_LATER,   /* SELECT is 9000, the rest 6285 */
	          TERM_6D00,    /* SELECT is 6285, the rest 6D00 */
	          TERM_IGNORED, /* all goes on */
};

/* A field that is left out is the behaviour of the specification. */
struct profile {
	const char *name, *about;
	uint8_t version[2];
	uint8_t maker[2];
	const char *atr, *history; /* hexadecimal; NULL: made of the rest */
	const char *c0;      /* the whole of C0, hexadecimal; NULL: made of the rest */
	uint8_t firmware[3]; /* INS F1 and F2 exist when it is not zero */
	uint16_t algos;      /* bits as of enum algo_bit; 0: all */
	uint8_t rsa_format;  /* of C1-C3: 0 e,p,q; 3 CRT and n */
	uint8_t e_bits;      /* of C1-C3; 0: 32 */
	bool e_padded;       /* the exponent of a public key has four bytes */

	uint8_t caps; /* third byte of the card capabilities: 80 chaining, 40 extended */
	uint16_t max_cmd, max_resp; /* 7F66; 0: 2048 */
	bool chaining, extended;
	bool strict_chain; /* another command in a chain is refused: 6883 */
	bool exact_le;     /* GET DATA wants the exact Le: 6Cxx */
	bool no_le_61;     /* without Le only 61xx is answered */

	bool outer_6e, outer_65, outer_7a, outer_7f66, outer_7f74;
	bool outer_82;          /* their length in three bytes, however short */
	bool attrs_with_tag;    /* C1-C3, DE read alone carry their own tag */
	const uint16_t *hidden; /* cannot be read alone; ends with 0 */
	uint16_t sw_hidden;     /* and answer this; 0: 6A88 */
	uint16_t missing;       /* told nowhere, not in 6E either: 6A88; 0: none */
	bool four_keys;         /* an attestation key: DA, D9, C5 and C6 of 80 bytes */
	bool one_cert;          /* 7F21 exists once, SELECT DATA does not */
	bool attr_junk;         /* a byte too many behind the attributes of curves */
	bool no_7f66, no_challenge, fci;
	bool select_strict; /* SELECT with P2 0C is 6A86 */
	bool select_any;    /* SELECT of another application is 6D00 */
	bool other_apps;    /* there are others, and the card leaves this one for them */
	uint8_t refs_from;  /* first number in DE */

	uint8_t c4_first;     /* C4[0] of a new card */
	uint8_t pin_max;      /* longest PIN; 0: 127 */
	bool wrong_is_63c;    /* a wrong PIN answers 63Cx, not 6982 */
	bool blocked_at_last; /* the try that blocks already answers 6983 */
	bool blocked_hidden;  /* a blocked PIN answers 6982 */
	bool short_counts;    /* a PIN too short counts as a try */
	bool keeps_auth;      /* a wrong PIN does not undo a right one */
	bool no_status;       /* an empty VERIFY answers 6A80 */
	bool no_logout;       /* VERIFY knows no P1 FF */
	bool pw1_needs_keys;  /* PW1 cannot be set before there are keys */
	uint16_t sw_short;    /* PIN too short; 0: 6700 */
	uint16_t sw_new;      /* new PIN too short; 0: 6700 */

	bool kdf;             /* F9 exists */
	bool kdf_empty;       /* and is empty until it is set */
	bool kdf_sets_pins;   /* 87 and 88 become the PINs */
	bool kdf_single;      /* one salt, set by the maker, fixed */
	bool kdf_before_keys; /* refused once there are keys */

	bool uif, uif_cached;
	bool uif_apart;    /* D6 to D8 do not stand in 73 */
	uint16_t touch_ms; /* how long it waits; 0: 15 seconds */
	bool mse, aes;
	bool full_point; /* ECDH answers 04||x||y */
	bool sig_cut;    /* leading zeros of an RSA signature are left out */
	uint16_t sw_no_key, sw_garbage, sw_length; /* 0: 6A88, 6A80, 6700 */
	uint16_t sw_activate;                      /* not terminated; 0: 9000 */
	enum terminated terminated;
};
const struct profile *profile_find(const char *name);
const struct profile *profile_at(size_t i); /* NULL after the last */
const struct profile *makes_at(size_t i);   /* those named after products */
struct alias {
	const char *name, *of;
};
const struct alias *alias_at(size_t i);
uint16_t sw_or(uint16_t sw, uint16_t otherwise); /* OTHERWISE if SW is 0 */
void hex_put(struct buf *b, const char *hex);    /* bytes of the tables above */

/* --- the card --- */
enum {
	N_KEYS = 3,
	MAX_OBJS = 96,
	MAX_FAULTS = 16,
	MAX_DATA = 4096,
};

enum obj_tag { /* objects of ours beside those of the specification */
	       OBJ_PROFILE = 0xFF00,
	       OBJ_LCS = 0xFF01,
	       OBJ_SERIAL = 0xFF02,
	       OBJ_SECRET = 0xFF10, /* + key */
	       OBJ_PUBLIC = 0xFF20, /* + key */
	       OBJ_ORIGIN = 0xFF30, /* + key */
	       OBJ_PIN = 0xFF40,    /* + enum pin */
	       OBJ_TRIES = 0xFF50,  /* + enum pin */
	       OBJ_CERT = 0xFF60,   /* + occurrence */
	       OBJ_LIMIT = 0xFF70,  /* + enum pin: tries of a new PIN */
};

enum pin { PIN_USER, PIN_RESET, PIN_ADMIN, N_PINS };

struct obj {
	unsigned tag;
	struct buf b;
};

enum action {
	ACT_NONE,
	ACT_DROP,
	ACT_LOSE,
	ACT_HANG,
	ACT_PULL,
	ACT_SW,
	ACT_GARBAGE,
	ACT_SHORT,
	ACT_LONG,
	ACT_CUT,
	ACT_LATE,
	ACT_STALE,
	ACT_TLV,
	ACT_HUGE
};

struct fault {
	char name[24];  /* "": any command */
	unsigned at;    /* 0: every time */
	unsigned count; /* how often the name was seen */
	enum action action;
	uint16_t sw;
};

enum press { PRESS_AUTO, PRESS_NEVER, PRESS_FILE };

struct apdu {
	uint8_t cla, ins, p1, p2;
	const uint8_t *data;
	size_t lc;
	size_t le; /* 0: none */
	bool extended;
};

struct vcard {
	const struct profile *prof;
	char *path;
	struct obj objs[MAX_OBJS];
	size_t n_objs;

	bool selected, ok81, ok82, ok83;
	unsigned occurrence; /* of 7F21 */

	bool in_chain;
	uint8_t chain_head[3];
	struct buf chain;
	struct buf out; /* answer not yet fetched from out_off on */
	size_t out_off;

	struct fault faults[MAX_FAULTS];
	size_t n_faults;
	bool hung, gone; /* set by a fault */
	bool back;       /* gone, but only for a moment */
	bool late;       /* the answer is to be held back */
	bool is_behind;  /* each command gets the answer of the one before: */
	struct buf behind;

	unsigned slot_dec, slot_aut; /* as MSE set them */

	enum press press;
	char *press_file;
	unsigned press_ms;            /* how long a touch is waited for */
	int wake;                     /* a descriptor that ends the wait; -1: none */
	uint64_t touched[N_KEYS + 1]; /* when, in ms; 0: not */

	unsigned n_apdus, n_verifies, n_touches;
	FILE *trace;
};

/* --- store.c: objects in memory and on disk --- */
const struct buf *obj_get(const struct vcard *v, unsigned tag); /* never NULL */
void obj_set(struct vcard *v, unsigned tag, const void *p, size_t n);
unsigned obj_byte(const struct vcard *v, unsigned tag);
void obj_set_byte(struct vcard *v, unsigned tag, unsigned byte);
void obj_wipe(struct vcard *v);
bool store_load(struct vcard *v, bool *ret_fresh);
bool store_save(struct vcard *v);
void store_factory(struct vcard *v); /* a new card; keeps profile and serial */

/* --- the commands: each answers a status word and fills v->out --- */
uint16_t command_run(struct vcard *v, const struct apdu *a);

/* --- data.c, put.c, kdf.c: data objects --- */
uint16_t data_get(struct vcard *v, unsigned tag);
uint16_t data_put(struct vcard *v, unsigned tag, const uint8_t *p, size_t n);
uint16_t data_select(struct vcard *v, const struct apdu *a);
uint16_t data_another(struct vcard *v, unsigned tag);
void data_history(const struct vcard *v, struct buf *out);
uint16_t kdf_put(struct vcard *v, const uint8_t *p, size_t n);
void kdf_factory(struct vcard *v); /* hashes the PINs, fills F9 */

/* --- pin.c --- */
uint16_t pin_verify(struct vcard *v, const struct apdu *a);
uint16_t pin_change(struct vcard *v, const struct apdu *a);
uint16_t pin_unblock(struct vcard *v, const struct apdu *a);
uint16_t pin_limits(struct vcard *v, const struct apdu *a); /* INS F2 */
size_t pin_max(const struct vcard *v);                      /* the longest PIN */
void pin_set(struct vcard *v, enum pin which, const void *p, size_t n);

/* --- algo.c: what keys there can be --- */
enum kind { RSA, WEIER, ED25519, X25519 };
enum { SLOT_SIG, SLOT_DEC, SLOT_AUT, SLOT_ATT };
enum algo_bit { /* in the order of algo.c's table */
	        A_RSA2048 = 1 << 0,
	        A_RSA3072 = 1 << 1,
	        A_RSA4096 = 1 << 2,
	        A_P256 = 1 << 3,
	        A_P384 = 1 << 4,
	        A_P521 = 1 << 5,
	        A_BP256 = 1 << 6,
	        A_BP384 = 1 << 7,
	        A_BP512 = 1 << 8,
	        A_K256 = 1 << 9,
	        A_25519 = 1 << 10,
	        A_X25519 = 1 << 11,
	        A_RSA = A_RSA2048 | A_RSA3072 | A_RSA4096,
	        A_NIST = A_P256 | A_P384 | A_P521,
	        A_BP = A_BP256 | A_BP384 | A_BP512,
	        A_CV25519 = A_25519 | A_X25519,
};
struct algo {
	const char *oid; /* NULL: RSA */
	size_t oid_n;
	const char *alt; /* another identifier of the same curve, three bytes */
	const char *curve;
	enum kind kind;
	unsigned bits;
};
/* By the attributes of a key; NULL: this card has no such algorithm. */
const struct algo *algo_find(const struct vcard *v, unsigned slot, const uint8_t *p,
                             size_t n);
const struct algo *algo_of(const struct vcard *v, unsigned slot);
void algo_defaults(struct vcard *v);
void algo_list(const struct vcard *v, struct buf *out); /* DO FA */

/* --- keys.c, import.c, use.c: keys made, brought and used --- */
bool keys_slot(uint8_t crt, unsigned *ret_slot);
bool keys_any(const struct vcard *v);
void keys_forget(struct vcard *v, unsigned slot);
/* Stores the private key in S-expression KEY, or the X25519 secret D. */
bool keys_keep(struct vcard *v, unsigned slot, void *key, unsigned origin);
bool keys_keep_x25519(struct vcard *v, unsigned slot, const uint8_t d[32],
                      unsigned origin);
/* The unsigned number NAME of an S-expression, left-padded to WIDTH; 0: as long as it is.
 */
bool keys_number(void *sexp, const char *name, size_t width, struct buf *out);
uint16_t keys_generate(struct vcard *v, const struct apdu *a);
uint16_t keys_import(struct vcard *v, const uint8_t *p, size_t n);
uint16_t use_sign(struct vcard *v, unsigned slot, const uint8_t *p, size_t n);
uint16_t use_decipher(struct vcard *v, const uint8_t *p, size_t n);
uint16_t use_encipher(struct vcard *v, const uint8_t *p, size_t n);
uint16_t use_environment(struct vcard *v, const struct apdu *a); /* MSE */

/* --- attest.c: the fourth key of YubiKeys --- */
bool attest_ready(struct vcard *v); /* it and its certificate are there */
uint16_t attest(struct vcard *v, const struct apdu *a);

/* --- touch.c: the button --- */
/* 9000: pressed or not needed for the key in SLOT; 6600: nobody pressed. */
uint16_t touch_ask(struct vcard *v, unsigned slot);

/* --- trace.c --- */
const char *trace_name(const struct apdu *a);
bool trace_open(struct vcard *v, const char *file);
void trace_line(struct vcard *v, const char *name, const struct apdu *a,
                const uint8_t *resp, size_t n);

/* --- fault.c --- */
/* The fault for this command, counted; LAST: not a block inside a chain. */
const struct fault *fault_match(struct vcard *v, const char *name, bool last);
/* What becomes of the answer of R bytes in RESP, where CAP (2 at least) fit; its length.
 */
size_t fault_answer(struct vcard *v, enum action act, uint8_t *resp, size_t r,
                    size_t cap);
void fault_forget(struct vcard *v); /* answers are those to their commands again */

/* --- vpcd.c --- */
struct vpcd {
	const char *host, *port;
	int signals; /* a signalfd for SIGUSR1, SIGUSR2, SIGTERM, SIGINT */
	unsigned latency_ms;
	unsigned late_ms; /* how long a late answer is held back */
};
int vpcd_run(struct vcard *v, const struct vpcd *o);
/* One message from the reader at FD; false: the connection is over. */
bool vpcd_serve(struct vcard *v, const struct vpcd *o, int fd);

#endif
