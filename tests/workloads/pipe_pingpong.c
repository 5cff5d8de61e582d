/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe_pingpong [ROUNDS]: two processes hand a message to and fro over two pipes.
 * Proves the split of short waits into blocked (ipc), runqueue and CPU time.
 */
#include "pingpong.h"

int main(int argc, char **argv)
{
	struct pingpong game = {.reason = TRUTH_IPC};
	int there[2], back[2];

	truth_init(&argc, argv);
	game.rounds = truth_argument(argc, argv, 1, 30000);
	truth_must(pipe2(there, 0), "pipe2");
	truth_must(pipe2(back, 0), "pipe2");
	game.there_in = there[0];
	game.there_out = there[1];
	game.back_in = back[0];
	game.back_out = back[1];
	return pingpong_run(&game);
}
