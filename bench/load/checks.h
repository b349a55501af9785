/* bench/load/checks.h - STUN of one viewer: its connectivity checks, and answers to those that a
 * full agent sends it. Always controlling: in a conflict of roles the other side yields. Thread:
 * the swarm's. */
#ifndef BENCH_LOAD_CHECKS_H
#define BENCH_LOAD_CHECKS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { CHECKS_BYTES_MAX = 640 };

/* Writes a check that nominates, to out (CHECKS_BYTES_MAX); returns its bytes, 0 on failure.
 * username ("theirs:ours") and password (theirs) are terminated. */
size_t checks_write(const char *username, const char *password, uint8_t *out);
/* Writes the answer to a binding request from from, to out (CHECKS_BYTES_MAX); returns its bytes, 0
 * when it was none, or none for password (ours). */
size_t checks_answer(const uint8_t *datagram, size_t datagram_bytes, const char *password,
                     const struct sockaddr_storage *from, socklen_t from_bytes, uint8_t *out);

#endif
