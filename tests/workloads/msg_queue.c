/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msg_queue [ROUNDS]: two processes hand messages to and fro over a System V message queue.
 * Proves that msgrcv is the reason ipc.
 */
#include <sys/ipc.h>
#include <sys/msg.h>
#include "truth.h"

struct message {
	long type;
	char text[8];
};

static long rounds;
static int queue;

static void take_turns(long mine, long theirs)
{
	struct message message = {0};
	struct truth_instant begin;

	truth_instant_read(&begin);
	for (long i = 0; i < rounds; i++) {
		truth_must(msgrcv(queue, &message, sizeof(message.text), mine, 0), "msgrcv");
		message.type = theirs;
		truth_must(msgsnd(queue, &message, sizeof(message.text), 0), "msgsnd");
	}
	truth_wait_end(&begin, TRUTH_IPC);
}

static void other(void *unused)
{
	(void)unused;
	take_turns(2, 1);
}

int main(int argc, char **argv)
{
	struct message first = {.type = 2};
	pid_t pid;

	truth_init(&argc, argv);
	rounds = truth_argument(argc, argv, 1, 20000);
	queue = msgget(IPC_PRIVATE, 0600);
	if (queue < 0)
		truth_skip("no System V message queues");
	pid = truth_child_start(other, NULL);
	truth_must(msgsnd(queue, &first, sizeof(first.text), 0), "msgsnd");
	take_turns(1, 2);
	truth_children_reap(&pid, 1, NULL);
	truth_must(msgctl(queue, IPC_RMID, NULL), "msgctl");
	truth_count("msgrcv", 2 * (uint64_t)rounds);
	truth_count("msgsnd", 2 * (uint64_t)rounds + 1);
	return truth_finish();
}
