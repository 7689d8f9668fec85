/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What status tells of the dongles: nothing is sent to them that costs a try. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/card.h"
#include "cli/card_names.h"
#include "cli/card_words.h"
#include "cli/output.h"
#include "cli/screen.h"
#include "cli/status.h"
#include "cli/usb_seen.h"

enum { KEYS_TEXT = 256, FEW_TRIES = 3, WAIT_MS = 500 };

static void say_keys(const struct cli *c, const struct card_facts *f)
{
	char text[KEYS_TEXT] = "", alg[CARD_NAME_LEN];
	size_t n = 0;

	for (enum card_key k = CARD_KEY_SIG; k < CARD_KEYS && n < sizeof(text); k++) {
		const struct card_key_info *key = &f->info.key[k];

		card_algorithm(&key->attr, alg);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %s",
		                      n > 0 ? ", " : "", card_key_use(k),
		                      key->present ? alg : "none");
	}
	screen_row(c, SCREEN_PLAIN, "  keys", "%s", text);
}

/* "touch: decryption on, signature cached" */
static void say_touch(const struct cli *c, const struct card_facts *f)
{
	char text[KEYS_TEXT] = "";
	size_t n = 0;
	bool told = false;

	for (enum card_key k = CARD_KEY_SIG; k < CARD_KEYS && n < sizeof(text); k++) {
		const char *word = card_touch_word(f->touch[k]);

		told = told || word;
		if (!word || f->touch[k] == 0)
			continue;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %s",
		                      n > 0 ? ", " : "", card_key_use(k), word);
	}
	if (told)
		screen_row(c, SCREEN_PLAIN, "  touch", "%s", n > 0 ? text : "off");
}

/* Nothing tells what a PIN is but sending it, which is not done.  Whoever makes keys
 * changes the PINs; where there are none, nobody has. */
static bool factory_suspected(const struct card_info *info)
{
	for (int k = 0; k < CARD_KEYS; k++)
		if (info->key[k].present)
			return false;
	return info->tries_user > 0 && info->tries_admin > 0;
}

static void say_tries(struct cli *c, const struct card_facts *f)
{
	const struct card_info *info = &f->info;
	const enum screen_mark m = info->tries_user == 0          ? SCREEN_BAD
	                           : info->tries_user < FEW_TRIES ? SCREEN_WARN
	                                                          : SCREEN_PLAIN;
	char pin[CARD_NAME_LEN], code[CARD_NAME_LEN];

	(void)snprintf(pin, sizeof(pin), "%d %s left", info->tries_user,
	               info->tries_user == 1 ? "try" : "tries");
	(void)snprintf(code, sizeof(code), "reset code %d", info->tries_reset);
	screen_row(c, m, "  PIN", "%s, %s, Admin PIN %d",
	           info->tries_user == 0 ? "BLOCKED" : pin,
	           info->tries_reset == 0 ? "no reset code" : code, info->tries_admin);
	if (factory_suspected(info))
		screen_row(c, SCREEN_WARN, "",
		           "no keys: its PINs may still be those it came with; bootlatch "
		           "setup makes keys and changes them");
}

static void say_card(struct cli *c, const struct card_facts *f)
{
	const char *why = NULL;

	out_enter(c, "dongles");
	card_json(c, f, true);
	if (f->why == PICK_FOUND)
		out_bool(c, "factory_pins_suspected", factory_suspected(&f->info));
	out_leave(c);
	if (f->why != PICK_FOUND) {
		screen_row(c, SCREEN_WARN, "dongle", "in %s: %s", f->reader,
		           card_obstacle(f));
		return;
	}
	screen_row(c, SCREEN_PLAIN, "dongle", "%s, %s, in %s", f->info.ident,
	           card_maker(f->info.manufacturer), f->reader);
	say_keys(c, f);
	say_tries(c, f);
	say_touch(c, f);
	why = why_not_enrolled(f);
	if (why)
		screen_row(c, SCREEN_WARN, "", "cannot be enrolled: %s", why);
}

/* Devices that could be dongles, of which no reader came. */
static void say_usb(struct cli *c, const struct machine *m, const struct look_end *end)
{
	const struct reader_list *readers = &end->readers;
	struct usb_seen usb[READERS_MAX];
	const size_t n = usb_look(m, usb, READERS_MAX);

	for (size_t i = 0; i < n; i++) {
		if (usb_has_reader(&usb[i], readers))
			continue;
		out_enter(c, "usb_unused");
		out_text(c, "device", usb[i].name);
		out_bool(c, "permitted", usb[i].permitted);
		out_leave(c);
		screen_row(c, SCREEN_WARN, "on USB", "%s: %s", usb[i].name,
		           usb[i].permitted
		                   ? "no driver or service makes a reader of it"
		                   : "you may not use it: run this as root, or install "
		                     "the udev rules");
	}
	const bool held = look_listed(end) && usb_is_held(usb, n, readers);
	out_bool(c, "usb_held", held);
	if (held)
		screen_row(c, SCREEN_WARN, "on USB",
		           "another program has a dongle for itself: %zu are there, and "
		           "%zu readers. Try: gpgconf --kill scdaemon",
		           n, readers->n);
}

enum err status_dongles(struct cli *c, const struct machine *m)
{
	struct card_facts *list = calloc(READERS_MAX, sizeof(*list));
	struct readers *r = NULL;
	struct look_end end = {.why = PICK_NO_SERVICE};
	const struct look_wish w = {
	        .reader = c->reader,
	        .serial = c->serial,
	        .wait_ms = c->wait_s >= 0 ? c->wait_s * 1000 : WAIT_MS,
	};
	size_t n = 0;

	enum err e = list ? cli_readers(c, &r) : ERR_NOMEM;
	if (e == OK)
		e = card_look(r, &w, list, &n, &end);
	(void)readers_close(r);
	for (size_t i = 0; e == OK && i < n; i++)
		say_card(c, &list[i]);
	free(list);
	if (e == ERR_NOMEM || e == ERR_BUG)
		return e;
	if (e != OK)
		screen_row(c, SCREEN_PLAIN, "dongle", "none: %s", pick_why_text(end.why));
	say_usb(c, m, &end);
	return OK;
}
