/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every program of ours does before anything else. */
#ifndef CORE_HARDEN_H
#define CORE_HARDEN_H

#include <stdint.h>

#include "core/err.h"

/* No core dumps, not dumpable, umask 077, descriptors 0-2 open, SIGPIPE ignored. */
enum err harden_process(void);

/*
 * Of the capabilities that this process has, only those in `keep` (bits by number, as in
 * linux/capability.h) stay: effective, permitted, and bounding where it may lower those;
 * none is inherited, and no program that it executes gains any.  For good.  Binds the
 * calling thread and those that it starts, so it is called before any other.  What could
 * not be given up is told by a debug line.
 */
void harden_capabilities(uint64_t keep);

#endif
