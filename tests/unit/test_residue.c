/* SPDX-License-Identifier: GPL-2.0-or-later */
/* After each operation no writable memory of the process holds a piece of its secrets.
 *
 * A helper makes the secrets and leaves them masked in shared memory; the worker, forked
 * from a parent that never saw them, unmasks them into struct secret, works, and stops;
 * the parent then reads all of the worker's memory. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "core/hex.h"
#include "openpgp/ecdh.h"
#include "tests/unit/check.h"
#include "tests/unit/softkey.h"

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { MASK = 0xa7, PIECE = 8, NEEDLE_MAX = 80, CHUNK = 64 * 1024, MESSAGE = 4096 };
enum { BODY, SESSION, PLAIN, KEK, PIN, PIN_HASH, NEEDLES };

static const char *const needle_names[NEEDLES] = {[BODY] = "the passphrase",
                                                  [SESSION] = "the session key",
                                                  [PLAIN] = "what the card said",
                                                  [KEK] = "the key-encryption key",
                                                  [PIN] = "the PIN",
                                                  [PIN_HASH] = "the PIN's hash"};

/* In memory shared by parent, helper and worker. */
struct board {
	struct {
		uint8_t masked[NEEDLE_MAX];
		size_t n;
	} needle[NEEDLES];
	uint8_t message[MESSAGE];
	size_t message_n;
	bool ok;
};

static struct board *board;
static struct softkey key; /* of the case that runs */

static void post(int which, struct bytes b)
{
	volatile uint8_t *to = board->needle[which].masked;

	if (b.n > NEEDLE_MAX)
		b.n = NEEDLE_MAX;
	for (size_t i = 0; i < b.n; i++)
		to[i] = b.p[i] ^ MASK;
	board->needle[which].n = b.n;
}

static struct secret *fetch(int which)
{
	const size_t n = board->needle[which].n;
	struct secret *s = NULL;

	if (secret_new(n, &s) != OK)
		return NULL;
	volatile uint8_t *to = secret_buf(s);
	for (size_t i = 0; i < n; i++)
		to[i] = board->needle[which].masked[i] ^ MASK;
	return secret_set_len(s, n) == OK ? s : secret_free(s);
}

/* --- the helper's part: it may leave what it likes, and exits ----------------------- */
static bool post_random(int which, size_t n)
{
	uint8_t raw[NEEDLE_MAX], text[NEEDLE_MAX * 2];

	if (random_bytes(raw, n) != OK)
		return false;
	base64_encode((struct bytes){raw, n}, false, text);
	post(which, (struct bytes){text, base64_len(n, false)});
	return true;
}

static bool post_kek(const struct secret *shared)
{
	const struct ecdh_kdf kdf = {key.pub.oid, key.pub.kdf_hash, key.pub.kdf_cipher};
	AUTO_SECRET *kek = NULL;

	if (ecdh_kek(&kdf, key.pub.fpr, shared, &kek) != OK)
		return false;
	post(KEK, secret_view(kek));
	return true;
}

/* Everything that leads from the message on the board to its body. */
static bool help_open(void)
{
	AUTO_SECRET *plain = NULL, *session = NULL, *body = NULL;
	struct message m;
	bool ok = message_parse((struct bytes){board->message, board->message_n}, &m) ==
	                  OK &&
	          softkey_decipher(&key, &m.pkesk[0], &plain) &&
	          softkey_session(&key, &m.pkesk[0], false, &session) == OK &&
	          message_decrypt(&m, session, &body) == OK;

	ok = ok && (m.pkesk[0].alg == PGP_RSA || post_kek(plain));
	if (!ok)
		return false;
	post(PLAIN, secret_view(plain));
	post(SESSION, secret_view(session));
	post(BODY, secret_view(body));
	return true;
}

static bool encrypt_body(void)
{
	const struct pubkey *to[] = {&key.pub};
	AUTO_SECRET *body = fetch(BODY);
	uint8_t *out = NULL;
	size_t n = 0;

	if (body == NULL || message_encrypt(to, 1, body, &out, &n) != OK || n > MESSAGE)
		return false;
	memcpy(board->message, out, n);
	board->message_n = n;
	free(out);
	return true;
}

