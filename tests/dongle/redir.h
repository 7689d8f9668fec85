/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dongle at the end of a usbredir connection (QEMU's usb-redir device). */
#ifndef TESTS_DONGLE_REDIR_H
#define TESTS_DONGLE_REDIR_H

#include "tests/dongle/model.h"

struct redir;

/* Takes the connected, non-blocking socket FD over; NULL: no memory, FD is closed. */
struct redir *redir_new(int fd, const struct model *m, struct ccid *reader);
void redir_free(struct redir *r); /* closes the connection; NULL is fine */

/* False: the connection is over. */
bool redir_read(struct redir *r);
bool redir_write(struct redir *r);
bool redir_has_output(const struct redir *r);
int redir_fd(const struct redir *r);

bool redir_ready(const struct redir *r); /* greeted: a device may be plugged in */
bool redir_plugged(const struct redir *r);
void redir_plug(struct redir *r);
void redir_unplug(struct redir *r);
bool redir_take_reset(struct redir *r); /* was the device reset since the last call? */
void redir_deliver(struct redir *r);    /* what the reader has to say, to who waits */

#endif
