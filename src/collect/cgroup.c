/* SPDX-License-Identifier: BSD-2-Clause */
/* See cgroup.h. */
#include "collect/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/array.h"

#define CGROUP2_MAGIC	   0x63677270 /* include/uapi/linux/magic.h */
#define HANDLE_TYPE_KERNFS 0xfe	      /* FILEID_KERNFS, include/linux/exportfs.h */

static int find_mount(char *path, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;
	int result = -ENOENT;

	if (!mounts)
		return -errno;
	while ((mount = getmntent(mounts))) {
		if (strcmp(mount->mnt_type, "cgroup2") != 0)
			continue;
		if (snprintf(path, size, "%s", mount->mnt_dir) < (int)size)
			result = 0;
		break;
	}
	endmntent(mounts);
	return result;
}

void cgroup_names_init(struct cgroup_names *names)
{
	memset(names, 0, sizeof(*names));
	names->mount_fd = -1;
	if (find_mount(names->mount, sizeof(names->mount)) == 0)
		names->mount_fd = open(names->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void cgroup_names_fini(struct cgroup_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->known[i].path);
	free(names->known);
	if (names->mount_fd >= 0)
		close(names->mount_fd);
	memset(names, 0, sizeof(*names));
	names->mount_fd = -1;
}

/* A cgroup's id is its kernfs file handle (name_to_handle_at(2)), so the kernel can open it by it.
 */
static char *look_up(const struct cgroup_names *names, uint64_t id)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(uint64_t)];
	} by_id = {.handle = {.handle_bytes = sizeof(id), .handle_type = HANDLE_TYPE_KERNFS}};
	char link[64], path[4096];
	ssize_t length;
	size_t prefix;
	int fd;

	if (names->mount_fd < 0)
		return NULL;
	memcpy(by_id.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(names->mount_fd, &by_id.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	close(fd);
	if (length < 0)
		return NULL;
	path[length] = '\0';
	prefix = strlen(names->mount);
	if (strncmp(path, names->mount, prefix) != 0)
		return NULL;
	return strdup(path[prefix] ? path + prefix : "/");
}

const char *cgroup_path(struct cgroup_names *names, uint64_t id)
{
	for (size_t i = names->count; i-- > 0;) {
		if (names->known[i].id == id)
			return names->known[i].path;
	}
	if (array_reserve(&names->known, &names->room, names->count, sizeof(*names->known)))
		return NULL;
	names->known[names->count] = (struct cgroup_name){.id = id, .path = look_up(names, id)};
	return names->known[names->count++].path;
}

int cgroup_find(const char *path, uint64_t *id, struct error *error)
{
	char mount[256], full[4096];
	struct statfs fs;
	struct stat status;

	if (find_mount(mount, sizeof(mount)))
		return error_set(error, -ENOENT,
				 "no cgroup v2 hierarchy is mounted; --cgroup needs one");
	if (strncmp(path, mount, strlen(mount)) == 0)
		snprintf(full, sizeof(full), "%s", path);
	else
		snprintf(full, sizeof(full), "%s/%s", mount, path[0] == '/' ? path + 1 : path);
	if (stat(full, &status) || statfs(full, &fs))
		return error_set_errno(error, -errno, "cgroup '%s' (looked for %s)", path, full);
	if (!S_ISDIR(status.st_mode) || fs.f_type != CGROUP2_MAGIC)
		return error_set(error, -EINVAL, "'%s' is not a cgroup of the v2 hierarchy at %s",
				 path, mount);
	*id = status.st_ino;
	return 0;
}
