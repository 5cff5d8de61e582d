/* SPDX-License-Identifier: BSD-2-Clause */
/* See output.h. */
#include "session/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_directly(struct output *output, const char *path, struct error *error)
{
	output->stream = fopen(path, "we");
	return output->stream ? 0 : error_set_errno(error, -errno, "cannot write '%.300s'", path);
}

/* The mode that open(2) would give a new file; only umask(2) itself tells the mask, by changing it.
 */
static mode_t new_file_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

static int open_temporary(struct output *output, const char *path, const struct stat *old,
			  struct error *error)
{
	int fd;

	if (asprintf(&output->temporary, "%s.fathom-XXXXXX", path) < 0) {
		output->temporary = NULL;
		return error_set_errno(error, -ENOMEM, "cannot write '%.300s'", path);
	}
	fd = mkostemp(output->temporary, O_CLOEXEC);
	if (fd < 0) {
		int code = errno;

		free(output->temporary);
		output->temporary = NULL;
		return error_set_errno(error, -code, "cannot write '%.300s'", path);
	}
	if (fchmod(fd, old ? old->st_mode & 07777 : new_file_mode()) ||
	    !(output->stream = fdopen(fd, "w"))) {
		int code = errno;

		close(fd);
		output_abort(output);
		return error_set_errno(error, -code, "cannot write '%.300s'", path);
	}
	return 0;
}

int output_open(struct output *output, const char *path, FILE *fallback, struct error *error)
{
	char resolved[PATH_MAX];
	struct stat status;
	bool exists = false;
	int result;

	*output = (struct output){.stream = fallback};
	if (!path)
		return 0;
	/* A link stays a link: what it points to is replaced. */
	if (stat(path, &status) == 0) {
		if (!S_ISREG(status.st_mode))
			return open_directly(output, path, error);
		if (access(path, W_OK) || !realpath(path, resolved))
			return error_set_errno(error, -errno, "cannot write '%.300s'", path);
		output->path = strdup(resolved);
		exists = true;
	} else if (errno == ENOENT && lstat(path, &status) == 0) {
		return open_directly(output, path, error); /* a link to what is not there yet */
	} else if (errno != ENOENT) {
		return error_set_errno(error, -errno, "cannot write '%.300s'", path);
	} else {
		output->path = strdup(path);
	}
	if (!output->path)
		return error_set_errno(error, -ENOMEM, "cannot write '%.300s'", path);
	result = open_temporary(output, output->path, exists ? &status : NULL, error);
	if (result)
		output_abort(output);
	return result;
}

int output_commit(struct output *output, struct error *error)
{
	int code = 0;

	errno = 0;
	if (fflush(output->stream) || ferror(output->stream))
		code = errno ? errno : EIO;
	/* Some file systems find out only now that there is no room. */
	if (output->stream != stdout && output->stream != stderr) {
		if (fclose(output->stream) && !code)
			code = errno;
		output->stream = NULL;
	}
	if (!code && output->temporary && rename(output->temporary, output->path))
		code = errno;
	if (code) {
		error_set_errno(error, -code, "cannot write the report%s%.300s",
				output->path ? " to " : "", output->path ? output->path : "");
		output_abort(output);
		return -code;
	}
	free(output->temporary);
	output->temporary = NULL;
	output_abort(output);
	return 0;
}

void output_abort(struct output *output)
{
	if (output->temporary)
		unlink(output->temporary);
	if (output->stream && output->stream != stdout && output->stream != stderr)
		fclose(output->stream);
	free(output->temporary);
	free(output->path);
	*output = (struct output){0};
}
