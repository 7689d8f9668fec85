/* SPDX-License-Identifier: GPL-2.0-or-later */
/* volume.c's other half; no other file includes this. */
#ifndef UNLOCK_VOLUME_MERGE_H
#define UNLOCK_VOLUME_MERGE_H

#include "unlock/volume.h"

/* Fills v->enrolled, which is empty, in the order of keyslots, and interrupted_slot.  v
 * has its header and its record.  ERR_NOMEM; what cannot be read is left out. */
enum err volume_merge(struct volume *v);

#endif
