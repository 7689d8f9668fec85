/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of everything, as a table: facts in, the next action out. */
#include "unlock/policy.h"

#include "tests/unit/check.h"

struct row {
	const char *what;
	struct policy_facts f;
	enum policy_action action;
	enum err e;
};

/* The usual cases: a trusted volume with one card enrolled, and who would answer. */
#define TRUSTED .record = RECORD_MATCHES, .anything_ours = true
#define PERSON                                                                           \
	TRUSTED, .pin = ANSWER_PERSON, .passphrase = ANSWER_PERSON,                      \
	         .confirm = ANSWER_PERSON, .card_ways = 1
#define PIN_FD TRUSTED, .pin = ANSWER_FD, .card_ways = 1
#define NOBODY TRUSTED, .card_ways = 1

static void run_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct policy_next next = policy_next(&rows[i].f);

		CHECK_ROW(next.action == rows[i].action, rows[i].what);
		CHECK_ROW(next.e == rows[i].e, rows[i].what);
	}
}
#define RUN(rows) run_rows((rows), sizeof(rows) / sizeof((rows)[0]))

static void an_unknown_volume_is_refused_before_anything_is_asked(void)
{
	static const struct row rows[] = {
	        {"strange",	                        {PERSON, .strange = true},     DO_REFUSE, ERR_TAMPERED    },
	        {"strange, vouched for",
	         {PERSON, .strange = true, .vouched = true, .no_record = true},
	         DO_REFUSE,	                                                                  ERR_TAMPERED    },
	        {"strange, a card is here",
	         {PERSON, .strange = true, .card = CARD_HERE},
	         DO_REFUSE,	                                                                  ERR_TAMPERED    },
	        {"nothing of ours",
	         {.record = RECORD_MISSING},
	         DO_REFUSE,	                                                                  ERR_NOT_ENROLLED},
	        {"nothing of ours, --no-record",
	         {.record = RECORD_MISSING, .no_record = true, .confirm = ANSWER_PERSON},
	         DO_REFUSE,	                                                                  ERR_NOT_ENROLLED},
	        {"no record, a token",
	         {.record = RECORD_MISSING, .anything_ours = true},
	         DO_REFUSE,	                                                                  ERR_NO_RECORD   },
	        {"differs",
	         {.record = RECORD_DIFFERS, .anything_ours = true},
	         DO_REFUSE,	                                                                  ERR_TAMPERED    },
	        {"broken",
	         {.record = RECORD_BROKEN, .anything_ours = true},
	         DO_REFUSE,	                                                                  ERR_TAMPERED    },
	        {"differs, cancelled",
	         {.record = RECORD_DIFFERS, .cancelled = true},
	         DO_REFUSE,	                                                                  ERR_TAMPERED    },
	        {"--no-record, a person",
	         {.record = RECORD_MISSING,
	          .anything_ours = true,
	          .no_record = true,
	          .confirm = ANSWER_PERSON},
	         DO_CONFIRM,	                                                                 OK              },
	        {"--no-record, differs, a person",
	         {.record = RECORD_DIFFERS, .no_record = true, .confirm = ANSWER_PERSON},
	         DO_CONFIRM,	                                                                 OK              },
	        {"--no-record, nobody",
	         {.record = RECORD_MISSING, .anything_ours = true, .no_record = true},
	         DO_REFUSE,	                                                                  ERR_REFUSED     },
	        {"--no-record, a descriptor cannot vouch",
	         {.record = RECORD_DIFFERS, .no_record = true, .confirm = ANSWER_FD},
	         DO_REFUSE,	                                                                  ERR_REFUSED     },
	        {"vouched for, a card is here",
	         {.record = RECORD_MISSING,
	          .vouched = true,
	          .pin = ANSWER_PERSON,
	          .passphrase = ANSWER_PERSON,
	          .card_ways = 1,
	          .card = CARD_HERE},
	         DO_TRY_CARD,	                                                                OK              },
	};

	RUN(rows);
}

