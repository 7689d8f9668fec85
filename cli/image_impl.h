/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is looked for in an image: shared by the files that make and use it. */
#ifndef CLI_IMAGE_IMPL_H
#define CLI_IMAGE_IMPL_H

#include "cli/cpio.h"
#include "cli/image.h"
#include "cli/needs.h"

enum { WANTS_MAX = 768, NEED_FILE_BYTES_MAX = 8 * 1024 * 1024 };

struct image_needs {
	struct image_wish w;
	struct needs list;
	size_t n;      /* wants, of which */
	size_t common; /* are those of every kernel */
	struct cpio_want want[WANTS_MAX];
	char name[WANTS_MAX][NEED_NAME_MAX];
	uint8_t *file[WANTS_MAX];
	enum image_flaw kind[WANTS_MAX];
	bool optional[WANTS_MAX];
	bool overflow;
	struct image_tool lacking; /* see image_lacking() */
};

/* What the image of this kernel needs beside the common ones. */
enum err image_needs_modules(struct image_needs *n, const char *version);

#endif
