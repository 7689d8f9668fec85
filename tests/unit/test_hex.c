/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hex and base64: every byte there and back, and everything odd refused. */
#include "core/hex.h"
#include "tests/unit/check.h"

static struct bytes text_of(const char *t)
{
	return (struct bytes){(const uint8_t *)t, strlen(t)};
}

static void every_byte_survives_hex(void)
{
	uint8_t in[256], out[256];
	char text[513];

	for (size_t i = 0; i < 256; i++)
		in[i] = (uint8_t)i;
	hex_encode((struct bytes){in, 256}, text);
	CHECK(strncmp(text + 2 * 0xab, "abacad", 6) == 0);
	CHECK(hex_decode(text, 512, out, 256) == OK && memcmp(in, out, 256) == 0);
	hex_encode_up((struct bytes){in, 256}, text);
	CHECK(strncmp(text + 2 * 0xab, "ABACAD", 6) == 0);
	CHECK(hex_decode(text, 512, out, 256) == OK && memcmp(in, out, 256) == 0);
}

static void only_hex_digits_are_hex(void)
{
	for (int c = 0; c < 256; c++) {
		const char text[2] = {'0', (char)c};
		const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
		                   (c >= 'A' && c <= 'F');
		uint8_t out = 0;

		CHECK((hex_decode(text, 2, &out, 1) == OK) == digit);
	}
	uint8_t out[2];
	CHECK(hex_decode("abc", 3, out, 1) == ERR_FORMAT);
	CHECK(hex_decode("abcd", 4, out, 1) == ERR_FORMAT);
}

static void base64_follows_rfc_4648(void)
{
	static const char *const want[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
	                                   "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};

	for (size_t n = 0; n < 7; n++) {
		uint8_t text[16], back[8];
		size_t len = 99;
		const struct bytes in = {(const uint8_t *)"foobar", n};

		base64_encode(in, true, text);
		const struct bytes t = {text, base64_len(n, true)};
		CHECK(bytes_equal(t, text_of(want[n])));
		CHECK(base64_decode(t, true, back, 8, &len) == OK && len == n);
		CHECK(n == 0 || memcmp(back, "foobar", n) == 0);
		const struct bytes bare = {text, base64_len(n, false)};
		CHECK(base64_decode(bare, false, back, 8, &len) == OK && len == n);
		CHECK(base64_decode(bare, true, back, 8, &len) ==
		      (n % 3 ? ERR_FORMAT : OK));
		CHECK(n == 0 || base64_decode(t, true, back, n - 1, &len) == ERR_FORMAT);
	}
}

static void base64_is_strict(void)
{
	static const char *const bad[] = {"Zh==", "Zm9=",   "Z===", "====", "Zg==Zg==",
	                                  "Zm 9", "Zm9v\n", "Zm-_", "Zg="};
	uint8_t out[16];
	size_t len = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(base64_decode(text_of(bad[i]), true, out, 16, &len) == ERR_FORMAT);
	CHECK(base64_decode(text_of("Zg=="), false, out, 16, &len) == ERR_FORMAT);
	CHECK(base64_decode(text_of("Z"), false, out, 16, &len) == ERR_FORMAT);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"every_byte_survives_hex", every_byte_survives_hex},
	        {"only_hex_digits_are_hex", only_hex_digits_are_hex},
	        {"base64_follows_rfc_4648", base64_follows_rfc_4648},
	        {"base64_is_strict",        base64_is_strict       },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