static void a_person_always_keeps_a_way_to_type(void)
{
	static const struct row rows[] = {
	        {"card here",	                           {PERSON, .card = CARD_HERE},       DO_TRY_CARD,   OK           },
	        {"card here while typing",
	         {PERSON, .card = CARD_HERE, .typing = true},
	         DO_ASK_EITHER,	                                                                           OK           },
	        {"card here, wants the passphrase",
	         {PERSON, .card = CARD_HERE, .wants_passphrase = true},
	         DO_ASK_PASSPHRASE,	                                                                       OK           },
	        {"no card",	                             {PERSON, .card = CARD_NONE},       DO_ASK_EITHER, OK           },
	        {"no reader",	                           {PERSON, .card = CARD_NO_READER},  DO_ASK_EITHER, OK           },
	        {"no service",	                          {PERSON, .card = CARD_NO_SERVICE}, DO_ASK_EITHER, OK           },
	        {"busy",	                                {PERSON, .card = CARD_BUSY},       DO_ASK_EITHER, OK           },
	        {"foreign",	                             {PERSON, .card = CARD_FOREIGN},    DO_ASK_EITHER, OK           },
	        {"waited",
	         {PERSON, .card = CARD_NONE, .waited = true},
	         DO_ASK_PASSPHRASE,	                                                                       OK           },
	        {"waited, typing",
	         {PERSON, .card = CARD_NONE, .waited = true, .typing = true},
	         DO_ASK_EITHER,	                                                                           OK           },
	        {"blocked",
	         {PERSON, .card = CARD_SPENT, .card_end = ERR_PIN_BLOCKED},
	         DO_ASK_EITHER,	                                                                           OK           },
	        {"blocked, no way left",
	         {TRUSTED, .pin = ANSWER_PERSON, .passphrase = ANSWER_PERSON,
	          .card = CARD_SPENT, .card_end = ERR_PIN_BLOCKED},
	         DO_ASK_PASSPHRASE,	                                                                       OK           },
	        {"connection keeps failing",
	         {PERSON, .card = CARD_HERE, .card_errors = POLICY_CARD_ERRORS,
	          .card_end = ERR_IO},
	         DO_ASK_PASSPHRASE,	                                                                       OK           },
	        {"wrong passphrase",
	         {PERSON, .card = CARD_NONE, .passphrase_end = ERR_PASSPHRASE},
	         DO_ASK_EITHER,	                                                                           OK           },
	        {"no card enrolled",
	         {TRUSTED, .pin = ANSWER_PERSON, .passphrase = ANSWER_PERSON,
	          .card = CARD_NONE},
	         DO_ASK_PASSPHRASE,	                                                                       OK           },
	        {"PIN by descriptor, wrong; a person can type",
	         {PIN_FD, .passphrase = ANSWER_PERSON, .card = CARD_HERE,
	          .card_end = ERR_PIN_WRONG},
	         DO_ASK_PASSPHRASE,	                                                                       OK           },
	        {"cancelled",
	         {PERSON, .card = CARD_HERE, .cancelled = true},
	         DO_GIVE_UP,	                                                                              ERR_CANCELLED},
	        {"passphrase first",
	         {PERSON, .card = CARD_HERE, .passphrase_first = true},
	         DO_ASK_PASSPHRASE,	                                                                       OK           },
	};

	RUN(rows);
}