static bool help_body(void)
{
	return post_random(BODY, 32);
}

static bool help_message(void)
{
	return help_body() && encrypt_body() && help_open();
}

static bool help_compressed(void)
{
	uint8_t *file = NULL;
	size_t n = 0;

	if (file_read_path("tests/unit/vectors/cv25519.message", MESSAGE, &file, &n) !=
	    OK)
		return false;
	memcpy(board->message, file, n);
	board->message_n = n;
	return help_open();
}

static bool help_pin(void)
{
	AUTO_SECRET *pin = NULL, *hash = NULL;

	if (!post_random(PIN, 15))
		return false;
	pin = fetch(PIN);
	if (pin == NULL ||
	    s2k_iterated(HASH_SHA256, (struct bytes){(const uint8_t *)"saltsalt", 8}, pin,
	                 100000, &hash) != OK)
		return false;
	post(PIN_HASH, secret_view(hash));
	return true;
}

/* --- the worker's part: what is tested ---------------------------------------------- */
static bool work_session(void)
{
	AUTO_SECRET *plain = fetch(PLAIN), *session = NULL;
	struct message m;

	if (plain == NULL ||
	    message_parse((struct bytes){board->message, board->message_n}, &m) != OK)
		return false;
	const struct pkesk *p = &m.pkesk[0];
	enum err e = p->alg == PGP_RSA
	                     ? pkesk_session_rsa(p, plain, &session)
	                     : pkesk_session_ecdh_fpr(p, key.pub.curve, key.pub.fpr,
	                                              plain, &session);
	message_free(&m);
	return e == OK;
}

static bool work_decrypt(void)
{
	AUTO_SECRET *session = fetch(SESSION), *body = NULL;
	struct message m;

	if (session == NULL ||
	    message_parse((struct bytes){board->message, board->message_n}, &m) != OK)
		return false;
	enum err e = message_decrypt(&m, session, &body);
	message_free(&m);
	return e == OK;
}

static bool work_pin(void)
{
	AUTO_SECRET *pin = fetch(PIN), *hash = NULL;

	return pin != NULL &&
	       s2k_iterated(HASH_SHA256, (struct bytes){(const uint8_t *)"saltsalt", 8},
	                    pin, 100000, &hash) == OK;
}

static bool plant_heap(void)
{
	AUTO_SECRET *session = fetch(SESSION);
	uint8_t *leak = malloc(NEEDLE_MAX);

	if (session == NULL || leak == NULL)
		return false;
	memcpy(leak, secret_view(session).p, secret_len(session));
	/* lost on purpose */
	/* cppcheck-suppress memleak */
	return leak[0] != 0;
}

/* Eight bytes of it in static memory. */
static volatile uint8_t planted_piece[PIECE];

static bool plant_piece(void)
{
	AUTO_SECRET *body = fetch(BODY);

	if (body == NULL)
		return false;
	for (size_t i = 0; i < PIECE; i++)
		planted_piece[i] = secret_view(body).p[2 * PIECE + i];
	return true;
}

/* --- the parent's part -------------------------------------------------------------- */
static pid_t start(bool (*part)(void), bool stops)
{
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	board->ok = part();
	if (stops)
		(void)raise(SIGSTOP);
	_exit(0);
}

static bool run_helper(bool (*part)(void))
{
	int status = 0;
	const pid_t pid = start(part, false);

	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 && board->ok;
}

static bool is_piece(const uint8_t *at, const uint8_t *masked)
{
	size_t i = 0;

	while (i < PIECE && at[i] == (masked[i] ^ MASK))
		i++;
	return i == PIECE;
}

static size_t search(const uint8_t *buf, size_t n, bool say, const char *mapping)
{
	size_t hits = 0;

	for (int w = 0; w < NEEDLES; w++)
		for (size_t from = 0; from + PIECE <= board->needle[w].n; from += PIECE)
			for (size_t i = 0; i + PIECE <= n; i++)
				if (is_piece(buf + i, board->needle[w].masked + from)) {
					hits++;
					if (say)
						printf("%s, from %zu, in %s",
						       needle_names[w], from, mapping);
				}
	return hits;
}

