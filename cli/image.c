/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What initramfs-hooks/files.list and cryptroot put into an image, looked for there. */
#include "cli/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cpio.h"
#include "cli/program.h"
#include "core/clock.h"
#include "core/file.h"
#include "unlock/crypttab_edit.h"

static const char *const programs[] = {
        "lib/bootlatch/bootlatch-unlock",
        "lib/cryptsetup/scripts/decrypt_bootlatch",
        "lib/pcsc/drivers/ifd-ccid.bundle/Contents/Linux/libccid.so",
        "lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist",
        "lib/udev/rules.d/70-bootlatch-initramfs.rules",
        "scripts/local-top/bootlatch",
        "scripts/local-premount/bootlatch",
};

enum {
	PROGRAMS = sizeof(programs) / sizeof(programs[0]),
	NEEDS_MAX = PROGRAMS + 2 + LUKS_SLOTS_MAX,
	NEED_NAME_MAX = 128,
	NEED_FILE_MAX = 1024 * 1024,
	MAGIC_MAX = 6,
};

struct image_needs {
	size_t n;
	struct cpio_want want[NEEDS_MAX];
	char name[NEEDS_MAX][NEED_NAME_MAX];
	uint8_t *file[NEEDS_MAX];
};

struct image_needs *image_needs_free(struct image_needs *n)
{
	if (!n)
		return NULL;
	for (size_t i = 0; i < n->n; i++)
		free(n->file[i]);
	free(n);
	return NULL;
}

static void need(struct image_needs *n, const char *name)
{
	(void)snprintf(n->name[n->n], NEED_NAME_MAX, "%s", name);
	n->want[n->n] = (struct cpio_want){.name = n->name[n->n]};
	n->n++;
}

/* The bytes of folder/sub/file, in the image as in_image/file. */
static enum err need_same(struct image_needs *n, const char *folder, const char *sub,
                          const char *in_image, const char *file)
{
	int dir = -1, below = -1;
	size_t len = 0;
	char name[NEED_NAME_MAX];

	(void)snprintf(name, sizeof(name), "%s/%s", in_image, file);
	enum err e = dir_open(folder, &dir);
	if (e == OK) {
		below = openat(dir, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		e = below < 0 ? ERR_NOT_FOUND : OK;
	}
	need(n, name);
	if (e == OK)
		e = file_read(below, file, NEED_FILE_MAX, &n->file[n->n - 1], &len);
	n->want[n->n - 1].compare = true;
	n->want[n->n - 1].content = (struct bytes){n->file[n->n - 1], len};
	if (below >= 0)
		(void)close(below); /* read-only */
	if (dir >= 0)
		(void)close(dir); /* read-only */
	return e;
}

/* A line for this volume, with our keyscript, and not behind a #. */
static bool names_us(const void *ctx, struct bytes crypttab)
{
	const struct volume *v = ctx;
	const struct crypttab_target target = {
	        .device = luks_device(v->luks),
	        .uuid = luks_uuid(v->luks),
	};
	struct crypttab_edit edit = {0};

	if (crypttab_give_back(crypttab, &target, &edit) != OK)
		return false;
	const bool ours = edit.ours;
	crypttab_edit_clear(&edit);
	return ours;
}

enum err image_needs_new(const struct volume *v, struct image_needs **ret)
{
	const char *uuid = luks_uuid(v->luks);
	struct image_needs *n = calloc(1, sizeof(*n));
	char file[NEED_NAME_MAX];

	if (!n)
		return ERR_NOMEM;
	for (size_t i = 0; i < PROGRAMS; i++)
		need(n, programs[i]);
	need(n, "cryptroot/crypttab");
	n->want[n->n - 1].fits = names_us;
	n->want[n->n - 1].ctx = v;
	(void)snprintf(file, sizeof(file), "%s.json", uuid);
	enum err e = need_same(n, v->where.config_dir, "volumes", "etc/bootlatch/volumes",
	                       file);
	for (size_t i = 0; i < v->n_enrolled && e == OK; i++) {
		if (!v->enrolled[i].has_blob_file)
			continue;
		(void)snprintf(file, sizeof(file), "%s.%d.pgp", uuid,
		               v->enrolled[i].keyslot);
		e = need_same(n, v->where.boot_dir, "bootlatch",
		              "etc/bootlatch/boot/bootlatch", file);
	}
	if (e != OK) {
		(void)image_needs_free(n);
		return e;
	}
	*ret = n;
	return OK;
}

/* --- one image --- */

/* Who unpacks what begins like this to standard output. */
static const char *unpacker(struct bytes magic)
{
	static const struct {
		uint8_t magic[MAGIC_MAX];
		size_t n;
		const char *program;
	} known[] = {
	        {{0x28, 0xb5, 0x2f, 0xfd},      4, "zstd" },
                {{0x1f, 0x8b},                  2, "gzip" },
	        {{0xfd, '7', 'z', 'X', 'Z', 0}, 6, "xz"   },
                {{0x5d, 0, 0},                  3, "xz"   },
	        {{0x02, 0x21, 0x4c, 0x18},      4, "lz4"  },
                {{'B', 'Z', 'h'},               3, "bzip2"},
	        {{0x89, 'L', 'Z', 'O'},         4, "lzop" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (magic.n >= known[i].n &&
		    memcmp(magic.p, known[i].magic, known[i].n) == 0)
			return known[i].program;
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
	const char *program = unpacker((struct bytes){magic, got > 0 ? (size_t)got : 0});
	if (!program || lseek(fd, (off_t)end, SEEK_SET) < 0)
		return ERR_FORMAT;
	e = program_open((const char *const[]){program, "-dc", NULL}, fd, &out, &pid);
	if (e != OK)
		return e == ERR_NOT_FOUND ? ERR_FORMAT : e;
	e = cpio_scan(out, until, n->want, n->n, &end);
	(void)program_end(out, pid); /* what it could not unpack is missing */
	return e == OK && end == 0 ? ERR_FORMAT : e;
}

enum err image_look(struct image_needs *n, int dirfd, const char *name,
                    char lacks[static IMAGE_LACKS_MAX])
{
	struct writer w = {(uint8_t *)lacks, IMAGE_LACKS_MAX - 1, 0, false};

	const int fd =
	        openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < n->n; i++) {
		n->want[i].found = false;
		n->want[i].good = false;
	}
	const enum err e = scan(n, fd);
	(void)close(fd); /* only read */
	if (e != OK)
		return e;
	for (size_t i = 0; i < n->n; i++) {
		const struct cpio_want *x = &n->want[i];
		const char *how = x->found ? " (not as it is now)" : "";

		if (x->good)
			continue;
		if (w.n > 0)
			put_bytes(&w, ", ", 2);
		put_bytes(&w, x->name, strlen(x->name));
		put_bytes(&w, how, strlen(how));
	}
	lacks[w.n] = '\0';
	return OK;
}
