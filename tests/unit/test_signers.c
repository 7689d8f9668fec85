/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose signature is taken: certificates, keyrings and bare keys, and the folder of root
 * in which they are remembered. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/hex.h"
#include "openpgp/armor.h"
#include "sign/signers.h"
#include "tests/unit/check.h"
#include "tests/unit/softkey.h"

enum { NOW = SOFTKEY_CREATED + 1000, ROOM = 16384 };

static struct softkey a, b, other; /* two that sign, one that does not */
static struct signers s;

static struct writer fresh(void)
{
	static uint8_t room[ROOM];

	s.n = 0;
	return (struct writer){.p = room, .cap = sizeof(room)};
}

static void put_bare(struct writer *w, const struct softkey *k)
{
	put_packet(w, PACKET_PUBLIC_KEY, (struct bytes){k->pub.body, k->pub.body_len});
}

static bool knows(const struct softkey *k)
{
	return signers_find(&s, k->pub.fpr) != NULL;
}

/* --- files --- */

static void a_certificate_gives_the_keys_that_sign(void)
{
	struct writer w = fresh();
	char *text = NULL;
	size_t n = 0;

	CHECK(softkey_put_cert(&w, &a, &other, "A <a@example.org>", NOW - 500, false));
	CHECK(signers_add(&s, writer_bytes(&w), false, NOW, NULL) == OK);
	CHECK(s.n == 1 && knows(&a));
	/* Once more, and armored: it is there already. */
	CHECK(armor_write(ARMOR_PUBLIC_KEY, writer_bytes(&w), &text, &n) == OK);
	CHECK(signers_add(&s, (struct bytes){(uint8_t *)text, n}, false, NOW, NULL) ==
	      OK);
	CHECK(s.n == 1);
	free(text);
}

static void a_keyring_gives_those_of_every_certificate(void)
{
	struct writer w = fresh();

	CHECK(softkey_put_cert(&w, &a, &other, "A <a@example.org>", NOW - 500, false));
	CHECK(softkey_put_cert(&w, &b, &other, "B <b@example.org>", NOW - 500, false));
	CHECK(signers_add(&s, writer_bytes(&w), false, NOW, NULL) == OK);
	CHECK(s.n == 2 && knows(&a) && knows(&b));
}

static void a_bare_key_is_taken_only_where_it_is_said_to_be_one(void)
{
	struct writer w = fresh();
	const char *why = NULL;

	put_bare(&w, &a);
	CHECK(signers_add(&s, writer_bytes(&w), false, NOW, &why) == ERR_NOT_FOUND);
	CHECK(s.n == 0 && why && strstr(why, "Export") != NULL);
	CHECK(signers_add(&s, writer_bytes(&w), true, NOW, &why) == OK && knows(&a));
	/* Nor is a bare key smuggled in beside a certificate. */
	w = fresh();
	CHECK(softkey_put_cert(&w, &a, &other, "A <a@example.org>", NOW - 500, false));
	put_bare(&w, &b);
	CHECK(signers_add(&s, writer_bytes(&w), false, NOW, NULL) == OK);
	CHECK(s.n == 1 && knows(&a) && !knows(&b));
}

static void a_key_that_does_not_sign_is_none(void)
{
	struct writer w = fresh();
	const char *why = NULL;

	put_bare(&w, &other);
	CHECK(signers_add(&s, writer_bytes(&w), true, NOW, &why) == ERR_NOT_FOUND);
	CHECK(s.n == 0 && why && strstr(why, "makes signatures") != NULL);
}

static void what_is_no_certificate_adds_nothing(void)
{
	static const char *const rows[] = {"", "nonsense",
	                                   "-----BEGIN PGP MESSAGE-----\n"};
	struct writer w = fresh();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(signers_add(&s, bytes_of(rows[i]), true, NOW, NULL) != OK,
		          rows[i]);
	/* All of a file or nothing. */
	put_bare(&w, &a);
	put_bytes(&w, "\xc6\xff\xff", 3);
	CHECK(signers_add(&s, writer_bytes(&w), true, NOW, NULL) == ERR_FORMAT);
	CHECK(s.n == 0);
	/* A signature first, then a key. */
	w = fresh();
	put_packet(&w, PACKET_SIGNATURE, bytes_of("x"));
	put_bare(&w, &a);
	CHECK(signers_add(&s, writer_bytes(&w), true, NOW, NULL) == ERR_FORMAT);
	CHECK(s.n == 0);
}

static void there_is_room_for_so_many(void)
{
	struct writer w = fresh();

	for (size_t i = 0; i < SIGNERS_MAX; i++) {
		pubkey_copy(&s.key[i], &b.pub);
		s.key[i].fpr[0] ^= (uint8_t)(i + 1);
	}
	s.n = SIGNERS_MAX - 1;
	put_bare(&w, &a);
	CHECK(signers_add(&s, writer_bytes(&w), true, NOW, NULL) == OK);
	CHECK(s.n == SIGNERS_MAX && knows(&a));
	pubkey_copy(&s.key[SIGNERS_MAX - 1], &b.pub);
	CHECK(signers_add(&s, writer_bytes(&w), true, NOW, NULL) == ERR_UNSUPPORTED);
	CHECK(s.n == SIGNERS_MAX && !knows(&a));
}

