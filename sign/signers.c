/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys that may sign /boot: out of certificates, keyrings and bare packets; remembered.
 */
#include "sign/signers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/hex.h"
#include "openpgp/armor.h"
#include "openpgp/packet.h"
#include "openpgp/signature.h"

#define FOLDER "signers"
#define SUFFIX ".pgp"

enum {
	NAME_MAX_ = (size_t)2 * PGP_FPR_LEN + sizeof(SUFFIX),
	FOLDER_MODE = 0755, /* public keys; whoever verifies may read them */
	FILE_MODE = 0644,
	HEADER_MAX = 8,
};

static const char no_room[] = "More keys than can be known at once.";
static const char no_bare[] =
        "It is a public key without a signature of its own. Export the certificate (gpg "
        "--export).";
static const char none[] = "No key in it makes signatures.";

const struct pubkey *signers_find(const struct signers *s,
                                  const uint8_t fpr[static PGP_FPR_LEN])
{
	for (size_t i = 0; i < s->n; i++)
		if (memcmp(s->key[i].fpr, fpr, PGP_FPR_LEN) == 0)
			return &s->key[i];
	return NULL;
}

static enum err add_key(struct signers *s, const struct pubkey *key, const char **ret_why)
{
	if (signers_find(s, key->fpr))
		return OK;
	if (s->n == SIGNERS_MAX) {
		*ret_why = no_room;
		return ERR_UNSUPPORTED;
	}
	pubkey_copy(&s->key[s->n++], key);
	return OK;
}

/* --- one certificate, or one bare key --- */

struct part {
	struct bytes bytes; /* from one public-key packet up to the next */
	struct bytes key;   /* that packet's body */
	size_t packets;
};

static enum err add_bare(struct signers *s, struct bytes body, const char **ret_why)
{
	struct pubkey key;

	const enum err e = pubkey_parse(body, &key);
	if (e != OK)
		return e;
	if (signature_hash(&key) == HASH_NONE) {
		*ret_why = none;
		return ERR_NOT_FOUND;
	}
	return add_key(s, &key, ret_why);
}

static enum err add_certificate(struct signers *s, struct bytes cert, uint32_t now,
                                const char **ret_why)
{
	struct pubkey *found = calloc(SIGNERS_MAX, sizeof(*found));
	size_t n = 0;

	if (!found)
		return ERR_NOMEM;
	enum err e = cert_signing_keys(cert, now, found, SIGNERS_MAX, &n, ret_why);
	for (size_t i = 0; e == OK && i < n; i++)
		e = add_key(s, &found[i], ret_why);
	free(found);
	return e;
}

static enum err add_part(struct signers *s, const struct part *p, bool bare, uint32_t now,
                         const char **ret_why)
{
	if (p->packets > 1)
		return add_certificate(s, p->bytes, now, ret_why);
	if (bare)
		return add_bare(s, p->key, ret_why);
	*ret_why = no_bare;
	return ERR_NOT_FOUND;
}

/* --- a file of them --- */

/*
 * Cut the next part off `in`, of which own is a copy that packet_next may spoil.
 * ERR_FORMAT: it does not begin with a public key.
 */
static enum err next_part(struct bytes *in, struct packets *own, struct part *ret)
{
	struct part part = {
	        .bytes = {in->p, 0}
        };
	struct packets look = *own;
	struct packet p;

	while (look.n > 0) {
		enum err e = packet_next(&look, &p);
		if (e != OK)
			return e;
		if (part.packets > 0 && p.tag == PACKET_PUBLIC_KEY)
			break;
		if (part.packets == 0 && p.tag != PACKET_PUBLIC_KEY)
			return ERR_FORMAT;
		if (part.packets++ == 0)
			part.key = p.body;
		*own = look;
	}
	enum err e = bytes_take(in, in->n - own->n, &part.bytes);
	if (e == OK)
		*ret = part;
	return e;
}

/* What no key comes out of is passed over while another one has one. */
static enum err add_parts(struct signers *s, struct bytes in, struct packets own,
                          bool bare, uint32_t now, const char **ret_why)
{
	bool any = false;
	enum err e = in.n > 0 ? OK : ERR_FORMAT;

	while (e == OK && in.n > 0) {
		struct part part;

		e = next_part(&in, &own, &part);
		if (e == OK)
			e = add_part(s, &part, bare, now, ret_why);
		any = any || e == OK;
		if (e == ERR_NOT_FOUND)
			e = OK;
	}
	if (e != OK)
		return e;
	return any ? OK : ERR_NOT_FOUND;
}

