/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small /boot in a folder of its own, signed with a software key. */
#include "tests/unit/signed_boot.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "openpgp/armor.h"
#include "openpgp/sign.h"
#include "sign/entry.h"
#include "tests/unit/check.h"

static const char menu[] = "menuentry 'Debian' {\n"
                           "\tlinux\t/vmlinuz-6.1 root=/dev/mapper/r ro quiet\n"
                           "\tinitrd\t/initrd.img-6.1\n"
                           "}\n";

void boot_put_bytes(struct signed_boot *b, const char *name, struct bytes content)
{
	const int fd = openat(
	        b->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	CHECK_ROW(fd >= 0 && fchmod(fd, 0644) == 0 &&
	                  write(fd, content.p, content.n) == (ssize_t)content.n,
	          name);
	(void)close(fd);
}

void boot_put(struct signed_boot *b, const char *name, const char *content)
{
	boot_put_bytes(b, name, bytes_of(content));
}

void boot_link(struct signed_boot *b, const char *name, const char *target)
{
	(void)unlinkat(b->fd, name, 0);
	CHECK_ROW(symlinkat(target, b->fd, name) == 0, name);
}

void boot_folder(struct signed_boot *b, const char *name)
{
	CHECK_ROW(mkdirat(b->fd, name, 0755) == 0 && fchmodat(b->fd, name, 0755, 0) == 0,
	          name);
}

void boot_rm(struct signed_boot *b, const char *name)
{
	CHECK_ROW(unlinkat(b->fd, name, 0) == 0 ||
	                  unlinkat(b->fd, name, AT_REMOVEDIR) == 0,
	          name);
}

void boot_make(struct signed_boot *b)
{
	(void)snprintf(b->dir, sizeof(b->dir), "/tmp/bootlatch-boot-XXXXXX");
	CHECK(mkdtemp(b->dir) != NULL);
	b->fd = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(b->fd >= 0);
	boot_folder(b, "grub");
	boot_folder(b, "kexecdir");
	boot_put(b, "grub/grub.cfg", menu);
	boot_put(b, "vmlinuz-6.1", "kernel");
	boot_put(b, "initrd.img-6.1", "initrd");
	boot_put(b, "kexecdir/x", "nobody looks here");
	boot_put(b, "kexec_hotp_counter", "1");
	boot_link(b, "vmlinuz", "vmlinuz-6.1");
	boot_link(b, "nowhere", "is not there");
}

static int drop_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	return type == FTW_DP ? rmdir(path) : unlink(path);
}

void boot_drop(struct signed_boot *b)
{
	(void)close(b->fd);
	CHECK(nftw(b->dir, drop_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

struct kexec_set *boot_set(int dirfd)
{
	struct kexec_set *s = NULL;

	if (kexec_read(dirfd, &s, NULL) != OK)
		abort();
	for (size_t i = 0; i < s->n; i++) {
		const struct kexec_file *f = &s->file[i];
		AUTO_BUFFER own = {0};
		struct bytes content;

		if (!f->data)
			CHECK_ROW(kexec_content(s, f, &own, &content) == OK &&
			                  kexec_put(s, f->name, content) == OK,
			          f->name);
	}
	return s;
}

static void put_list(struct signed_boot *b, const struct tree *t, enum manifest_kind kind)
{
	AUTO_BUFFER out = {0};

	CHECK_ROW(manifest_write(kind, t, &out) == OK, manifest_name(kind));
	boot_put_bytes(b, manifest_name(kind), buffer_bytes(&out));
}

static void put_default(struct signed_boot *b, const struct tree *t)
{
	struct default_choice choice;
	struct boot_entries *entries = NULL;
	struct kexec_set *s = NULL;

	if (entries_read(b->fd, t, &entries) != OK || kexec_new(&s) != OK)
		abort();
	CHECK(default_choose(entries, s, DEFAULT_FIRST, 0, &choice) == OK &&
	      choice.number == 1);
	CHECK(default_put(entries, &choice, t, s) == OK && s->n == 2);
	for (size_t i = 0; i < s->n; i++)
		boot_put_bytes(b, s->file[i].name,
		               (struct bytes){s->file[i].data, s->file[i].n});
	s = kexec_free(s);
	entries = entries_free(entries);
}

void boot_signature(struct signed_boot *b, const struct boot_signing *how,
                    struct writer *w)
{
	const struct sig_claims claims = {.created = how->created != 0 ? how->created
	                                                               : BOOT_SIGNED};
	uint8_t raw[SOFT_SIGNATURE_MAX];
	struct kexec_set *s = NULL;
	AUTO_BUFFER manifest = {0};
	struct sig_draft d;
	size_t n = 0;

	CHECK(kexec_read(b->fd, &s, NULL) == OK);
	CHECK(kexec_manifest(s, how->style, &manifest) == OK);
	const struct sig_subject about = {.document = buffer_bytes(&manifest)};
	CHECK(sig_draft(&how->by->pub, SIG_BINARY, &claims, &about, &d) == OK);
	CHECK(softkey_sign(how->by, d.hash, (struct bytes){d.digest, hash_len(d.hash)},
	                   raw, &n));
	CHECK(sig_finish(&d, &how->by->pub, (struct bytes){raw, n}, w) == OK);
	s = kexec_free(s);
}

void boot_sign(struct signed_boot *b, const struct boot_signing *how)
{
	const struct tree_options o = {.threads = 1};
	uint8_t packet[SIG_PACKET_MAX];
	struct writer w = {.p = packet, .cap = sizeof(packet)};
	struct tree *t = NULL;
	char *text = NULL;
	size_t n = 0;

	CHECK(tree_walk(b->fd, &o, &t) == OK);
	if (!how->no_lists) {
		put_list(b, t, MANIFEST_HASHES);
		put_list(b, t, MANIFEST_TREE);
	}
	if (!how->no_lists && !how->no_default)
		put_default(b, t);
	if (!how->no_lists && !how->no_full)
		put_list(b, t, MANIFEST_FULL);
	t = tree_free(t);
	boot_signature(b, how, &w);
	if (!how->armored) {
		boot_put_bytes(b, KEXEC_SIG, writer_bytes(&w));
		return;
	}
	CHECK(armor_write(ARMOR_SIGNATURE, writer_bytes(&w), &text, &n) == OK);
	boot_put_bytes(b, KEXEC_SIG, (struct bytes){(const uint8_t *)text, n});
	free(text);
}

struct verify_report *boot_look(struct signed_boot *b, const struct softkey *const *keys,
                                size_t n_keys)
{
	const struct tree_options o = {.threads = 2};
	struct verify_report *r = NULL;
	struct pubkey *k = calloc(n_keys + 1, sizeof(*k));

	CHECK(k != NULL);
	for (size_t i = 0; k && i < n_keys; i++)
		pubkey_copy(&k[i], &keys[i]->pub);
	CHECK(boot_verify(b->fd, k, n_keys, BOOT_NOW, &o, &r) == OK);
	free(k);
	if (!r)
		abort();
	return r;
}

bool boot_found(const struct verify_report *r, enum finding what, const char *path)
{
	for (size_t i = 0; i < r->n; i++) {
		const char *p = r->finding[i].path;

		if (r->finding[i].what == what &&
		    (path ? p && strcmp(p, path) == 0 : p == NULL))
			return true;
	}
	return false;
}
