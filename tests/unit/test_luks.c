/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unlock/luks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "tests/unit/check.h"
#include "tests/unit/luks2_edit.h"
#include "unlock/record.h"

static struct secret *word(const char *s)
{
	struct secret *ret = NULL;

	CHECK(secret_copy((struct bytes){(const uint8_t *)s, strlen(s)}, &ret) == OK);
	return ret;
}

struct place {
	char dir[32];
	char path[64];
};

static void place_make(struct place *p)
{
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/test_luks.XXXXXX");
	CHECK(mkdtemp(p->dir) != NULL);
	(void)snprintf(p->path, sizeof(p->path), "%s/volume", p->dir);
}

static void place_drop(const struct place *p)
{
	CHECK(unlink(p->path) == 0 && rmdir(p->dir) == 0);
}

static void look_at(int version)
{
	AUTO_SECRET *right = word("right");
	AUTO_SECRET *wrong = word("wrong");
	AUTO_SECRET *ours = word("0123456789abcdef");
	AUTO_SECRET *key = NULL;
	struct luks *l = NULL, *w = NULL;
	uint8_t pin[HEADER_PIN_LEN], pin2[HEADER_PIN_LEN];
	struct luks_slot s;
	struct place p;
	int slot = -1;

	place_make(&p);
	CHECK(luks_make(p.path, version, "right"));
	CHECK(luks_open_snapshot(p.path, NULL, &l) == OK);
	if (l == NULL)
		return;
	CHECK(luks_version(l) == version && strlen(luks_uuid(l)) == 36);
	CHECK(luks_slots(l) == (version == 1 ? 8 : 32));
	CHECK((luks_metadata(l) == NULL) == (version == 1));
	CHECK(luks1_header(l).n == (version == 1 ? 592U : 0U));
	CHECK(!luks_reencrypting(l) && luks_refuse_strange(l, NULL) == OK);
	CHECK(luks_try(l, LUKS_ANY_SLOT, right, &slot) == OK && slot == 0);
	CHECK(luks_try(l, LUKS_ANY_SLOT, wrong, &slot) == ERR_PASSPHRASE);
	CHECK(luks_try(l, 1, right, &slot) == ERR_NOT_FOUND);
	CHECK(luks_slot(l, 0, &s) == OK && s.active && s.taken && !s.prefer);
	CHECK(strcmp(s.kdf, "pbkdf2") == 0 && strcmp(s.cipher, "aes-xts-plain64") == 0);
	CHECK(!luks_slot_looks_ours(&s));
	CHECK(luks_slot(l, 1, &s) == OK && !s.active && !s.taken);
	CHECK(luks_slot(l, luks_slots(l), &s) == ERR_NOT_FOUND);
	CHECK(header_pin(l, pin) == OK);

	CHECK(luks_open_writable(p.path, NULL, l, &w) == OK);
	CHECK(luks_volume_key(w, LUKS_ANY_SLOT, wrong, &key, &slot) == ERR_PASSPHRASE);
	CHECK(key == NULL);
	CHECK(luks_volume_key(w, LUKS_ANY_SLOT, right, &key, &slot) == OK && slot == 0);
	CHECK(luks_add_slot(w, 2, wrong, ours) != OK);
	CHECK(luks_add_slot(w, 2, key, ours) == OK);
	CHECK(luks_add_slot(w, 2, key, ours) == ERR_EXISTS);
	w = luks_close(w);
	l = luks_close(l);
	CHECK(luks_open_snapshot(p.path, NULL, &l) == OK);
	CHECK(luks_slot(l, 2, &s) == OK && luks_slot_looks_ours(&s));
	CHECK(s.prefer == (version == 2));
	CHECK(luks_try(l, 2, ours, &slot) == OK && slot == 2);
	CHECK(header_pin(l, pin2) == OK && memcmp(pin, pin2, sizeof(pin)) == 0);
	CHECK(luks_open_writable(p.path, NULL, l, &w) == OK);
	CHECK(luks_kill_slot(w, 2) == OK);
	w = luks_close(w);
	/* The snapshot still is what it was. */
	CHECK(luks_try(l, 2, ours, &slot) == OK);
	l = luks_close(l);
	place_drop(&p);
}

static void a_luks2_volume_is_opened_tried_and_changed(void)
{
	look_at(2);
}

static void a_luks1_volume_is_opened_tried_and_changed(void)
{
	look_at(1);
}

static void tokens_are_found_by_type(void)
{
	static const char json[] = "{\"type\":\"x-test\",\"keyslots\":[\"0\"]}";
	struct luks *l = NULL, *w = NULL;
	char *got = NULL;
	struct place p;
	int id = -1;

	place_make(&p);
	CHECK(luks_make(p.path, 2, "right"));
	CHECK(luks_open_snapshot(p.path, NULL, &l) == OK);
	CHECK(luks_open_writable(p.path, NULL, l, &w) == OK);
	CHECK(luks_token_set(w, json, &id) == OK && id == 0);
	l = luks_close(l);
	CHECK(luks_open_snapshot(p.path, NULL, &l) == OK);
	CHECK(luks_token_get(l, 0, "x-test", &got) == OK && strcmp(got, json) == 0);
	free(got);
	CHECK(luks_token_get(l, 0, "x-other", &got) == ERR_NOT_FOUND);
	CHECK(luks_token_get(l, 1, "x-test", &got) == ERR_NOT_FOUND);
	CHECK(luks_token_get(l, 99, "x-test", &got) == ERR_NOT_FOUND);
	CHECK(luks_token_remove(w, 0) == OK);
	w = luks_close(w);
	l = luks_close(l);
	place_drop(&p);
}

