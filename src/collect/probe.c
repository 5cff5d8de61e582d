/* SPDX-License-Identifier: BSD-2-Clause */
/* See probe.h. */
#include "collect/probe.h"

#include <bpf/btf.h>
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define BTF_PATH "/sys/kernel/btf/vmlinux"

/* include/uapi/linux/capability.h */
static const struct {
	unsigned bit;
	const char *name;
	bool required;
	const char *effect;
} CAPABILITIES[] = {
	{39, "CAP_BPF", true, "no BPF program can be loaded: nothing can be measured"},
	{38, "CAP_PERFMON", true, "no tracing program can be loaded: nothing can be measured"},
	{2, "CAP_DAC_READ_SEARCH", false,
	 "cgroups are shown as null: their names cannot be looked up"},
	{19, "CAP_SYS_PTRACE", false,
	 "attach: program paths of other users' processes are shown as null"},
};

static const struct {
	const char *name;
	bool required;
	const char *effect;
	const char *option; /* of the kernel's build, that brings it */
} TRACEPOINTS[] = {
	{"sys_enter", true, "system calls cannot be seen", "CONFIG_FTRACE_SYSCALLS"},
	{"sys_exit", true, "system calls cannot be seen", "CONFIG_FTRACE_SYSCALLS"},
	{"sched_switch", true, "running, waiting and sleeping cannot be told apart",
	 "CONFIG_TRACEPOINTS"},
	{"sched_wakeup", true, "sleeping and waiting for a CPU cannot be told apart",
	 "CONFIG_TRACEPOINTS"},
	{"sched_wakeup_new", true, "the beginning of threads cannot be timed",
	 "CONFIG_TRACEPOINTS"},
	{"task_newtask", true, "new threads and processes cannot be followed",
	 "CONFIG_TRACEPOINTS"},
	{"task_rename", true, "names of processes cannot be followed", "CONFIG_TRACEPOINTS"},
	{"sched_process_exec", true, "programs that processes change into cannot be followed",
	 "CONFIG_TRACEPOINTS"},
	{"sched_process_exit", true, "the end of threads cannot be seen", "CONFIG_TRACEPOINTS"},
	{"sched_process_free", true, "the end of threads cannot be made sure of",
	 "CONFIG_TRACEPOINTS"},
	{"cgroup_attach_task", false,
	 "a process that changes its cgroup while watched keeps the old one in reports",
	 "CONFIG_CGROUPS"},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static uint64_t effective_capabilities(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long bits = 0;
	char line[256];

	if (!status)
		return geteuid() == 0 ? UINT64_MAX : 0;
	while (fgets(line, sizeof(line), status)) {
		if (sscanf(line, "CapEff: %llx", &bits) == 1)
			break;
	}
	fclose(status);
	return bits;
}

/* BPF programs see the host's process ids. The initial namespace has a fixed inode number
 * (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
#define INITIAL_PID_NAMESPACE 0xeffffffcu

static bool in_initial_pid_namespace(void)
{
	struct stat status;

	return stat("/proc/self/ns/pid", &status) || status.st_ino == INITIAL_PID_NAMESPACE;
}

static bool has_capability(unsigned bit)
{
	return effective_capabilities() >> bit & 1;
}

static void own_path(char *path, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", path, size - 1);

	if (length <= 0)
		snprintf(path, size, "fathom");
	else
		path[length] = '\0';
}

static bool has_tracepoint(const struct btf *btf, const char *name)
{
	char type[128];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf && btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
}

bool probe_tracepoint(const char *name)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool found = has_tracepoint(btf, name);

	btf__free(btf);
	return found;
}

bool probe_missing_tracepoint(const char **name, const char **effect)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool missing = false;

	for (size_t i = 0; btf && !missing && i < COUNT(TRACEPOINTS); i++) {
		missing = TRACEPOINTS[i].required && !has_tracepoint(btf, TRACEPOINTS[i].name);
		*name = TRACEPOINTS[i].name;
		*effect = TRACEPOINTS[i].effect;
	}
	btf__free(btf);
	return missing;
}

int probe_requirements(struct error *error)
{
	char path[PATH_MAX], missing[64] = "";

	for (size_t i = 0; i < COUNT(CAPABILITIES); i++) {
		size_t length = strlen(missing);

		if (CAPABILITIES[i].required && !has_capability(CAPABILITIES[i].bit))
			snprintf(missing + length, sizeof(missing) - length, "%s%s",
				 length ? " and " : "", CAPABILITIES[i].name);
	}
	if (missing[0]) {
		own_path(path, sizeof(path));
		return error_set(error, -EPERM,
				 "no privileges: %s missing; run it with sudo, or once: "
				 "sudo setcap cap_bpf,cap_perfmon,cap_dac_read_search=ep %.200s",
				 missing, path);
	}
	if (access(BTF_PATH, R_OK))
		return error_set(
			error, -ENOTSUP,
			"this kernel has no BTF (" BTF_PATH "): fathom's programs cannot be "
			"fitted to it and nothing can be measured; it takes a kernel built with "
			"CONFIG_DEBUG_INFO_BTF=y");
	if (!in_initial_pid_namespace())
		return error_set(
			error, -ENOTSUP,
			"process ids here are not the host's; fathom must run in the host's "
			"PID namespace (containers: --pid=host)");
	return 0;
}

/* The next free finding, with its subject set; the last one again when there is no room. */
static struct probe_finding *next_finding(struct probe_finding *findings, size_t room,
					  size_t *count, const char *subject)
{
	struct probe_finding *finding = &findings[*count < room ? (*count)++ : room - 1];

	memset(finding, 0, sizeof(*finding));
	snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
	return finding;
}

#define SAY(field, ...) snprintf((field), sizeof(field), __VA_ARGS__)

static void probe_kernel(struct probe_finding *finding)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	if (uname(&name))
		return;
	SAY(finding->found, "%.60s, %.20s", name.release, name.machine);
	sscanf(name.release, "%u.%u", &major, &minor);
	if (major < 5 || (major == 5 && minor < 18)) {
		finding->status = PROBE_MISSING;
		SAY(finding->effect, "fathom reads task states as kernels from 5.18 on give them");
		SAY(finding->remedy, "a newer kernel; 6.1 and later are tested");
	}
}

