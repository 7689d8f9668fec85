// SPDX-License-Identifier: GPL-2.0-or-later
/* One line for each APDU of the virtual card; never what is in it. */
#include "tests/vcard/priv.h"

#include <time.h>

const char *trace_name(const struct apdu *a)
{
	switch (a->ins) {
	case 0xA4:
		return "SELECT";
	case 0xCA:
		return "GET-DATA";
	case 0xCC:
		return "NEXT-DATA";
	case 0xA5:
		return "SELECT-DATA";
	case 0xDA:
		return "PUT-DATA";
	case 0xDB:
		return "IMPORT";
	case 0x20:
		return a->lc > 0 ? "VERIFY" : a->p1 == 0xFF ? "LOGOUT" : "PIN-STATUS";
	case 0x24:
		return "CHANGE-PIN";
	case 0x2C:
		return "RESET-RETRY";
	case 0x47:
		return a->p1 == 0x80 ? "GENERATE" : "READ-KEY";
	case 0x2A:
		return a->p1 == 0x80 ? "DECIPHER" : a->p1 == 0x86 ? "ENCIPHER" : "SIGN";
	case 0x88:
		return "INTERNAL-AUTH";
	case 0x84:
		return "CHALLENGE";
	case 0xC0:
		return "GET-RESPONSE";
	case 0xE6:
		return "TERMINATE";
	case 0x44:
		return "ACTIVATE";
	case 0x22:
		return "MSE";
	case 0xF1:
		return "VERSION";
	case 0xF2:
		return "SET-RETRIES";
	case 0xFB:
		return "ATTEST";
	default:
		return "OTHER";
	}
}

bool trace_open(struct vcard *v, const char *file)
{
	v->trace = fopen(file, "ae"); /* appends: another may empty it at any time */
	return v->trace != NULL;
}

void trace_line(struct vcard *v, const char *name, const struct apdu *a,
                const uint8_t *resp, size_t n)
{
	struct timespec t = {0};
	if (v->trace == NULL)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	(void)fprintf(v->trace, "%6lld.%03ld > %s %02X%02X%02X%02X lc=%zu < ",
	              (long long)t.tv_sec, t.tv_nsec / 1000000, name, a->cla, a->ins,
	              a->p1, a->p2, a->lc);
	if (n >= 2)
		(void)fprintf(v->trace, "%02X%02X n=%zu\n", resp[n - 2], resp[n - 1],
		              n - 2);
	else
		(void)fprintf(v->trace, "%s n=0\n", v->hung ? "hang" : "gone");
	(void)fflush(v->trace); /* a trace that cannot be written is seen by its reader */
}
