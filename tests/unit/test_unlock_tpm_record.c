/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unlock loop with a TPM: what it is asked for, and what is taken from it, is what
 * the record says, on the running system and in an image. */
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/tpm_world.h"
#include "unlock/sealed.h"
#include "unlock/tpm2_way.h"

/* Both the token's word, and what its object says. */
static void whether_a_pin_is_needed_only_the_record_says(void)
{
	tpm_world_begin(&tw.disk, false);
	for (size_t i = 0; i < tw.u.v->n_enrolled; i++)
		if (tw.u.v->enrolled[i].keyslot == 3)
			tw.u.v->enrolled[i].needs_pin = false;
	double_ask_answer(&tw.u.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	CHECK(double_ask_said(&tw.u.person, "is not what was enrolled"));
	CHECK(tw.u.person.asked[ASK_TPM_PIN] == 0 && double_tpm->looked == 0);
	tpm_world_end();
}

static void another_object_than_the_recorded_one_is_refused(void)
{
	struct volume *other = NULL;

	tpm_world_begin(&tw.both, false);
	CHECK(volume_load(&tw.disk.where, &other) == OK);
	for (size_t i = 0; i < tw.u.v->n_enrolled; i++) {
		struct enrolment *en = &tw.u.v->enrolled[i];
		const struct enrolment *from = volume_find(other, en->keyslot);

		CHECK(from && from->blob_len[1] == en->blob_len[1]);
		memcpy(en->blob[1], from->blob[1], en->blob_len[1]);
	}
	double_ask_answer(&tw.u.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	CHECK(tw.u.person.asked[ASK_TPM_PIN] == 0 && double_tpm->looked == 0);
	other = volume_free(other);
	tpm_world_end();
}

static void what_it_gives_must_be_the_recorded_passphrase(void)
{
	tpm_world_begin(&tw.plain, false);
	double_tpm->object[1].secret[0] ^= 1;
	double_ask_answer(&tw.u.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	CHECK(double_ask_said(&tw.u.person, "does not open keyslot 3"));
	double_tpm->object[1].secret[0] ^= 1;
	tpm_world_end();
}

/* The object's identity is of its public part alone. */
static void of_two_copies_the_one_that_the_tpm_takes_opens(void)
{
	for (size_t bad = 0; bad < 2; bad++) {
		struct enrolment *en = NULL;
		struct tpm2_sealed s = {0};
		size_t at = 0;
		char *json = NULL;

		tpm_world_begin(&tw.both, false);
		for (size_t i = 0; i < tw.u.v->n_enrolled; i++)
			if (tw.u.v->enrolled[i].keyslot == 3)
				en = &tw.u.v->enrolled[i];
		CHECK(en && !en->blob[0] && tpm2_way_next(en, &at, &s) == OK);
		s.priv[2] ^= 1;
		CHECK(sealed_format(&s, &json) == OK);
		if (!en || !json)
			break;
		en->blob[0] = bad == 0 ? (uint8_t *)json : en->blob[1];
		en->blob_len[0] = bad == 0 ? strlen(json) : en->blob_len[1];
		en->blob[1] = bad == 1 ? (uint8_t *)json : en->blob[1];
		en->blob_len[1] = bad == 1 ? strlen(json) : en->blob_len[1];
		double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
		CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
		CHECK(tw.u.person.asked[ASK_TPM_PIN] == 1 && double_tpm->wrong == 0);
		CHECK(double_tpm->unsealed == 1 + bad && double_tpm->right == 1);
		tpm_world_end();
	}
}

static void an_untrusted_volume_is_not_taken_to_the_tpm(void)
{
	const struct volume_where saved = tw.plain.where;

	tw.plain.where.config_dir = tw.plain.boot; /* no records there */
	tpm_world_begin(&tw.plain, false);
	tw.u.goal.no_record = true;
	double_ask_answer(&tw.u.person, ASK_CONFIRM, "yes");
	double_ask_answer(&tw.u.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	CHECK(double_tpm->looked == 0 && double_tpm->unsealed == 0);
	tpm_world_end();
	tw.plain.where = saved;
}

/* As the initramfs has it: below `dir`. */
static void take_image_record(const struct world *of)
{
	struct record r, small;

	CHECK(record_load(of->config, of->uuid, &r) == OK);
	CHECK(record_for_image(&r, &small) == OK);
	CHECK(small.n_tpm2 == 1 && small.n == r.n - 1);
	CHECK(record_save(of->dir, &small) == OK);
}

/* With another way in before it in the record, which another PCR caps. */
static void take_record_of_two(const struct world *of)
{
	struct record r, small;

	CHECK(record_load(of->config, of->uuid, &r) == OK);
	CHECK(record_for_image(&r, &small) == OK && small.n_tpm2 == 1);
	small.tpm2[1] = small.tpm2[0];
	small.tpm2[0].cap = 4;
	small.tpm2[0].srk_name[0] = 'x';
	small.n_tpm2 = 2;
	CHECK(record_save(of->dir, &small) == OK);
}

static void begin_in_image(const struct world *of)
{
	tpm_world_begin(of, false);
	tw.u.goal.trust_record = true;
	struct volume_where where = of->where;
	where.config_dir = of->dir;
	tw.u.v = volume_free(tw.u.v);
	CHECK(volume_load(&where, &tw.u.v) == OK);
}

static void in_an_image_the_token_alone_has_the_object(void)
{
	take_image_record(&tw.disk);
	take_image_record(&tw.plain);
	begin_in_image(&tw.disk);
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	tpm_world_end();
	begin_in_image(&tw.plain);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	tpm_world_end();
}

static void in_an_image_that_knows_two_ways_the_object_says_which_it_is(void)
{
	take_record_of_two(&tw.plain);
	begin_in_image(&tw.plain);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	tpm_world_end();
	take_image_record(&tw.plain);
}

/* Both with a passphrase of the attacker's; one as the record wants it, one not. */
static void in_an_image_an_attackers_object_opens_nothing(void)
{
	const struct world *const rows[] = {&tw.disk, &tw.plain};
	struct volume *other = NULL;

	for (size_t i = 0; i < 2; i++) {
		begin_in_image(rows[i]);
		tw.u.goal.trust_record = false;
		CHECK(volume_load(&tw.both.where, &other) == OK);
		struct enrolment *en = NULL;
		for (size_t k = 0; k < tw.u.v->n_enrolled; k++)
			if (tw.u.v->enrolled[k].keyslot == 3)
				en = &tw.u.v->enrolled[k];
		const struct enrolment *from = volume_find(other, 3);
		CHECK(en && from);
		if (!en || !from)
			break;
		free(en->blob[1]);
		en->blob[1] = malloc(from->blob_len[1]);
		memcpy(en->blob[1], from->blob[1], from->blob_len[1]);
		en->blob_len[1] = from->blob_len[1];
		memcpy(en->fpr, from->fpr, sizeof(en->fpr));
		double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
		double_ask_answer(&tw.u.person,
		                  i == 0 ? ASK_CARD_OR_PASSPHRASE : ASK_PASSPHRASE,
		                  WORLD_PHRASE);
		/* No PIN is asked for where the record wants none. */
		tw.u.person.next = i;
		CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
		CHECK(double_ask_said(&tw.u.person, i == 0 ? "does not open keyslot 3"
		                                           : "is not what was enrolled"));
		CHECK(double_tpm->unsealed == 1 - i);
		other = volume_free(other);
		tpm_world_end();
	}
}

/* Two keys in the record that differ in nothing else, and one object. */
static void in_an_image_the_tpm_shows_which_key_it_is(void)
{
	struct record small;

	take_image_record(&tw.disk);
	CHECK(record_load(tw.disk.dir, tw.disk.uuid, &small) == OK);
	small.tpm2[1] = small.tpm2[0];
	small.tpm2[0].srk_name[0] = 'a';
	small.n_tpm2 = 2;
	CHECK(record_save(tw.disk.dir, &small) == OK);
	begin_in_image(&tw.disk);
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	CHECK(tw.u.person.asked[ASK_TPM_PIN] == 1 && double_tpm->looked == 2);
	CHECK(!double_ask_said(&tw.u.person, "not the one"));
	tpm_world_end();
	take_image_record(&tw.disk);
}

static struct enrolment *way_of(int slot)
{
	for (size_t i = 0; i < tw.u.v->n_enrolled; i++)
		if (tw.u.v->enrolled[i].keyslot == slot)
			return &tw.u.v->enrolled[i];
	return NULL;
}

/* Of two machines, or from before the TPM was cleared. */
static void of_two_ways_in_the_one_of_this_tpm_opens(void)
{
	static const int slots[] = {3, 4};

	double_tpm_enroll(&tw.both, 4, TPM_WORLD_PIN);
	for (size_t i = 0; i < 2; i++) {
		tpm_world_begin(&tw.both, false);
		way_of(slots[i])->srk_name[0] = 'x';
		double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
		CHECK(tpm_world_go() == OK);
		CHECK(tpm_world_opened_by(BACKEND_TPM2, slots[1 - i]));
		CHECK(tw.u.person.asked[ASK_TPM_PIN] == 1 && double_tpm->wrong == 0);
		CHECK(!double_ask_said(&tw.u.person, "not the one"));
		tpm_world_end();
	}
	tpm_world_begin(&tw.both, false);
	way_of(3)->srk_name[0] = way_of(4)->srk_name[0] = 'x';
	double_ask_answer(&tw.u.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	CHECK(double_ask_said(&tw.u.person, "unenroll --keyslot 4"));
	CHECK(!double_ask_said(&tw.u.person, "unenroll --keyslot 3"));
	CHECK(tw.u.person.asked[ASK_TPM_PIN] == 0);
	tpm_world_end();
}

/* One that was edited is of another policy, and not the recorded one. */
static void the_other_copy_is_looked_at_before_the_pin_goes_there(void)
{
	struct enrolment *en = NULL;
	struct tpm2_sealed s = {0};
	size_t at = 0;
	char *json = NULL;

	tpm_world_begin(&tw.disk, false);
	en = way_of(3);
	CHECK(en && tpm2_way_next(en, &at, &s) == OK);
	s.priv[2] ^= 1;
	CHECK(sealed_format(&s, &json) == OK);
	if (!en || !json)
		return;
	en->blob[0] = en->blob[1];
	en->blob_len[0] = en->blob_len[1];
	en->blob[1] = (uint8_t *)json;
	en->blob_len[1] = strlen(json);
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	CHECK(double_tpm->looked == 2 && double_tpm->unsealed == 2);
	CHECK(tw.u.person.asked[ASK_TPM_PIN] == 1 && double_tpm->right == 1);
	tpm_world_end();
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"whether a PIN is needed only the record says",
	         whether_a_pin_is_needed_only_the_record_says               },
	        {"another object than the recorded one is refused",
	         another_object_than_the_recorded_one_is_refused            },
	        {"what it gives must be the recorded passphrase",
	         what_it_gives_must_be_the_recorded_passphrase              },
	        {"of two copies the one that the TPM takes opens",
	         of_two_copies_the_one_that_the_tpm_takes_opens             },
	        {"an untrusted volume is not taken to the TPM",
	         an_untrusted_volume_is_not_taken_to_the_tpm                },
	        {"in an image the token alone has the object",
	         in_an_image_the_token_alone_has_the_object                 },
	        {"in an image that knows two ways the object says which it is",
	         in_an_image_that_knows_two_ways_the_object_says_which_it_is},
	        {"in an image an attacker's object opens nothing",
	         in_an_image_an_attackers_object_opens_nothing              },
	        {"in an image the TPM shows which key it is",
	         in_an_image_the_tpm_shows_which_key_it_is                  },
	        {"the other copy is looked at before the PIN goes there",
	         the_other_copy_is_looked_at_before_the_pin_goes_there      },
	        {"of two ways in the one of this TPM opens",
	         of_two_ways_in_the_one_of_this_tpm_opens                   },
	};

	if (crypto_init() != OK)
		return 1;
	tpm_world_make();
	const int status = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	tpm_world_drop();
	return status;
}