static void a_strange_header_is_refused(void)
{
	uint8_t before[HEADER_PIN_LEN], after[HEADER_PIN_LEN];
	const char *why = NULL;
	struct luks *l = NULL;
	struct place p;

	place_make(&p);
	CHECK(luks_make(p.path, 2, "right"));
	CHECK(luks_open_snapshot(p.path, NULL, &l) == OK && header_pin(l, before) == OK);
	l = luks_close(l);
	CHECK(luks2_edit(p.path, "\"encryption\":\"aes-xts-plain64\",\"sector_size\"",
	                 "\"encryption\":\"cipher_null-ecb\",\"sector_size\""));
	CHECK(luks_open_snapshot(p.path, NULL, &l) == OK);
	CHECK(l != NULL && luks_refuse_strange(l, &why) == ERR_TAMPERED && why != NULL);
	CHECK(header_pin(l, after) == OK && memcmp(before, after, sizeof(after)) != 0);
	l = luks_close(l);
	place_drop(&p);
}

/* It is shown to people, and names our files. */
static void a_uuid_that_is_none_is_refused(void)
{
	static const char *const rows[] = {"../../etc/passwd", "", "c0ffee g",
	                                   "c0ffee00-0000-4000-8000-000000000001-0"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *why = NULL;
		struct luks *l = NULL;
		struct place p;
		char uuid[40] = "";

		(void)snprintf(uuid, sizeof(uuid), "%s", rows[i]);
		place_make(&p);
		CHECK(luks_make(p.path, 1, "right"));
		const int fd = open(p.path, O_WRONLY | O_CLOEXEC);
		CHECK(pwrite(fd, uuid, sizeof(uuid), 168) == (ssize_t)sizeof(uuid));
		CHECK(close(fd) == 0);
		CHECK_ROW(luks_open_snapshot(p.path, NULL, &l) == OK, rows[i]);
		CHECK_ROW(l != NULL && luks_refuse_strange(l, &why) == ERR_TAMPERED,
		          rows[i]);
		CHECK_ROW(why != NULL, rows[i]);
		l = luks_close(l);
		place_drop(&p);
	}
}

/* The keyslots are not pinned: whoever writes the disk sets what they cost. */
static void a_keyslot_that_costs_too_much_is_not_tried(void)
{
	static const char kdf[] =
	        "\"type\":\"pbkdf2\",\"hash\":\"sha256\",\"iterations\":1100";
	static const struct {
		const char *from, *to;
	} rows[] = {
	        {"\"key_size\":64,\"af\"",            "\"key_size\":2147483647,\"af\""                                },
	        {"\"key_size\":64,\"af\"",            "\"key_size\":0,\"af\""                                         },
	        {"aes-xts-plain64\",\"key_size\":64",
	         "aes-xts-plain64\",\"key_size\":2147483647"                                                          },
	        {kdf,
	         "\"type\":\"argon2id\",\"time\":1,\"memory\":2147483647,\"cpus\":1"                                  },
	        {kdf,
	         "\"type\":\"argon2id\",\"time\":2147483647,\"memory\":64,\"cpus\":1"                                 },
	        {kdf,	                         "\"type\":\"argon2id\",\"time\":1,\"memory\":65536,\"cpus\":999"},
	};

	bool refused = true; /* or the next one may take hours */

	for (size_t i = 0; refused && i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_SECRET *right = word("right");
		AUTO_SECRET *key = NULL;
		struct luks *l = NULL;
		struct place p;
		int slot = -1;

		place_make(&p);
		CHECK(luks_make(p.path, 2, "right"));
		CHECK_ROW(luks2_edit(p.path, rows[i].from, rows[i].to), rows[i].to);
		CHECK_ROW(luks_open_snapshot(p.path, NULL, &l) == OK, rows[i].to);
		refused = luks_try(l, 0, right, &slot) == ERR_UNSUPPORTED;
		CHECK_ROW(refused, rows[i].to);
		CHECK_ROW(luks_try(l, LUKS_ANY_SLOT, right, &slot) == ERR_UNSUPPORTED,
		          rows[i].to);
		CHECK_ROW(luks_volume_key(l, 0, right, &key, &slot) == ERR_UNSUPPORTED,
		          rows[i].to);
		l = luks_close(l);
		place_drop(&p);
	}
}

static void what_is_no_luks_is_told_apart(void)
{
	struct luks *l = NULL;

	CHECK(luks_open_snapshot("/nowhere/at/all", NULL, &l) == ERR_NOT_FOUND);
	CHECK(luks_open_snapshot("/dev/null", NULL, &l) == ERR_FORMAT);
	CHECK(luks_open_snapshot("/proc/self/exe", NULL, &l) == ERR_FORMAT);
	CHECK(l == NULL && luks_close(NULL) == NULL);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a_luks2_volume_is_opened_tried_and_changed",
	         a_luks2_volume_is_opened_tried_and_changed                                  },
	        {"a_luks1_volume_is_opened_tried_and_changed",
	         a_luks1_volume_is_opened_tried_and_changed                                  },
	        {"tokens_are_found_by_type",                   tokens_are_found_by_type      },
	        {"a_strange_header_is_refused",                a_strange_header_is_refused   },
	        {"a_uuid_that_is_none_is_refused",             a_uuid_that_is_none_is_refused},
	        {"a_keyslot_that_costs_too_much_is_not_tried",
	         a_keyslot_that_costs_too_much_is_not_tried                                  },
	        {"what_is_no_luks_is_told_apart",              what_is_no_luks_is_told_apart },
	};
	log_to(NULL, NULL, LOG_WARN);
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
