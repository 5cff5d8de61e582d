/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page_fault [PAGES [MS]]: touches pages that another thread supplies late, through userfaultfd.
 * Proves that a thread blocked outside any call is the reason page_fault.
 */
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include "truth.h"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

static long pages, ms;
static size_t page_size;
static int fault_fd;
static unsigned char *memory;

static void *supplier(void *page)
{
	struct pollfd poll_fd = {.fd = fault_fd, .events = POLLIN};
	struct truth_instant begin;
	struct uffd_msg message;

	for (long i = 0; i < pages; i++) {
		struct uffdio_copy copy = {.src = (uintptr_t)page, .len = page_size};

		truth_instant_read(&begin);
		truth_must(poll(&poll_fd, 1, -1), "poll");
		truth_wait_end(&begin, TRUTH_POLL);
		if (read(fault_fd, &message, sizeof(message)) != sizeof(message))
			truth_die("read");
		truth_sleep_ns((uint64_t)ms * TRUTH_MS);
		copy.dst = message.arg.pagefault.address & ~(uint64_t)(page_size - 1);
		truth_must(ioctl(fault_fd, UFFDIO_COPY, &copy), "UFFDIO_COPY");
	}
	truth_thread_end();
	return NULL;
}

static void watch_memory(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.mode = UFFDIO_REGISTER_MODE_MISSING};

	fault_fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
	if (fault_fd < 0)
		fault_fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (fault_fd < 0 || ioctl(fault_fd, UFFDIO_API, &api))
		truth_skip("userfaultfd not permitted");
	memory = mmap(NULL, (size_t)pages * page_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		truth_die("mmap");
	range.range.start = (uintptr_t)memory;
	range.range.len = (size_t)pages * page_size;
	truth_must(ioctl(fault_fd, UFFDIO_REGISTER, &range), "UFFDIO_REGISTER");
}

int main(int argc, char **argv)
{
	struct truth_instant begin;
	unsigned char *page;
	pthread_t thread;
	uint64_t sum = 0;

	truth_init(&argc, argv);
	pages = truth_argument(argc, argv, 1, 20);
	ms = truth_argument(argc, argv, 2, 20);
	page_size = (size_t)sysconf(_SC_PAGESIZE);
	page = aligned_alloc(page_size, page_size);
	if (!page)
		truth_die("aligned_alloc");
	memset(page, 1, page_size);
	watch_memory();
	thread = truth_thread_start(supplier, page);
	truth_instant_read(&begin);
	for (long i = 0; i < pages; i++)
		sum += *(volatile unsigned char *)(memory + (size_t)i * page_size);
	truth_wait_end(&begin, TRUTH_PAGE_FAULT);
	if (sum != (uint64_t)pages)
		truth_die("wrong pages");
	truth_threads_join(&thread, 1);
	return truth_finish();
}
