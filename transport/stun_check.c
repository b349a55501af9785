#include "transport/stun_check.h"

#include <stdlib.h>
#include <string.h>

#include <stun/stunagent.h>
#include <stun/usages/ice.h>

#include "core/bytes.h"

enum {
    BINDING_REQUEST = 0x0001,
    HEADER_BYTES = 20,
    INTEGRITY_BYTES = 20,
    FINGERPRINT_BYTES = 4,
};

static const uint32_t magic_cookie = 0x2112a442;

/* Attributes of a request that we understand; any other below 0x8000 is answered 420. */
static const uint16_t known_attributes[] = {
    STUN_ATTRIBUTE_USERNAME,
    STUN_ATTRIBUTE_MESSAGE_INTEGRITY,
    STUN_ATTRIBUTE_PRIORITY,
    STUN_ATTRIBUTE_USE_CANDIDATE,
    STUN_ATTRIBUTE_REALM,
    STUN_ATTRIBUTE_NONCE,
    0,
};

struct stun_checker {
    StunAgent agent;
};

/* What the walk over the attributes found so far. */
struct walk {
    struct stun_check *check;
    bool has_integrity;
    bool has_fingerprint;
};

static bool read_attribute(struct walk *walk, uint16_t type, const uint8_t *value, uint16_t bytes)
{
    switch (type) {
    case STUN_ATTRIBUTE_FINGERPRINT:
        walk->has_fingerprint = bytes == FINGERPRINT_BYTES;
        return walk->has_fingerprint;
    case STUN_ATTRIBUTE_MESSAGE_INTEGRITY:
        if (walk->has_integrity)
            return true;
        walk->has_integrity = bytes == INTEGRITY_BYTES;
        return walk->has_integrity;
    case STUN_ATTRIBUTE_USERNAME:
        /* What stands behind the integrity is not protected by it: ignored (RFC 8489 14.5). */
        if (!walk->has_integrity && walk->check->username == NULL) {
            walk->check->username = (const char *)value;
            walk->check->username_chars = bytes;
        }
        return true;
    case STUN_ATTRIBUTE_USE_CANDIDATE:
        walk->check->use_candidate = walk->check->use_candidate || !walk->has_integrity;
        return true;
    default:
        return true;
    }
}

/* libnice trusts the length of MESSAGE-INTEGRITY and the place of FINGERPRINT, so every attribute
 * is walked here before it sees the datagram. FINGERPRINT must be there and be the last. */
static enum status read_attributes(struct bytes *attributes, struct stun_check *check)
{
    struct walk walk = {.check = check};
    unsigned count = 0;

    while (bytes_left(attributes) > 0) {
        const uint16_t type = bytes_u16(attributes);
        const uint16_t bytes = bytes_u16(attributes);
        const uint8_t *value = bytes_take(attributes, bytes);
        bytes_skip(attributes, (4U - bytes % 4U) % 4U);

        if (!bytes_ok(attributes))
            return STATUS_SHORT;
        if (walk.has_fingerprint || ++count > STUN_CHECK_ATTRIBUTES_MAX ||
            !read_attribute(&walk, type, value, bytes))
            return STATUS_MALFORMED;
    }
    return walk.has_integrity && walk.has_fingerprint ? STATUS_OK : STATUS_MALFORMED;
}

enum status stun_check_read(const uint8_t *datagram, size_t datagram_bytes,
                            struct stun_check *check)
{
    struct bytes header = bytes_of(datagram, datagram_bytes);
    struct stun_check read = {.datagram = datagram, .datagram_bytes = datagram_bytes};
    const uint16_t type = bytes_u16(&header);
    const uint16_t attributes_bytes = bytes_u16(&header);
    const uint32_t cookie = bytes_u32(&header);
    bytes_skip(&header, HEADER_BYTES - 8); /* transaction id */

    if (!bytes_ok(&header))
        return STATUS_SHORT;
    if (cookie != magic_cookie || attributes_bytes % 4 != 0 ||
        datagram_bytes > STUN_CHECK_BYTES_MAX || bytes_left(&header) != attributes_bytes)
        return STATUS_MALFORMED;
    if (type != BINDING_REQUEST)
        return STATUS_UNSUPPORTED;
    const enum status status = read_attributes(&header, &read);
    if (status != STATUS_OK)
        return status;
    if (read.username == NULL || read.username_chars > STUN_CHECK_USER_CHARS_MAX)
        return STATUS_MALFORMED;
    const char *colon = memchr(read.username, ':', read.username_chars);
    if (colon == NULL)
        return STATUS_MALFORMED;
    read.local_ufrag_chars = (size_t)(colon - read.username);
    *check = read;
    return STATUS_OK;
}

