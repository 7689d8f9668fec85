// SPDX-License-Identifier: GPL-2.0-or-later
/* For an initramfs: says when unlocking begins and when the mapping is there, in
 * milliseconds of the guest's clock, without taking the guest's time. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	(void)printf("\r\n@%s %lld\r\n", what,
	             (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000);
	(void)fflush(stdout);
}

/* Of what is mapped first, in blocks; 0: nothing is, or not yet. */
static long blocks(void)
{
	char text[32] = "";
	const int fd = open("/sys/block/dm-0/size", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = '\0';
	(void)close(fd); /* only read */
	return strtol(text, NULL, 10);
}

int main(void)
{
	const struct timespec nap = {.tv_nsec = 5000000};

	say("start");
	if (fork() != 0)
		return 0;
	while (blocks() == 0)
		(void)nanosleep(&nap, NULL); /* shorter is fine too */
	say("mapped");
	return 0;
}
