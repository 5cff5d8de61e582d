/* SPDX-License-Identifier: BSD-2-Clause */
/* What the unit tests share: cmocka with the headers it needs, and random numbers that are the same
 * in every run, so that a failure can be had again. */
#ifndef FATHOM_TESTS_TESTING_H
#define FATHOM_TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct random {
	uint64_t state; /* not 0 */
};

/* xorshift64*: https://vigna.di.unimi.it/ftp/papers/xorshift.pdf */
static inline uint64_t random_next(struct random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * UINT64_C(2685821657736338717);
}

/* 0 … limit-1 */
static inline uint64_t random_below(struct random *random, uint64_t limit)
{
	return random_next(random) % limit;
}

/* Of any magnitude: every number of bits is as likely as every other. */
static inline uint64_t random_magnitude(struct random *random)
{
	return random_next(random) >> random_below(random, 64);
}

#endif