static size_t scan(pid_t pid, bool say, uint64_t *bytes)
{
	static uint8_t buf[CHUNK + PIECE];
	char path[64], line[512], prot[5];
	uint64_t from, to;
	size_t hits = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	const int mem = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(maps != NULL && mem >= 0);
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, prot) != 3 ||
		    prot[1] != 'w')
			continue;
		for (; from < to; from += CHUNK) {
			const uint64_t rest = to - from;
			const ssize_t got = pread(
			        mem, buf, rest < sizeof(buf) ? (size_t)rest : sizeof(buf),
			        (off_t)from);

			if (got <= 0)
				continue;
			*bytes += (uint64_t)got;
			hits += search(buf, (size_t)got, say, line);
		}
	}
	explicit_bzero(buf, sizeof(buf)); /* the next worker inherits it */
	(void)close(mem);
	if (maps != NULL)
		(void)fclose(maps);
	return hits;
}

/* What is found in a worker that stopped after `work`; after: a helper before the scan.
 */
static size_t hits_after(const char *what, bool (*help)(void), bool (*work)(void),
                         bool (*after)(void), bool say)
{
	uint64_t bytes = 0;
	int status = 0;

	memset(board, 0, sizeof(*board));
	CHECK_ROW(run_helper(help), what);
	const pid_t pid = start(work, true);
	CHECK_ROW(pid > 0 && waitpid(pid, &status, WUNTRACED) == pid &&
	                  WIFSTOPPED(status) && board->ok,
	          what);
	if (after != NULL)
		CHECK_ROW(run_helper(after), what);
	const size_t hits = scan(pid, say, &bytes);
	CHECK_ROW(bytes > 100000, what);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return hits;
}

static bool make_key(enum curve_id id)
{
	softkey_free(&key);
	if (id == CURVE_NONE)
		return softkey_rsa(&key);
	return softkey_ecdh(id, HASH_SHA256, CIPHER_AES128, &key);
}

static void operations(void)
{
	static const struct {
		const char *what;
		enum curve_id id;
	} rows[] = {
	        {"RSA",        CURVE_NONE },
                {"P-256",      CURVE_P256 },
	        {"P-521",      CURVE_P521 },
                {"brainpool",  CURVE_BP512},
	        {"Curve25519", CURVE_25519},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *what = rows[i].what;

		CHECK_ROW(make_key(rows[i].id), what);
		CHECK_ROW(hits_after(what, help_body, encrypt_body, help_open, true) == 0,
		          what);
		CHECK_ROW(hits_after(what, help_message, work_session, NULL, true) == 0,
		          what);
		CHECK_ROW(hits_after(what, help_message, work_decrypt, NULL, true) == 0,
		          what);
	}
}

static void unpacking(void)
{
	softkey_free(&key);
	CHECK(softkey_load("tests/unit/vectors/cv25519.secret", &key));
	CHECK(hits_after("compressed", help_compressed, work_decrypt, NULL, true) == 0);
}

static void hashing(void)
{
	CHECK(hits_after("S2K", help_pin, work_pin, NULL, true) == 0);
}

static void planted(void)
{
	CHECK(make_key(CURVE_25519));
	CHECK(hits_after("heap", help_message, plant_heap, NULL, false) > 0);
	CHECK(hits_after("a piece", help_message, plant_piece, NULL, false) == 1);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a planted secret and a planted piece of one are found",               planted  },
	        {"nothing is left of encrypting, of the session key and of decrypting",
	         operations	                                                              },
	        {"nothing is left of decompressing",                                    unpacking},
	        {"nothing is left of hashing a PIN",                                    hashing  },
	};

	if (SANITIZED || RUNNING_ON_VALGRIND) {
		printf("skip residue: a sanitizer keeps copies of its own\n"
		       "0 passed, 0 failed, 1 skipped\n");
		return 0;
	}
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
	             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED || crypto_init() != OK)
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&key);
	return rc;
}
