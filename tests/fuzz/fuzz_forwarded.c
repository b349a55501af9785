/* tests/fuzz/fuzz_forwarded.c - X-Forwarded-For from a trusted proxy: whatever it says, the client
 * is an address, and what stands before an untrusted one changes nothing. */
#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/forwarded.h"

enum { TEXT_BYTES_MAX = 4096 };

static const char PEER[] = "127.0.0.1";

static void check(const struct networks *proxies, const char *forwarded, const char *expected)
{
    char client[FORWARDED_ADDRESS_BYTES_MAX];
    unsigned char bytes[NETWORK_ADDRESS_BYTES];

    forwarded_client(proxies, PEER, forwarded, client);
    if (inet_pton(AF_INET, client, bytes) != 1 && inet_pton(AF_INET6, client, bytes) != 1)
        abort();
    if (expected != NULL && strcmp(client, expected) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char text[TEXT_BYTES_MAX + 1];
    char longer[TEXT_BYTES_MAX + 64];
    struct networks proxies;

    if (bytes > TEXT_BYTES_MAX ||
        networks_read("127.0.0.1 10.0.0.0/8 fd00::/8", &proxies) != STATUS_OK)
        return 0;
    memcpy(text, data, bytes);
    text[bytes] = '\0';
    check(&proxies, text, NULL);
    (void)snprintf(longer, sizeof longer, "%s,203.0.113.5, 10.0.0.1", text);
    check(&proxies, longer, "203.0.113.5");
    if (networks_read(text, &proxies) == STATUS_OK && proxies.count > NETWORKS_MAX)
        abort();
    return 0;
}
