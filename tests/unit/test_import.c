/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking over what others encrypted to the card: which of it, and every refusal. */
#include "unlock/import.h"

#include <libcryptsetup.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "core/log.h"
#include "crypto/crypto.h"
#include "openpgp/armor.h"
#include "openpgp/message.h"
#include "tests/unit/check.h"
#include "tests/unit/world_impl.h"

#define THEIR_KEY                                                                        \
	"\x01\n0x00 is not in a C string, but \xff\n" /* binary, with newlines */

static struct vcard *alice, *bob;

/* A volume whose slot 1 opens with THEIR_KEY, and that encrypted. */
struct theirs {
	struct world w;
	struct import i;
	char why[512];
};

static void note_why(void *ctx, const char *text)
{
	struct theirs *t = ctx;

	(void)snprintf(t->why, sizeof(t->why), "%s", text);
}

static void key_of(struct vcard *v, struct pubkey *ret)
{
	struct card *c = NULL;
	const char *why = NULL;

	CHECK(card_open(double_vcard_transport(v, "reader"), &c) == OK);
	CHECK(enroll_read_key(c, ret, &why) == OK);
	c = card_close(c);
}

/* free it. */
static uint8_t *encrypted(const char *body, struct vcard *const *to, size_t n,
                          size_t *ret_len)
{
	struct pubkey key[2];
	const struct pubkey *keys[2] = {&key[0], &key[1]};
	AUTO_SECRET *s = NULL;
	uint8_t *p = NULL;
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		key_of(to[i], &key[i]);
	CHECK(secret_copy(bytes_of(body), &s) == OK);
	CHECK(message_encrypt(keys, n, s, &p, &len) == OK);
	*ret_len = len;
	return p;
}

static enum err add_bytes(struct theirs *t, struct bytes b)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/key.gpg", t->w.dir);
	FILE *f = fopen(path, "we");
	CHECK(f != NULL);
	CHECK(fwrite(b.p, 1, b.n, f) == b.n);
	CHECK(fclose(f) == 0);
	return import_add_file(path, &t->i);
}

static void add_message(struct theirs *t, const char *body, struct vcard *card)
{
	size_t n = 0;
	uint8_t *m = encrypted(body, &card, 1, &n);

	CHECK(add_bytes(t, (struct bytes){m, n}) == OK);
	free(m);
}

static void begin(struct theirs *t, int version)
{
	*t = (struct theirs){0};
	world_make(&t->w, version);
	world_add_slot(&t->w, 1, THEIR_KEY, 1100);
}

static void end(struct theirs *t)
{
	import_clear(&t->i);
	world_drop(&t->w);
}

static enum err take(struct theirs *t, struct vcard *card, struct enroll_result *r)
{
	t->why[0] = '\0';
	return world_enroll(
	        &t->w, card,
	        (struct enroll_request){.import = &t->i, .why = note_why, .ctx = t}, r);
}

/* --- what works --- */

static void taken_over(int version)
{
	struct enroll_result r = {0};
	struct theirs t;

	begin(&t, version);
	add_message(&t, THEIR_KEY, alice);
	CHECK(take(&t, alice, &r) == OK);
	CHECK(r.keyslot == 2 && r.existing_slot == 1 && r.imported == &t.i.message[0]);
	CHECK(r.proven && t.w.person.asked[ASK_USER_PIN] == 1);
	CHECK(t.w.person.asked[ASK_PASSPHRASE] == 0);
	CHECK(world_slots(&t.w) == 7 && world_card_opens(&t.w, alice, 2));
	CHECK(world_phrase_opens(&t.w, THEIR_KEY));

	const struct world_digest b = world_digest(&t.w);
	CHECK(take(&t, alice, &r) == OK && r.already && !r.imported);
	CHECK(r.existing_slot == -1 && t.w.person.asked[ASK_USER_PIN] == 0);
	import_clear(&t.i); /* their file was removed since */
	CHECK(take(&t, alice, &r) == OK && r.already);
	CHECK(world_is_unchanged(&t.w, &b));

	CHECK(world_unenroll(&t.w, 2, NULL, false) == OK);
	CHECK(world_slots(&t.w) == 3 && world_phrase_opens(&t.w, THEIR_KEY));
	end(&t);
}

static void the_card_opens_it_and_one_pin_does(void)
{
	taken_over(1);
	taken_over(2);
}