static void probe_capability(struct probe_finding *finding, size_t which)
{
	char path[PATH_MAX];

	if (has_capability(CAPABILITIES[which].bit)) {
		SAY(finding->found, "held");
		return;
	}
	own_path(path, sizeof(path));
	finding->status = CAPABILITIES[which].required ? PROBE_MISSING : PROBE_DEGRADED;
	SAY(finding->found, "not held");
	SAY(finding->effect, "%s", CAPABILITIES[which].effect);
	SAY(finding->remedy, "sudo, or: sudo setcap %s=ep %.300s",
	    "cap_bpf,cap_perfmon,cap_dac_read_search,cap_sys_ptrace", path);
}

static void probe_cgroup(struct probe_finding *finding)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;

	while (mounts && (mount = getmntent(mounts))) {
		if (strcmp(mount->mnt_type, "cgroup2") == 0) {
			SAY(finding->found, "mounted on %.120s", mount->mnt_dir);
			break;
		}
	}
	if (mounts)
		endmntent(mounts);
	if (finding->found[0])
		return;
	finding->status = PROBE_DEGRADED;
	SAY(finding->found, "not mounted");
	SAY(finding->effect, "--cgroup cannot be used and cgroups are shown as null");
	SAY(finding->remedy, "sudo mount -t cgroup2 none /sys/fs/cgroup");
}

