/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world of the tests of bootlatch sign. */
#include "tests/unit/sign_world.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/unit/check.h"
#include "tests/unit/world.h"

#define READER "Virtual reader 00 00"

enum { CREATED = 0x60000000, COUNTER = 0x013d55da };

struct sign_world sw;

/* --- the card --- */

static void apdu(struct vcard *c, const uint8_t *cmd, size_t n)
{
	uint8_t resp[4096];
	const size_t len = vcard_apdu(c, cmd, n, resp, sizeof(resp));

	CHECK(len >= 2 && (resp[len - 2] == 0x90 || resp[len - 2] == 0x61));
}

static void generate(struct vcard *c)
{
	static const uint8_t sel[] = {0, 0xa4, 4, 0, 6, 0xd2, 0x76, 0, 1, 0x24, 1};
	static const uint8_t adm[] = {0,   0x20, 0,   0x83, 8,   '1', '2',
	                              '3', '4',  '5', '6',  '7', '8'};
	static const uint8_t gen[] = {0, 0x47, 0x80, 0, 2, 0xb6, 0, 0};

	apdu(c, sel, sizeof(sel));
	apdu(c, adm, sizeof(adm));
	apdu(c, gen, sizeof(gen));
	vcard_reset(c);
}

struct vcard *sign_world_card(uint32_t created, struct pubkey *ret)
{
	const struct curve *curve = curve_by_id(CURVE_ED25519);
	const uint8_t made[] = {(uint8_t)(created >> 24), (uint8_t)(created >> 16),
	                        (uint8_t)(created >> 8), (uint8_t)created};
	struct vcard *v = vcard_new("default", NULL);
	struct card_pubkey pub = {0};
	uint8_t attr[24] = {0x16};
	struct card *c = NULL;

	CHECK(v != NULL && curve->oid.n < sizeof(attr));
	memcpy(attr + 1, curve->oid.p, curve->oid.n);
	world_card_put(v, 0xc1, attr, 1 + curve->oid.n);
	generate(v);
	CHECK(card_open(double_vcard_transport(v, READER), &c) == OK);
	CHECK(c != NULL && card_read_pubkey(c, CARD_KEY_SIG, &pub) == OK);
	CHECK(pubkey_make_signer(created, PGP_EDDSA, curve, curve->oid, pub.point, ret) ==
	      OK);
	c = card_close(c);
	world_card_put(v, 0xce, made, sizeof(made));
	world_card_put(v, 0xc7, ret->fpr, sizeof(ret->fpr));
	return v;
}

unsigned sign_world_sent(void)
{
	return vcard_verify_count(sw.card) - sw.before;
}

void sign_world_other_card(uint32_t created)
{
	vcard_free(sw.card);
	sw.card = sign_world_card(created, &sw.key);
	sw.before = vcard_verify_count(sw.card);
}

static enum err open_world(struct cli *c, struct session **ret)
{
	struct readers *r = double_vcard_readers();
	const struct session_options o = {
	        .readers = r, .ask = &sw.person.base, .poll_ms = 1, .serial = c->serial};

	double_vcard_put(r, 0, READER, sw.card);
	sw.opened++;
	return session_new(&o, ret);
}

/* A lent one: closing it leaves the scripted person as she is. */
static enum err ask_world(struct ask **ret)
{
	*ret = &sw.person.base;
	if (sw.at_ask)
		sw.at_ask();
	return OK;
}

/* --- the counter --- */

static enum err read_count(const void *ctx, const struct rollback *r, uint64_t *ret)
{
	(void)ctx;
	CHECK(r->index == COUNTER);
	if (sw.read_err == OK)
		*ret = sw.count;
	return sw.read_err;
}

static enum err increment(const void *ctx, const struct rollback *r, uint64_t *ret)
{
	(void)ctx;
	CHECK(r->index == COUNTER);
	sw.increments++;
	if (sw.at_increment)
		sw.at_increment();
	if (sw.increment_err == OK || sw.counts_all_the_same)
		sw.count++;
	if (sw.increment_err != OK && sw.fails_later)
		sw.read_err = ERR_IO;
	if (sw.increment_err == OK)
		*ret = sw.count;
	return sw.increment_err;
}

