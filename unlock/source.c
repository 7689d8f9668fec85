/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From crypttab's source field to a path below /dev/disk, encoded as udev encodes names.
 */
#include "unlock/source.h"

#include <string.h>

#include "core/utf8.h"

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

static void put_name(struct writer *w, struct bytes name)
{
	static const char digits[] = "0123456789abcdef";
	struct bytes part;

	while (name.n > 0) {
		const size_t n = utf8_len(name);

		if (bytes_take(&name, n > 0 ? n : 1, &part) != OK)
			return;
		if (n > 1 || plain(part.p[0])) {
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
