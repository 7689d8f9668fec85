/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs print: a stranger's text stays in its line, and what is told can be
 * acted on. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "card/choose.h"
#include "card/pick.h"
#include "cli/output.h"
#include "core/hex.h"
#include "core/log.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/world.h"

/* What cli_say() writes to standard output. */
static void said(const struct cli *c, const char *path, char *ret, size_t cap)
{
	FILE *to = tmpfile();
	const int kept = dup(STDOUT_FILENO);

	CHECK(to != NULL && kept >= 0 && fflush(stdout) == 0);
	CHECK(dup2(fileno(to), STDOUT_FILENO) == STDOUT_FILENO);
	cli_say(c, "Card opens %s.\nThat is all.", path);
	CHECK(dup2(kept, STDOUT_FILENO) == STDOUT_FILENO);
	const ssize_t n = pread(fileno(to), ret, cap - 1, 0);
	ret[n > 0 ? n : 0] = '\0';
	(void)close(kept);
	(void)fclose(to);
}

static void a_newline_in_a_path_ends_no_line(void)
{
	const struct cli c = {0};
	char text[256];

	said(&c, "/dev/sda2", text, sizeof(text));
	CHECK(strcmp(text, "Card opens /dev/sda2.\nThat is all.\n") == 0);
	said(&c, "/a\nFAKE \x1b[2J", text, sizeof(text));
	CHECK(strcmp(text, "Card opens /a?FAKE ?[2J.\nThat is all.\n") == 0);
	/* Nor does what stands for our own newlines. */
	said(&c,
	     "/a\x1e"
	     "FAKE",
	     text, sizeof(text));
	CHECK(strcmp(text, "Card opens /a?FAKE.?That is all.\n") == 0);
}

/* A token that anybody may have written has the card's number too. */
static void keyslots_with_the_same_serial_are_named(void)
{
	struct vcard *card = world_card(CURVE_25519);
	char ident[CARD_IDENT_LEN];
	struct token t = {0};
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll_plain(&w, card) == OK && world_read_token(&w, 2, &t));
	t.keyslot = 0;
	world_write_token(&w, &t);
	token_clear(&t);
	world_card_ident(card, ident);
	struct cli c = {
	        .where = w.where, .device = w.disk, .serial = ident, .keyslot = -1};
	CHECK(verb_unenroll.run(&c) == ERR_USAGE);
	CHECK(strstr(c.why, "2 (enrolled here)") && strstr(c.why, "0 (a token says so)"));
	CHECK(strstr(c.why, "--keyslot") != NULL);
	CHECK(world_slots(&w) == 5);
	vcard_free(card);
	world_drop(&w);
}

static void fingerprints_are_in_upper_case(void)
{
	struct vcard *card = world_card(CURVE_25519);
	char text[2 * FPR_LEN + 1], quoted[sizeof(text) + 2];
	struct volume *v = NULL;
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll_plain(&w, card) == OK);
	CHECK(volume_load(&w.where, &v) == OK && v->n_enrolled == 1);
	hex_encode_up((struct bytes){v->enrolled[0].fpr, FPR_LEN}, text);
	(void)snprintf(quoted, sizeof(quoted), "\"%s\"", text);
	struct cli c = {.json = true};
	out_volume(&c, v);
	CHECK(strstr(out_string(&c, OK), quoted) != NULL);
	CHECK(out_print(&c, OK) == OK); /* frees it */
	v = volume_free(v);
	vcard_free(card);
	world_drop(&w);
}

static void what_is_missing_is_named_by_the_choice(void)
{
	CHECK(strstr(readers_choice_lost("pcsc"), "pcscd") != NULL);
	CHECK(strstr(readers_choice_lost("ccid"), "libccid") != NULL);
	CHECK(strstr(readers_choice_lost("/x.so@1"), "could not be loaded") != NULL);
	CHECK(strstr(readers_choice_lost("/x.so@1"), "pcscd") == NULL);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a newline in a path ends no line",        a_newline_in_a_path_ends_no_line},
	        {"keyslots with the same serial are named",
	         keyslots_with_the_same_serial_are_named                                    },
	        {"fingerprints are in upper case",          fingerprints_are_in_upper_case  },
	        {"what is missing is named by the choice",
	         what_is_missing_is_named_by_the_choice                                     },
	};

	log_to(NULL, NULL, LOG_WARN);
	/* The virtual card starts libgcrypt with quick random numbers. */
	vcard_free(vcard_new("default", NULL));
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
