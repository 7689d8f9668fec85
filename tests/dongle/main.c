// SPDX-License-Identifier: GPL-2.0-or-later
/* bootlatch-dongle: options of the virtual card as a USB dongle for QEMU's guests. */
#include "tests/dongle/dongle.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

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

struct options {
	const char *state, *profile, *trace, *press, *level, *protocol, *ids;
	const char *fault[MAX_FAULTS];
	size_t n_faults;
	bool no_interrupt;
	struct dongle_place place;
};

/* What the options say of the device; false: nonsense. */
static bool shape(const struct options *o, struct model *m)
{
	*m = model_for(o->profile);
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
	return !m->reader.t0 || m->reader.level == LEVEL_TPDU;
}

static int block_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set); /* valid set and signals: cannot fail */
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGUSR2);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
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
		return refuse("no such level, protocol or ids");
	o->place.signals = block_signals();
	struct vcard *v = vcard_new(o->profile, o->state);
	if (v == NULL)
		return refuse("no such profile, or the state file cannot be used");
	const struct buf *serial = obj_get(v, OBJ_SERIAL);
	for (size_t i = 0; i < serial->n && i < 4; i++)
		(void)snprintf(m.serial + 2 * i, 3, "%02X", serial->p[i]);
	struct dongle *d = dongle_new(v, &m, &o->place);
	int rc = 2;
	bool ok = d != NULL && vcard_press(v, o->press, -1);
	for (size_t i = 0; ok && i < o->n_faults; i++)
		ok = dongle_fault(d, o->fault[i]);
	if (!ok)
		rc = refuse("not a fault, or no name for --press");
	else if (o->trace != NULL && !trace_open(v, o->trace))
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
	        {"state",        required_argument, NULL, 's'},
	        {"socket",       required_argument, NULL, 'S'},
	        {"listen",       no_argument,       NULL, 'l'},
	        {"profile",      required_argument, NULL, 'p'},
	        {"level",        required_argument, NULL, 'L'},
	        {"protocol",     required_argument, NULL, 'P'},
	        {"ids",          required_argument, NULL, 'i'},
	        {"no-interrupt", no_argument,       NULL, 'n'},
	        {"latency",      required_argument, NULL, 'w'},
	        {"fault",        required_argument, NULL, 'f'},
	        {"press",        required_argument, NULL, 'b'},
	        {"trace",        required_argument, NULL, 't'},
	        {"help",         no_argument,       NULL, 'h'},
	        {NULL,           0,                 NULL, 0  },
	};
	struct options o = {.press = "auto"};
	const char **text[128] = {
	        ['s'] = &o.state, ['S'] = &o.place.path, ['p'] = &o.profile,
	        ['L'] = &o.level, ['P'] = &o.protocol,   ['i'] = &o.ids,
	        ['b'] = &o.press, ['t'] = &o.trace,
	};
	int c = 0;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c > 0 && c < 128 && text[c] != NULL)
			*text[c] = optarg;
		else if (c == 'l')
			o.place.listen = true;
		else if (c == 'n')
			o.no_interrupt = true;
		else if (c == 'w')
			o.place.latency_ms = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'f' && o.n_faults < MAX_FAULTS)
			o.fault[o.n_faults++] = optarg;
		else {
			(void)fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	}
	if (o.state == NULL || o.place.path == NULL || optind != argc) {
		(void)fputs(usage, stderr);
		return 2;
	}
	return run(&o);
}
