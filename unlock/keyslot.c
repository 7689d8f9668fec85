/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which keyslot a new way in gets (docs/FORMAT.md, "Keyslots"). */
#include "unlock/enroll_impl.h"

void keyslot_range(int luks_version, int *ret_first, int *ret_last)
{
	*ret_first = 2;
	*ret_last = luks_version == 1 ? 6 : 30;
}

enum err keyslot_choose(int luks_version, const bool *taken, int wanted, bool force,
                        int *ret)
{
	const int end = luks_version == 1 ? 8 : LUKS_SLOTS_MAX;
	int first = 0, last = 0;

	keyslot_range(luks_version, &first, &last);
	if (wanted == -1) {
		for (int i = first; i <= last; i++)
			if (!taken[i]) {
				*ret = i;
				return OK;
			}
		return ERR_NO_SPACE;
	}
	/* 0 is the passphrase's, and force does not change that. */
	if (wanted <= 0 || wanted >= end)
		return ERR_REFUSED;
	if ((wanted < first || wanted > last) && !force)
		return ERR_REFUSED;
	if (taken[wanted])
		return ERR_EXISTS;
	*ret = wanted;
	return OK;
}
