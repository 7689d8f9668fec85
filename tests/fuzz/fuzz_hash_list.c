/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash list taken apart line by line is, line by line, what would be written. */
#include <stdlib.h>

#include "core/hex.h"
#include "sign/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct hash_line *l, struct buffer *out)
{
	char *name = malloc(l->name.n + 1);

	if (!name)
		abort();
	memcpy(name, l->name.p, l->name.n);
	name[l->name.n] = '\0';
	if (strlen(name) != l->name.n || l->name.n == 0 || strchr(name, '\n'))
		abort();
	hash_line_write(out, l->sha256, name);
	free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	struct hash_line l;
	AUTO_BUFFER out = {0};
	enum err e = OK;

	while (e == OK) {
		const struct bytes before = in;

		e = hash_line_next(&in, &l);
		if (e == OK)
			write_again(&l, &out);
		else if (in.p != before.p || in.n != before.n)
			abort();
	}
	if ((e != ERR_NOT_FOUND && e != ERR_FORMAT) ||
	    (e == ERR_NOT_FOUND) != (in.n == 0))
		abort();
	if (buffer_ok(&out) != OK ||
	    !bytes_equal(buffer_bytes(&out), (struct bytes){data, size - in.n}))
		abort();
	return 0;
}
