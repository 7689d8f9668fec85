/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Called in a child process: libqrencode makes a QR code. */
#include <qrencode.h>

#include "cli/qr.h"

enum { ANY_VERSION = 0, DARK = 1 };

enum err qr_job(const void *how, const struct secret *in, struct writer *out)
{
	const struct bytes text = secret_view(in);

	(void)how; /* nothing to be told */
	/* Its copies of the text end with the process. */
	QRcode *code = QRcode_encodeData((int)text.n, text.p, ANY_VERSION, QR_ECLEVEL_M);
	if (!code)
		return ERR_UNSUPPORTED;
	const size_t n = (size_t)code->width * (size_t)code->width;
	enum err e = OK;

	if (n > out->cap)
		e = ERR_UNSUPPORTED;
	for (size_t i = 0; e == OK && i < n; i++)
		put_be(out, 1, code->data[i] & DARK);
	explicit_bzero(code->data, n);
	QRcode_free(code);
	return e;
}
