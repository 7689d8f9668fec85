/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a machine's files lie, and which kernels and volumes it has. */
#include "cli/machine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/image.h"
#include "cli/needs.h"
#include "core/file.h"
#include "sign/pending.h"
#include "unlock/cap.h"
#include "unlock/crypttab_line.h"
#include "unlock/source.h"
#include "unlock/stack.h"

/* --- files --- */

static void join(const char *root, const char *path, char out[static MACHINE_PATH_MAX])
{
	struct writer w = {(uint8_t *)out, MACHINE_PATH_MAX - 1, 0, false};

	put_string(&w, root);
	put_string(&w, path);
	if (!writer_ok(&w))
		w.n = 0; /* too long: it names nothing, and is told as missing */
	out[w.n] = '\0';
}

void machine_path(const struct machine *m, const char *path,
                  char out[static MACHINE_PATH_MAX])
{
	join(m->root, path, out);
}

bool machine_has(const struct machine *m, const char *path)
{
	char at[MACHINE_PATH_MAX];

	machine_path(m, path, at);
	return faccessat(AT_FDCWD, at, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

enum err machine_read(const struct machine *m, const char *path, uint8_t **ret,
                      size_t *ret_len)
{
	char at[MACHINE_PATH_MAX];
	struct stat st;

	machine_path(m, path, at);
	/* Some lie in people's homes: a pipe would be waited for without end. */
	if (stat(at, &st) != 0)
		return err_from_errno(errno);
	if (!S_ISREG(st.st_mode))
		return ERR_FORMAT;
	return file_read_path(at, MACHINE_FILE_MAX, ret, ret_len);
}

void machine_line(const struct machine *m, const char *path, char *out, size_t cap)
{
	uint8_t *data = NULL;
	size_t len = 0, n = 0;

	*out = '\0';
	if (machine_read(m, path, &data, &len) != OK || !data)
		return;
	while (n < len && n + 1 < cap && data[n] != '\n' && data[n] != '\0')
		n++;
	memcpy(out, data, n);
	out[n] = '\0';
	free(data);
}

static void place(const struct machine *m, const char *wish, const char *usual,
                  char out[static MACHINE_PATH_MAX])
{
	if (strcmp(wish, usual) == 0)
		machine_path(m, usual, out);
	else /* named by the person: as it is */
		(void)snprintf(out, MACHINE_PATH_MAX, "%s", wish);
}

static enum err find_places(const struct cli *c, const char *root, struct machine *m)
{
	size_t n = strlen(root);

	if (n >= MACHINE_PATH_MAX / 2)
		return ERR_USAGE;
	memcpy(m->root, root, n + 1);
	while (n > 0 && m->root[n - 1] == '/')
		m->root[--n] = '\0';
	place(m, c->where.boot_dir, "/boot", m->boot);
	place(m, c->where.config_dir, "/etc/bootlatch", m->config);
	place(m, c->crypttab_file, "/etc/crypttab", m->crypttab);
	place(m, c->files_list, BOOTLATCH_LIBDIR "/files.list", m->files_list);
	machine_path(m, PENDING_FOLDER, m->state);
	return OK;
}

/* --- kernels --- */

static int by_version(const void *a, const void *b)
{
	return strverscmp(a, b);
}

static enum err see_kernel(int dir, const char *name, void *ctx)
{
	static const char front[] = "vmlinuz-";
	struct kernels *k = ctx;
	const char *version = name + strlen(front);
	(void)dir;

	if (strncmp(name, front, strlen(front)) != 0 ||
	    strlen(version) >= KERNEL_NAME_MAX || *version == '\0' || k->n == KERNELS_MAX)
		return OK;
	(void)snprintf(k->version[k->n++], KERNEL_NAME_MAX, "%s", version);
	return OK;
}

static enum err find_kernels(const char *boot, struct kernels *ret)
{
	char image[sizeof(IMAGE_NAME) + KERNEL_NAME_MAX];
	int dir = -1;

	enum err e = dir_open(boot, &dir);
	if (e != OK)
		return e;
	e = dir_each(dir, see_kernel, ret);
	qsort(ret->version, ret->n, sizeof(ret->version[0]), by_version);
	for (size_t i = 0; i < ret->n; i++) {
		(void)snprintf(image, sizeof(image), IMAGE_NAME "%s", ret->version[i]);
		ret->has_image[i] = faccessat(dir, image, F_OK, 0) == 0;
	}
	(void)close(dir); /* only read */
	return e;
}

/* --- volumes --- */

static bool is_plain(const struct crypttab_entry *e)
{
	return strcmp(e->key, "/dev/urandom") == 0 || strcmp(e->key, "/dev/random") == 0;
}

/* People know /dev/sda3; a link of udev's leads to it. */
static void place_of(const char *device, char out[static MACHINE_PATH_MAX])
{
	static const char links[] = "/dev/disk/";
	char *real = strncmp(device, links, strlen(links)) == 0 ? realpath(device, NULL)
	                                                        : NULL;

	(void)snprintf(out, MACHINE_PATH_MAX, "%s", real ? real : device);
	free(real);
}

static struct machine_volume *add(struct cli *c, struct machine *m, const char *device)
{
	if (m->n == MACHINE_VOLUMES_MAX)
		return NULL;
	struct machine_volume *mv = &m->volume[m->n++];
	const struct volume_where where = {
	        .device = mv->device,
	        .header = c->device ? c->where.header : NULL,
	        .boot_dir = m->boot,
	        .config_dir = m->config,
	};

	*mv = (struct machine_volume){0};
	place_of(device, mv->device);
	mv->e = volume_load(&where, &mv->v);
	return mv;
}

static bool is_of(const struct crypttab_entry *e, const struct machine_volume *mv)
{
	const struct crypttab_target t = {
	        .device = mv->device,
	        .uuid = mv->v ? luks_uuid(mv->v->luks) : "",
	};

	return e->source && crypttab_is_of(e, &t);
}

/* The path that a source stands for; /dev is this system's where that one has none. */
static bool path_of(const struct machine *m, const char *source,
                    char out[static MACHINE_PATH_MAX])
{
	char path[CRYPTTAB_PATH_MAX];

	if (source_path(source, path, sizeof(path)) != OK || path[0] != '/')
		return false;
	if (strncmp(path, "/dev/", 5) == 0 && !machine_has(m, "/dev/disk"))
		join("", path, out);
	else
		machine_path(m, path, out);
	return true;
}

static void add_line(struct cli *c, struct machine *m, const struct crypttab_entry *e)
{
	char path[MACHINE_PATH_MAX];

	for (size_t i = 0; i < m->n; i++) {
		if (!is_of(e, &m->volume[i]))
			continue;
		if (!m->volume[i].line)
			m->volume[i].line = e;
		return;
	}
	if (c->device || !e->source || is_plain(e) || !path_of(m, e->source, path))
		return;
	struct machine_volume *mv = add(c, m, path);
	if (mv && mv->e != OK && !e->ours) {
		m->n--; /* none of LUKS, or not here: somebody else's business */
		return;
	}
	if (mv)
		mv->line = e;
}

static void mark_root(struct cli *c, struct machine *m, const char *uuid)
{
	char source[LUKS_UUID_LEN + 8], path[MACHINE_PATH_MAX];

	for (size_t i = 0; i < m->n; i++)
		if (m->volume[i].v &&
		    strcasecmp(luks_uuid(m->volume[i].v->luks), uuid) == 0) {
			m->volume[i].root = true;
			return;
		}
	(void)snprintf(source, sizeof(source), "UUID=%s", uuid);
	if (c->device || !path_of(m, source, path))
		return;
	struct machine_volume *mv = add(c, m, path);
	if (mv && mv->e != OK)
		m->n--;
	else if (mv)
		mv->root = true;
}

static void find_roots(struct cli *c, struct machine *m)
{
	char path[MACHINE_PATH_MAX];
	struct stack s = {.n = 0};
	struct stat st;
	int sys = -1;

	if (stat(*m->root ? m->root : "/", &st) != 0)
		return;
	machine_path(m, STACK_SYSFS, path);
	if (dir_open(path, &sys) != OK)
		return;
	if (stack_look(sys, st.st_dev, &s) == OK)
		for (size_t i = 0; i < s.n; i++)
			mark_root(c, m, s.uuid[i]);
	(void)close(sys); /* only read */
}

static enum err read_tab(struct machine *m)
{
	enum err e = file_read_path(m->crypttab, CRYPTTAB_MAX, &m->tab_text, &m->tab_len);

	if (e != OK)
		return e;
	return crypttab_parse((struct bytes){m->tab_text, m->tab_len}, &m->tab);
}

enum err machine_look(struct cli *c, const char *root, struct machine **ret)
{
	struct machine *m = calloc(1, sizeof(*m));

	if (!m)
		return ERR_NOMEM;
	const enum err e = find_places(c, root, m);
	if (e != OK) {
		free(m);
		return cli_why(c, e, "%s is too long a path.", root);
	}
	m->tab_e = read_tab(m);
	m->kernels_e = find_kernels(m->boot, &m->kernels);
	if (c->device)
		(void)add(c, m, c->device);
	for (size_t i = 0; m->tab_e == OK && i < m->tab.n; i++)
		add_line(c, m, &m->tab.entry[i]);
	find_roots(c, m);
	*ret = m;
	return OK;
}

struct machine *machine_free(struct machine *m)
{
	if (!m)
		return NULL;
	for (size_t i = 0; i < m->n; i++)
		m->volume[i].v = volume_free(m->volume[i].v);
	crypttab_clear(&m->tab);
	free(m->tab_text);
	free(m);
	return NULL;
}

bool machine_is_ours(const struct machine_volume *mv)
{
	if (!mv->v)
		return false;
	/* A recovery key is typed where any passphrase is: that needs no line of ours. */
	for (size_t i = 0; i < mv->v->n_enrolled; i++)
		if (!enrolment_is(&mv->v->enrolled[i], BACKEND_RECOVERY))
			return true;
	/* What may have been enrolled before the header changed, where the boot runs us.
	 */
	return mv->v->state != RECORD_MISSING && mv->v->state != RECORD_MATCHES &&
	       machine_names_us(mv);
}

bool machine_names_us(const struct machine_volume *mv)
{
	return mv->line && mv->line->ours;
}

enum err machine_needs(struct machine *m, bool program, struct image_needs **ret)
{
	uint8_t *list = NULL;
	uint32_t tpm = 0;
	size_t len = 0;

	m->n_ours = 0;
	for (size_t i = 0; i < m->n; i++)
		if (machine_names_us(&m->volume[i]) && m->volume[i].v &&
		    m->volume[i].v->state != RECORD_MISSING)
			m->ours[m->n_ours++] = m->volume[i].v;
	if (m->n_ours == 0)
		return ERR_NOT_ENROLLED;
	/* A record that cannot be read is told elsewhere; it names none. */
	enum err e = cap_pcrs(m->config, &tpm);
	if (e != ERR_NOMEM)
		e = file_read_path(m->files_list, NEEDS_LIST_MAX, &list, &len);
	if (e != OK)
		return e;
	const struct image_wish w = {
	        .root = m->root,
	        .list = {list, len},
	        .v = m->ours,
	        .n = m->n_ours,
	        .program = program,
	        .tpm2 = tpm != 0,
	};
	e = image_needs_new(&w, ret);
	free(list);
	return e;
}

/* --- options of who looks at it --- */

static enum err take_no_card(struct cli *c, const char *arg)
{
	(void)arg;
	c->doctor.no_card = true;
	return OK;
}

static enum err take_root(struct cli *c, const char *arg)
{
	if (*arg != '/')
		return cli_why(c, ERR_USAGE, "--root takes an absolute path, not \"%s\".",
		               arg);
	c->doctor.root = arg;
	return OK;
}

const struct own_option machine_options[] = {
        {"no-card",                          NULL, "leave dongles and readers alone", take_no_card},
        {"root", "DIR", "look at the system that is mounted on DIR", take_root},
        {"tpm-device",                                  "TCTI", TPM_DEVICE_HELP, take_tpm_device},
        {0                            },
};
