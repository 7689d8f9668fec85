/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the world tell each other. */
#ifndef TESTS_WORLD_IMPL_H
#define TESTS_WORLD_IMPL_H

#include "tests/unit/world.h"

/* volume_free it. */
struct volume *world_load(const struct world *w);
/* Nothing but so many blobs, tokens of LUKS1, and at most one record. */
bool world_files_are_tidy(const struct world *w, size_t blobs, size_t tokens);

#endif
