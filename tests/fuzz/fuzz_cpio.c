/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An initramfs image that an attacker wrote. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cpio.h"
#include "core/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_needle(const void *ctx, struct bytes content)
{
	(void)ctx;
	return memmem(content.p, content.n, "needle", 6) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpio_want w[] = {
	        {.name = "a"     },
	        {	                               .name = "b", .compare = true, .content = {(const uint8_t *)"abc", 3}},
	        { .name = "c",      .fits = has_needle},
	};
	uint64_t end = 0;
	const int fd = memfd_create("image", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET) != 0)
		abort();
	if (cpio_scan(fd, clock_ms() + 60000, w, 3, &end) == OK && end > size)
		abort();
	(void)close(fd);
	for (size_t i = 0; i < 3; i++)
		if (w[i].good && !w[i].found)
			abort();
	return 0;
}
