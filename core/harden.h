/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every program of ours does before anything else. */
#ifndef CORE_HARDEN_H
#define CORE_HARDEN_H

#include "core/err.h"

/* No core dumps, not dumpable, umask 077, descriptors 0-2 open, SIGPIPE ignored. */
enum err harden_process(void);

#endif
