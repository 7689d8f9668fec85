/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What gpg made (tests/unit/vectors/make.sh), with the private keys that belong to it. */
#include <stdio.h>
#include <stdlib.h>

#include "core/file.h"
#include "openpgp/detached.h"
#include "tests/unit/check.h"
#include "tests/unit/softkey.h"

enum { NOW = 1767225600 + 3600 /* an hour after they were made */, KEYS = 4 };

static const char *const names[] = {
        "rsa2048",  "rsa3072",  "rsa4096",         "cv25519",         "nistp256",
        "nistp384", "nistp521", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"};
enum { N = sizeof(names) / sizeof(names[0]) };

struct file {
	uint8_t *p;
	size_t n;
};

static struct bytes in(const struct file *f)
{
	return (struct bytes){f->p, f->n};
}

/* dot: ".cert"; or "" */
static struct file read_file(const char *name, const char *dot)
{
	struct file f = {0};
	char path[128];

	(void)snprintf(path, sizeof(path), "tests/unit/vectors/%s%s", name, dot);
	CHECK_ROW(file_read_path(path, MESSAGE_MAX, &f.p, &f.n) == OK, path);
	return f;
}

static void secret_of(const char *name, struct softkey *k)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "tests/unit/vectors/%s.secret", name);
	CHECK_ROW(softkey_load(path, k), name);
}

static bool is_body(const struct secret *s)
{
	struct file want = read_file("body", "");
	const bool same = bytes_equal(secret_view(s), in(&want));

	free(want.p);
	return same;
}

static size_t packets_opened(const struct message *m, const struct softkey *k,
                             bool by_fpr)
{
	size_t opened = 0;

	for (size_t i = 0; i < m->n_pkesk; i++) {
		AUTO_SECRET *session = NULL, *body = NULL;

		if (softkey_session(k, &m->pkesk[i], by_fpr, &session) == OK &&
		    message_decrypt(m, session, &body) == OK && is_body(body))
			opened++;
	}
	return opened;
}

static void messages(void)
{
	for (size_t i = 0; i < N; i++) {
		struct file f = read_file(names[i], ".message");
		struct softkey k;
		struct message m;

		secret_of(names[i], &k);
		CHECK_ROW(message_parse(in(&f), &m) == OK, names[i]);
		CHECK_ROW(m.n_pkesk == 1 && pkesk_names(&m.pkesk[0], k.pub.fpr),
		          names[i]);
		CHECK_ROW(packets_opened(&m, &k, false) == 1, names[i]);
		CHECK_ROW(packets_opened(&m, &k, true) == 1, names[i]);
		message_free(&m);
		softkey_free(&k);
		free(f.p);
	}
}

static void many(void)
{
	static const struct {
		const char *name;
		size_t opens;
	} rows[] = {
	        {"rsa2048",         1},
                {"cv25519",         1},
                {"nistp384",        1},
	        {"nistp521",        1},
                {"brainpoolP512r1", 1},
                {"rsa3072",         0},
	        {"brainpoolP384r1", 0},
	};
	struct file f = read_file("many.asc", "");
	struct message m;

	CHECK(message_parse(in(&f), &m) == OK && m.n_pkesk == 5);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct softkey k;

		secret_of(rows[i].name, &k);
		CHECK_ROW(packets_opened(&m, &k, true) == rows[i].opens, rows[i].name);
		softkey_free(&k);
	}
	message_free(&m);
	free(f.p);
}

static void certificates(void)
{
	for (size_t i = 0; i < N; i++) {
		struct file f = read_file(names[i], ".cert");
		struct softkey k;
		struct pubkey enc[KEYS], sign[KEYS], found;
		size_t n_enc = 0, n_sign = 0;

		secret_of(names[i], &k);
		CHECK_ROW(cert_encryption_keys(in(&f), NOW, enc, KEYS, &n_enc, NULL) ==
		                  OK,
		          names[i]);
		CHECK_ROW(n_enc == 1 && memcmp(enc[0].fpr, k.pub.fpr, PGP_FPR_LEN) == 0,
		          names[i]);
		CHECK_ROW(cert_signing_keys(in(&f), NOW, sign, KEYS, &n_sign, NULL) == OK,
		          names[i]);
		/* the subkey; the primary key certifies and nothing else */
		CHECK_ROW(n_sign == 1 && sign[0].created >= k.pub.created, names[i]);
		/* what a card would tell of itself leads to the same key */
		const struct key_parts parts = softkey_parts(&k);
		CHECK_ROW(pubkey_match(&parts, k.pub.created, k.pub.fpr, &found) == OK,
		          names[i]);
		softkey_free(&k);
		free(f.p);
	}
}

static void signatures(void)
{
	struct file body = read_file("body", "");

	for (size_t i = 0; i < N; i++) {
		struct file cert = read_file(names[i], ".cert");
		struct file sig = read_file(names[i], ".signature");
		struct pubkey keys[KEYS];
		struct detached d = {0};
		size_t n = 0;

		CHECK_ROW(cert_signing_keys(in(&cert), NOW, keys, KEYS, &n, NULL) == OK,
		          names[i]);
		CHECK_ROW(detached_verify(in(&sig), in(&body), keys, n, NOW, &d) == OK,
		          names[i]);
		CHECK_ROW(d.created == 1767225600, names[i]);
		body.p[3] ^= 1;
		CHECK_ROW(detached_verify(in(&sig), in(&body), keys, n, NOW, &d) ==
		                  ERR_SIGNATURE,
		          names[i]);
		body.p[3] ^= 1;
		free(cert.p);
		free(sig.p);
	}
	free(body.p);
}

/* The back-signature lies in the unhashed part, where anybody can break it. */
static void no_agreement(void)
{
	struct file cert = read_file("cv25519", ".cert");
	struct packets left = {cert.p, cert.n};
	struct packet p;
	struct pubkey keys[KEYS];
	size_t n = 0, sub = 0;

	while (left.n > 0 && packet_next(&left, &p) == OK) {
		if (p.tag == PACKET_PUBLIC_SUBKEY)
			sub++;
		if (p.tag != PACKET_SIGNATURE || sub != 1)
			continue;
		for (size_t i = 0; i + 4 < p.body.n; i++) /* subpacket 32, v4, type 19 */
			if (memcmp(p.body.p + i, "\x20\x04\x19", 3) == 0)
				cert.p[p.body.p + i + 2 - cert.p] = 0x18;
	}
	CHECK(cert_signing_keys(in(&cert), NOW, keys, KEYS, &n, NULL) == ERR_NOT_FOUND);
	CHECK(cert_encryption_keys(in(&cert), NOW, keys, KEYS, &n, NULL) == OK);
	free(cert.p);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"messages by gpg open, for every algorithm",                           messages  },
	        {"several recipients, named and hidden, in armor, signed inside",       many      },
	        {"certificates by gpg: its keys, and those that a card's data lead to",
	         certificates	                                                             },
	        {"detached signatures by gpg verify, of this body only",                signatures},
	        {"a signing subkey that did not sign in return signs nothing",
	         no_agreement	                                                             },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
