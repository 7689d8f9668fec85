/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An IFD handler without hardware: the channel's number says how it behaves. */
#include <ifdhandler.h>
#include <reader.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fake_ifd.h"

void log_msg(const int priority, const char *fmt, ...);
void log_xxd(const int priority, const char *msg, const unsigned char *buffer,
             const int len);

enum { LUNS = 64 };
static struct {
	int how, powered, presence_calls, pulled, protocol;
	char name[96];
} at[LUNS];

static int of(DWORD lun)
{
	return (int)(lun >> 16) % LUNS;
}

RESPONSECODE IFDHCreateChannel(DWORD Lun, DWORD Channel)
{
	if (Channel == FAKE_NO_READER)
		return IFD_COMMUNICATION_ERROR;
	memset(&at[of(Lun)], 0, sizeof(at[0]));
	at[of(Lun)].how = (int)Channel;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHCreateChannelByName(DWORD Lun, LPSTR DeviceName)
{
	unsigned product = 0;

	if (strcmp(DeviceName, "good") != 0 &&
	    sscanf(DeviceName, "usb:%*4x/%4x:libusb-1.0:", &product) != 1)
		return IFD_COMMUNICATION_ERROR;
	const RESPONSECODE rc = IFDHCreateChannel(Lun, product ? product : FAKE_GOOD);
	if (rc == IFD_SUCCESS)
		(void)snprintf(at[of(Lun)].name, sizeof(at[0].name), "%s", DeviceName);
	return rc;
}

RESPONSECODE IFDHCloseChannel(DWORD Lun)
{
	const int how = at[of(Lun)].how;

	log_msg(0, "closing %lu", (unsigned long)Lun);
	at[of(Lun)].how = 0;
	return how == FAKE_STICKS ? IFD_COMMUNICATION_ERROR : IFD_SUCCESS;
}

RESPONSECODE IFDHSetProtocolParameters(DWORD Lun, DWORD Protocol, UCHAR Flags, UCHAR PTS1,
                                       UCHAR PTS2, UCHAR PTS3)
{
	(void)Flags;
	(void)PTS1;
	(void)PTS2;
	(void)PTS3;
	at[of(Lun)].protocol = (int)Protocol;
	return at[of(Lun)].how == FAKE_T0 ? IFD_ERROR_PTS_FAILURE : IFD_SUCCESS;
}

RESPONSECODE IFDHPowerICC(DWORD Lun, DWORD Action, PUCHAR Atr, PDWORD AtrLength)
{
	static const UCHAR t1[] = {0x3b, 0xda, 0x18, 0xff, 0x81, 0xb1, 0xfe,
	                           0x75, 0x1f, 0x03, 0x00, 0x31, 0xf5, 0x73,
	                           0xc0, 0x01, 0x60, 0x00, 0x90, 0x00, 0x1c};
	static const UCHAR t0[] = {0x3b, 0x00};
	const int how = at[of(Lun)].how;

	at[of(Lun)].powered = Action == IFD_POWER_UP;
	if (Action != IFD_POWER_UP)
		return how == FAKE_STICKS ? IFD_COMMUNICATION_ERROR : IFD_SUCCESS;
	if (how == FAKE_MUTE)
		return IFD_ERROR_POWER_ACTION;
	if (how == FAKE_T0 || how == FAKE_PAD_T0) {
		memcpy(Atr, t0, sizeof(t0));
		*AtrLength = sizeof(t0);
	} else {
		memcpy(Atr, t1, sizeof(t1));
		*AtrLength = sizeof(t1);
		if (how == FAKE_LONG_ATR)
			*AtrLength = 60;
		if (how == FAKE_HALF_ATR)
			*AtrLength = 1;
	}
	return IFD_SUCCESS;
}

RESPONSECODE IFDHTransmitToICC(DWORD Lun, SCARD_IO_HEADER SendPci, PUCHAR TxBuffer,
                               DWORD TxLength, PUCHAR RxBuffer, PDWORD RxLength,
                               PSCARD_IO_HEADER RecvPci)
{
	const int how = at[of(Lun)].how;

	(void)RecvPci;
	log_xxd(0, "Control TxBuffer:", TxBuffer, (int)TxLength); /* as handlers do */
	switch (how) {
	case FAKE_TOO_LONG:
		*RxLength += 1;
		return IFD_SUCCESS;
	case FAKE_TOO_SHORT:
		*RxLength = 1;
		return IFD_SUCCESS;
	case FAKE_TELLS_NAME:
		*RxLength = strlen(at[of(Lun)].name) + 2;
		memcpy(RxBuffer, at[of(Lun)].name, *RxLength - 2);
		memcpy(RxBuffer + *RxLength - 2, "\x90\x00", 2);
		return IFD_SUCCESS;
	case FAKE_PULLED:
		at[of(Lun)].pulled = 1;
		return IFD_COMMUNICATION_ERROR;
	case FAKE_BROKEN:
		return IFD_COMMUNICATION_ERROR;
	case FAKE_GONE:
		return IFD_NO_SUCH_DEVICE;
	case FAKE_LATE:
		return IFD_RESPONSE_TIMEOUT;
	case FAKE_HANGS:
		for (;;)
			(void)pause();
	default:
		break;
	}
	if (!at[of(Lun)].powered || TxLength + 3 > *RxLength)
		return IFD_COMMUNICATION_ERROR;
	memcpy(RxBuffer, TxBuffer, TxLength);
	RxBuffer[TxLength] = (UCHAR)SendPci.Protocol;
	memcpy(RxBuffer + TxLength + 1, "\x90\x00", 2);
	*RxLength = TxLength + 3;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHICCPresence(DWORD Lun)
{
	const int how = at[of(Lun)].how;

	if (how == FAKE_COMES_AND_GOES)
		return at[of(Lun)].presence_calls++ % 2 ? IFD_ICC_PRESENT
		                                        : IFD_ICC_NOT_PRESENT;
	return how == FAKE_EMPTY || at[of(Lun)].pulled ? IFD_ICC_NOT_PRESENT
	                                               : IFD_ICC_PRESENT;
}

static RESPONSECODE say(const void *what, DWORD n, PUCHAR out, DWORD cap, LPDWORD ret_n)
{
	memcpy(out, what, n < cap ? n : cap);
	*ret_n = n;
	return IFD_SUCCESS;
}

/* Does it get what part 10, 2.5.2 describes, with one of our VERIFYs in it? */
static bool is_verify(const UCHAR *in, DWORD n)
{
	return n == 24 && in[15] == 5 && in[19] == 0 && in[20] == 0x20 && in[21] == 0 &&
	       (in[22] == 0x81 || in[22] == 0x82) && in[23] == 0;
}

static RESPONSECODE pad(int how, const UCHAR *in, DWORD n, PUCHAR out, DWORD cap,
                        LPDWORD ret_n)
{
	if (!is_verify(in, n))
		return say("\x6f\0", 2, out, cap, ret_n);
	switch (how) {
	case FAKE_PAD_TELLS:
		return say(in + 21, 2, out, cap, ret_n);
	case FAKE_PAD_WRONG:
		return say("\x63\xc2", 2, out, cap, ret_n);
	case FAKE_PAD_CANCELLED:
		return say("\x64\x01", 2, out, cap, ret_n);
	case FAKE_PAD_TIMEOUT:
		return say("\x64\0", 2, out, cap, ret_n);
	case FAKE_PAD_SAYS_NOTHING:
		return say("", 0, out, cap, ret_n);
	case FAKE_PAD_SAYS_LITTLE:
		return say("\x90", 1, out, cap, ret_n);
	case FAKE_PAD_CLAIMS_MUCH:
		(void)say("\x90\0", 2, out, cap, ret_n);
		*ret_n = 70000;
		return IFD_SUCCESS;
	case FAKE_PAD_FAILS:
	case FAKE_PAD_PULLED:
		return IFD_COMMUNICATION_ERROR;
	case FAKE_PAD_LATE:
		return IFD_RESPONSE_TIMEOUT;
	case FAKE_PAD_DIES:
		abort();
	case FAKE_PAD_HANGS:
		for (;;)
			(void)pause();
	default:
		return say("\x90\0", 2, out, cap, ret_n);
	}
}

RESPONSECODE IFDHControl(DWORD Lun, DWORD dwControlCode, PUCHAR TxBuffer, DWORD TxLength,
                         PUCHAR RxBuffer, DWORD RxLength, LPDWORD pdwBytesReturned)
{
	static const char features[] = "\x12\4\x42\x33\0\x12\x06\4\x42\x33\0\x06";
	static const char big[] = "\x0a\4\0\0\1\0";
	static const char qemu[] = "\x0a\4\0\0\1\0\x0b\2\xe6\x08\x0c\2\x33\x44";
	const int how = at[of(Lun)].how;

	if (how < FAKE_PLAIN_READER)
		return IFD_ERROR_NOT_SUPPORTED;
	switch (dwControlCode) {
	case CM_IOCTL_GET_FEATURE_REQUEST:
		(void)say(features, how == FAKE_PLAIN_READER ? 6 : 12, RxBuffer, RxLength,
		          pdwBytesReturned);
		if (how == FAKE_FEATURES_LIE)
			*pdwBytesReturned = RxLength + 1;
		return IFD_SUCCESS;
	case FAKE_TLV_PROPERTIES:
		if (how == FAKE_QEMU)
			return say(qemu, sizeof(qemu) - 1, RxBuffer, RxLength,
			           pdwBytesReturned);
		return say(big, sizeof(big) - 1, RxBuffer, RxLength, pdwBytesReturned);
	case FAKE_VERIFY_DIRECT:
		at[of(Lun)].pulled = how == FAKE_PAD_PULLED;
		return pad(how, TxBuffer, TxLength, RxBuffer, RxLength, pdwBytesReturned);
	default:
		return IFD_ERROR_NOT_SUPPORTED;
	}
}
