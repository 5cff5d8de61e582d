/* SPDX-License-Identifier: BSD-2-Clause */
/* What went wrong, in one line that a person can act on. Printing it is the caller's business. */
#ifndef FATHOM_BASE_ERROR_H
#define FATHOM_BASE_ERROR_H

#include <stdarg.h>

#define ERROR_TEXT_SIZE 512

struct error {
	char text[ERROR_TEXT_SIZE]; /* no newline; "" when nothing was set */
};

/* Sets the text and returns `code` (a negative errno), so that callers can `return error_set(…)`.
 * `error` may be NULL. */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with ": " and the system's text for `code` added. */
int error_set_errno(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
