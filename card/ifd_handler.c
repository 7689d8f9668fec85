/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads an IFD handler, and is the host that it expects. */
#include "card/ifd_handler.h"

#include <dlfcn.h>
#include <string.h>

#include "core/log.h"

/* What a handler expects its host to have (pcsc-lite's debuglog.h). */
__attribute__((format(printf, 2, 3))) void log_msg(const int priority, const char *fmt,
                                                   ...);
void log_xxd(const int priority, const char *msg, const unsigned char *buffer,
             const int len);

void log_msg(const int priority, const char *fmt, ...)
{
	(void)priority;
	(void)fmt;
}

void log_xxd(const int priority, const char *msg, const unsigned char *buffer,
             const int len)
{
	(void)priority;
	(void)msg;
	(void)buffer;
	(void)len;
}

/* POSIX has dlsym return functions as void *. */
static void find(void *lib, const char *name, void *ret, size_t size)
{
	void *f = dlsym(lib, name);

	memcpy(ret, &f, size);
}

bool handler_load(struct handler *h, const char *library)
{
	h->lib = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!h->lib) {
		log_line(LOG_DEBUG, "ifd: %s", dlerror());
		return false;
	}
	find(h->lib, "IFDHCreateChannelByName", &h->open_path, sizeof(h->open_path));
	find(h->lib, "IFDHCreateChannel", &h->open_channel, sizeof(h->open_channel));
	find(h->lib, "IFDHCloseChannel", &h->close, sizeof(h->close));
	find(h->lib, "IFDHSetProtocolParameters", &h->set_protocol,
	     sizeof(h->set_protocol));
	find(h->lib, "IFDHPowerICC", &h->power, sizeof(h->power));
	find(h->lib, "IFDHTransmitToICC", &h->transmit, sizeof(h->transmit));
	find(h->lib, "IFDHICCPresence", &h->presence, sizeof(h->presence));
	find(h->lib, "IFDHControl", &h->control, sizeof(h->control));
	return h->open_path && h->open_channel && h->close && h->set_protocol &&
	       h->power && h->transmit && h->presence;
}

void handler_drop(struct handler *h)
{
	if (h->lib)
		(void)dlclose(h->lib); /* the process ends next */
	h->lib = NULL;
}
