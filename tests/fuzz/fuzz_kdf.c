/* SPDX-License-Identifier: GPL-2.0-or-later */
/* F9 from a hostile card: what is read costs a second at most (RFC 4880, 3.7.1.3). */
#include "card/kdf.h"

enum { COUNT_MAX = 65011712 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct card_info info = {0};

	if (kdf_parse((struct bytes){data, size}, &info) != OK)
		return 0;
	if (info.kdf.salt_len > sizeof(info.kdf.salt_user) ||
	    info.kdf_digest_len > sizeof(info.kdf_digest_input) ||
	    info.kdf.active != (info.kdf_digest_len > 0) || info.kdf.count > COUNT_MAX)
		__builtin_trap();
	return 0;
}
