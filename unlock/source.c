/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From crypttab's source field to a path below /dev/disk, encoded as udev encodes names.
 */
#include "unlock/source.h"

#include <string.h>

#include "core/bytes.h"

static const struct {
	const char *tag, *dir;
} tags[] = {
        {"UUID=",      "/dev/disk/by-uuid/"     },
        {"LABEL=",     "/dev/disk/by-label/"    },
        {"PARTUUID=",  "/dev/disk/by-partuuid/" },
        {"PARTLABEL=", "/dev/disk/by-partlabel/"},
};

static bool plain(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || (c != '\0' && strchr("#+-.:=@_", c) != NULL);
}

/* Bytes of the UTF-8 character of two bytes or more at the front of b; 0: there is none.
 */
static size_t utf8_len(struct bytes b)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t c = b.n > 0 ? b.p[0] : 0;
	const size_t n = c >= 0xc2 && c <= 0xdf   ? 2
	                 : c >= 0xe0 && c <= 0xef ? 3
	                 : c >= 0xf0 && c <= 0xf4 ? 4
	                                          : 0;

	if (n == 0 || n > b.n)
		return 0;
	uint32_t v = c & (0x7fU >> n);

	for (size_t i = 1; i < n; i++) {
		if ((b.p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (b.p[i] & 0x3fU);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	return n;
}

static void put_name(struct writer *w, struct bytes name)
{
	static const char digits[] = "0123456789abcdef";
	struct bytes part;

	while (name.n > 0) {
		const size_t wide = utf8_len(name);

		if (bytes_take(&name, wide > 0 ? wide : 1, &part) != OK)
			return;
		if (wide > 0 || plain(part.p[0])) {
			put_bytes(w, part.p, part.n);
		} else {
			const char hex[4] = {'\\', 'x', digits[part.p[0] >> 4],
			                     digits[part.p[0] & 15]};
			put_bytes(w, hex, sizeof(hex));
		}
	}
}

enum err source_path(const char *source, char *out, size_t cap)
{
	const char *name = source, *dir = NULL;

	if (!source || source[0] == '\0')
		return ERR_USAGE;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		const size_t n = strlen(tags[i].tag);

		if (strncmp(source, tags[i].tag, n) == 0) {
			name = source + n;
			dir = tags[i].dir;
			break;
		}
	}
	if (dir && (name[0] == '\0' || strcmp(name, ".") == 0 ||
	            strcmp(name, "..") == 0 || strchr(name, '/')))
		return ERR_USAGE;

	char path[512];
	struct writer w = {(uint8_t *)path, sizeof(path), 0, false};

	if (dir) {
		put_bytes(&w, dir, strlen(dir));
		put_name(&w, (struct bytes){(const uint8_t *)name, strlen(name)});
	} else {
		put_bytes(&w, source, strlen(source));
	}
	put_bytes(&w, "", 1);
	if (!writer_ok(&w) || w.n > cap)
		return ERR_FORMAT;
	memcpy(out, path, w.n);
	return OK;
}
