/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option parsing of every verb: what is taken, and that everything else is refused. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "tests/unit/check.h"

enum { ARGS_MAX = 8 };

static enum err parse(const struct verb *v, const char *const *args, struct cli *ret)
{
	static char copy[ARGS_MAX + 1][64]; /* what was parsed points into it */
	char *argv[ARGS_MAX + 2] = {copy[0]};
	int argc = 1;

	memset(copy, 0, sizeof(copy));
	for (; args[argc - 1]; argc++) {
		(void)snprintf(copy[argc], sizeof(copy[argc]), "%s", args[argc - 1]);
		argv[argc] = copy[argc];
	}
	return cli_parse(v, argc, argv, ret);
}

static const struct {
	const char *what;
	const struct verb *verb;
	const char *args[ARGS_MAX];
} refused[] = {
        {"no device",                        &verb_enroll,        {NULL}                         },
        {"two devices",                      &verb_enroll,        {"a", "b"}                     },
        {"three operands",                   &verb_unlock,        {"a", "b", "c"}                },
        {"an option that nobody knows",      &verb_enroll,        {"a", "--nonsense"}            },
        {"an option of another verb",        &verb_list,          {"a", "--cert", "f"}           },
        {"a short option",                   &verb_list,          {"a", "-x"}                    },
        {"a missing value",                  &verb_enroll,        {"a", "--keyslot"}             },
        {"an empty file to import",          &verb_enroll,        {"a", "--import="}             },
        {"a file to import as an operand",   &verb_enroll,        {"a", "--import", "file"}      },
        {"importing where it is no sense",   &verb_list,          {"a", "--import"}              },
        {"an empty value",                   &verb_enroll,        {"a", "--boot", ""}            },
        {"a value where none belongs",       &verb_enroll,        {"a", "--force=yes"}           },
        {"a keyslot in words",               &verb_enroll,        {"a", "--keyslot", "two"}      },
        {"a negative keyslot",               &verb_enroll,        {"a", "--keyslot", "-1"}       },
        {"a keyslot that cannot be",         &verb_enroll,        {"a", "--keyslot", "32"}       },
        {"a keyslot with a tail",            &verb_enroll,        {"a", "--keyslot", "2x"}       },
        {"a number with a sign",             &verb_enroll,        {"a", "--wait", "+2"}          },
        {"a number past all bounds",
         &verb_enroll,
         {"a", "--wait", "99999999999999999999"}                                                 },
        {"a descriptor that is not open",    &verb_unlock,        {"a", "--pin-fd", "987"}       },
        {"a descriptor that is no number",   &verb_unlock,        {"a", "--pin-fd", "stdin"}     },
        {"one descriptor for both",
         &verb_unlock,
         {"a", "--pin-fd", "0", "--passphrase-fd=0"}                                             },
        {"a passphrase as an argument",      &verb_unlock,        {"a", "--passphrase", "secret"}},
        {"a PIN as an argument",             &verb_unlock,        {"a", "--pin", "123456"}       },
        {"a serial number that is none",     &verb_test,          {"a", "--serial", "12x"}       },
        {"a serial number with a tail",      &verb_test,          {"a", "--serial", "000000010"} },
        {"a maker without a number",         &verb_test,          {"a", "--serial", "000F:"}     },
        {"no-record where it is no sense",   &verb_record_renew,  {"a", "--no-record"}           },
        {"a device for card status",         &verb_card_status,   {"a"}                          },
        {"a PIN for card status",            &verb_card_status,   {"--pin-fd", "0"}              },
        {"a crypttab to edit for list",      &verb_list,          {"a", "--crypttab"}            },
        {"a root that is no path",           &verb_doctor,        {"--root", "x"}                },
        {"a PIN for status",                 &verb_status,        {"a", "--pin-fd", "0"}         },
        {"a wrong PIN for card status",      &verb_card_status,   {"--destructive"}              },
        {"a report of no name",              &verb_card_selftest, {"--report", ""}               },
        {"the serial number as an argument",
         &verb_card_selftest,
         {"--destructive=0000C001"}                                                              },
};

static void what_is_not_understood_is_a_usage_error(void)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct cli c;

		CHECK_ROW(parse(refused[i].verb, refused[i].args, &c) == ERR_USAGE,
		          refused[i].what);
		CHECK_ROW(c.why[0] != '\0', refused[i].what);
	}
}

static void serial_numbers_are_taken_as_cards_print_them(void)
{
	static const char *const good[] = {"00000A01", "fffe:00000a01"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *const args[] = {"dev", "--serial", good[i], NULL};
		struct cli c;

		CHECK_ROW(parse(&verb_test, args, &c) == OK, good[i]);
		CHECK_ROW(c.serial && strcmp(c.serial, good[i]) == 0, good[i]);
	}
}

