/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An IFD handler without hardware: the channel's number says how it behaves. */
#include <ifdhandler.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fake_ifd.h"

void log_xxd(const int priority, const char *msg, const unsigned char *buffer,
             const int len);

enum { LUNS = 64 };
static struct {
	int how, powered, presence_calls, pulled, protocol;
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
	return IFDHCreateChannel(Lun, strcmp(DeviceName, "good") == 0 ? FAKE_GOOD
	                                                              : FAKE_NO_READER);
}

RESPONSECODE IFDHCloseChannel(DWORD Lun)
{
	at[of(Lun)].how = 0;
	return IFD_SUCCESS;
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
		return IFD_SUCCESS;
	if (how == FAKE_MUTE)
		return IFD_ERROR_POWER_ACTION;
	if (how == FAKE_T0) {
		memcpy(Atr, t0, sizeof(t0));
		*AtrLength = sizeof(t0);
	} else {
		memcpy(Atr, t1, sizeof(t1));
		*AtrLength = how == FAKE_LONG_ATR ? 60 : sizeof(t1);
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
	case FAKE_PULLED:
		at[of(Lun)].pulled = 1;
		return IFD_COMMUNICATION_ERROR;
	case FAKE_BROKEN:
		return IFD_COMMUNICATION_ERROR;
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
