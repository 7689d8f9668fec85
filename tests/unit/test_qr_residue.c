/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A QR code is made without leaving a piece of its text in this process. */
#include <qrencode.h>
#include <stdio.h>
#include <string.h>

#include "cli/qr.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/needles.h"
#include "unlock/recovery.h"

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static bool help_key(void)
{
	AUTO_SECRET *key = NULL;

	if (recovery_make(&key) != OK)
		return false;
	needle_post(BODY, secret_view(key));
	return true;
}

static bool work_aside(void)
{
	AUTO_SECRET *key = needle_fetch(BODY), *code = NULL;

	return key && qr_make(key, &code) == OK;
}

/* As a program would that called the library itself. */
static bool work_here(void)
{
	AUTO_SECRET *key = needle_fetch(BODY);

	if (!key)
		return false;
	QRcode *code =
	        QRcode_encodeData((int)secret_len(key), secret_buf(key), 0, QR_ECLEVEL_M);
	if (!code)
		return false;
	memset(code->data, 0, (size_t)code->width * (size_t)code->width);
	QRcode_free(code);
	return true;
}

static void nothing_stays_of_the_text(void)
{
	CHECK(needles_after("aside", help_key, work_aside, NULL, true) == 0);
}

static void the_library_leaves_it_where_it_is_called(void)
{
	CHECK(needles_after("here", help_key, work_here, NULL, false) > 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"nothing_stays_of_the_text",                nothing_stays_of_the_text},
	        {"the_library_leaves_it_where_it_is_called",
	         the_library_leaves_it_where_it_is_called                             },
	};

	if (SANITIZED || RUNNING_ON_VALGRIND) {
		printf("skip qr_residue: a sanitizer keeps copies of its own\n"
		       "0 passed, 0 failed, 1 skipped\n");
		return 0;
	}
	if (!needles_begin() || crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
