/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One initramfs image, unpacked to nowhere and compared with what it needs. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/image_impl.h"
#include "cli/program.h"
#include "core/clock.h"

enum { MAGIC_MAX = 6 };

/* Who unpacks what begins like this to standard output; NULL: nobody. */
static const struct image_tool *unpacker(struct bytes magic)
{
	static const struct {
		uint8_t magic[MAGIC_MAX];
		size_t n;
		struct image_tool tool;
	} known[] = {
	        {{0x28, 0xb5, 0x2f, 0xfd},      4, {"zstd", "zstd"}  },
	        {{0x1f, 0x8b},                  2, {"gzip", "gzip"}  },
	        {{0xfd, '7', 'z', 'X', 'Z', 0}, 6, {"xz", "xz-utils"}},
	        {{0x5d, 0, 0},                  3, {"xz", "xz-utils"}},
	        {{0x02, 0x21, 0x4c, 0x18},      4, {"lz4", "lz4"}    },
	        {{'B', 'Z', 'h'},               3, {"bzip2", "bzip2"}},
	        {{0x89, 'L', 'Z', 'O'},         4, {"lzop", "lzop"}  },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (magic.n >= known[i].n &&
		    memcmp(magic.p, known[i].magic, known[i].n) == 0)
			return &known[i].tool;
	return NULL;
}

static enum err scan(struct image_needs *n, int fd)
{
	const int64_t until = clock_ms() + (int64_t)IMAGE_SECONDS * 1000;
	uint8_t magic[MAGIC_MAX];
	uint64_t end = 0;
	pid_t pid = -1;
	int out = -1;

	enum err e = cpio_scan(fd, until, n->want, n->n, &end);
	if (e != OK)
		return e;
	const ssize_t got = pread(fd, magic, sizeof(magic), (off_t)end);
	if (got == 0)
		return end > 0 ? OK : ERR_FORMAT;
	const struct image_tool *tool =
	        unpacker((struct bytes){magic, got > 0 ? (size_t)got : 0});
	if (!tool || lseek(fd, (off_t)end, SEEK_SET) < 0)
		return ERR_FORMAT;
	e = program_open((const char *const[]){tool->program, "-dc", NULL}, fd, &out,
	                 &pid);
	if (e == ERR_NOT_FOUND) {
		n->lacking = *tool;
		return ERR_UNSUPPORTED;
	}
	if (e != OK)
		return e;
	e = cpio_scan(out, until, n->want, n->n, &end);
	(void)program_end(out, pid); /* what it could not unpack is missing */
	return e == OK && end == 0 ? ERR_FORMAT : e;
}

struct image_tool image_lacking(const struct image_needs *n)
{
	return n->lacking;
}

/* A module that several bring is told once. */
static bool told_before(const struct image_needs *n, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!n->want[k].good && strcmp(n->want[k].name, n->want[i].name) == 0)
			return true;
	return false;
}

static void list_lacks(const struct image_needs *n, char lacks[static IMAGE_LACKS_MAX])
{
	static const char more[] = ", and more";
	struct writer w = {(uint8_t *)lacks, IMAGE_LACKS_MAX - sizeof(more), 0, false};
	size_t whole = 0;

	for (size_t i = 0; i < n->n && !w.overflow; i++) {
		const struct cpio_want *x = &n->want[i];

		if (x->good || n->optional[i] || told_before(n, i))
			continue;
		put_string(&w, w.n > 0 ? ", " : "");
		put_string(&w, x->name);
		put_string(&w, x->found ? " (not as it is now)" : "");
		if (!w.overflow)
			whole = w.n;
	}
	memcpy(lacks + whole, w.overflow ? more : "", w.overflow ? sizeof(more) : 1);
}

enum err image_look(struct image_needs *n, int dirfd, const char *version,
                    char lacks[static IMAGE_LACKS_MAX])
{
	char name[NEED_NAME_MAX];

	n->lacking = (struct image_tool){"modprobe", "kmod"};
	enum err e = image_needs_modules(n, version);
	if (e != OK)
		return e;
	(void)snprintf(name, sizeof(name), IMAGE_NAME "%.200s", version);
	const int fd =
	        openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < n->n; i++) {
		n->want[i].found = false;
		n->want[i].good = false;
	}
	e = scan(n, fd);
	(void)close(fd); /* only read */
	if (e == OK)
		list_lacks(n, lacks);
	return e;
}

void image_flaws(const struct image_needs *n,
                 void (*see)(enum image_flaw f, const char *name, void *ctx), void *ctx)
{
	for (size_t i = 0; i < n->n; i++)
		if (!n->want[i].good && !n->optional[i] && !told_before(n, i))
			see(n->want[i].found || n->kind[i] != IMAGE_PROGRAM ? n->kind[i]
			                                                    : IMAGE_FILE,
			    n->want[i].name, ctx);
}

bool image_has(const struct image_needs *n, const char *name)
{
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->want[i].name, name) == 0)
			return n->want[i].good;
	return false;
}
