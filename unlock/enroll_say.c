/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an enrolment says while it goes on: a step, or what stands in its way. */
#include "unlock/enroll_impl.h"

void enroll_step(const struct enrolling *w, const char *text)
{
	if (w->req->step != NULL)
		w->req->step(w->req->ctx, text);
}

void enroll_note(const struct enrolling *w, const char *text)
{
	struct ask *a = session_ask(w->s);

	a->ops->note(a, text);
}

void enroll_why(const struct enrolling *w, const char *text)
{
	if (w->req->why != NULL)
		w->req->why(w->req->ctx, text);
	else
		enroll_note(w, text);
}
