/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Understands the options of the verbs that change a card. */
#include "cli/card_wish.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "cli/cli.h"
#include "crypto/crypto.h"

enum { DAY = 24 * 60 * 60, NUMBER_MAX = 9999, MONTHS = 12 };

const char *const wish_slots[CARD_UIFS] = {"sig", "dec", "aut", "att"};

unsigned wish_slot(const char *word, size_t n)
{
	unsigned i = 0;

	while (i < CARD_UIFS &&
	       !(strlen(wish_slots[i]) == n && memcmp(wish_slots[i], word, n) == 0))
		i++;
	return i;
}

enum err card_take_slots(struct cli *c, const char *arg)
{
	unsigned slots = 0;

	for (const char *at = arg;;) {
		const size_t n = strcspn(at, ",");
		const unsigned slot = wish_slot(at, n);

		if (slot >= CARD_KEYS)
			return cli_why(
			        c, ERR_USAGE,
			        "--slots takes sig, dec and aut, with commas between "
			        "them, not \"%s\".",
			        arg);
		slots |= 1U << slot;
		if (at[n] == '\0')
			break;
		at += n + 1;
	}
	c->card_wish.slots = slots;
	return OK;
}

/* --- algorithms --- */

const char wish_algorithms[] =
        "rsa2048, rsa3072, rsa4096, nistp256, nistp384, nistp521, brainpoolP256r1, "
        "brainpoolP384r1, brainpoolP512r1, cv25519";

static const struct {
	const char *word;
	uint16_t rsa_bits; /* 0: a curve */
	enum curve_id curve;
} algorithms[] = {
        {"rsa2048",         2048, CURVE_NONE },
        {"rsa3072",         3072, CURVE_NONE },
        {"rsa4096",         4096, CURVE_NONE },
        {"nistp256",        0,    CURVE_P256 },
        {"nistp384",        0,    CURVE_P384 },
        {"nistp521",        0,    CURVE_P521 },
        {"brainpoolP256r1", 0,    CURVE_BP256},
        {"brainpoolP384r1", 0,    CURVE_BP384},
        {"brainpoolP512r1", 0,    CURVE_BP512},
        {"cv25519",         0,    CURVE_25519},
        {"curve25519",      0,    CURVE_25519},
        {"ed25519",         0,    CURVE_25519},
};

static void curve_attr(enum curve_id id, enum card_key key, struct card_key_attr *a)
{
	const bool native = id == CURVE_25519;
	const struct curve *curve =
	        curve_by_id(native && key != CARD_KEY_DEC ? CURVE_ED25519 : id);

	a->type = key == CARD_KEY_DEC ? CARD_KEY_ECDH
	          : native            ? CARD_KEY_EDDSA
	                              : CARD_KEY_ECDSA;
	memcpy(a->oid, curve->oid.p, curve->oid.n);
	a->oid_len = curve->oid.n;
}

enum err wish_attr(const char *word, enum card_key key, struct card_key_attr *ret)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (strcasecmp(algorithms[i].word, word) != 0)
			continue;
		*ret = (struct card_key_attr){.type = CARD_KEY_RSA,
		                              .rsa_bits = algorithms[i].rsa_bits};
		if (algorithms[i].rsa_bits == 0)
			curve_attr(algorithms[i].curve, key, ret);
		return OK;
	}
	return ERR_NOT_FOUND;
}

enum err card_take_algorithm(struct cli *c, const char *arg)
{
	struct card_key_attr attr;

	if (wish_attr(arg, CARD_KEY_SIG, &attr) != OK)
		return cli_why(c, ERR_USAGE, "--algorithm takes one of %s, not \"%s\".",
		               wish_algorithms, arg);
	c->card_wish.algorithm = arg;
	return OK;
}

/* --- descriptors --- */

