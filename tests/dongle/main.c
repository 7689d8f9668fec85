// SPDX-License-Identifier: GPL-2.0-or-later
/* bootlatch-dongle: options of the virtual card as a USB dongle for QEMU's guests. */
#include "tests/dongle/dongle.h"
#include "tests/vcard/card_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
        "usage: bootlatch-dongle --state FILE --socket PATH [options]\n"
        "  --listen          make the socket (QEMU: reconnect=1), else QEMU does\n"
        "  --profile NAME    the make of card; a product's name also sets the rest\n"
        "  --level LEVEL     tpdu, short or extended\n"
        "  --protocol P      t1, or t0 (level tpdu)\n"
        "  --ids VVVV:PPPP   USB vendor and product\n"
        "  --no-interrupt    without the endpoint that tells of cards\n"
        "  --latency MS      wait before each answer of the card\n"
        "  --fault SPEC      as bootlatch-vcard, or frame@N:ACTION (0: always)\n"
        "                    ACTION: cut long huge seq type error lost empty noise\n"
        "  --descriptors N   spoilt ones, by that seed; the next one each time\n"
        "                    it is plugged in again\n"
        "  --press HOW       the button: auto, never, or a FILE that is removed\n"
        "  --trace FILE      one line for each APDU\n"
        "SIGUSR1 unplugs, SIGUSR2 plugs in, SIGTERM ends.\n";

static bool parse_ids(const char *s, struct model *m)
{
	char *colon = NULL, *end = NULL;
	const unsigned long v = strtoul(s, &colon, 16);

	if (*colon != ':' || strlen(s) != 9)
		return false;
	const unsigned long p = strtoul(colon + 1, &end, 16);
	if (*end != '\0' || v > 0xFFFF || p > 0xFFFF)
		return false;
	m->vendor = (uint16_t)v;
	m->product = (uint16_t)p;
	return true;
}

static bool parse_level(const char *s, struct model *m)
{
	static const char *const names[] = {[LEVEL_TPDU] = "tpdu",
	                                    [LEVEL_SHORT] = "short",
	                                    [LEVEL_EXTENDED] = "extended"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(s, names[i]) != 0)
			continue;
		model_set_level(m, (enum ccid_level)i);
		return true;
	}
	return false;
}

static bool parse_seed(const char *s, struct model *m)
{
	char *end = NULL;
	const unsigned long n = strtoul(s, &end, 10);

	m->seed = (uint32_t)n;
	return *s != '\0' && *end == '\0' && n > 0 && n < UINT32_MAX;
}

struct options {
	struct card_options card;
	const char *level, *protocol, *ids, *seed;
	bool no_interrupt;
	struct dongle_place place;
};

/* What the options say of the device; false: nonsense. */
static bool shape(const struct options *o, struct model *m)
{
	*m = model_for(o->card.profile);
	if (o->level != NULL && !parse_level(o->level, m))
		return false;
	if (o->ids != NULL && !parse_ids(o->ids, m))
		return false;
	if (o->protocol != NULL)
		m->reader.t0 = strcmp(o->protocol, "t0") == 0;
	if (o->protocol != NULL && !m->reader.t0 && strcmp(o->protocol, "t1") != 0)
		return false;
	if (o->no_interrupt)
		m->interrupt = false;
	if (o->seed != NULL && !parse_seed(o->seed, m))
		return false;
	return !m->reader.t0 || m->reader.level == LEVEL_TPDU;
}

static int refuse(const char *why)
{
	(void)fprintf(stderr, "bootlatch-dongle: %s\n", why);
	return 2;
}

static int run(struct options *o)
{
	struct model m;

	if (!shape(o, &m))
		return refuse("no such level, protocol, ids or seed");
	o->place.signals = card_signals();
	struct vcard *v = vcard_new(o->card.profile, o->card.state);
	if (v == NULL)
		return refuse("no such profile, or the state file cannot be used");
	const struct buf *serial = obj_get(v, OBJ_SERIAL);
	for (size_t i = 0; i < serial->n && i < 4; i++)
		(void)snprintf(m.serial + 2 * i, 3, "%02X", serial->p[i]);
	struct dongle *d = dongle_new(v, &m, &o->place);
	int rc = 2;
	bool ok = d != NULL && vcard_press(v, o->card.press, -1);
	for (size_t i = 0; ok && i < o->card.n_faults; i++)
		ok = dongle_fault(d, o->card.fault[i]);
	if (!ok)
		rc = refuse("not a fault, or no name for --press");
	else if (o->card.trace != NULL && !trace_open(v, o->card.trace))
		rc = refuse("the trace cannot be written");
	else
		rc = dongle_run(d);
	dongle_free(d);
	vcard_free(v);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
	        CARD_LONGS,
	        {"socket",       required_argument, NULL, 'S'},
	        {"listen",       no_argument,       NULL, 'k'},
	        {"level",        required_argument, NULL, 'L'},
	        {"protocol",     required_argument, NULL, 'P'},
	        {"ids",          required_argument, NULL, 'i'},
	        {"descriptors",  required_argument, NULL, 'D'},
	        {"no-interrupt", no_argument,       NULL, 'n'},
	        {"help",         no_argument,       NULL, 'h'},
	        {NULL,           0,                 NULL, 0  },
	};
	struct options o = {.card = {.press = "auto"}};
	const char **text[128] = {
	        ['S'] = &o.place.path, ['L'] = &o.level, ['P'] = &o.protocol,
	        ['i'] = &o.ids,        ['D'] = &o.seed,
	};
	int c = 0;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (card_option(&o.card, c, optarg))
			continue;
		if (c > 0 && c < 128 && text[c] != NULL)
			*text[c] = optarg;
		else if (c == 'k')
			o.place.listen = true;
		else if (c == 'n')
			o.no_interrupt = true;
		else {
			(void)fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	}
	if (o.card.state == NULL || o.place.path == NULL || optind != argc) {
		(void)fputs(usage, stderr);
		return 2;
	}
	o.place.latency_ms = o.card.latency_ms;
	return run(&o);
}
