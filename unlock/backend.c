/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of backends. */
#include "unlock/backend.h"

#include <string.h>

static const struct backend *const backends[] = {&backend_card, &backend_passphrase};

const struct backend *backend_by_type(const char *type)
{
	for (size_t i = 0; type && i < sizeof(backends) / sizeof(backends[0]); i++)
		if (strcmp(backends[i]->type, type) == 0)
			return backends[i];
	return NULL;
}