void sign_world_rollback(uint64_t count)
{
	const struct rollback r = {.tpm2 = true, .index = COUNTER};
	AUTO_BUFFER line = {0};

	CHECK(rollback_line(&r, count, &line) == OK && buffer_ok(&line) == OK);
	boot_put_bytes(&sw.b, KEXEC_ROLLBACK, buffer_bytes(&line));
}

bool sign_world_pins(uint64_t count)
{
	uint8_t *text = NULL;
	struct rollback r;
	size_t n = 0;
	const bool pins = file_read(sw.b.fd, KEXEC_ROLLBACK, 4096, &text, &n) == OK &&
	                  rollback_parse((struct bytes){text, n}, &r) == OK &&
	                  rollback_pins(&r, count);

	free(text);
	return pins;
}

/* --- all of it --- */

static void usual_options(void)
{
	sw.c = (struct cli){
	        .where = {.boot_dir = sw.b.dir, .config_dir = sw.config},
	        .pin_fd = -1,
	        .passphrase_fd = -1,
	        .sign = {.has_boot = true                   },
	};
}

void sign_world_make(void)
{
	memset(&sw, 0, sizeof(sw));
	boot_make(&sw.b);
	(void)snprintf(sw.config, sizeof(sw.config), "/tmp/bootlatch-etc-XXXXXX");
	CHECK(mkdtemp(sw.config) != NULL);
	(void)snprintf(sw.state, sizeof(sw.state), "/tmp/bootlatch-var-XXXXXX");
	CHECK(mkdtemp(sw.state) != NULL);
	sw.card = sign_world_card(CREATED, &sw.key);
	sw.before = vcard_verify_count(sw.card);
	(void)double_ask_init(&sw.person);
	usual_options();
}

static int drop_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	return type == FTW_DP ? rmdir(path) : unlink(path);
}

void sign_world_drop(void)
{
	vcard_free(sw.card);
	boot_drop(&sw.b);
	CHECK(nftw(sw.config, drop_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
	CHECK(nftw(sw.state, drop_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

/* With both streams in a file. */
static enum err run_quietly(const struct sign_seams *seams)
{
	FILE *to = tmpfile();
	const int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);

	CHECK(to != NULL && out >= 0 && err >= 0 && fflush(stdout) == 0);
	CHECK(dup2(fileno(to), STDOUT_FILENO) >= 0 &&
	      dup2(fileno(to), STDERR_FILENO) >= 0);
	const enum err e = sign_run(&sw.c, seams);
	(void)fflush(stdout);
	(void)fflush(stderr);
	CHECK(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
	const ssize_t n = pread(fileno(to), sw.said, sizeof(sw.said) - 1, 0);
	sw.said[n > 0 ? n : 0] = '\0';
	(void)close(out);
	(void)close(err);
	(void)fclose(to);
	return e;
}

enum err sign_world_run(void)
{
	static const struct counter_ops counter = {read_count, increment, NULL};
	const struct sign_seams seams = {.counter = &counter,
	                                 .open = open_world,
	                                 .state = sw.state,
	                                 .ask = ask_world};
	char notes[sizeof(sw.person.said)];

	const enum err e = run_quietly(&seams);
	memcpy(sw.why, sw.c.why, sizeof(sw.why));
	memcpy(notes, sw.person.said, sizeof(notes));
	usual_options();
	/* A person of a new command, who was told what this one was. */
	(void)double_ask_init(&sw.person);
	memcpy(sw.person.said, notes, sizeof(notes));
	return e;
}

enum err sign_world_sign(void)
{
	sw.c.sign.yes = true;
	double_ask_answer(&sw.person, ASK_USER_PIN, SIGN_PIN);
	return sign_world_run();
}

bool sign_world_said(const char *part)
{
	return strstr(sw.said, part) != NULL || strstr(sw.why, part) != NULL ||
	       strstr(sw.person.said, part) != NULL;
}

enum verify_verdict sign_world_verdict(void)
{
	const struct tree_options o = {.threads = 1};
	struct verify_report *r = NULL;

	CHECK(boot_verify(sw.b.fd, &sw.key, 1, (uint32_t)time(NULL), &o, &r) == OK);
	const enum verify_verdict v = r ? r->verdict : VERIFY_BAD;
	r = verify_free(r);
	return v;
}

bool sign_world_staged(void)
{
	return faccessat(sw.b.fd, STAGE_FOLDER, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
