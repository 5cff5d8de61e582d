/* SPDX-License-Identifier: BSD-2-Clause */
/* The profiles that the golden test writes out: made by hand, the same on every machine and every
 * run. */
#ifndef FATHOM_TESTS_CASES_H
#define FATHOM_TESTS_CASES_H

#include "model/profile.h"

struct golden_case {
	const char *name; /* of the files; NULL ends the table */
	void (*fill)(struct profile *profile);
};

extern const struct golden_case GOLDEN_CASES[];

#endif
