/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells what a card says of itself, to people and as JSON. */
#include "cli/card_words.h"

#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/card_names.h"
#include "cli/output.h"
#include "cli/screen.h"
#include "core/ask_words.h"
#include "core/hex.h"

enum { LINE_MAX_ = 640, DATE_LEN = 16, FEW_TRIES = 3, TEXT_AT = 18 };
enum { VERSION_KNOWN = 0x0304 };

const char *card_key_use(enum card_key k)
{
	static const char *const names[CARD_KEYS] = {
	        [CARD_KEY_SIG] = "signature",
	        [CARD_KEY_DEC] = "decryption",
	        [CARD_KEY_AUT] = "authentication",
	};

	return names[k];
}

const char *card_obstacle(const struct card_facts *f)
{
	if (f->why == PICK_FAILED && (f->e == ERR_UNSUPPORTED || f->e == ERR_FORMAT))
		return "What the card says of itself is not understood. Use another "
		       "card.";
	return pick_why_text(f->why);
}

/* --- lines --- */

static bool coloured(FILE *to)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	const int fd = fileno(to); /* -1: no file, but memory */

	return fd >= 0 && isatty(fd) == 1 && (!no || !*no) && term &&
	       strcmp(term, "dumb") != 0;
}

void card_print(FILE *to, enum paint p, const char *word, const char *fmt, ...)
{
	static const char *const on[] = {
	        [PAINT_GOOD] = "\x1b[32m",
	        [PAINT_BAD] = "\x1b[1;31m",
	        [PAINT_WARN] = "\x1b[33m",
	};
	const bool paint = *word && coloured(to);
	const size_t wide = screen_width(to);
	char text[LINE_MAX_], clean[LINE_MAX_], rows[2 * LINE_MAX_];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	words_clean(text, clean, sizeof(clean));
	screen_break(clean, strlen(word), TEXT_AT, wide > TEXT_AT ? wide : SIZE_MAX, rows,
	             sizeof(rows));
	(void)fprintf(to, "%s%s%s%s\n", paint ? on[p] : "", word, paint ? "\x1b[0m" : "",
	              rows);
	(void)fflush(to);
}

/* Drivers put a serial number of the reader into brackets. */
static void reader_name(const struct card_facts *f, bool personal, char *out, size_t cap)
{
	size_t n = 0;
	int depth = 0;

	for (const char *p = f->reader; *p && n + 1 < cap; p++) {
		if (!personal && *p == ')' && depth > 0)
			depth--;
		if (depth == 0)
			out[n++] = *p;
		if (!personal && *p == '(')
			depth++;
	}
	out[n] = '\0';
}

static bool date(uint32_t created, char out[static DATE_LEN])
{
	const time_t when = (time_t)created;
	struct tm tm;

	return created != 0 && gmtime_r(&when, &tm) &&
	       strftime(out, DATE_LEN, "%Y-%m-%d", &tm) > 0;
}

static void say(FILE *to, const char *what, const char *text)
{
	card_print(to, PAINT_GOOD, "", "  %-14s  %s", what, text);
}

static void warn(FILE *to, const char *text)
{
	card_print(to, PAINT_WARN, "  WARNING", "         %s", text);
}

static void say_key(FILE *to, const struct card_facts *f, enum card_key k, bool personal)
{
	const struct card_key_info *key = &f->info.key[k];
	const char *from = card_key_origin(f->origin[k]),
	           *press = card_touch_word(f->touch[k]);
	char alg[CARD_NAME_LEN], when[DATE_LEN] = "", text[LINE_MAX_],
	                         fpr[2 * FPR_LEN + 1];
	const bool dated = personal && date(key->created, when);

	card_algorithm(&key->attr, alg);
	if (!key->present) {
		(void)snprintf(text, sizeof(text), "%s (set to %s)",
		               f->info.fpr_told ? "no key" : "key not told", alg);
		say(to, card_key_use(k), text);
		return;
	}
	(void)snprintf(text, sizeof(text), "%s, %s%s%s, touch %s", alg,
	               from ? from : "origin not told", dated ? ", of " : "", when,
	               press ? press : "not told");
	say(to, card_key_use(k), text);
	if (!personal)
		return;
	hex_encode_up((struct bytes){key->fpr, FPR_LEN}, fpr);
	say(to, "", fpr);
}

static void say_tries(FILE *to, const char *what, int n, const char *at_none)
{
	char text[CARD_NAME_LEN];

	(void)snprintf(text, sizeof(text), "%d %s left", n, n == 1 ? "try" : "tries");
	say(to, what, n == 0 ? at_none : text);
}

