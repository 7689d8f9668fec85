/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our reading of grub.cfg against a second one, in awk, of HEADS.md's words. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "sign/entry.h"
#include "tests/unit/check.h"
#include "tests/unit/grub_cfgs.h"
#include "tests/unit/tree_folder.h"

/* clang-format off */
static const char model[] =
	"function squeeze(s) { gsub(/[ \\t]+/, \" \", s); sub(/^ /, \"\", s); sub(/ $/, \"\", s); return s }\n"
	"function after(s, n) { while (n-- > 0) if (!sub(/^[^ ]* /, \"\", s)) return \"\"; return s }\n"
	"{ gsub(/\\\\/, \"\"); l = squeeze($0) }\n"
	"!inside && l ~ /^menuentry/ {\n"
	"  inside = 1; type = \"elf\"; kernel = initrd = modules = append = \"\"\n"
	"  gsub(/'/, \"\\\"\", l); split(l, q, \"\\\"\"); name = q[2]; gsub(/[|]/, \"\", name); next }\n"
	"!inside { next }\n"
	"l ~ /^linux/ { p = l; gsub(/\\([^)]*\\)/, \"\", p); split(p, w, \" \"); kernel = w[2]; append = after(l, 2)\n"
	"  gsub(/ *--- */, \" \", append) }\n"
	"l ~ /^initrd/ { initrd = after(l, 1); gsub(/\\([^)]*\\)/, \"\", initrd) }\n"
	"l ~ /^multiboot/ { type = \"xen\"; kernel = after(l, 1) }\n"
	"l ~ /^module/ { m = after(l, 1); sub(/^--nounzip /, \"\", m); modules = modules \"|module \" m }\n"
	"l != \"}\" { next }\n"
	"{ inside = 0; if (kernel == \"\") next; split(kernel, w, \" \")\n"
	"  if (system(\"test -r .\" w[1]) != 0) next\n"
	"  e = name \"|\" type \"|kernel \" kernel\n"
	"  if (type == \"xen\") e = e modules\n"
	"  else { n = split(initrd, i, /[ ,]+/); for (k = 1; k <= n; k++) if (i[k] != \"\") e = e \"|initrd \" i[k]\n"
	"         if (append != \"\") e = e \"|append \" append }\n"
	"  gsub(/[$]([{][a-z_]+[}]|[a-z_]+)/, \"\", e); gsub(/\"/, \"\", e); print squeeze(e) }\n";
/* clang-format on */

static void a_boot(struct tree_folder *f)
{
	static const char *const files[] = {
	        "vmlinuz-6.1",    "initrd.img-6.1",    "vmlinuz-6.6", "ucode.img",
	        "initrd.img-6.6", "xen-4.17-amd64.gz", "model.awk",   "memtest86+x64.bin",
	        "other/vmlinuz",  "other/initrd"};

	tf_make(f);
	tf_dir(f, "other");
	tf_dir(f, "grub");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		tf_file(f, files[i], files[i]);
	tf_file(f, "model.awk", model);
}

static void row(const struct tree_folder *f, const struct grub_cfg *g)
{
	struct boot_entries *e = NULL;
	AUTO_BUFFER ours = {0};
	size_t n = 0;

	tf_file(f, "grub/grub.cfg", g->text);
	struct tree *t = tf_walk(f, 1);
	CHECK_ROW(entries_read(f->fd, t, &e) == OK, g->what);
	CHECK_ROW(e->n == g->entries, g->what);
	for (size_t i = 0; i < e->n; i++) {
		CHECK_ROW(e->entry[i].unusable == NULL, e->entry[i].line);
		buffer_text(&ours, e->entry[i].line);
		buffer_text(&ours, "\n");
	}
	/* read of the shell leaves a last line without a newline out; awk does not. */
	char *theirs = tf_run(f,
	                      "head -n \"$(wc -l <grub/grub.cfg)\" grub/grub.cfg | "
	                      "LC_ALL=C awk -f model.awk",
	                      &n);
	const bool same = bytes_equal(buffer_bytes(&ours),
	                              (struct bytes){(const uint8_t *)theirs, n});
	CHECK_ROW(same, g->what);
	if (!same)
		(void)fprintf(stderr, "ours:\n%.*stheirs:\n%s", (int)ours.n,
		              ours.p ? (const char *)ours.p : "", theirs);
	free(theirs);
	e = entries_free(e);
	(void)tree_free(t);
}

static void both_read_the_same(void)
{
	struct tree_folder f;

	a_boot(&f);
	for (size_t i = 0; i < grub_cfgs_n; i++)
		row(&f, &grub_cfgs[i]);
	tf_drop(&f);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"both read the same", both_read_the_same},
	};

	CHECK(crypto_init() == OK);
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
