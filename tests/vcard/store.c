// SPDX-License-Identifier: GPL-2.0-or-later
/* The objects of the virtual card, in memory and atomically on disk. */
#include "tests/vcard/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <gcrypt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = "vcard-1\n";

const struct buf *obj_get(const struct vcard *v, unsigned tag)
{
	static const struct buf nothing = {0};
	for (size_t i = 0; i < v->n_objs; i++) {
		if (v->objs[i].tag == tag)
			return &v->objs[i].b;
	}
	return &nothing;
}

void obj_set(struct vcard *v, unsigned tag, const void *p, size_t n)
{
	size_t i = 0;
	while (i < v->n_objs && v->objs[i].tag != tag)
		i++;
	if (i == MAX_OBJS)
		abort(); /* the tags are a closed list */
	if (i == v->n_objs)
		v->objs[v->n_objs++] = (struct obj){.tag = tag};
	struct buf fresh = {0};
	buf_put(&fresh, p, n);
	buf_free(&v->objs[i].b);
	v->objs[i].b = fresh;
}

unsigned obj_byte(const struct vcard *v, unsigned tag)
{
	const struct buf *b = obj_get(v, tag);
	return b->n > 0 ? b->p[0] : 0;
}

void obj_set_byte(struct vcard *v, unsigned tag, unsigned byte)
{
	uint8_t x = (uint8_t)byte;
	obj_set(v, tag, &x, 1);
}

void obj_wipe(struct vcard *v)
{
	for (size_t i = 0; i < v->n_objs; i++)
		buf_free(&v->objs[i].b);
	v->n_objs = 0;
}

static bool parse(struct vcard *v, const uint8_t *p, size_t n)
{
	if (n < sizeof(magic) || memcmp(p, magic, sizeof(magic)) != 0)
		return false;
	p += sizeof(magic);
	n -= sizeof(magic);
	while (n > 0) {
		if (n < 4)
			return false;
		unsigned tag = (unsigned)p[0] << 8 | p[1];
		size_t len = (size_t)p[2] << 8 | p[3];
		if (n - 4 < len || v->n_objs == MAX_OBJS)
			return false;
		obj_set(v, tag, p + 4, len);
		p += 4 + len;
		n -= 4 + len;
	}
	return true;
}

bool store_load(struct vcard *v, bool *ret_fresh)
{
	*ret_fresh = true;
	if (v->path == NULL)
		return true;
	int fd = open(v->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT;
	struct buf all = {0};
	uint8_t part[4096];
	ssize_t got = 0;
	while ((got = read(fd, part, sizeof(part))) > 0)
		buf_put(&all, part, (size_t)got);
	(void)close(fd); /* read-only */
	*ret_fresh = all.n == 0;
	bool ok = got == 0 && (all.n == 0 || parse(v, all.p, all.n));
	buf_free(&all);
	explicit_bzero(part, sizeof(part));
	return ok;
}

static bool write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

bool store_save(struct vcard *v)
{
	if (v->path == NULL)
		return true;
	struct buf all = {0};
	buf_put(&all, magic, sizeof(magic));
	for (size_t i = 0; i < v->n_objs; i++) {
		const struct obj *o = &v->objs[i];
		const uint8_t head[4] = {(uint8_t)(o->tag >> 8), (uint8_t)o->tag,
		                         (uint8_t)(o->b.n >> 8), (uint8_t)o->b.n};
		buf_put(&all, head, sizeof(head));
		buf_put(&all, o->b.p, o->b.n);
	}
	char *tmp = NULL;
	bool ok = asprintf(&tmp, "%s.new", v->path) >= 0;
	int fd = ok ? open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	ok = fd >= 0 && write_all(fd, all.p, all.n) && fdatasync(fd) == 0;
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	ok = ok && rename(tmp, v->path) == 0;
	if (!ok)
		(void)fprintf(stderr, "bootlatch-vcard: cannot save %s\n", v->path);
	free(tmp);
	buf_free(&all);
	return ok;
}

void store_factory(struct vcard *v)
{
	uint8_t serial[4] = {0};
	const struct buf *s = obj_get(v, OBJ_SERIAL);
	if (s->n == sizeof(serial))
		memcpy(serial, s->p, sizeof(serial));
	else
		gcry_create_nonce(serial, sizeof(serial));
	obj_wipe(v);
	obj_set(v, OBJ_PROFILE, v->prof->name, strlen(v->prof->name));
	obj_set(v, OBJ_SERIAL, serial, sizeof(serial));
	obj_set_byte(v, OBJ_LCS, 5);
	for (unsigned i = 0; i < N_PINS; i++)
		obj_set_byte(v, OBJ_LIMIT + i, 3);
	pin_set(v, PIN_USER, "123456", 6);
	pin_set(v, PIN_ADMIN, "12345678", 8);
	if (v->prof->kdf_single)
		kdf_factory(v);
	obj_set_byte(v, 0xC4, v->prof->c4_first);
	obj_set(v, 0x93, "\0\0\0", 3);
	obj_set(v, 0x5F35, "9", 1);
	obj_set(v, 0x5F2D, "en", 2);
	static const uint8_t no_touch[2] = {0, 0x20};
	for (unsigned i = 0;
	     v->prof->uif && i < (v->prof->four_keys ? N_KEYS + 1 : N_KEYS); i++)
		obj_set(v, 0xD6 + i, no_touch, sizeof(no_touch));
	algo_defaults(v);
}