static enum err descriptor(struct cli *c, enum wish_fd which, const char *name,
                           const char *arg)
{
	char *end = NULL;

	errno = 0;
	const long v = strtol(arg, &end, 10);
	if (errno != 0 || *end != '\0' || arg[0] < '0' || arg[0] > '9' || v >= INT_MAX)
		return cli_why(c, ERR_USAGE, "--%s takes the number of a descriptor.",
		               name);
	if (fcntl((int)v, F_GETFD) < 0)
		return cli_why(c, ERR_USAGE, "--%s %s: that descriptor is not open.",
		               name, arg);
	c->card_wish.fd[which] = (int)v + 1;
	return OK;
}

enum err card_take_admin_pin_fd(struct cli *c, const char *arg)
{
	return descriptor(c, WISH_ADMIN_PIN, "admin-pin-fd", arg);
}

enum err card_take_new_pin_fd(struct cli *c, const char *arg)
{
	return descriptor(c, WISH_NEW_PIN, "new-pin-fd", arg);
}

enum err card_take_code_fd(struct cli *c, const char *arg)
{
	c->card_wish.code = true;
	return descriptor(c, WISH_RESET_CODE, "reset-code-fd", arg);
}

/* --- the rest --- */

enum err card_take_admin(struct cli *c, const char *arg)
{
	(void)arg; /* there is none */
	c->card_wish.admin = true;
	return OK;
}

enum err card_take_code(struct cli *c, const char *arg)
{
	(void)arg; /* there is none */
	c->card_wish.code = true;
	return OK;
}

enum err card_take_user_id(struct cli *c, const char *arg)
{
	c->card_wish.uid = arg;
	return OK;
}

enum err card_take_output(struct cli *c, const char *arg)
{
	c->card_wish.output = arg;
	return OK;
}

enum err card_take_armor(struct cli *c, const char *arg)
{
	(void)arg; /* there is none */
	c->card_wish.armor = true;
	return OK;
}

/* --- when a certificate ends --- */

/* "2030-12-31": the end of that day. */
static enum err end_of_day(const char *word, int64_t *ret)
{
	struct tm t = {0};
	const char *end = strptime(word, "%Y-%m-%d", &t);

	if (!end || *end != '\0' || strlen(word) != strlen("2030-12-31"))
		return ERR_USAGE;
	const struct tm asked = t;
	const int64_t at = timegm(&t);
	if (t.tm_mday != asked.tm_mday || t.tm_mon != asked.tm_mon)
		return ERR_USAGE; /* there is no such day */
	*ret = at + DAY - 1;
	return OK;
}

/* "18m" */
static enum err span(const char *word, uint32_t now, int64_t *ret)
{
	char *unit = NULL;
	time_t from = now;
	struct tm t;

	const long n = strtol(word, &unit, 10);
	if (word[0] < '0' || word[0] > '9' || n <= 0 || n > NUMBER_MAX ||
	    strlen(unit) != 1 || !gmtime_r(&from, &t))
		return ERR_USAGE;
	switch (*unit) {
	case 'd':
		*ret = (int64_t)now + n * DAY;
		return OK;
	case 'w':
		*ret = (int64_t)now + n * 7 * DAY;
		return OK;
	case 'm':
		t.tm_year += (int)(n / MONTHS);
		t.tm_mon += (int)(n % MONTHS);
		break;
	case 'y':
		t.tm_year += (int)n;
		break;
	default:
		return ERR_USAGE;
	}
	*ret = timegm(&t);
	return OK;
}

enum err wish_end(const char *word, uint32_t now, uint32_t *ret)
{
	int64_t end = 0;

	if (strcmp(word, "never") == 0) {
		*ret = 0;
		return OK;
	}
	if (end_of_day(word, &end) != OK && span(word, now, &end) != OK)
		return ERR_USAGE;
	if (end <= now || end > UINT32_MAX)
		return ERR_USAGE;
	*ret = (uint32_t)end;
	return OK;
}

enum err card_take_expires(struct cli *c, const char *arg)
{
	uint32_t end;

	if (wish_end(arg, (uint32_t)time(NULL), &end) != OK)
		return cli_why(
		        c, ERR_USAGE,
		        "--expires takes never, a span as 90d, 52w, 18m or 2y, or a "
		        "day to come as 2030-12-31 (not beyond 2105), not \"%s\".",
		        arg);
	c->card_wish.expires = arg;
	return OK;
}
