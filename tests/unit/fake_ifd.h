/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FAKE_IFD_H
#define TESTS_FAKE_IFD_H

/* Channels of fake_ifd.so.  By name there are "good" and USB devices as libccid names
 * them; the product's number is the channel's. */
enum fake_how {
	FAKE_GOOD = 1, /* T=1; answers the command, the protocol's number, 9000 */
	FAKE_T0,
	FAKE_EMPTY,
	FAKE_NO_READER,
	FAKE_MUTE,
	FAKE_LONG_ATR,
	FAKE_TOO_LONG,
	FAKE_TOO_SHORT,
	FAKE_PULLED,
	FAKE_BROKEN,
	FAKE_LATE,
	FAKE_HANGS,
	FAKE_COMES_AND_GOES,
	FAKE_HALF_ATR,
	FAKE_STICKS,     /* neither powers down nor closes */
	FAKE_TELLS_NAME, /* answers the name it was opened by, 9000 */
	FAKE_GONE,       /* no such device, at the first command */
	/* As FAKE_GOOD, and with the control codes of PC/SC part 10. */
	FAKE_PLAIN_READER, /* extended length, no pad */
	FAKE_QEMU,         /* announces a pad */
	FAKE_FEATURES_LIE, /* more bytes than there is room for */
	FAKE_PAD,          /* the PIN is right: 9000 */
	FAKE_PAD_T0,
	FAKE_PAD_TELLS, /* P1 P2 of the VERIFY instead of a status word */
	FAKE_PAD_WRONG,
	FAKE_PAD_CANCELLED,
	FAKE_PAD_TIMEOUT,
	FAKE_PAD_SAYS_NOTHING,
	FAKE_PAD_SAYS_LITTLE,
	FAKE_PAD_CLAIMS_MUCH,
	FAKE_PAD_FAILS,
	FAKE_PAD_PULLED,
	FAKE_PAD_LATE,
	FAKE_PAD_HANGS,
	FAKE_PAD_DIES,
};

/* The control codes that it announces. */
enum { FAKE_VERIFY_DIRECT = 0x42330006, FAKE_TLV_PROPERTIES = 0x42330012 };

#endif
