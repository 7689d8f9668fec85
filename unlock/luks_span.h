/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of a device is LUKS metadata: from the binary header alone. */
#ifndef UNLOCK_LUKS_SPAN_H
#define UNLOCK_LUKS_SPAN_H

#include "core/bytes.h"

enum {
	LUKS_PROBE_LEN = 16,
	LUKS1_METADATA_LEN = 4096,
	LUKS2_HEADER_MIN = 16 * 1024,
	LUKS2_HEADER_MAX = 4 * 1024 * 1024,
};

/* From the first LUKS_PROBE_LEN bytes of a device: LUKS1's header, or both LUKS2 headers.
 */
enum err luks_metadata_span(struct bytes probe, size_t *ret);
/* From the bytes at `offset`, where a second LUKS2 header may begin. */
enum err luks2_second_span(struct bytes probe, size_t offset, size_t *ret);

#endif
