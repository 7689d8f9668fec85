/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key that Heads injected into the image: a regular file of at most 8 KiB. */
#include "unlock/heads_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADS_KEY_MAX = 8 * 1024 };

static enum err read_all(int fd, struct secret *s, size_t *ret_len)
{
	size_t have = 0;

	while (have < secret_cap(s)) {
		const ssize_t n = read(fd, secret_buf(s) + have, secret_cap(s) - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_from_errno(errno);
		if (n == 0)
			break;
		have += (size_t)n;
	}
	*ret_len = have;
	return OK;
}

enum err heads_key(struct secret **ret)
{
	AUTO_SECRET *s = NULL;
	size_t len = 0;
	struct stat st;
	const int fd = open(HEADS_KEY, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_from_errno(errno);
	enum err e = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? OK : ERR_FORMAT;

	if (e == OK)
		e = secret_new(HEADS_KEY_MAX + 1, &s);
	if (e == OK)
		e = read_all(fd, s, &len);
	(void)close(fd); /* read-only */
	if (e == OK && (len == 0 || len > HEADS_KEY_MAX))
		e = ERR_FORMAT;
	if (e == OK)
		e = secret_set_len(s, len);
	if (e != OK)
		return e;
	*ret = s;
	s = NULL;
	return OK;
}