static void descriptors_are_used_once_and_never_hang(void)
{
	static const struct row rows[] = {
	        {"PIN, card here",                           {PIN_FD, .card = CARD_HERE}, DO_TRY_CARD,  OK              },
	        {"PIN, no card yet",                         {PIN_FD, .card = CARD_NONE}, DO_WAIT_CARD, OK              },
	        {"PIN, waited",
	         {PIN_FD, .card = CARD_NONE, .waited = true},
	         DO_GIVE_UP,	                                                                    ERR_NO_CARD     },
	        {"PIN, waited, no reader",
	         {PIN_FD, .card = CARD_NO_READER, .waited = true},
	         DO_GIVE_UP,	                                                                    ERR_NO_READER   },
	        {"PIN, waited, no service",
	         {PIN_FD, .card = CARD_NO_SERVICE, .waited = true},
	         DO_GIVE_UP,	                                                                    ERR_NO_SERVICE  },
	        {"PIN, waited, foreign",
	         {PIN_FD, .card = CARD_FOREIGN, .waited = true},
	         DO_GIVE_UP,	                                                                    ERR_WRONG_CARD  },
	        {"PIN, waited, busy",
	         {PIN_FD, .card = CARD_BUSY, .waited = true},
	         DO_GIVE_UP,	                                                                    ERR_BUSY        },
	        {"PIN, waited, broken",
	         {PIN_FD, .card = CARD_BROKEN, .waited = true},
	         DO_GIVE_UP,	                                                                    ERR_CARD_STATE  },
	        {"PIN, waited, hung",
	         {PIN_FD, .card = CARD_HUNG, .waited = true},
	         DO_GIVE_UP,	                                                                    ERR_CARD_MUTE   },
	        {"PIN wrong",
	         {PIN_FD, .card = CARD_HERE, .card_end = ERR_PIN_WRONG},
	         DO_GIVE_UP,	                                                                    ERR_PIN_WRONG   },
	        {"PIN wrong, spent",
	         {PIN_FD, .card = CARD_SPENT, .card_end = ERR_PIN_WRONG},
	         DO_GIVE_UP,	                                                                    ERR_PIN_WRONG   },
	        {"PIN too long",
	         {PIN_FD, .card = CARD_SPENT, .card_end = ERR_PIN_LENGTH},
	         DO_GIVE_UP,	                                                                    ERR_PIN_LENGTH  },
	        {"PIN with a NUL",
	         {PIN_FD, .card = CARD_SPENT, .card_end = ERR_PIN_BYTES},
	         DO_GIVE_UP,	                                                                    ERR_PIN_BYTES   },
	        {"last try",
	         {PIN_FD, .card = CARD_SPENT, .card_end = ERR_PIN_LAST_TRY},
	         DO_GIVE_UP,	                                                                    ERR_PIN_LAST_TRY},
	        {"unknown end",
	         {PIN_FD, .card = CARD_SPENT, .card_end = ERR_PIN_UNKNOWN},
	         DO_GIVE_UP,	                                                                    ERR_PIN_UNKNOWN },
	        {"blocked",
	         {PIN_FD, .card = CARD_SPENT, .card_end = ERR_PIN_BLOCKED},
	         DO_GIVE_UP,	                                                                    ERR_PIN_BLOCKED },
	        {"pulled out",
	         {PIN_FD, .card = CARD_NONE, .card_end = ERR_CARD_LOST},
	         DO_WAIT_CARD,	                                                                  OK              },
	        {"PIN wrong, a passphrase too",
	         {PIN_FD, .passphrase = ANSWER_FD, .card = CARD_SPENT,
	          .card_end = ERR_PIN_WRONG},
	         DO_ASK_PASSPHRASE,	                                                             OK              },
	        {"both wrong",
	         {PIN_FD, .passphrase = ANSWER_FD, .card = CARD_SPENT,
	          .card_end = ERR_PIN_WRONG, .passphrase_end = ERR_PASSPHRASE},
	         DO_GIVE_UP,	                                                                    ERR_PIN_WRONG   },
	        {"passphrase only",
	         {NOBODY, .passphrase = ANSWER_FD, .passphrase_first = true},
	         DO_ASK_PASSPHRASE,	                                                             OK              },
	        {"passphrase only, wrong",
	         {NOBODY, .passphrase = ANSWER_FD, .passphrase_first = true,
	          .passphrase_end = ERR_PASSPHRASE},
	         DO_GIVE_UP,	                                                                    ERR_PASSPHRASE  },
	        {"a PIN that succeeded before needs nobody",
	         {NOBODY, .pin_ready = true, .card = CARD_HERE},
	         DO_TRY_CARD,	                                                                   OK              },
	        {"nobody at all",                            {NOBODY, .card = CARD_HERE}, DO_GIVE_UP,   ERR_USAGE       },
	        {"nobody, nothing enrolled",
	         {TRUSTED, .card = CARD_NONE},
	         DO_GIVE_UP,	                                                                    ERR_NOT_ENROLLED},
	};

	RUN(rows);
}

static void a_test_of_the_card_asks_no_passphrase(void)
{
	static const struct row rows[] = {
	        {"here",                        {PERSON, .card_only = true, .card = CARD_HERE}, DO_TRY_CARD, OK              },
	        {"here, she would rather type",
	         {PERSON, .card_only = true, .card = CARD_HERE, .wants_passphrase = true},
	         DO_TRY_CARD,	                                                                        OK              },
	        {"not here",
	         {PERSON, .card_only = true, .card = CARD_NONE},
	         DO_WAIT_CARD,	                                                                       OK              },
	        {"waited",
	         {PERSON, .card_only = true, .card = CARD_NONE, .waited = true},
	         DO_GIVE_UP,	                                                                         ERR_NO_CARD     },
	        {"blocked",
	         {PERSON, .card_only = true, .card = CARD_SPENT,
	          .card_end = ERR_PIN_BLOCKED},
	         DO_GIVE_UP,	                                                                         ERR_PIN_BLOCKED },
	        {"passphrase first",
	         {PERSON, .card_only = true, .card = CARD_NONE, .waited = true,
	          .passphrase_first = true},
	         DO_GIVE_UP,	                                                                         ERR_NO_CARD     },
	        {"nothing enrolled",
	         {TRUSTED, .pin = ANSWER_PERSON, .passphrase = ANSWER_PERSON,
	          .card_only = true},
	         DO_GIVE_UP,	                                                                         ERR_NOT_ENROLLED},
	};

	RUN(rows);
}