/* --- the folder --- */

static char config[64], folder[80], file[160];

static void begin(void)
{
	(void)snprintf(config, sizeof(config), "/tmp/bootlatch-test.XXXXXX");
	CHECK(mkdtemp(config));
	(void)snprintf(folder, sizeof(folder), "%s/signers", config);
	char fpr[2 * PGP_FPR_LEN + 1];
	hex_encode_up((struct bytes){a.pub.fpr, PGP_FPR_LEN}, fpr);
	(void)snprintf(file, sizeof(file), "%s/%s.pgp", folder, fpr);
	s.n = 0;
}

static void end(void)
{
	(void)unlink(file);
	CHECK(rmdir(folder) == 0 && rmdir(config) == 0);
}

static void a_key_that_signed_is_remembered(void)
{
	struct stat st, again;
	const mode_t was = umask(077);

	begin();
	CHECK(signers_load(&s, config, NOW) == ERR_NOT_FOUND);
	CHECK(signers_remember(config, &a.pub) == OK);
	CHECK(stat(folder, &st) == 0 && (st.st_mode & 07777) == 0755);
	CHECK(stat(file, &st) == 0 && (st.st_mode & 07777) == 0644);
	CHECK(signers_load(&s, config, NOW) == OK && s.n == 1 && knows(&a));
	CHECK(signers_remember(config, &a.pub) == OK && stat(file, &again) == 0 &&
	      st.st_ino == again.st_ino);
	(void)umask(was);
	end();
}

static void other_names_in_the_folder_are_not_read(void)
{
	char name[200];

	begin();
	CHECK(signers_remember(config, &a.pub) == OK);
	(void)snprintf(name, sizeof(name), "%s/README", folder);
	const int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && close(fd) == 0);
	CHECK(signers_load(&s, config, NOW) == OK && s.n == 1);
	CHECK(unlink(name) == 0);
	end();
}

static void what_others_may_write_tells_nothing(void)
{
	begin();
	CHECK(signers_remember(config, &a.pub) == OK);
	CHECK(chmod(folder, 0777) == 0);
	CHECK(signers_load(&s, config, NOW) == ERR_TAMPERED && s.n == 0);
	CHECK(chmod(folder, 0755) == 0 && chmod(file, 0666) == 0);
	CHECK(signers_load(&s, config, NOW) == ERR_TAMPERED && s.n == 0);
	CHECK(unlink(file) == 0 && symlink("/etc/passwd", file) == 0);
	CHECK(signers_load(&s, config, NOW) == ERR_TAMPERED);
	end();
	/* A link in the folder's place. */
	begin();
	CHECK(symlink("/tmp", folder) == 0);
	CHECK(signers_load(&s, config, NOW) != OK);
	CHECK(signers_remember(config, &a.pub) != OK);
	CHECK(unlink(folder) == 0 && mkdir(folder, 0755) == 0);
	end();
}

static void a_damaged_key_is_not_passed_over(void)
{
	begin();
	CHECK(signers_remember(config, &a.pub) == OK);
	const int fd = open(file, O_WRONLY | O_TRUNC | O_CLOEXEC);
	CHECK(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0);
	CHECK(signers_load(&s, config, NOW) == ERR_FORMAT);
	end();
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a certificate gives the keys that sign",
	         a_certificate_gives_the_keys_that_sign                                                 },
	        {"a keyring gives those of every certificate",
	         a_keyring_gives_those_of_every_certificate                                             },
	        {"a bare key is taken only where it is said to be one",
	         a_bare_key_is_taken_only_where_it_is_said_to_be_one                                    },
	        {"a key that does not sign is none",                    a_key_that_does_not_sign_is_none},
	        {"what is no certificate adds nothing",
	         what_is_no_certificate_adds_nothing	                                            },
	        {"there is room for so many",                           there_is_room_for_so_many       },
	        {"a key that signed is remembered",                     a_key_that_signed_is_remembered },
	        {"other names in the folder are not read",
	         other_names_in_the_folder_are_not_read                                                 },
	        {"what others may write tells nothing",
	         what_others_may_write_tells_nothing	                                            },
	        {"a damaged key is not passed over",                    a_damaged_key_is_not_passed_over},
	};

	if (crypto_init() != OK || !softkey_signer(CURVE_ED25519, &a) ||
	    !softkey_signer(CURVE_P256, &b) || !softkey_ecdh(CURVE_P256, 8, 7, &other))
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&a);
	softkey_free(&b);
	softkey_free(&other);
	return rc;
}
