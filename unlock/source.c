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

/* blkid and systemd take quotes off. */
static struct bytes unquoted(struct bytes v)
{
	struct bytes rest = v, quote, inside;

	if (v.n < 2 || (v.p[0] != '"' && v.p[0] != '\'') || v.p[v.n - 1] != v.p[0])
		return v;
	if (bytes_take(&rest, 1, &quote) != OK ||
	    bytes_take(&rest, rest.n - 1, &inside) != OK)
		return v;
	return inside;
}

static bool is_link_name(struct bytes v)
{
	return v.n > 0 && !memchr(v.p, '/', v.n) && !bytes_equal(v, bytes_of(".")) &&
	       !bytes_equal(v, bytes_of(".."));
}

enum err source_path(const char *source, char *out, size_t cap)
{
	struct bytes name = {NULL, 0};
	const char *dir = NULL;

	if (!source || source[0] == '\0')
		return ERR_USAGE;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		const size_t n = strlen(tags[i].tag);

		if (strncmp(source, tags[i].tag, n) == 0) {
			name = unquoted(bytes_of(source + n));
			dir = tags[i].dir;
			break;
		}
	}
	if (dir && !is_link_name(name))
		return ERR_USAGE;

	char path[512];
	struct writer w = {(uint8_t *)path, sizeof(path), 0, false};

	if (dir) {
		put_bytes(&w, dir, strlen(dir));
		put_name(&w, name);
	} else {
		put_bytes(&w, source, strlen(source));
	}
	put_bytes(&w, "", 1);
	if (!writer_ok(&w) || w.n > cap)
		return ERR_FORMAT;
	memcpy(out, path, w.n);
	return OK;
}