/* A TPM is enrolled beside the card, and what is known of it. */
#define TPM     PERSON, .tpm_ways = 1
#define TPM_PIN TPM, .tpm_pin = true
#define TPM_ALONE                                                                        \
	TRUSTED, .pin = ANSWER_PERSON, .passphrase = ANSWER_PERSON, .tpm_ways = 1,       \
	         .tpm_pin = true
#define TPM_FD     TRUSTED, .pin = ANSWER_FD, .tpm_ways = 1, .tpm_pin = true
#define TPM_NOBODY TRUSTED, .tpm_ways = 1

static void the_tpm_comes_after_the_card_and_before_a_prompt(void)
{
	static const struct row rows[] = {
	        {"not trusted",
	         {.record = RECORD_DIFFERS, .tpm_ways = 1},
	         DO_REFUSE,	                                                                           ERR_TAMPERED },
	        {"not looked at",                   {TPM},                                    DO_LOOK_TPM,    OK           },
	        {"card here",                       {TPM, .card = CARD_HERE},                 DO_TRY_CARD,    OK           },
	        {"looking",                         {TPM, .tpm = TPM_BUSY},                   DO_WAIT_TPM,    OK           },
	        {"looking, card here",
	         {TPM, .tpm = TPM_BUSY, .card = CARD_HERE},
	         DO_TRY_CARD,	                                                                         OK           },
	        {"slow",	                    {TPM, .tpm = TPM_BUSY, .tpm_slow = true}, DO_ASK_EITHER,  OK           },
	        {"slow, no card enrolled",
	         {TPM_ALONE, .tpm = TPM_BUSY, .tpm_slow = true},
	         DO_ASK_EITHER,	                                                                       OK           },
	        {"busy while typing",
	         {TPM, .tpm = TPM_BUSY, .typing = true},
	         DO_ASK_EITHER,	                                                                       OK           },
	        {"no PIN",                          {TPM, .tpm = TPM_READY},                  DO_TRY_TPM,     OK           },
	        {"no PIN, typing",
	         {TPM, .tpm = TPM_READY, .typing = true},
	         DO_TRY_TPM,	                                                                          OK           },
	        {"PIN",	                     {TPM_PIN, .tpm = TPM_READY},              DO_ASK_TPM_PIN, OK           },
	        {"PIN, typing the passphrase",
	         {TPM_PIN, .tpm = TPM_READY, .typing = true},
	         DO_ASK_EITHER,	                                                                       OK           },
	        {"PIN, typing it, card here",
	         {TPM_PIN, .tpm = TPM_READY, .typing = true, .typing_pin = true,
	          .card = CARD_HERE},
	         DO_ASK_TPM_PIN,	                                                                      OK           },
	        {"PIN, card here",
	         {TPM_PIN, .tpm = TPM_READY, .card = CARD_HERE},
	         DO_TRY_CARD,	                                                                         OK           },
	        {"PIN that succeeded before",
	         {TPM_PIN, .tpm = TPM_READY, .tpm_pin_ready = true},
	         DO_TRY_TPM,	                                                                          OK           },
	        {"PIN, declined",
	         {TPM_PIN, .tpm = TPM_READY, .tpm_declined = true},
	         DO_ASK_EITHER,	                                                                       OK           },
	        {"PIN, declined, no card enrolled",
	         {TPM_ALONE, .tpm = TPM_READY, .tpm_declined = true},
	         DO_ASK_PASSPHRASE,	                                                                   OK           },
	        {"PIN, wants the passphrase",
	         {TPM_PIN, .tpm = TPM_READY, .card = CARD_HERE, .wants_passphrase = true},
	         DO_ASK_PASSPHRASE,	                                                                   OK           },
	        {"none left",                       {PERSON, .tpm_end = ERR_TPM_PCRS},        DO_ASK_EITHER,  OK           },
	        {"passphrase first",
	         {TPM, .passphrase_first = true},
	         DO_ASK_PASSPHRASE,	                                                                   OK           },
	        {"cancelled",
	         {TPM, .tpm = TPM_BUSY, .cancelled = true},
	         DO_GIVE_UP,	                                                                          ERR_CANCELLED},
	        {"a test, declined",
	         {TPM_PIN, .card_only = true, .tpm = TPM_READY, .tpm_declined = true},
	         DO_WAIT_CARD,	                                                                        OK           },
	};

	RUN(rows);
}

