/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of a stage, written and read, and what lies beside it looked at. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "core/file.h"
#include "core/hex.h"
#include "sign/manifest.h"
#include "sign/stage.h"

#define HEAD "bootlatch-stage 1\n"
#define END  "end\n"

enum { HEX = 2 * TREE_HASH_LEN };

bool stage_name_ok(const char *name)
{
	return kexec_signed_name(name) || strcmp(name, KEXEC_SIG) == 0;
}

const struct stage_item *stage_find(const struct stage_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->item[i].name, name) == 0)
			return &l->item[i];
	return NULL;
}

static void write_item(const struct stage_item *item, struct buffer *out)
{
	char before[HEX + 1] = "-", after[HEX + 1] = "-";

	if (item->had)
		hex_encode((struct bytes){item->before, TREE_HASH_LEN}, before);
	if (item->put)
		hex_encode((struct bytes){item->after, TREE_HASH_LEN}, after);
	buffer_format(out, "%s %s %s\n", before, after, item->name);
}

void stage_list_write(const struct stage_list *l, struct buffer *out)
{
	buffer_text(out, HEAD);
	for (size_t i = 0; i < l->n; i++)
		write_item(&l->item[i], out);
	buffer_text(out, END);
}

/* A digest and a space, or "- ". */
static enum err take_digest(struct bytes *in, bool *ret_has, uint8_t *ret)
{
	struct bytes part;

	*ret_has = !bytes_begin(*in, "- ");
	enum err e = bytes_take(in, *ret_has ? HEX + 1 : 2, &part);
	if (e != OK || !*ret_has)
		return e;
	if (part.p[HEX] != ' ')
		return ERR_FORMAT;
	for (size_t i = 0; i < HEX; i++)
		if (part.p[i] >= 'A' && part.p[i] <= 'F') /* as nobody writes it */
			return ERR_FORMAT;
	return hex_decode((const char *)part.p, HEX, ret, TREE_HASH_LEN);
}

static enum err take_item(struct bytes *in, struct stage_item *ret)
{
	struct bytes part, newline;
	size_t n = 0;

	enum err e = take_digest(in, &ret->had, ret->before);
	if (e == OK)
		e = take_digest(in, &ret->put, ret->after);
	while (n < in->n && in->p[n] != '\n')
		n++;
	if (e == OK)
		e = bytes_take(in, n, &part);
	if (e == OK)
		e = bytes_take(in, 1, &newline);
	if (e != OK)
		return e;
	if (part.n >= sizeof(ret->name) || memchr(part.p, 0, part.n) != NULL)
		return ERR_FORMAT;
	memcpy(ret->name, part.p, part.n);
	ret->name[part.n] = '\0';
	return stage_name_ok(ret->name) && (ret->had || ret->put) ? OK : ERR_FORMAT;
}

enum err stage_list_parse(struct bytes in, struct stage_list *ret)
{
	struct bytes head;

	ret->n = 0;
	if (!bytes_begin(in, HEAD))
		return ERR_FORMAT;
	enum err e = bytes_take(&in, strlen(HEAD), &head);
	while (e == OK && !bytes_equal(in, bytes_of(END))) {
		struct stage_item *item = &ret->item[ret->n];

		if (ret->n == STAGE_ITEMS_MAX)
			return ERR_FORMAT;
		*item = (struct stage_item){0};
		e = take_item(&in, item);
		if (e == OK && stage_find(ret, item->name))
			e = ERR_FORMAT;
		ret->n++;
	}
	return e;
}

enum err stage_open(int dirfd, int *ret_fd)
{
	const int fd = openat(dirfd, STAGE_FOLDER,
	                      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP ? ERR_FORMAT
		                                          : err_from_errno(errno);
	*ret_fd = fd;
	return OK;
}

enum err stage_hash(int dirfd, const char *name, uint8_t ret[static TREE_HASH_LEN])
{
	const size_t max = strcmp(name, KEXEC_SIG) == 0 ? KEXEC_SIG_MAX : KEXEC_FILE_MAX;
	size_t n = 0;

	return kexec_hash_file(dirfd, name, max, ret, &n);
}