enum err signers_add(struct signers *s, struct bytes file, bool bare, uint32_t now,
                     const char **ret_why)
{
	const struct bytes in = armor_find(file);
	const char *why = none;
	uint8_t *own = NULL;
	size_t n = 0;

	enum err e = armor_own(in, &own, &n);
	if (e != OK) {
		/* Whoever reads one certificate knows what else it may be. */
		const enum err told = add_certificate(s, file, now, &why);
		if (told != OK && ret_why)
			*ret_why = why;
		return told == OK ? ERR_BUG : e;
	}
	uint8_t *copy = malloc(n == 0 ? 1 : n);
	struct signers *more = malloc(sizeof(*more));
	e = copy && more ? OK : ERR_NOMEM;
	if (e == OK) {
		if (n > 0)
			memcpy(copy, own, n);
		more->n = 0;
		for (size_t i = 0; e == OK && i < s->n; i++)
			e = add_key(more, &s->key[i], &why);
	}
	if (e == OK)
		e = add_parts(more, (struct bytes){own, n}, (struct packets){copy, n},
		              bare, now, &why);
	/* All of it or nothing. */
	for (size_t i = s->n; e == OK && i < more->n; i++)
		e = add_key(s, &more->key[i], &why);
	if (e != OK && ret_why)
		*ret_why = why;
	free(more);
	free(copy);
	free(own);
	return e;
}

/* --- the folder --- */

static bool others_write(const struct stat *st)
{
	return (st->st_uid != 0 && st->st_uid != geteuid()) || (st->st_mode & 022) != 0;
}

static enum err open_folder(const char *config, int *ret_fd)
{
	struct stat st;
	int fd = -1;

	enum err e = dir_open(config, &fd);
	if (e != OK)
		return e;
	const int sub =
	        openat(fd, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const int why = errno;
	(void)close(fd); /* only read */
	if (sub < 0)
		return why == ELOOP ? ERR_TAMPERED : err_from_errno(why);
	if (fstat(sub, &st) != 0)
		e = err_from_errno(errno);
	else if (others_write(&st))
		e = ERR_TAMPERED;
	if (e == OK)
		*ret_fd = sub;
	else
		(void)close(sub); /* only read */
	return e;
}

/* 40 hexadecimal digits and ".pgp". */
static bool is_key_name(const char *name)
{
	return strspn(name, "0123456789ABCDEFabcdef") == (size_t)2 * PGP_FPR_LEN &&
	       strcmp(name + (size_t)2 * PGP_FPR_LEN, SUFFIX) == 0;
}

struct load {
	struct signers *to;
	uint32_t now;
};

static enum err load_file(int fd, const char *name, void *ctx)
{
	const struct load *l = ctx;
	struct stat st;
	uint8_t *data = NULL;
	size_t n = 0;

	if (!is_key_name(name))
		return OK;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return err_from_errno(errno);
	if (!S_ISREG(st.st_mode) || others_write(&st))
		return ERR_TAMPERED;
	enum err e = file_read(fd, name, SIGNERS_FILE_MAX, &data, &n);
	if (e == OK)
		e = signers_add(l->to, (struct bytes){data, n}, true, l->now, NULL);
	free(data);
	return e == ERR_NOT_FOUND ? OK : e; /* one that has expired, say */
}

enum err signers_load(struct signers *s, const char *config, uint32_t now)
{
	struct load l = {s, now};
	int fd = -1;

	enum err e = open_folder(config, &fd);
	if (e != OK)
		return e;
	e = dir_each(fd, load_file, &l);
	(void)close(fd); /* only read */
	return e == OK && s->n == 0 ? ERR_NOT_FOUND : e;
}

/* --- remembering --- */

static enum err write_key(int fd, const struct pubkey *key)
{
	uint8_t packet[PGP_KEY_MAX + HEADER_MAX];
	struct writer w = {.p = packet, .cap = sizeof(packet)};
	char name[NAME_MAX_];
	struct stat st;

	hex_encode_up((struct bytes){key->fpr, PGP_FPR_LEN}, name);
	memcpy(name + (size_t)2 * PGP_FPR_LEN, SUFFIX, sizeof(SUFFIX));
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
		return OK;
	put_packet(&w, PACKET_PUBLIC_KEY, (struct bytes){key->body, key->body_len});
	return writer_ok(&w) ? file_publish(fd, name, writer_bytes(&w), FILE_MODE)
	                     : ERR_BUG;
}

enum err signers_remember(const char *config, const struct pubkey *key)
{
	struct stat st;
	int fd = -1, sub = -1;

	enum err e = dir_make_path(config, FOLDER_MODE, &fd);
	if (e != OK)
		return e;
	const bool there = fstatat(fd, FOLDER, &st, AT_SYMLINK_NOFOLLOW) == 0;
	e = dir_make(fd, FOLDER, FOLDER_MODE, &sub);
	(void)close(fd); /* synced by dir_make */
	if (e != OK)
		return e;
	if (!there && fchmod(sub, FOLDER_MODE) != 0) /* whatever the umask is */
		e = err_from_errno(errno);
	if (e == OK)
		e = write_key(sub, key);
	(void)close(sub); /* synced by file_publish */
	return e;
}
