// SPDX-License-Identifier: GPL-2.0-or-later
/* bootlatch-vcard: options and signals of the virtual card in vpcd's reader. */
#include "tests/vcard/card_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
        "usage: bootlatch-vcard --state FILE --vpcd HOST:PORT [options]\n"
        "  --profile NAME    the make of card (default: default, or as in FILE)\n"
        "  --serial HEX8     serial number\n"
        "  --latency MS      wait before each answer\n"
        "  --fault SPEC      at=N:ACTION, NAME:ACTION, NAME@N:ACTION, pull-at=N; commas\n"
        "                    ACTION: drop lose hang pull sw=XXXX garbage short long cut\n"
        "                    late stale tlv huge\n"
        "  --late MS         how long late and stale hold an answer back (0)\n"
        "  --trace FILE      one line for each APDU\n"
        "  --press HOW       the button: auto (at once), never, or a FILE that is "
        "removed\n"
        "                    when it appears; FILE.wanted exists while it is waited for\n"
        "  --press-wait MS   how long (default: as the make of card does)\n"
        "  --field NAME      print that of FILE and end: pin.pw1.tries pin.rc.tries\n"
        "                    pin.pw3.tries sign.count serial uif.sig uif.dec uif.aut\n"
        "  --profile list    the makes of card\n"
        "SIGUSR1 pulls the card, SIGUSR2 inserts it, SIGTERM ends. New PINs 123456, "
        "12345678.\n";

struct options {
	struct card_options card;
	const char *serial, *field;
	int press_ms; /* -1: as the make of card does */
	char *vpcd;
	unsigned late_ms;
};

static int list_profiles(void)
{
	const struct profile *p = NULL;
	for (size_t i = 0; (p = profile_at(i)) != NULL; i++)
		(void)printf("%-16s %s\n", p->name, p->about);
	const struct alias *a = NULL;
	for (size_t i = 0; (a = alias_at(i)) != NULL; i++)
		(void)printf("%-16s the same as %s\n", a->name, a->of);
	return 0;
}

static bool set_serial(struct vcard *v, const char *hex)
{
	char *end = NULL;
	unsigned long x = strtoul(hex, &end, 16);
	if (strlen(hex) != 8 || *end != '\0')
		return false;
	const uint8_t s[4] = {(uint8_t)(x >> 24), (uint8_t)(x >> 16), (uint8_t)(x >> 8),
	                      (uint8_t)x};
	obj_set(v, OBJ_SERIAL, s, sizeof(s));
	return store_save(v);
}

static bool set_faults(struct vcard *v, const struct options *o)
{
	for (size_t i = 0; i < o->card.n_faults; i++) {
		if (!vcard_fault(v, o->card.fault[i]))
			return false;
	}
	return true;
}

/* What a test wants to know of a state file, without asking the card. */
static int print_field(const struct options *o)
{
	static const struct {
		const char *name;
		unsigned tag;
	} fields[] = {
	        {"pin.pw1.tries", OBJ_TRIES + PIN_USER },
	        {"pin.rc.tries",  OBJ_TRIES + PIN_RESET},
	        {"pin.pw3.tries", OBJ_TRIES + PIN_ADMIN},
	        {"sign.count",    0x93                 },
	        {"serial",        OBJ_SERIAL           },
	        {"uif.sig",       0xD6                 },
	        {"uif.dec",       0xD7                 },
	        {"uif.aut",       0xD8                 },
	};
	struct vcard *v =
	        access(o->card.state, R_OK) == 0 ? vcard_new(NULL, o->card.state) : NULL;
	int rc = 2;
	for (size_t i = 0; v != NULL && i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(o->field, fields[i].name) != 0)
			continue;
		const struct buf *b = obj_get(v, fields[i].tag);
		for (size_t k = 0; k < b->n; k++)
			(void)printf("%02X", b->p[k]);
		(void)puts(b->n > 0 ? "" : "00");
		rc = 0;
	}
	vcard_free(v);
	return rc;
}

static int serve(struct vcard *v, const struct vpcd *at)
{
	v->wake = at->signals;
	return vpcd_run(v, at);
}

static int run(const struct options *o)
{
	char *colon = strrchr(o->vpcd, ':');
	if (colon == NULL) {
		(void)fputs(usage, stderr);
		return 2;
	}
	*colon = '\0';
	const struct vpcd at = {.host = o->vpcd,
	                        .port = colon + 1,
	                        .signals = card_signals(),
	                        .latency_ms = o->card.latency_ms,
	                        .late_ms = o->late_ms};
	struct vcard *v = vcard_new(o->card.profile, o->card.state);
	int rc = 2;
	if (v == NULL)
		(void)fprintf(stderr,
		              "bootlatch-vcard: no such profile, or cannot use %s\n",
		              o->card.state);
	else if (o->serial != NULL && !set_serial(v, o->serial))
		(void)fprintf(stderr, "bootlatch-vcard: not a serial number: %s\n",
		              o->serial);
	else if (!set_faults(v, o))
		(void)fputs("bootlatch-vcard: not a fault\n", stderr);
	else if (!vcard_press(v, o->card.press, o->press_ms))
		(void)fputs("bootlatch-vcard: --press needs a name\n", stderr);
	else if (o->card.trace != NULL && !trace_open(v, o->card.trace))
		(void)fprintf(stderr, "bootlatch-vcard: cannot write %s\n",
		              o->card.trace);
	else
		rc = serve(v, &at);
	vcard_free(v);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
	        CARD_LONGS,
	        {"vpcd",          required_argument, NULL, 'v'},
	        {"late",          required_argument, NULL, 'd'},
	        {"field",         required_argument, NULL, 'F'},
	        {"serial",        required_argument, NULL, 'n'},
	        {"press-wait",    required_argument, NULL, 'w'},
	        {"list-profiles", no_argument,       NULL, 'L'},
	        {"help",          no_argument,       NULL, 'h'},
	        {NULL,            0,                 NULL, 0  },
	};
	struct options o = {.card = {.press = "auto"}, .press_ms = -1};
	int c = 0;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (card_option(&o.card, c, optarg))
			continue;
		switch (c) {
		case 'v':
			o.vpcd = optarg;
			break;
		case 'd':
			o.late_ms = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'n':
			o.serial = optarg;
			break;
		case 'w':
			o.press_ms = (int)strtoul(optarg, NULL, 10);
			break;
		case 'F':
			o.field = optarg;
			break;
		case 'L':
			return list_profiles();
		case 'h':
			(void)fputs(usage, stdout);
			return 0;
		default:
			(void)fputs(usage, stderr);
			return 2;
		}
	}
	if (o.card.profile != NULL && strcmp(o.card.profile, "list") == 0)
		return list_profiles();
	if (o.card.state != NULL && o.field != NULL && optind == argc)
		return print_field(&o);
	if (o.card.state == NULL || o.vpcd == NULL || optind != argc) {
		(void)fputs(usage, stderr);
		return 2;
	}
	return run(&o);
}
