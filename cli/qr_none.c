/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without libqrencode: there is no QR code. */
#include "cli/qr.h"

enum err qr_job(const void *how, const struct secret *in, struct writer *out)
{
	(void)how; /* never looked at */
	(void)in;
	(void)out;
	return ERR_UNSUPPORTED;
}
