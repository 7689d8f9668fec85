/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "openpgp/packet.h"
#include "tests/unit/check.h"

#define NEXT(ret, ...)                                                                   \
	uint8_t data[] = {__VA_ARGS__};                                                  \
	struct packets in = {data, sizeof(data)};                                        \
	struct packet p = {0};                                                           \
	const enum err ret = packet_next(&in, &p)

static void old_format(void)
{
	NEXT(e, 0x99, 0x00, 0x02, 'a', 'b', 'c');
	CHECK(e == OK && p.tag == PACKET_PUBLIC_KEY && p.body.n == 2 && in.n == 1);
}

static void old_one_octet(void)
{
	NEXT(e, 0x84, 0x01, 'a');
	CHECK(e == OK && p.tag == PACKET_PKESK && p.body.n == 1 && in.n == 0);
}

static void old_to_the_end(void)
{
	NEXT(e, 0xa3, 'a', 'b', 'c');
	CHECK(e == OK && p.tag == PACKET_COMPRESSED && p.body.n == 3 && in.n == 0);
}

static void to_the_end_is_for_data(void)
{
	NEXT(e, 0x87, 'a', 'b');
	CHECK(e == ERR_FORMAT);
}

static void pieces(void)
{
	NEXT(e, 0xd2, 0xe1, 'a', 'b', 0xe0, 'c', 0x02, 'd', 'e', 0xca);
	CHECK(e == OK && p.tag == PACKET_SEIPD && in.n == 1 && in.p[0] == 0xca);
	CHECK(bytes_equal(p.body, (struct bytes){(const uint8_t *)"abcde", 5}));
}

static void pieces_are_for_data(void)
{
	NEXT(e, 0xc1, 0xe0, 'a', 0x00);
	CHECK(e == ERR_FORMAT);
}

static void pieces_must_end(void)
{
	NEXT(e, 0xd2, 0xe0, 'a');
	CHECK(e == ERR_FORMAT);
}

static void cut_short(void)
{
	NEXT(e, 0xc1, 0x05, 'a');
	CHECK(e == ERR_FORMAT && p.body.p == NULL);
}

static void lengths_that_lie(void)
{
	NEXT(e, 0xc1, 0xff, 0xff, 0xff, 0xff, 0xff, 'a');
	CHECK(e == ERR_FORMAT);
}

static void not_a_packet(void)
{
	NEXT(e, 0x01, 0x01, 0x01);
	CHECK(e == ERR_FORMAT);
}

static void headers_round_trip(void)
{
	static const size_t lens[] = {0, 1, 191, 192, 193, 8383, 8384, 70000};
	static uint8_t data[70010];

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct writer w = {.p = data, .cap = sizeof(data)};
		struct packet p;

		put_packet_header(&w, PACKET_LITERAL, lens[i]);
		CHECK(w.n == packet_header_len(lens[i]));
		struct packets in = {data, w.n + lens[i]};
		CHECK(packet_next(&in, &p) == OK && p.body.n == lens[i] && in.n == 0);
	}
}

static void numbers(void)
{
	static const uint8_t zeros[] = {0, 0, 0x01, 0xff};
	uint8_t out[16];
	struct writer w = {.p = out, .cap = sizeof(out)};
	struct bytes n;

	put_mpi(&w, (struct bytes){zeros, sizeof(zeros)});
	CHECK(w.n == 4 && out[0] == 0 && out[1] == 9 && out[2] == 1);
	struct bytes in = writer_bytes(&w);
	CHECK(take_mpi(&in, &n) == OK && n.n == 2 && in.n == 0);
	out[1] = 16; /* bits that are not there */
	in = writer_bytes(&w);
	CHECK(take_mpi(&in, &n) == OK && n.n == 2);
	out[1] = 17;
	in = writer_bytes(&w);
	CHECK(take_mpi(&in, &n) == ERR_FORMAT && in.n == w.n);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"an old header with a length of two is read",    old_format            },
	        {"an old header with a length of one is read",    old_one_octet         },
	        {"an old header without a length takes the rest", old_to_the_end        },
	        {"only data may be without a length",             to_the_end_is_for_data},
	        {"pieces are joined in place",                    pieces                },
	        {"only data may come in pieces",                  pieces_are_for_data   },
	        {"a body in pieces must end",                     pieces_must_end       },
	        {"a body that is cut short is refused",           cut_short             },
	        {"a length of four gigabytes is refused",         lengths_that_lie      },
	        {"a byte that starts no packet is refused",       not_a_packet          },
	        {"our headers are read back",                     headers_round_trip    },
	        {"numbers lose their zeros and must be whole",    numbers               },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
