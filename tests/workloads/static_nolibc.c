/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * static_nolibc: a static program without any library, which makes known calls and exits with 7.
 * Proves that nothing depends on libc: no symbols of it, no dynamic loader, no thread set-up.
 * Every call it makes after exec is in its truth, that of writing it included.
 */

typedef unsigned long u64;

#if defined(__x86_64__)

enum {
	NR_CLOSE = 3,
	NR_PREAD64 = 17,
	NR_PWRITE64 = 18,
	NR_NANOSLEEP = 35,
	NR_FDATASYNC = 75,
	NR_GETPPID = 110,
	NR_CLOCK_GETTIME = 228,
	NR_EXIT_GROUP = 231,
	NR_OPENAT = 257,
};

__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call start\n");

static long call(long number, long a, long b, long c, long d)
{
	register long fourth __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
			 : "rcx", "r11", "memory");
	return result;
}

#elif defined(__aarch64__)

enum {
	NR_OPENAT = 56,
	NR_CLOSE = 57,
	NR_PREAD64 = 67,
	NR_PWRITE64 = 68,
	NR_FDATASYNC = 83,
	NR_EXIT_GROUP = 94,
	NR_NANOSLEEP = 101,
	NR_CLOCK_GETTIME = 113,
	NR_GETPPID = 173,
};

__asm__(".globl _start\n"
	"_start:\n"
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	mov x0, sp\n"
	"	bl start\n");

static long call(long number, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}

#else
#error "static_nolibc: calls are written for x86-64 and aarch64"
#endif

enum {
	GETPPID_CALLS = 100000,
	FAILING_CALLS = 10,
	BAD_FD = 9,
	AT_CWD = -100,
	CREATE_TRUNCATED = 01 | 0100 | 01000, /* O_WRONLY | O_CREAT | O_TRUNC */
	MONOTONIC = 1,
	THREAD_CPUTIME = 3,
};

struct timespec {
	long seconds;
	long nanoseconds;
};

static char text[2048];
static u64 length;

static void add_text(const char *more)
{
	while (*more)
		text[length++] = *more++;
}

static void add_number(u64 value)
{
	char digits[24];
	int count = 0;

	do
		digits[count++] = (char)('0' + value % 10);
	while (value /= 10);
	while (count)
		text[length++] = digits[--count];
}

static void add_line(const char *name, u64 value)
{
	add_text(name);
	add_text(" ");
	add_number(value);
	add_text("\n");
}

static _Noreturn void leave(long code)
{
	for (;;)
		call(NR_EXIT_GROUP, code, 0, 0, 0);
}

static u64 clock_ns(long clock)
{
	struct timespec now;

	if (call(NR_CLOCK_GETTIME, clock, (long)&now, 0, 0))
		leave(1);
	return (u64)now.seconds * 1000000000ul + (u64)now.nanoseconds;
}

/* Field 2 of the open schedstat file. */
static u64 runqueue_ns(long fd)
{
	char line[128];
	long read = call(NR_PREAD64, fd, (long)line, sizeof(line), 0);
	long at = 0;
	u64 value = 0;

	while (at < read && line[at] != ' ')
		at++;
	for (at++; at < read && line[at] >= '0' && line[at] <= '9'; at++)
		value = value * 10 + (u64)(line[at] - '0');
	return value;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* Sleeps, and gives back how long it was blocked: wall-clock less CPU and runqueue time. */
static u64 sleep_blocked_ns(long fd)
{
	const struct timespec pause = {0, 200000000};
	u64 waited = runqueue_ns(fd);
	u64 wall = clock_ns(MONOTONIC);
	u64 on_cpu = clock_ns(THREAD_CPUTIME);

	if (call(NR_NANOSLEEP, (long)&pause, 0, 0, 0))
		leave(1);
	on_cpu = clock_ns(THREAD_CPUTIME) - on_cpu;
	wall = clock_ns(MONOTONIC) - wall;
	waited = runqueue_ns(fd) - waited;
	return wall - on_cpu - waited;
}

static void make_calls(void)
{
	for (int i = 0; i < GETPPID_CALLS; i++)
		call(NR_GETPPID, 0, 0, 0, 0);
	for (int i = 0; i < FAILING_CALLS; i++) {
		if (call(NR_FDATASYNC, -1, 0, 0, 0) != -BAD_FD)
			leave(1);
	}
}

static void write_truth(const char *path, long schedstat, u64 blocked)
{
	long fd;

	add_line("count getppid", GETPPID_CALLS);
	add_line("count fdatasync", FAILING_CALLS);
	add_line("errors fdatasync EBADF", FAILING_CALLS);
	add_line("count nanosleep", 1);
	add_line("count pread64", 3);
	add_line("count clock_gettime", 5);
	add_line("count openat", 2);
	add_line("count pwrite64", 1);
	add_line("count close", 2);
	add_line("blocked sleep", blocked);
	add_line("threads", 1);
	add_line("processes", 1);
	add_line("runqueue_ns", runqueue_ns(schedstat));
	add_line("on_cpu_ns", clock_ns(THREAD_CPUTIME));
	fd = call(NR_OPENAT, AT_CWD, (long)path, CREATE_TRUNCATED, 0644);
	if (fd < 0 || call(NR_PWRITE64, fd, (long)text, (long)length, 0) != (long)length)
		leave(1);
	call(NR_CLOSE, fd, 0, 0, 0);
	call(NR_CLOSE, schedstat, 0, 0, 0);
}

/* `stack` is as the kernel leaves it: the number of arguments, then the arguments. */
_Noreturn void start(const long *stack);
_Noreturn void start(const long *stack)
{
	const char *const *arguments = (const char *const *)(stack + 1);
	const char *path = 0;
	long schedstat;
	u64 blocked;

	for (long i = 1; i + 1 < stack[0]; i++) {
		if (same(arguments[i], "--truth"))
			path = arguments[i + 1];
	}
	schedstat = call(NR_OPENAT, AT_CWD, (long)"/proc/thread-self/schedstat", 0, 0);
	make_calls();
	blocked = sleep_blocked_ns(schedstat);
	if (path)
		write_truth(path, schedstat, blocked);
	leave(7);
}