static bool kernel_has_field(const struct btf *btf, const char *structure, const char *field)
{
	int32_t id = btf ? btf__find_by_name_kind(btf, structure, BTF_KIND_STRUCT) : -1;
	const struct btf_type *type;
	const struct btf_member *member;

	if (id <= 0)
		return false;
	type = btf__type_by_id(btf, (uint32_t)id);
	member = btf_members(type);
	for (unsigned i = 0; i < btf_vlen(type); i++) {
		if (strcmp(btf__name_by_offset(btf, member[i].name_off), field) == 0)
			return true;
	}
	return false;
}

static void probe_lockdown(struct probe_finding *finding)
{
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");
	char line[128] = "";

	if (file) {
		if (!fgets(line, sizeof(line), file))
			line[0] = '\0';
		fclose(file);
	}
	if (!strstr(line, "[confidentiality]")) {
		SAY(finding->found, "%s", strstr(line, "[integrity]") ? "integrity" : "off");
		return;
	}
	finding->status = PROBE_MISSING;
	SAY(finding->found, "confidentiality");
	SAY(finding->effect, "BPF programs may not read kernel memory: nothing can be measured");
	SAY(finding->remedy, "boot with lockdown=integrity");
}

size_t probe_all(struct probe_finding *findings, size_t room)
{
	struct probe_finding *finding;
	struct btf *btf = NULL;
	size_t count = 0;

	probe_kernel(next_finding(findings, room, &count, "kernel"));
	for (size_t i = 0; i < COUNT(CAPABILITIES); i++)
		probe_capability(next_finding(findings, room, &count, CAPABILITIES[i].name), i);

	finding = next_finding(findings, room, &count, "kernel BTF");
	if (access(BTF_PATH, R_OK) == 0)
		btf = btf__load_vmlinux_btf();
	if (btf) {
		SAY(finding->found, "%u types", btf__type_cnt(btf));
	} else {
		finding->status = PROBE_MISSING;
		SAY(finding->found, "no " BTF_PATH);
		SAY(finding->effect,
		    "programs cannot be fitted to this kernel: nothing can be measured");
		SAY(finding->remedy, "a kernel built with CONFIG_DEBUG_INFO_BTF=y");
	}
	for (size_t i = 0; btf && i < COUNT(TRACEPOINTS); i++) {
		finding = next_finding(findings, room, &count, TRACEPOINTS[i].name);
		if (has_tracepoint(btf, TRACEPOINTS[i].name)) {
			SAY(finding->found, "tracepoint present");
			continue;
		}
		finding->status = TRACEPOINTS[i].required ? PROBE_MISSING : PROBE_DEGRADED;
		SAY(finding->found, "no such tracepoint");
		SAY(finding->effect, "%s", TRACEPOINTS[i].effect);
		SAY(finding->remedy, "a kernel built with %s=y", TRACEPOINTS[i].option);
	}
	finding = next_finding(findings, room, &count, "PID namespace");
	SAY(finding->found, "the host's");
	if (!in_initial_pid_namespace()) {
		finding->status = PROBE_MISSING;
		SAY(finding->found, "not the host's");
		SAY(finding->effect, "processes cannot be found by the ids that are used here");
		SAY(finding->remedy, "start the container with --pid=host");
	}
	probe_lockdown(next_finding(findings, room, &count, "lockdown"));
	probe_cgroup(next_finding(findings, room, &count, "cgroup v2"));

	finding = next_finding(findings, room, &count, "kernel lock waits");
	if (kernel_has_field(btf, "task_struct", "blocker")) {
		SAY(finding->found, "noted by the kernel");
	} else if (btf) {
		finding->status = PROBE_DEGRADED;
		SAY(finding->found, "not noted by the kernel");
		SAY(finding->effect,
		    "waits for kernel mutexes are filed under what the call works on");
		SAY(finding->remedy, "Linux 6.16 or later with CONFIG_DETECT_HUNG_TASK_BLOCKER=y");
	}
	btf__free(btf);
	return count;
}