enum status stun_checker_create(struct stun_checker **checker)
{
    struct stun_checker *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    stun_agent_init(&made->agent, known_attributes, STUN_COMPATIBILITY_RFC5389,
                    (StunAgentUsageFlags)(STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS |
                                          STUN_AGENT_USAGE_USE_FINGERPRINT));
    *checker = made;
    return STATUS_OK;
}

void stun_checker_destroy(struct stun_checker *checker)
{
    free(checker);
}

/* libnice's way to ask for the password of the request's user. */
static bool give_password(StunAgent *agent, StunMessage *message, uint8_t *username,
                          uint16_t username_chars, uint8_t **password, size_t *password_chars,
                          void *user_data)
{
    const StunDefaultValidaterData *expected = user_data;
    (void)agent;
    (void)message;

    if (username == NULL || username_chars != expected->username_len ||
        memcmp(username, expected->username, username_chars) != 0)
        return false;
    *password = expected->password;
    *password_chars = expected->password_len;
    return true;
}

/* We are the lite side, hence controlled whatever the peer says (RFC 8445 section 6.1.1): with
 * the lowest tie-breaker a peer that wants that role too is told so by error 487. */
static size_t write_answer(struct stun_checker *checker, StunMessage *request,
                           const struct address *from, uint8_t *answer)
{
    struct sockaddr_storage mapped = {.ss_family = AF_UNSPEC};
    const socklen_t mapped_bytes = address_to_native(from, &mapped);
    size_t answer_bytes = STUN_CHECK_ANSWER_BYTES_MAX;
    StunMessage response;
    bool controlling = false;

    /* Its result tells roles apart, which we do not have; no bytes are no answer. */
    (void)stun_usage_ice_conncheck_create_reply(&checker->agent, request, &response, answer,
                                                &answer_bytes, &mapped, mapped_bytes, &controlling,
                                                0, STUN_USAGE_ICE_COMPATIBILITY_RFC5245);
    return answer_bytes;
}

/* NOLINTNEXTLINE(readability-function-size): both credentials, and a result of three parts */
enum status stun_checker_answer(struct stun_checker *checker, const struct stun_check *check,
                                const char *username, const char *password,
                                const struct address *from, uint8_t *answer, size_t *answer_bytes,
                                bool *accepted)
{
    uint8_t user[STUN_CHECK_USER_CHARS_MAX + 1];
    uint8_t key[STUN_CHECK_USER_CHARS_MAX + 1];
    StunDefaultValidaterData expected = {.username = user,
                                         .username_len = strlen(username),
                                         .password = key,
                                         .password_len = strlen(password)};
    if (expected.username_len >= sizeof user || expected.password_len >= sizeof key)
        return STATUS_DENIED;
    memcpy(user, username, expected.username_len + 1);
    memcpy(key, password, expected.password_len + 1);

    StunMessage request;
    StunMessage response;
    const StunValidationStatus validation =
        stun_agent_validate(&checker->agent, &request, check->datagram, check->datagram_bytes,
                            give_password, &expected);
    if (validation == STUN_VALIDATION_UNAUTHORIZED ||
        validation == STUN_VALIDATION_UNAUTHORIZED_BAD_REQUEST)
        return STATUS_DENIED;

    size_t written = 0;
    memset(answer, 0, STUN_CHECK_ANSWER_BYTES_MAX); /* padding never shows old memory */
    if (validation == STUN_VALIDATION_SUCCESS)
        written = write_answer(checker, &request, from, answer);
    else if (validation == STUN_VALIDATION_UNKNOWN_REQUEST_ATTRIBUTE)
        written = stun_agent_build_unknown_attributes_error(&checker->agent, &response, answer,
                                                            STUN_CHECK_ANSWER_BYTES_MAX, &request);
    if (written == 0)
        return STATUS_MALFORMED;
    *answer_bytes = written;
    *accepted = (answer[0] << 8 | answer[1]) == 0x0101; /* binding success */
    return STATUS_OK;
}