/* With the ways out that the card still has. */
static const char *blocked(const struct card_info *info)
{
	if (info->tries_admin > 0 && info->tries_reset > 0)
		return "The PIN is blocked: unblock it with the Admin PIN (bootlatch "
		       "card unblock) or with the reset code (--reset-code).";
	if (info->tries_admin > 0)
		return "The PIN is blocked: unblock it with the Admin PIN (bootlatch "
		       "card unblock).";
	if (info->tries_reset > 0)
		return "The PIN and the Admin PIN are blocked: unblock the PIN with the "
		       "reset code (bootlatch card unblock --reset-code).";
	return "The PIN is blocked, and so is everything that could unblock it. Only a "
	       "factory reset, which erases the keys, makes the card usable again.";
}

static void say_pins(FILE *to, const struct card_info *info)
{
	char text[LINE_MAX_];

	say_tries(to, "PIN", info->tries_user, "BLOCKED");
	say_tries(to, "reset code", info->tries_reset, "not set, or blocked");
	say_tries(to, "Admin PIN", info->tries_admin, "BLOCKED");
	if (info->tries_user == 0)
		warn(to, blocked(info));
	else if (info->tries_user == 1)
		warn(to, "One wrong PIN more blocks the card.");
	else if (info->tries_user < FEW_TRIES)
		warn(to, "A wrong PIN was typed. The right one fills the counter again.");
	if (info->tries_admin == 0 && info->tries_user > 0)
		warn(to, "The Admin PIN is blocked: keys cannot be changed.");
	else if (info->tries_admin > 0 && info->tries_admin < FEW_TRIES)
		warn(to, "Wrong Admin PINs were typed; after the last try it is blocked "
		         "for good.");
	(void)snprintf(text, sizeof(text), "%s, %zu to %zu characters%s",
	               info->kdf.active ? "hashed (KDF)" : "sent as it is", info->pin_min,
	               info->pin_max,
	               info->signs_once ? ", once for each signature" : "");
	say(to, "PIN is", text);
}

static const char *extended_word(enum extended x)
{
	return x == EXTENDED_YES ? "yes" : x == EXTENDED_NO ? "no" : "not told";
}

const char *card_route(const struct cli *c)
{
	if (!c->transport || strcmp(c->transport, "auto") == 0)
		return "whichever way there is";
	if (strcmp(c->transport, "pcsc") == 0)
		return "pcscd";
	return strcmp(c->transport, "ccid") == 0 ? "libccid, without pcscd"
	                                         : c->transport;
}

static void say_connection(FILE *to, const struct cli *c, const struct card_facts *f)
{
	char text[LINE_MAX_], atr[2 * ATR_MAX + 1];
	const struct card_info *info = &f->info;

	hex_encode_up((struct bytes){f->atr, f->atr_len}, atr);
	say(to, "reached by", card_route(c));
	say(to, "ATR", f->atr_len > 0 ? atr : "not told");
	(void)snprintf(text, sizeof(text), "T=%d, extended length %s, PIN pad %s",
	               f->t0 ? 0 : 1, extended_word(f->reader_extended),
	               f->pad ? "yes" : "no");
	say(to, "reader", text);
	(void)snprintf(text, sizeof(text), "chaining %s, extended length %s",
	               info->chaining ? "yes" : "no", info->extended ? "yes" : "no");
	say(to, "commands", text);
	if (info->max_command == 0 && info->max_response == 0)
		return;
	(void)snprintf(text, sizeof(text), "commands %zu bytes, answers %zu bytes",
	               info->max_command, info->max_response);
	say(to, "at most", text);
}

static void version(const struct card_info *info, char out[static CARD_NAME_LEN])
{
	(void)snprintf(out, CARD_NAME_LEN, "%x.%x", (unsigned)info->version >> 8,
	               (unsigned)info->version & 0xff);
}