static void what_is_refused_is_named_and_cannot_drive_the_terminal(void)
{
	static const char *const cluster[] = {"dev", "-xy", NULL};
	static const char *const escape[] = {"dev", "--wait", "\x1b[2J\n", NULL};
	struct cli c;

	CHECK(parse(&verb_list, cluster, &c) == ERR_USAGE);
	CHECK(strstr(c.why, "\"-x\"") != NULL);
	CHECK(parse(&verb_list, escape, &c) == ERR_USAGE);
	CHECK(strstr(c.why, "\"?[2J?\"") != NULL);
}

static void the_file_to_import_may_be_left_out(void)
{
	static const char *const without[] = {"--import", "dev", NULL};
	static const char *const with[] = {"dev", "--import=/k.gpg", NULL};
	struct cli c;

	CHECK(parse(&verb_enroll, without, &c) == OK && c.import && !c.import_file);
	CHECK(c.device && strcmp(c.device, "dev") == 0);
	CHECK(parse(&verb_enroll, with, &c) == OK && c.import);
	CHECK(c.import_file && strcmp(c.import_file, "/k.gpg") == 0);
}

static void nine_certificates_are_too_many(void)
{
	char name[] = "enroll", device[] = "d", opt[] = "--cert=f";
	char *argv[CLI_CERTS_MAX + 4] = {name, device};
	struct cli c;

	for (int i = 0; i < CLI_CERTS_MAX + 1; i++)
		argv[2 + i] = opt;
	CHECK(cli_parse(&verb_enroll, 2 + CLI_CERTS_MAX, argv, &c) == OK);
	CHECK(c.n_certs == CLI_CERTS_MAX);
	CHECK(cli_parse(&verb_enroll, 3 + CLI_CERTS_MAX, argv, &c) == ERR_USAGE);
}

static void options_land_where_they_belong(void)
{
	static const char *const args[] = {"dev",    "--keyslot=5", "--boot",  "/b",
	                                   "--json", "--config=/c", "--force", NULL};
	struct cli c;

	CHECK(parse(&verb_enroll, args, &c) == OK);
	CHECK(strcmp(c.where.device, "dev") == 0 && strcmp(c.device, "dev") == 0);
	CHECK(c.keyslot == 5 && c.json && c.force && !c.no_record);
	CHECK(strcmp(c.where.boot_dir, "/b") == 0 &&
	      strcmp(c.where.config_dir, "/c") == 0);
	CHECK(c.pin_fd == -1 && c.passphrase_fd == -1 && c.wait_s == -1);
	CHECK(!c.crypttab && strcmp(c.crypttab_file, "/etc/crypttab") == 0);
}

static void what_says_how_crypttab_is_edited_says_that_it_is(void)
{
	static const char *const ways[] = {"--crypttab", "--crypttab-name=n",
	                                   "--replace-keyscript"};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const char *const args[] = {"dev", ways[i], "--crypttab-file=/f",
		                            "--no-initramfs", NULL};
		struct cli c;

		CHECK_ROW(parse(&verb_enroll, args, &c) == OK, ways[i]);
		CHECK_ROW(c.crypttab && c.no_initramfs, ways[i]);
		CHECK_ROW(strcmp(c.crypttab_file, "/f") == 0, ways[i]);
		CHECK_ROW(c.replace_keyscript == (i == 2), ways[i]);
		CHECK_ROW(!c.crypttab_name == (i != 1), ways[i]);
	}
}

static void defaults_are_the_systems_folders(void)
{
	static const char *const args[] = {"dev", "name", NULL};
	struct cli c;

	CHECK(parse(&verb_unlock, args, &c) == OK);
	CHECK(strcmp(c.where.boot_dir, "/boot") == 0);
	CHECK(strcmp(c.where.config_dir, "/etc/bootlatch") == 0);
	CHECK(strcmp(c.name, "name") == 0 && c.keyslot == -1);
}

static void usage_errors_know_that_json_was_asked_for(void)
{
	static const char *const args[] = {"dev", "--nonsense", "--json", NULL};
	struct cli c;

	CHECK(parse(&verb_list, args, &c) == ERR_USAGE && c.json);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"what_is_not_understood_is_a_usage_error",
	         what_is_not_understood_is_a_usage_error                                                   },
	        {"serial_numbers_are_taken_as_cards_print_them",
	         serial_numbers_are_taken_as_cards_print_them                                              },
	        {"what_is_refused_is_named_and_cannot_drive_the_terminal",
	         what_is_refused_is_named_and_cannot_drive_the_terminal                                    },
	        {"the_file_to_import_may_be_left_out",
	         the_file_to_import_may_be_left_out	                                                },
	        {"nine_certificates_are_too_many",                         nine_certificates_are_too_many  },
	        {"options_land_where_they_belong",                         options_land_where_they_belong  },
	        {"what_says_how_crypttab_is_edited_says_that_it_is",
	         what_says_how_crypttab_is_edited_says_that_it_is                                          },
	        {"defaults_are_the_systems_folders",                       defaults_are_the_systems_folders},
	        {"usage_errors_know_that_json_was_asked_for",
	         usage_errors_know_that_json_was_asked_for                                                 },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
