// SPDX-License-Identifier: GPL-2.0-or-later
/* The button of the virtual card: user interaction flags D6-D8 and who presses. */
#include "tests/vcard/priv.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 20, CACHE_MS = 15000, USUAL_MS = 15000 };

bool vcard_press(struct vcard *v, const char *how, int wait_ms)
{
	char *file = NULL;
	enum press press = strcmp(how, "auto") == 0    ? PRESS_AUTO
	                   : strcmp(how, "never") == 0 ? PRESS_NEVER
	                                               : PRESS_FILE;
	if (press == PRESS_FILE) {
		file = *how != '\0' ? strdup(how) : NULL;
		if (file == NULL)
			return false;
	}
	free(v->press_file);
	v->press = press;
	v->press_file = file;
	if (wait_ms >= 0)
		v->press_ms = (unsigned)wait_ms;
	else
		v->press_ms = v->prof->touch_ms != 0 ? v->prof->touch_ms : USUAL_MS;
	return true;
}

static uint64_t now_ms(void)
{
	struct timespec t = {0};
	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* FILE.wanted exists while the button is waited for. */
static void show(const struct vcard *v, bool wanted)
{
	char *name = NULL;
	if (v->press_file == NULL || asprintf(&name, "%s.wanted", v->press_file) < 0)
		return;
	int fd = wanted ? open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (fd >= 0)
		(void)close(fd); /* empty */
	if (!wanted)
		(void)unlink(name); /* may be gone already */
	free(name);
}

/* A press from before does not count. */
static bool pressed_in_time(struct vcard *v)
{
	const uint64_t end = now_ms() + v->press_ms;
	bool pressed = v->press == PRESS_AUTO;
	if (v->press_file != NULL)
		(void)unlink(v->press_file); /* usually not there */
	show(v, true);
	while (!pressed && now_ms() < end) {
		struct pollfd p = {.fd = v->wake, .events = POLLIN};
		if (poll(&p, 1, LOOK_MS) > 0)
			break;
		pressed = v->press_file != NULL && unlink(v->press_file) == 0;
	}
	show(v, false);
	return pressed;
}

uint16_t touch_ask(struct vcard *v, unsigned slot)
{
	const unsigned mode = obj_byte(v, 0xD6 + slot);
	const bool cached = mode == 3 || mode == 4;
	if (!v->prof->uif || mode == 0)
		return 0x9000;
	if (cached && v->touched[slot] != 0 && now_ms() - v->touched[slot] < CACHE_MS)
		return 0x9000;
	v->n_touches++;
	if (!pressed_in_time(v))
		return 0x6600;
	v->touched[slot] = now_ms();
	return 0x9000;
}

unsigned vcard_touch_count(const struct vcard *v)
{
	return v->n_touches;
}