static void armored_and_for_two_cards(void)
{
	struct vcard *const both[] = {bob, alice};
	struct enroll_result r = {0};
	struct theirs t;
	char *text = NULL;
	size_t n = 0, m_len = 0;
	uint8_t *m = encrypted(THEIR_KEY, both, 2, &m_len);

	begin(&t, 2);
	CHECK(armor_write(ARMOR_MESSAGE, (struct bytes){m, m_len}, &text, &n) == OK);
	CHECK(add_bytes(&t, (struct bytes){(uint8_t *)text, n}) == OK);
	CHECK(take(&t, alice, &r) == OK && world_card_opens(&t.w, alice, r.keyslot));
	CHECK(take(&t, bob, &r) == OK && world_card_opens(&t.w, bob, r.keyslot));
	free(text);
	free(m);
	end(&t);
}

static void the_one_for_this_card_is_taken(void)
{
	struct enroll_result r = {0};
	struct theirs t;

	begin(&t, 2);
	add_message(&t, "bob's", bob);
	add_message(&t, THEIR_KEY, alice);
	CHECK(take(&t, alice, &r) == OK && r.imported == &t.i.message[1]);
	end(&t);
}

/* --- what is refused --- */

static void refused(struct theirs *t, struct vcard *card, enum err want, const char *why,
                    unsigned pins)
{
	const struct world_digest b = world_digest(&t->w);
	struct enroll_result r = {.keyslot = 99};

	CHECK_ROW(take(t, card, &r) == want && r.keyslot == 99, why);
	CHECK_ROW(strstr(t->why, why) != NULL, why);
	CHECK_ROW(t->w.person.asked[ASK_USER_PIN] == pins, why);
	CHECK_ROW(world_is_unchanged(&t->w, &b), why);
}

static void another_cards_is_refused_before_the_pin(void)
{
	struct pubkey key;
	struct theirs t;
	char id[17];

	begin(&t, 2);
	add_message(&t, THEIR_KEY, bob);
	key_of(bob, &key);
	hex_encode_up((struct bytes){key.fpr + FPR_LEN - 8, 8}, id);
	refused(&t, alice, ERR_WRONG_CARD, id, 0);
	CHECK(strstr(t.why, "does not hold that key") != NULL);
	CHECK(err_exit(ERR_WRONG_CARD) == EXIT_WRONG_CARD);
	end(&t);
}

static void nothing_there_is_refused_before_the_pin(void)
{
	struct theirs t;

	begin(&t, 2);
	refused(&t, alice, ERR_NOT_FOUND, "Nothing is there", 0);
	end(&t);
}

static void a_damaged_one_changes_nothing(void)
{
	struct theirs t;

	begin(&t, 2);
	add_message(&t, THEIR_KEY, alice);
	t.i.message[0].p[t.i.message[0].n - 1] ^= 1;
	refused(&t, alice, ERR_CRYPTO, "is damaged", 1);
	end(&t);
}

static void a_key_that_opens_nothing_changes_nothing(void)
{
	for (int version = 1; version <= 2; version++) {
		struct theirs t;

		begin(&t, version);
		add_message(&t, "another volume's", alice);
		refused(&t, alice, ERR_PASSPHRASE, "opens no keyslot", 1);
		end(&t);
	}
}

static void files_that_are_none_are_refused(void)
{
	static const uint8_t zeros[MESSAGE_MAX + 1];
	struct theirs t;

	begin(&t, 2);
	CHECK(import_add_file("/nonexistent/x", &t.i) == ERR_NOT_FOUND);
	CHECK(add_bytes(&t, bytes_of("")) == ERR_FORMAT);
	CHECK(add_bytes(&t, bytes_of("correct horse")) == ERR_FORMAT);
	CHECK(add_bytes(&t, (struct bytes){zeros, sizeof(zeros)}) == ERR_FORMAT);
	/* SEIPD v1 for a passphrase alone, and for nobody */
	CHECK(add_bytes(&t, (struct bytes){(const uint8_t *)"\xc3\x04\x04\x09\x00\x08"
	                                                    "\xd2\x02\x01x",
	                                   10}) == ERR_FORMAT);
	CHECK(add_bytes(&t, (struct bytes){(const uint8_t *)"\xd2\x02\x01x", 4}) ==
	      ERR_FORMAT);
	CHECK(t.i.n == 0);
	end(&t);
}

static void there_is_an_end_to_them(void)
{
	struct theirs t;

	begin(&t, 2);
	for (size_t i = 0; i < IMPORT_MAX; i++)
		add_message(&t, "x", alice);
	const struct bytes more = {t.i.message[0].p, t.i.message[0].n};
	CHECK(add_bytes(&t, more) == ERR_NO_SPACE && t.i.n == IMPORT_MAX);
	end(&t);
}

