/* SPDX-License-Identifier: BSD-2-Clause */
/* What machine this is, and what fathom itself has used. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "session/session.h"

void session_read_host(struct host_info *host)
{
	struct utsname name;

	if (uname(&name) == 0) {
		snprintf(host->name, sizeof(host->name), "%s", name.nodename);
		snprintf(host->kernel, sizeof(host->kernel), "%s", name.release);
		snprintf(host->arch, sizeof(host->arch), "%s", name.machine);
	}
	host->cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
}

static uint64_t timeval_ns(struct timeval time)
{
	return (uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_usec * 1000;
}

/* ru_maxrss would be that of whoever started fathom, where it was larger: it outlives execve(2). */
static uint64_t peak_rss_bytes(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long kib = 0;
	char line[256];

	while (status && fgets(line, sizeof(line), status)) {
		if (sscanf(line, "VmHWM: %llu kB", &kib) == 1)
			break;
	}
	if (status)
		fclose(status);
	return kib * 1024;
}

void session_read_self(struct self_cost *self)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		return;
	self->cpu_ns = timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
	self->peak_rss_bytes = peak_rss_bytes();
}
