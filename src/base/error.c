/* SPDX-License-Identifier: BSD-2-Clause */
/* See error.h. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

int error_set(struct error *error, int code, const char *format, ...)
{
	va_list arguments;

	if (error) {
		va_start(arguments, format);
		vsnprintf(error->text, sizeof(error->text), format, arguments);
		va_end(arguments);
	}
	return code;
}

int error_set_errno(struct error *error, int code, const char *format, ...)
{
	va_list arguments;
	size_t length;

	if (error) {
		va_start(arguments, format);
		vsnprintf(error->text, sizeof(error->text), format, arguments);
		va_end(arguments);
		length = strlen(error->text);
		snprintf(error->text + length, sizeof(error->text) - length, ": %s",
			 strerror(code < 0 ? -code : code));
	}
	return code;
}
