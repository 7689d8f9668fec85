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
void buf_clear(struct buf *b); /* keeps the memory, wipes the bytes */
void buf_free(struct buf *b);
/* The first object called TAG in P (not looking inside others). */
bool tlv_find(const uint8_t *p, size_t n, unsigned tag, const uint8_t **ret_p,
              size_t *ret_n);
/* Reads a tag and length; false: malformed. VALUE may be longer than what is there. */
bool tlv_head(const uint8_t **p, size_t *n, unsigned *ret_tag, size_t *ret_len);
bool same_bytes(const void *a, const void *b, size_t n); /* constant time */

/* --- profile.c: how a make of card behaves --- */
struct profile {
	const char *name, *about;
	uint8_t version[2];
	uint8_t maker[2];
	uint8_t caps; /* third byte of the card capabilities: 80 chaining, 40 extended */
	bool chaining, extended;
	bool outer_6e, outer_65, outer_7a, outer_7f66, outer_7f74;
	bool attrs_with_tag;  /* C1-C3, DE read alone carry their own tag */
	bool parts_hidden;    /* C0, C5, C6, CD, D6-D8, 93 are only in 6E and 7A */
	bool full_point;      /* ECDH answers 04||x||y */
	bool kdf;             /* F9 exists */
	bool kdf_sets_pins;   /* 87 and 88 become the PINs */
	bool wrong_is_63c;    /* a wrong PIN answers 63Cx, not 6982 */
	bool blocked_at_last; /* the try that blocks already answers 6983 */
	bool short_counts;    /* a PIN too short counts as a try */
	bool no_status;       /* an empty VERIFY answers 6A80 */
	bool strict_chain;    /* another command in a chain is refused: 6883 */
	bool kdf_single;      /* one salt, set by the maker, fixed */
	bool exact_le;        /* GET DATA wants the exact Le: 6Cxx */
	bool uif, no_7f66;
	uint8_t sign_once; /* C4[0] of a new card */
	uint8_t refs_from; /* first number in DE */
	uint16_t sw_no_key, sw_garbage, sw_length;
};
const struct profile *profile_find(const char *name);
const struct profile *profile_at(size_t i); /* NULL after the last */

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
	ACT_CUT
};

struct fault {
	char name[24];  /* "": any command */
	unsigned at;    /* 0: every time */
	unsigned count; /* how often the name was seen */
	enum action action;
	uint16_t sw;
};

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

	unsigned n_apdus, n_verifies;
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
uint16_t data_get(struct vcard *v, unsigned tag);
uint16_t data_put(struct vcard *v, unsigned tag, const uint8_t *p, size_t n);
uint16_t data_select(struct vcard *v, const struct apdu *a);
void data_factory_kdf(struct vcard *v); /* hashes the PINs, fills F9 */
void data_history(const struct vcard *v, uint8_t out[10]);

uint16_t pin_verify(struct vcard *v, const struct apdu *a);
uint16_t pin_change(struct vcard *v, const struct apdu *a);
uint16_t pin_unblock(struct vcard *v, const struct apdu *a);
void pin_set(struct vcard *v, enum pin which, const void *p, size_t n);

bool keys_attr_known(unsigned slot, const uint8_t *p, size_t n);
void keys_default_attrs(struct vcard *v);
void keys_list_attrs(struct vcard *v, struct buf *out); /* DO FA */
void keys_forget(struct vcard *v, unsigned slot);
uint16_t keys_generate(struct vcard *v, const struct apdu *a);
uint16_t keys_import(struct vcard *v, const uint8_t *p, size_t n);
uint16_t keys_sign(struct vcard *v, unsigned slot, const uint8_t *p, size_t n);
uint16_t keys_decipher(struct vcard *v, const uint8_t *p, size_t n);

/* --- trace.c --- */
const char *trace_name(const struct apdu *a);
bool trace_open(struct vcard *v, const char *file);
void trace_line(struct vcard *v, const char *name, const struct apdu *a,
                const uint8_t *resp, size_t n);

/* --- fault.c --- */
/* The fault for this command, counted; LAST: not a block inside a chain. */
const struct fault *fault_match(struct vcard *v, const char *name, bool last);

/* --- vpcd.c --- */
struct vpcd {
	const char *host, *port;
	int signals; /* a signalfd for SIGUSR1, SIGUSR2, SIGTERM, SIGINT */
	unsigned latency_ms;
};
int vpcd_run(struct vcard *v, const struct vpcd *o);

#endif