static void without_a_person_the_tpm_is_waited_for(void)
{
	static const struct row rows[] = {
	        {"nobody, no PIN",                            {TPM_NOBODY},                   DO_LOOK_TPM,    OK          },
	        {"nobody, busy and slow",
	         {TPM_NOBODY, .tpm = TPM_BUSY, .tpm_slow = true},
	         DO_WAIT_TPM,	                                                                         OK          },
	        {"nobody, no PIN, ready",                     {TPM_NOBODY, .tpm = TPM_READY}, DO_TRY_TPM,     OK          },
	        {"nobody, a PIN",                             {TPM_NOBODY, .tpm_pin = true},  DO_GIVE_UP,     ERR_USAGE   },
	        {"nobody, a PIN that succeeded",
	         {TPM_NOBODY, .tpm_pin = true, .tpm_pin_ready = true},
	         DO_LOOK_TPM,	                                                                         OK          },
	        {"PIN by descriptor",                         {TPM_FD, .tpm = TPM_READY},     DO_ASK_TPM_PIN, OK          },
	        {"the PIN may be the card's",
	         {TPM_FD, .card_ways = 1, .card = CARD_NONE, .tpm = TPM_READY},
	         DO_WAIT_CARD,	                                                                        OK          },
	        {"the card was waited for",
	         {TPM_FD, .card_ways = 1, .card = CARD_NONE, .tpm = TPM_READY,
	          .waited = true},
	         DO_ASK_TPM_PIN,	                                                                      OK          },
	        {"the card is here",
	         {TPM_FD, .card_ways = 1, .card = CARD_HERE, .tpm = TPM_READY},
	         DO_TRY_CARD,	                                                                         OK          },
	        {"a passphrase by descriptor, the TPM first",
	         {TPM_NOBODY, .passphrase = ANSWER_FD, .tpm = TPM_BUSY},
	         DO_WAIT_TPM,	                                                                         OK          },
	        {"then the passphrase",
	         {TRUSTED, .passphrase = ANSWER_FD, .tpm_end = ERR_TPM_PCRS},
	         DO_ASK_PASSPHRASE,	                                                                   OK          },
	        {"none left",
	         {TRUSTED, .tpm_end = ERR_TPM_PCRS},
	         DO_GIVE_UP,	                                                                          ERR_TPM_PCRS},
	        {"PIN wrong",
	         {TRUSTED, .tpm_ways = 1, .tpm_pin = true, .tpm_end = ERR_TPM_PIN},
	         DO_GIVE_UP,	                                                                          ERR_TPM_PIN },
	        {"none left, and no card",
	         {PIN_FD, .card = CARD_NONE, .waited = true, .tpm_end = ERR_TPM_LOCKED},
	         DO_GIVE_UP,	                                                                          ERR_NO_CARD },
	};

	RUN(rows);
}

static void readers_are_left_alone_until_the_volume_is_trusted(void)
{
	CHECK(policy_may_look(&(struct policy_facts){.record = RECORD_MATCHES}));
	CHECK(policy_may_look(
	        &(struct policy_facts){.record = RECORD_MISSING, .vouched = true}));
	CHECK(!policy_may_look(&(struct policy_facts){.record = RECORD_MISSING}));
	CHECK(!policy_may_look(&(struct policy_facts){.record = RECORD_DIFFERS}));
	CHECK(!policy_may_look(&(struct policy_facts){.record = RECORD_BROKEN}));
	CHECK(!policy_may_look(&(struct policy_facts){
	        .record = RECORD_MATCHES, .strange = true, .vouched = true}));
	CHECK(!policy_may_look(
	        &(struct policy_facts){.record = RECORD_MATCHES, .tpm_alone = true}));
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"an unknown volume is refused before anything is asked",
	         an_unknown_volume_is_refused_before_anything_is_asked},
	        {"a person always keeps a way to type",
	         a_person_always_keeps_a_way_to_type                  },
	        {"descriptors are used once and never hang",
	         descriptors_are_used_once_and_never_hang             },
	        {"a test of the card asks no passphrase",
	         a_test_of_the_card_asks_no_passphrase                },
	        {"the TPM comes after the card and before a prompt",
	         the_tpm_comes_after_the_card_and_before_a_prompt     },
	        {"without a person the TPM is waited for",
	         without_a_person_the_tpm_is_waited_for               },
	        {"readers are left alone until the volume is trusted",
	         readers_are_left_alone_until_the_volume_is_trusted   },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
