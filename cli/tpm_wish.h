/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of the verbs that have to do with the TPM. */
#ifndef CLI_TPM_WISH_H
#define CLI_TPM_WISH_H

#include "unlock/tpm2_admin.h"
#include "unlock/tpm2_choice.h"

struct cli;

struct tpm_wish {
	const char *device; /* NULL: /dev/tpmrm0 */
	bool tpm2;          /* enroll --tpm2 */
	bool has_profile, has_list;
	struct tpm2_choice choice; /* when one of the two is there */
	enum hash_alg bank;        /* HASH_NONE: not given */
	uint32_t srk;              /* 0: not given */
	bool pin, no_pin;
	/* tpm lockout */
	bool reset, has_limits, new_auth;
	struct tpm2_limits limits;
	int auth_fd; /* one more than the descriptor; 0: not given */
};

/* For struct own_option.take; each sets c->why when it fails. */
enum err take_tpm2(struct cli *c, const char *arg);
enum err take_pcrs(struct cli *c, const char *arg);
enum err take_profile(struct cli *c, const char *arg);
enum err take_bank(struct cli *c, const char *arg);
enum err take_srk(struct cli *c, const char *arg);
enum err take_pin(struct cli *c, const char *arg);
enum err take_no_pin(struct cli *c, const char *arg);
enum err take_tpm_device(struct cli *c, const char *arg);
enum err take_reset(struct cli *c, const char *arg);
enum err take_limits(struct cli *c, const char *arg);
enum err take_new_auth(struct cli *c, const char *arg);
enum err take_auth_fd(struct cli *c, const char *arg);

#define TPM_DEVICE_HELP                                                                  \
	"another TPM than /dev/tpmrm0, as swtpm:path=SOCKET or device:FILE"

#endif
