/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix_pingpong [ROUNDS]: two processes hand a message to and fro over a Unix socket pair.
 * Proves that a Unix socket is ipc, not network.
 */
#include <sys/socket.h>
#include "pingpong.h"

int main(int argc, char **argv)
{
	struct pingpong game = {.reason = TRUTH_IPC};
	int ends[2];

	truth_init(&argc, argv);
	game.rounds = truth_argument(argc, argv, 1, 20000);
	truth_must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
	game.there_out = game.back_in = ends[0];
	game.back_out = game.there_in = ends[1];
	return pingpong_run(&game);
}
