#include "stun_client.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stun/stunagent.h>

#include "core/bytes.h"

enum { HEADER_BYTES = 20 };

static uint32_t crc32(const uint8_t *data, size_t bytes)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void put_attribute(struct bytes_writer *writer, uint16_t type, const void *value,
                          size_t bytes)
{
    bytes_put_u16(writer, type);
    bytes_put_u16(writer, (uint16_t)bytes);
    bytes_put(writer, value, bytes);
    bytes_put_zeros(writer, (4 - bytes % 4) % 4);
}

/* What integrity and fingerprint cover is a message that ends with themselves. */
static void set_length(struct bytes_writer *writer, size_t coming_bytes)
{
    bytes_patch_u16(writer, 2, (uint16_t)(bytes_written(writer) - HEADER_BYTES + coming_bytes));
}

size_t stun_client_write(const struct stun_client_request *request,
                         uint8_t out[STUN_CLIENT_BYTES_MAX])
{
    static uint32_t transaction;
    static const uint8_t tie_breaker[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t priority[4] = {0x6e, 0, 0, 0xff};
    struct bytes_writer writer = bytes_writer_of(out, STUN_CLIENT_BYTES_MAX);

    bytes_put_u16(&writer, request->method_class != 0 ? request->method_class : 0x0001);
    bytes_put_u16(&writer, 0);
    bytes_put_u32(&writer, 0x2112a442);
    bytes_put_u64(&writer, UINT64_C(0x0102030405060708));
    bytes_put_u32(&writer, ++transaction);
    if (request->username != NULL)
        put_attribute(&writer, 0x0006, request->username, strlen(request->username));
    put_attribute(&writer, request->controlled ? 0x8029 : 0x802a, tie_breaker, 8);
    put_attribute(&writer, 0x0024, priority, 4);
    if (request->use_candidate)
        put_attribute(&writer, 0x0025, "", 0);
    if (request->extra_type != 0)
        put_attribute(&writer, request->extra_type, "", 0);
    if (request->password != NULL) {
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned digest_bytes = sizeof digest;
        set_length(&writer, 24);
        HMAC(EVP_sha1(), request->password, (int)strlen(request->password), out,
             bytes_written(&writer), digest, &digest_bytes);
        put_attribute(&writer, 0x0008, digest, digest_bytes);
    }
    if (request->behind_type != 0)
        put_attribute(&writer, request->behind_type, "", 0);
    if (!request->no_fingerprint) {
        set_length(&writer, 8);
        const uint32_t value = crc32(out, bytes_written(&writer)) ^ 0x5354554e;
        bytes_put_u16(&writer, 0x8028);
        bytes_put_u16(&writer, 4);
        bytes_put_u32(&writer, value);
    }
    set_length(&writer, 0);
    return bytes_written(&writer);
}

uint16_t stun_client_answer_type(const uint8_t *request, const uint8_t *answer, size_t answer_bytes)
{
    if (answer_bytes < HEADER_BYTES || memcmp(request + 4, answer + 4, 16) != 0)
        return 0;
    return (uint16_t)(answer[0] << 8 | answer[1]);
}

bool stun_client_answer_holds(const uint8_t *answer, size_t answer_bytes, const char *password,
                              const struct address *address)
{
    static const uint16_t known[] = {0x0006, 0x0008, 0x0020, 0};
    StunAgent agent;
    StunMessage message;
    StunTransactionId id;
    uint8_t key[256];
    struct sockaddr_storage mapped = {.ss_family = AF_UNSPEC};
    socklen_t mapped_bytes = sizeof mapped;
    struct address read;

    memcpy(key, password, strlen(password));
    stun_agent_init(&agent, known, STUN_COMPATIBILITY_RFC5389,
                    (StunAgentUsageFlags)(STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS |
                                          STUN_AGENT_USAGE_USE_FINGERPRINT));
    memcpy(id, answer + 4, sizeof id);
    memcpy(agent.sent_ids[0].id, id, sizeof id);
    agent.sent_ids[0].method = STUN_BINDING;
    agent.sent_ids[0].key = key;
    agent.sent_ids[0].key_len = strlen(password);
    agent.sent_ids[0].valid = true;
    return stun_agent_validate(&agent, &message, answer, answer_bytes, NULL, NULL) ==
               STUN_VALIDATION_SUCCESS &&
           stun_message_find_xor_addr(&message, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, &mapped,
                                      &mapped_bytes) == STUN_MESSAGE_RETURN_SUCCESS &&
           address_from_socket(&mapped, &read) == STATUS_OK && address_equal(&read, address);
}
