/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/boot_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"

struct world of[BOOT_VOLUMES];
struct vcard *alice, *bob;
struct boot_now now;

void boot_make_worlds(void)
{
	alice = world_card(CURVE_25519);
	bob = world_card(CURVE_25519);
	for (size_t i = 0; i < BOOT_VOLUMES; i++) {
		world_make(&of[i], 2);
		/* One /boot and one folder of records for all. */
		memcpy(of[i].boot, of[0].boot, sizeof(of[0].boot));
		memcpy(of[i].config, of[0].config, sizeof(of[0].config));
		CHECK(world_enroll_plain(&of[i], i == 2 ? bob : alice) == OK);
	}
	world_add_slot(&of[2], 20, OTHER, 1000);
	world_add_slot(&of[0], 31, HEADS_SET, 1000);
}

void boot_drop_worlds(void)
{
	for (size_t i = BOOT_VOLUMES; i > 0; i--)
		world_drop(&of[i - 1]);
	vcard_free(alice);
	vcard_free(bob);
}

void boot_keep_disk(const struct world *w)
{
	char kept[80], buf[4096];
	size_t n;

	(void)snprintf(kept, sizeof(kept), "%s.kept", w->disk);
	CHECK(rename(w->disk, kept) == 0);
	FILE *in = fopen(kept, "rb"), *out = fopen(w->disk, "wb");
	if (!in || !out)
		abort();
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		CHECK(fwrite(buf, 1, n, out) == n);
	CHECK(fclose(in) == 0 && fclose(out) == 0);
}

void boot_put_back(const struct world *w)
{
	char kept[80];

	(void)snprintf(kept, sizeof(kept), "%s.kept", w->disk);
	CHECK(rename(kept, w->disk) == 0);
}

void boot_begin(struct vcard *first, struct vcard *second)
{
	struct session_options o = {.wait_ms = -1, .poll_ms = 1};

	memset(&now, 0, sizeof(now));
	memset(&mapper, 0, sizeof(mapper));
	now.readers = double_vcard_readers();
	double_vcard_put(now.readers, 0, FIRST, first);
	double_vcard_put(now.readers, 1, SECOND, second);
	o.readers = now.readers;
	o.ask = double_ask_init(&now.person);
	CHECK(session_new(&o, &now.s) == OK);
	now.wish = (struct boot_wish){
	        .boot_dir = of[0].boot, .config_dir = of[0].config, .source_wait_ms = 1};
}

void boot_line(const char *text, ...)
{
	const size_t n = strlen(now.lines);
	va_list ap;

	va_start(ap, text);
	(void)vsnprintf(now.lines + n, sizeof(now.lines) - n, text, ap);
	va_end(ap);
	(void)strncat(now.lines, "\n", sizeof(now.lines) - strlen(now.lines) - 1);
}

void boot_all_three(void)
{
	boot_line("one %s none " OURS, of[0].disk);
	boot_line("two %s none " OURS, of[1].disk);
	boot_line("three %s none " OURS, of[2].disk);
}

enum err boot_go(void)
{
	struct crypttab t = {0};

	CHECK(crypttab_parse(
	              (struct bytes){(const uint8_t *)now.lines, strlen(now.lines)},
	              &t) == OK);
	now.wish.table = &t;
	now.wanted = boot_count(&now.wish);
	const enum err e = boot_run(now.s, &now.wish);
	crypttab_clear(&t);
	return e;
}

void boot_end(void)
{
	now.s = session_free(now.s);
	CHECK(now.person.closed);
}

bool boot_is_mapped(size_t i, const char *name)
{
	return i < mapper.n && strcmp(mapper.mapped[i].name, name) == 0;
}

void boot_pin(void)
{
	double_ask_answer(&now.person, ASK_USER_PIN, "123456");
}
