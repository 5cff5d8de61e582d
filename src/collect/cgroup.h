/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of control groups of the v2 hierarchy, by the id that the kernel side records. */
#ifndef FATHOM_COLLECT_CGROUP_H
#define FATHOM_COLLECT_CGROUP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct cgroup_name {
	uint64_t id;
	char *path; /* below the root, "/" for the root itself; NULL if it could not be found */
};

struct cgroup_names {
	struct cgroup_name *known;
	size_t count, room;
	int mount_fd; /* of the v2 mount; -1 if there is none */
	char mount[256];
};

void cgroup_names_init(struct cgroup_names *names);
void cgroup_names_fini(struct cgroup_names *names);

/* The path of a cgroup, asked from the kernel when it is first wanted and remembered. NULL if it is
 * not to be found, as when the cgroup is gone by then. */
const char *cgroup_path(struct cgroup_names *names, uint64_t id);

/* The id of the v2 cgroup at `path`, absolute or below the v2 mount. 0, or a negative errno. */
int cgroup_find(const char *path, uint64_t *id, struct error *error);

#endif
