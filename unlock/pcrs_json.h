/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of PCRs in JSON: [{"pcr":7,"value":"64 hex"},…]; by whom they are shared:
 * sealed objects, and what was saved before the cap. */
#ifndef UNLOCK_PCRS_JSON_H
#define UNLOCK_PCRS_JSON_H

#include <stdio.h>

#include "unlock/tpm2.h"

struct json_object;

/* One PCR at least, in order, none twice.  p->bank is known before; ERR_FORMAT. */
enum err pcrs_read(const struct json_object *from, struct tpm2_pcrs *p);
/* Errors of `out` are its owner's to ask for. */
void pcrs_put(const struct tpm2_pcrs *p, FILE *out);

#endif
