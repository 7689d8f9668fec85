/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rollback counter at a shell's hands, for counter.sh. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "crypto/crypto.h"
#include "sign/rollback.h"

static const char usage_text[] =
        "Usage: countertool WAY read|increment FILE\n"
        "WAY: a TCTI, or - for /dev/tpmrm0.  FILE: as kexec_rollback.txt.\n"
        "Prints the value and the line that pins it; for read also whether FILE does.\n";

static enum err run(struct counter_ops ops, const char *what, const char *path)
{
	struct rollback r = {0};
	AUTO_BUFFER line = {0};
	uint8_t *data = NULL;
	uint64_t value = 0;
	size_t n = 0;

	enum err e = file_read_path(path, ROLLBACK_LINE_MAX, &data, &n);
	if (e == OK)
		e = rollback_parse((struct bytes){data, n}, &r);
	free(data);
	if (e != OK) {
		(void)fprintf(stderr, "%s: %s\n", path, err_text(e));
		return e;
	}
	e = (strcmp(what, "increment") == 0 ? ops.increment : ops.read)(ops.ctx, &r,
	                                                                &value);
	if (e == OK)
		e = rollback_line(&r, value, &line);
	if (e != OK) {
		(void)fprintf(stderr, "%s\n", counter_text(e));
		return e;
	}
	printf("%016" PRIx64 "\n%.*s%s\n", value, (int)line.n, (const char *)line.p,
	       rollback_pins(&r, value) ? "pinned" : "not pinned");
	return OK;
}

int main(int argc, char **argv)
{
	struct counter_ops ops = counter_tpm2;

	(void)signal(SIGPIPE, SIG_IGN); /* as harden_process has it */
	if (argc != 4 ||
	    (strcmp(argv[2], "read") != 0 && strcmp(argv[2], "increment") != 0)) {
		(void)fputs(usage_text, stderr);
		return EXIT_USAGE;
	}
	if (crypto_init() != OK)
		return EXIT_FAILED;
	if (strcmp(argv[1], "-") != 0)
		ops.ctx = argv[1];
	return (int)run(ops, argv[2], argv[3]);
}
