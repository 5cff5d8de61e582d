/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eventfd_wait [ROUNDS]: two processes wake each other through two eventfds.
 * Proves that waiting in read on an eventfd is the reason ipc.
 */
#include <sys/eventfd.h>
#include "pingpong.h"

int main(int argc, char **argv)
{
	struct pingpong game = {.reason = TRUTH_IPC};

	truth_init(&argc, argv);
	game.rounds = truth_argument(argc, argv, 1, 20000);
	game.there_out = game.there_in = (int)truth_must(eventfd(0, 0), "eventfd");
	game.back_out = game.back_in = (int)truth_must(eventfd(0, 0), "eventfd");
	return pingpong_run(&game);
}
