/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.list is taken apart, and modprobe and ldd are asked. */
#include "cli/needs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/lines.h"
#include "cli/program.h"

enum { WORDS_MAX = 4, SAID_MAX = 64 * 1024 };

/* --- words of a line --- */

static void drop(struct bytes *name, const char *front)
{
	struct bytes skipped;

	if (bytes_begin(*name, front))
		(void)!bytes_take(name, strlen(front), &skipped); /* there are as many */
}

static bool copy(struct bytes from, char ret[static NEED_NAME_MAX])
{
	if (from.n == 0 || from.n >= NEED_NAME_MAX || memchr(from.p, '\0', from.n))
		return false;
	memcpy(ret, from.p, from.n);
	ret[from.n] = '\0';
	return true;
}

/* As names stand in an image, whichever way the system is laid out. */
static bool copy_path(struct bytes path, char ret[static NEED_NAME_MAX])
{
	drop(&path, "/");
	drop(&path, "usr/");
	return copy(path, ret);
}

/* --- files.list --- */

static const struct {
	const char *word;
	enum need_kind kind;
	size_t words; /* at most, the first one included */
} kinds[] = {
        {"exec",    NEED_PROGRAM, 3},
        {"library", NEED_LIBRARY, 2},
        {"file",    NEED_FILE,    3},
        {"there",   NEED_FILE,    2},
        {"folder",  NEED_FOLDER,  3},
        {"records", NEED_FOLDER,  2},
        {"module",  NEED_MODULE,  2},
        {"load",    NEED_LOADED,  2},
        {"try",     NEED_TRIED,   2},
};

static bool is_path(enum need_kind k)
{
	return k == NEED_PROGRAM || k == NEED_FILE || k == NEED_FOLDER;
}

static enum err read_need(const struct bytes *word, size_t n, struct need *ret)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct bytes what =
		        word[n - 1]; /* the target, where there is one */

		if (!bytes_equal(word[0], bytes_of(kinds[i].word)))
			continue;
		if (n < 2 || n > kinds[i].words)
			return ERR_FORMAT;
		*ret = (struct need){.kind = kinds[i].kind};
		if (!(is_path(ret->kind) ? copy_path(what, ret->name)
		                         : copy(what, ret->name)))
			return ERR_FORMAT;
		return ret->kind != NEED_PROGRAM || copy(word[1], ret->file) ? OK
		                                                             : ERR_FORMAT;
	}
	return ERR_FORMAT;
}

enum err needs_parse(struct bytes text, bool tpm2, struct needs *ret)
{
	struct bytes line;

	ret->n = 0;
	while (line_next(&text, &line)) {
		struct bytes word[WORDS_MAX], more;
		size_t n = 0;

		while (n < WORDS_MAX && word_next(&line, &word[n]))
			n++;
		if (n == 0 || word[0].p[0] == '#')
			continue;
		const bool with = bytes_equal(word[0], bytes_of("tpm2"));
		const bool without = bytes_equal(word[0], bytes_of("no-tpm2"));
		const size_t first = with || without;
		if (word_next(&line, &more) || n == first || ret->n == NEEDS_MAX)
			return ERR_FORMAT;
		const enum err e = read_need(word + first, n - first, &ret->need[ret->n]);
		if (e != OK)
			return e;
		ret->n += tpm2 ? !without : !with;
	}
	return OK;
}

bool needs_has_line(struct bytes text, const char *word)
{
	struct bytes line, first;

	while (line_next(&text, &line))
		if (word_next(&line, &first) && bytes_equal(first, bytes_of(word)))
			return true;
	return false;
}

/* --- what they bring --- */

