/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FAKE_IFD_H
#define TESTS_FAKE_IFD_H

/* Channels of fake_ifd.so.  By name there is only "good". */
enum {
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
};

#endif
