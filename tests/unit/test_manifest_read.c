/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The full manifest: nothing but what would be written is read, row by row and up to the
 * bounds. */
#include <stdio.h>

#include "crypto/crypto.h"
#include "sign/manifest.h"
#include "tests/unit/check.h"

#define HEAD    "bootlatch boot manifest 1\npermissions yes\n"
#define FOREIGN "bootlatch boot manifest 1\npermissions no\n"
#define ROOT    "d 0755 0 0 - - ./\n"
#define SHA     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static bool written_again(struct bytes in)
{
	struct tree *t = NULL;
	AUTO_BUFFER b = {0};

	if (manifest_full_check(in) != OK || manifest_full_parse(in, &t) != OK)
		return false;
	const bool same = manifest_write(MANIFEST_FULL, t, &b) == OK &&
	                  bytes_equal(buffer_bytes(&b), in);
	t = tree_free(t);
	return same;
}

static bool refused(struct bytes in)
{
	struct tree *t = NULL;

	return manifest_full_check(in) == ERR_FORMAT &&
	       manifest_full_parse(in, &t) == ERR_FORMAT && !t;
}

static void what_is_good_is_read_and_written_the_same(void)
{
	static const char *const rows[] = {
	        HEAD ROOT,
	        FOREIGN "d - - - - - ./\n",
	        FOREIGN "d - - - - - ./\nf - - - 0 " SHA " ./a\nl - - - - - ./b c\n"
	                "m - - - - - ./c\n",
	        HEAD ROOT "f 7777 4294967295 0 18446744073709551615 " SHA " ./a\n",
	        HEAD ROOT "p 0000 0 0 - - ./a\ns 0001 0 0 - - ./b\n"
	                  "b 0600 0 0 - - ./c 4294967295:0\n",
	        HEAD ROOT "l - 1 2 - - ./a \\20\\5c\\01\\7f\\ff~!\n",
	        HEAD ROOT "d 0755 0 0 - - ./a\nf 0644 0 0 0 " SHA " ./a.b\n"
	                  "f 0644 0 0 0 " SHA " ./a/b\nf 0644 0 0 0 " SHA " ./a0\n",
	        HEAD ROOT "d 0755 0 0 - - ./...\np 0755 0 0 - - ./.../..a\n",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(written_again(bytes_of(rows[i])), rows[i]);
}

#define FILE_LINE "f 0644 0 0 3 " SHA " ./a\n"

static void what_would_not_be_written_is_refused(void)
{
	static const char *const rows[] = {
	        "",
	        "bootlatch boot manifest 1\n",
	        HEAD,
	        FOREIGN,
	        "bootlatch boot manifest 2\npermissions yes\n" ROOT,
	        "bootlatch boot manifest 1 \npermissions yes\n" ROOT,
	        "bootlatch boot manifest 1\r\npermissions yes\n" ROOT,
	        "\xef\xbb\xbf" HEAD ROOT,
	        "bootlatch boot manifest 1\npermissions maybe\n" ROOT,
	        "bootlatch boot manifest 1\n" ROOT,
	        HEAD "\n" ROOT,
	        HEAD ROOT "\n",
	        HEAD "d 0755 0 0 - - ./",
	        HEAD ROOT FILE_LINE "f 0644 0 0 3 " SHA " ./b",
	        HEAD ROOT HEAD,
	        /* the root */
	        HEAD FILE_LINE,
	        HEAD "m - - - - - ./\n",
	        HEAD "f 0644 0 0 3 " SHA " ./\n",
	        HEAD "p 0644 0 0 - - ./\n",
	        HEAD ROOT ROOT,
	        HEAD "d 0755 0 0 - - .\n",
	        /* types */
	        HEAD ROOT "x 0644 0 0 - - ./a\n",
	        HEAD ROOT "F 0644 0 0 3 " SHA " ./a\n",
	        HEAD ROOT "ff 0644 0 0 3 " SHA " ./a\n",
	        HEAD ROOT " 0644 0 0 3 " SHA " ./a\n",
	        HEAD ROOT "- 0644 0 0 3 " SHA " ./a\n",
	        /* modes */
	        HEAD ROOT "f 644 0 0 3 " SHA " ./a\n",
	        HEAD ROOT "f 00644 0 0 3 " SHA " ./a\n",
	        HEAD ROOT "f 0648 0 0 3 " SHA " ./a\n",
	        HEAD ROOT "f -644 0 0 3 " SHA " ./a\n",
	        HEAD ROOT "f - 0 0 3 " SHA " ./a\n",
	        HEAD ROOT "l 0777 0 0 - - ./a b\n",
	        HEAD ROOT "m 0755 0 0 - - ./a\n",
	        FOREIGN ROOT,
	        FOREIGN "d - - - - - ./\nl - 0 0 - - ./a b\n",
	        /* owners */
	        HEAD ROOT "f 0644 00 0 3 " SHA " ./a\n",
	        HEAD ROOT "f 0644 0 01 3 " SHA " ./a\n",
	        HEAD ROOT "f 0644 4294967296 0 3 " SHA " ./a\n",
	        HEAD ROOT "f 0644 0 4294967296 3 " SHA " ./a\n",
	        HEAD ROOT "f 0644 -1 0 3 " SHA " ./a\n",
	        HEAD ROOT "f 0644 root 0 3 " SHA " ./a\n",
	        HEAD ROOT "f 0644  0 3 " SHA " ./a\n",
	        HEAD ROOT "f 0644 - - 3 " SHA " ./a\n",
	        /* sizes and digests */
	        HEAD ROOT "f 0644 0 0 - " SHA " ./a\n",
	        HEAD ROOT "f 0644 0 0 03 " SHA " ./a\n",
	        HEAD ROOT "f 0644 0 0 +3 " SHA " ./a\n",
	        HEAD ROOT "f 0644 0 0 18446744073709551616 " SHA " ./a\n",
	        HEAD ROOT "f 0644 0 0 99999999999999999999 " SHA " ./a\n",
	        HEAD ROOT "f 0644 0 0 3 - ./a\n",
	        HEAD ROOT "f 0644 0 0 3 " SHA "00 ./a\n",
	        HEAD ROOT
	        "f 0644 0 0 3 "
	        "BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	        " ./a\n",
	        HEAD ROOT
	        "f 0644 0 0 3 "
	        "a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	        " ./a\n",
	        HEAD ROOT "d 0755 0 0 0 - ./a\n",
	        HEAD ROOT "d 0755 0 0 - " SHA " ./a\n",
	        /* paths */
	        HEAD ROOT "p 0644 0 0 - - a\n",
	        HEAD ROOT "p 0644 0 0 - - /a\n",
	        HEAD ROOT "p 0644 0 0 - - ../a\n",
	        HEAD ROOT "p 0644 0 0 - - .//a\n",
	        HEAD ROOT "p 0644 0 0 - - ./a/\n",
	        HEAD ROOT "p 0644 0 0 - - ./.\n",
	        HEAD ROOT "p 0644 0 0 - - ./..\n",
	        HEAD ROOT "d 0755 0 0 - - ./a\np 0644 0 0 - - ./a/../b\n",
	        HEAD ROOT "d 0755 0 0 - - ./a\np 0644 0 0 - - ./a//b\n",
	        HEAD ROOT "p 0644 0 0 - - \n",
	        HEAD ROOT "p 0644 0 0 - -\n",
	        HEAD ROOT "p 0644 0 0 - - ./a b\n",
	        HEAD ROOT "p 0644 0 0 - - ./a \n",
	        HEAD ROOT "p 0644 0 0 - -  ./a\n",
	        HEAD ROOT "p 0644 0 0 - - ./a\tb\n",
	        HEAD ROOT "p 0644 0 0 - - ./a\r\n",
	        HEAD ROOT "p 0644 0 0 - - ./\xc3\xa9\n",
	        HEAD ROOT "p 0644 0 0 - - ./\x7f\n",
	        /* escapes: needless, in capitals, cut off, of NUL */
	        HEAD ROOT "p 0644 0 0 - - ./\\61\n",
	        HEAD ROOT "p 0644 0 0 - - ./\\2f\n",
	        HEAD ROOT "p 0644 0 0 - - ./\\FF\n",
	        HEAD ROOT "p 0644 0 0 - - ./\\5C\n",
	        HEAD ROOT "p 0644 0 0 - - ./\\\\\n",
	        HEAD ROOT "p 0644 0 0 - - ./\\f\n",
	        HEAD ROOT "p 0644 0 0 - - ./\\\n",
	        HEAD ROOT "p 0644 0 0 - - ./a\\00\n",
	        /* order, and folders that are none */
	        HEAD ROOT "p 0644 0 0 - - ./b\np 0644 0 0 - - ./a\n",
	        HEAD ROOT "p 0644 0 0 - - ./a\np 0644 0 0 - - ./a\n",
	        HEAD ROOT "p 0644 0 0 - - ./\\ff\np 0644 0 0 - - ./z\n",
	        HEAD ROOT "p 0644 0 0 - - ./a/b\n",
	        HEAD ROOT "p 0644 0 0 - - ./a\np 0644 0 0 - - ./a/b\n",
	        HEAD ROOT "m - - - - - ./a\np 0644 0 0 - - ./a/b\n",
	        HEAD ROOT "l - 0 0 - - ./a b\np 0644 0 0 - - ./a/b\n",
	        /* what is not listed */
	        HEAD ROOT "p 0644 0 0 - - ./kexec.sig\n",
	        HEAD ROOT "p 0644 0 0 - - ./kexec_a.txt\n",
	        HEAD ROOT "d 0644 0 0 - - ./kexec_bootlatch.stage\n",
	        /* targets */
	        HEAD ROOT "l - 0 0 - - ./a\n",
	        HEAD ROOT "l - 0 0 - - ./a \n",
	        HEAD ROOT "l - 0 0 - - ./a b c\n",
	        HEAD ROOT "l - 0 0 - - ./a \\00\n",
	        HEAD ROOT "d 0755 0 0 - - ./a b\n",
	        HEAD ROOT "f 0644 0 0 3 " SHA " ./a b\n",
	        HEAD ROOT "c 0644 0 0 - - ./a\n",
	        HEAD ROOT "c 0644 0 0 - - ./a 1\n",
	        HEAD ROOT "c 0644 0 0 - - ./a 1:\n",
	        HEAD ROOT "c 0644 0 0 - - ./a :1\n",
	        HEAD ROOT "c 0644 0 0 - - ./a 1:2:3\n",
	        HEAD ROOT "c 0644 0 0 - - ./a 01:2\n",
	        HEAD ROOT "b 0644 0 0 - - ./a 1:4294967296\n",
	};

	CHECK(written_again(bytes_of(HEAD ROOT FILE_LINE)));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(refused(bytes_of(rows[i])), rows[i]);
	CHECK(refused((struct bytes){(const uint8_t *)HEAD ROOT "\0",
	                             sizeof(HEAD ROOT "\0") - 1}));
}

/* A path of so many bytes, in folders so deep that each can be listed. */
static void long_paths_are_read_up_to_the_bound(void)
{
	char path[TREE_PATH_MAX + 8] = "./";
	AUTO_BUFFER b = {0};

	buffer_text(&b, HEAD ROOT);
	for (size_t n = 2; n + 256 < TREE_PATH_MAX; n += 256) {
		memset(path + n, 'd', 255);
		path[n + 255] = '\0';
		buffer_format(&b, "d 0755 0 0 - - %s\n", path);
		path[n + 255] = '/';
	}
	const size_t n = strlen(path), good = b.n;
	memset(path + n, 'f', TREE_PATH_MAX - 1 - n);
	path[TREE_PATH_MAX - 1] = '\0';
	buffer_format(&b, "p 0644 0 0 - - %s\n", path);
	CHECK(written_again(buffer_bytes(&b)));
	b.n = good;
	buffer_format(&b, "p 0644 0 0 - - %sf\n", path);
	CHECK(refused(buffer_bytes(&b)));
}

static void depth_is_bounded_as_in_a_walk(void)
{
	char path[4 * TREE_DEPTH_MAX] = ".";
	AUTO_BUFFER b = {0};

	buffer_text(&b, HEAD ROOT);
	for (size_t i = 0; i < TREE_DEPTH_MAX; i++) {
		(void)snprintf(path + strlen(path), 3, "/d");
		buffer_format(&b, "d 0755 0 0 - - %s\n", path);
	}
	CHECK(written_again(buffer_bytes(&b)));
	buffer_format(&b, "d 0755 0 0 - - %s/d\n", path);
	CHECK(refused(buffer_bytes(&b)));
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"what_is_good_is_read_and_written_the_same",
	         what_is_good_is_read_and_written_the_same                                 },
	        {"what_would_not_be_written_is_refused",
	         what_would_not_be_written_is_refused                                      },
	        {"long_paths_are_read_up_to_the_bound",
	         long_paths_are_read_up_to_the_bound                                       },
	        {"depth_is_bounded_as_in_a_walk",             depth_is_bounded_as_in_a_walk},
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
