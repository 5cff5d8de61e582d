/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_pingpong [ROUNDS]: two processes hand a message to and fro over TCP on the loopback.
 * Proves that read on an inet socket is the reason network.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "pingpong.h"

static void connect_pair(int ends[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	int listener = (int)truth_must(socket(AF_INET, SOCK_STREAM, 0), "socket");
	int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	truth_must(bind(listener, (struct sockaddr *)&address, sizeof(address)), "bind");
	truth_must(listen(listener, 1), "listen");
	truth_must(getsockname(listener, (struct sockaddr *)&address, &length), "getsockname");
	ends[0] = (int)truth_must(socket(AF_INET, SOCK_STREAM, 0), "socket");
	truth_must(connect(ends[0], (struct sockaddr *)&address, sizeof(address)), "connect");
	ends[1] = (int)truth_must(accept(listener, NULL, NULL), "accept");
	for (int i = 0; i < 2; i++)
		truth_must(setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)),
			   "setsockopt");
	close(listener);
}

int main(int argc, char **argv)
{
	struct pingpong game = {.reason = TRUTH_NETWORK};
	int ends[2];

	truth_init(&argc, argv);
	game.rounds = truth_argument(argc, argv, 1, 15000);
	connect_pair(ends);
	game.there_out = game.back_in = ends[0];
	game.back_out = game.there_in = ends[1];
	return pingpong_run(&game);
}