void card_describe(FILE *to, const struct cli *c, const struct card_facts *f,
                   bool personal)
{
	char reader[READER_NAME_MAX], text[LINE_MAX_], number[CARD_NAME_LEN];
	const char *why;

	reader_name(f, personal, reader, sizeof(reader));
	if (f->why != PICK_FOUND) {
		card_print(to, PAINT_GOOD, "", "Card in %s", reader);
		warn(to, card_obstacle(f));
		return;
	}
	card_print(to, PAINT_GOOD, "", "Card %s%sin %s", personal ? f->info.ident : "",
	           personal ? " " : "", reader);
	(void)snprintf(text, sizeof(text), "%s (%04X)", card_maker(f->info.manufacturer),
	               (unsigned)f->info.manufacturer);
	say(to, "maker", text);
	version(&f->info, number);
	(void)snprintf(text, sizeof(text), "OpenPGP card %s", number);
	say(to, "application", text);
	if (f->info.version > VERSION_KNOWN)
		warn(to,
		     "This version is newer than what is known here (3.4): the card is "
		     "used as one of 3.4.");
	say_connection(to, c, f);
	for (enum card_key k = CARD_KEY_SIG; k < CARD_KEYS; k++)
		say_key(to, f, k, personal);
	say_pins(to, &f->info);
	why = why_not_enrolled(f);
	(void)snprintf(text, sizeof(text), "%s%s", why ? "not possible: " : "possible",
	               why ? why : "");
	say(to, "enrolling", text);
}

/* --- JSON --- */

static void json_key(struct cli *c, const struct card_facts *f, enum card_key k,
                     bool personal)
{
	const struct card_key_info *key = &f->info.key[k];
	char alg[CARD_NAME_LEN], fpr[2 * FPR_LEN + 1];

	card_algorithm(&key->attr, alg);
	hex_encode_up((struct bytes){key->fpr, FPR_LEN}, fpr);
	out_enter(c, "keys");
	out_text(c, "use", card_key_use(k));
	if (f->info.fpr_told)
		out_bool(c, "present", key->present);
	else
		out_text(c, "present", NULL); /* not told */
	out_text(c, "algorithm", key->attr.type == CARD_KEY_NONE ? NULL : alg);
	out_text(c, "origin", card_key_origin(f->origin[k]));
	out_text(c, "touch", card_touch_word(f->touch[k]));
	if (personal) {
		out_text(c, "fingerprint", key->present ? fpr : NULL);
		out_number(c, "created", (long)key->created);
	}
	out_leave(c);
}

static void json_open(struct cli *c, const struct card_facts *f, bool personal)
{
	const struct card_info *info = &f->info;
	const char *why = why_not_enrolled(f);
	char number[CARD_NAME_LEN];

	if (personal)
		out_text(c, "serial", info->ident);
	(void)snprintf(number, sizeof(number), "%04X", (unsigned)info->manufacturer);
	out_text(c, "manufacturer", number);
	out_text(c, "maker", card_maker(info->manufacturer));
	version(info, number);
	out_text(c, "application", number);
	out_bool(c, "chaining", info->chaining);
	out_bool(c, "extended", info->extended);
	out_number(c, "max_command", (long)info->max_command);
	out_number(c, "max_response", (long)info->max_response);
	for (enum card_key k = CARD_KEY_SIG; k < CARD_KEYS; k++)
		json_key(c, f, k, personal);
	out_number(c, "tries_user", info->tries_user);
	out_number(c, "tries_reset_code", info->tries_reset);
	out_number(c, "tries_admin", info->tries_admin);
	out_number(c, "pin_min", (long)info->pin_min);
	out_number(c, "pin_max", (long)info->pin_max);
	out_bool(c, "pin_once", info->signs_once);
	out_bool(c, "kdf", info->kdf.active);
	out_bool(c, "can_enroll", !why);
	out_text(c, "why_not", why);
}

void card_json(struct cli *c, const struct card_facts *f, bool personal)
{
	char reader[READER_NAME_MAX], atr[2 * ATR_MAX + 1];

	reader_name(f, personal, reader, sizeof(reader));
	hex_encode_up((struct bytes){f->atr, f->atr_len}, atr);
	out_text(c, "reader", reader);
	out_text(c, "transport", c->transport);
	out_bool(c, "readable", f->why == PICK_FOUND);
	if (f->atr_len == 0) { /* not even connected */
		out_text(c, "message", card_obstacle(f));
		return;
	}
	out_text(c, "atr", atr);
	out_text(c, "protocol", f->t0 ? "T=0" : "T=1");
	if (f->reader_extended == EXTENDED_UNKNOWN)
		out_text(c, "reader_extended", NULL);
	else
		out_bool(c, "reader_extended", f->reader_extended == EXTENDED_YES);
	out_bool(c, "pin_pad", f->pad);
	if (f->why == PICK_FOUND)
		json_open(c, f, personal);
	else
		out_text(c, "message", card_obstacle(f));
}