/* --- tokens --- */

static void put_token(const struct world *w, const char *json)
{
	struct crypt_device *cd = NULL;

	CHECK(crypt_init(&cd, w->disk) == 0 && crypt_load(cd, CRYPT_LUKS, NULL) == 0);
	CHECK(crypt_token_json_set(cd, CRYPT_ANY_TOKEN, json) >= 0);
	crypt_free(cd);
}

static void add_token_for(struct theirs *t, const char *type, const char *body,
                          struct vcard *card)
{
	size_t m_len = 0;
	uint8_t *m = encrypted(body, &card, 1, &m_len);
	const size_t n = base64_len(m_len, true);
	char text[4096], json[4500];

	CHECK(n < sizeof(text));
	base64_encode((struct bytes){m, m_len}, true, (uint8_t *)text);
	(void)snprintf(
	        json, sizeof(json),
	        "{\"type\":\"%s\",\"keyslots\":[],\"gpg-recipient\":\"x\",\"gpg-key\":"
	        "\"%.*s\"}",
	        type, (int)n, text);
	put_token(&t->w, json);
	free(m);
}

static void find_tokens(struct theirs *t)
{
	struct volume *v = world_load(&t->w);

	CHECK(import_add_tokens(v, &t->i) == OK);
	v = volume_free(v);
}

static void tokens_are_found_and_bad_ones_skipped(void)
{
	struct enroll_result r = {0};
	struct theirs t;

	begin(&t, 2);
	put_token(&t.w, "{\"type\":\"gpg-token\",\"keyslots\":[]}");
	put_token(&t.w, "{\"type\":\"gpg-token\",\"keyslots\":[],\"gpg-key\":7}");
	put_token(&t.w, "{\"type\":\"gpg-token\",\"keyslots\":[],\"gpg-key\":\"\"}");
	put_token(&t.w, "{\"type\":\"gpg-token\",\"keyslots\":[],\"gpg-key\":\"eA==\"}");
	put_token(&t.w, "{\"type\":\"gpg-token\",\"keyslots\":[],\"gpg-key\":\"e A=\"}");
	add_token_for(&t, "another", THEIR_KEY, alice);
	add_token_for(&t, "gpg-token", "bob's", bob);
	add_token_for(&t, "root-gpg", THEIR_KEY, alice);
	find_tokens(&t);
	CHECK(t.i.n == 2 && t.i.message[0].token == 6 && t.i.message[1].token == 7);
	CHECK(strncmp(t.i.message[1].where, "token 7 of ", 11) == 0);
	CHECK(take(&t, alice, &r) == OK && r.imported == &t.i.message[1]);
	CHECK(world_card_opens(&t.w, alice, r.keyslot));
	end(&t);
}

static void luks1_has_no_tokens(void)
{
	struct theirs t;

	begin(&t, 1);
	find_tokens(&t);
	CHECK(t.i.n == 0);
	end(&t);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"the_card_opens_it_and_one_pin_does",
	         the_card_opens_it_and_one_pin_does                                         },
	        {"armored_and_for_two_cards",                armored_and_for_two_cards      },
	        {"the_one_for_this_card_is_taken",           the_one_for_this_card_is_taken },
	        {"another_cards_is_refused_before_the_pin",
	         another_cards_is_refused_before_the_pin                                    },
	        {"nothing_there_is_refused_before_the_pin",
	         nothing_there_is_refused_before_the_pin                                    },
	        {"a_damaged_one_changes_nothing",            a_damaged_one_changes_nothing  },
	        {"a_key_that_opens_nothing_changes_nothing",
	         a_key_that_opens_nothing_changes_nothing                                   },
	        {"files_that_are_none_are_refused",          files_that_are_none_are_refused},
	        {"there_is_an_end_to_them",                  there_is_an_end_to_them        },
	        {"tokens_are_found_and_bad_ones_skipped",
	         tokens_are_found_and_bad_ones_skipped                                      },
	        {"luks1_has_no_tokens",                      luks1_has_no_tokens            },
	};

	log_to(NULL, NULL, LOG_WARN);
	if (crypto_init() != OK)
		return 1;
	alice = world_card(CURVE_25519);
	bob = world_card(CURVE_P256);
	const int failed = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	vcard_free(alice);
	vcard_free(bob);
	return failed;
}