/* All that a program prints, and its exit status. */
static enum err said_by(const char *const *argv, uint8_t **ret, size_t *ret_len,
                        int *ret_status)
{
	const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	uint8_t *said = malloc(SAID_MAX);
	pid_t pid = -1;
	size_t n = 0;
	int fd = -1;

	enum err e = !said      ? ERR_NOMEM
	             : null < 0 ? err_from_errno(errno)
	                        : program_open(argv, null, &fd, &pid);
	while (e == OK && n < SAID_MAX) {
		const ssize_t got = read(fd, said + n, SAID_MAX - n);

		if (got == 0 || (got < 0 && errno != EINTR))
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	if (e == OK)
		*ret_status = program_wait(fd, pid);
	if (null >= 0)
		(void)close(null); /* nothing was read */
	if (e != OK) {
		free(said);
		return e;
	}
	*ret = said;
	*ret_len = n;
	return OK;
}

static bool add_name(struct brought *b, struct bytes name)
{
	if (b->n == BROUGHT_MAX || !copy_path(name, b->name[b->n]))
		return false;
	b->n++;
	return true;
}

/* "insmod /lib/modules/…/xts.ko.xz options", "builtin aes_generic" */
static bool take_module(struct brought *b, struct bytes line)
{
	struct bytes how, path;
	size_t n = 0;

	if (!word_next(&line, &how) || !bytes_equal(how, bytes_of("insmod")))
		return true;
	if (!word_next(&line, &path))
		return false;
	while (n + 3 < path.n &&
	       !bytes_begin((struct bytes){path.p + n, path.n - n}, ".ko"))
		n++;
	return add_name(b, (struct bytes){path.p, n + 3 <= path.n ? n + 3 : path.n});
}

/* "libudev.so.1 => /lib/…/libudev.so.1 (0x…)", "/lib64/ld-linux-x86-64.so.2 (0x…)" */
static bool take_library(struct brought *b, struct bytes line)
{
	struct bytes name, arrow, skipped;
	size_t from = 0;

	if (!word_next(&line, &name))
		return true;
	if (name.p[0] != '/' &&
	    (!word_next(&line, &arrow) || !bytes_equal(arrow, bytes_of("=>"))))
		return true; /* of the kernel, or none at all */
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '/')
			from = i + 1;
	return bytes_take(&name, from, &skipped) == OK && add_name(b, name);
}

static enum err brought_by(const char *const *argv,
                           bool (*take)(struct brought *b, struct bytes line),
                           int *ret_status, struct brought *ret)
{
	struct bytes rest, line;
	uint8_t *said = NULL;
	size_t n = 0;
	bool fits = true;

	const enum err e = said_by(argv, &said, &n, ret_status);
	if (e != OK)
		return e;
	ret->n = 0;
	rest = (struct bytes){said, n};
	while (fits && line_next(&rest, &line))
		fits = take(ret, line);
	free(said);
	return fits && n < SAID_MAX ? OK : ERR_FORMAT;
}

/* modprobe -d tells the paths with that folder in front. */
static void without_root(const char *root, struct brought *b)
{
	const char *front = root + (root[0] == '/');
	const size_t n = strlen(front);

	for (size_t i = 0; n > 0 && i < b->n; i++) {
		char *name = b->name[i];

		if (strncmp(name, front, n) != 0 || name[n] != '/')
			continue;
		memmove(name, name + n + 1, strlen(name + n + 1) + 1);
		if (strncmp(name, "usr/", 4) == 0)
			memmove(name, name + 4, strlen(name + 4) + 1);
	}
}

enum err brought_by_module(const char *root, const char *version, const char *name,
                           struct brought *ret)
{
	const char *const here[] = {"modprobe",       "-q", "-S", version,
	                            "--show-depends", name, NULL};
	const char *const there[] = {"modprobe",       "-q", "-d", root, "-S", version,
	                             "--show-depends", name, NULL};
	int status = 0;

	const enum err e = brought_by(*root ? there : here, take_module, &status, ret);
	if (e == ERR_NOT_FOUND)
		return ERR_UNSUPPORTED;
	if (e == OK)
		without_root(root, ret);
	return e == OK && status != 0 ? ERR_NOT_FOUND : e;
}

enum err brought_by_program(const char *root, const char *file, struct brought *ret)
{
	char path[2 * NEED_NAME_MAX];
	const char *const argv[] = {"ldd", path, NULL};
	int status = 0;

	(void)snprintf(path, sizeof(path), "%s%s", root, file);
	const enum err e = brought_by(argv, take_library, &status, ret);
	if (e == OK && status != 0) /* what is not here cannot be asked */
		ret->n = 0;
	return e;
}
