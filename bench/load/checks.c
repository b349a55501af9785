#include "bench/load/checks.h"

#include <stdbool.h>
#include <string.h>

#include <stun/stunagent.h>
#include <stun/usages/ice.h>

enum { PRIORITY_PEER_REFLEXIVE = 110 << 24 };

static const uint64_t never_yields = UINT64_MAX;

/* One for all viewers: it is told nothing to remember. */
static StunAgent *shared_agent(void)
{
    static StunAgent agent;
    static bool ready;

    if (!ready) {
        stun_agent_init(&agent, STUN_ALL_KNOWN_ATTRIBUTES, STUN_COMPATIBILITY_RFC5389,
                        (StunAgentUsageFlags)(STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS |
                                              STUN_AGENT_USAGE_USE_FINGERPRINT));
        ready = true;
    }
    return &agent;
}

size_t checks_write(const char *username, const char *password, uint8_t *out)
{
    StunAgent *agent = shared_agent();
    StunMessage message;
    StunTransactionId id;

    const size_t bytes = stun_usage_ice_conncheck_create(
        agent, &message, out, CHECKS_BYTES_MAX, (const uint8_t *)username, strlen(username),
        (const uint8_t *)password, strlen(password), true, true, PRIORITY_PEER_REFLEXIVE,
        never_yields, NULL, STUN_USAGE_ICE_COMPATIBILITY_RFC5245);
    if (bytes > 0) {
        stun_message_id(&message, id);
        stun_agent_forget_transaction(agent, id); /* answers are known by their type alone */
    }
    return bytes;
}

static bool give_password(StunAgent *agent, StunMessage *message, uint8_t *username,
                          uint16_t username_bytes, uint8_t **password, size_t *password_bytes,
                          void *context)
{
    const char *const *own = context;

    (void)agent;
    (void)message;
    (void)username;
    (void)username_bytes;
    memcpy(password, own, sizeof *password); /* libnice does not write there: drops the const */
    *password_bytes = strlen(*own);
    return true;
}

size_t checks_answer(const uint8_t *datagram, size_t datagram_bytes, const char *password,
                     const struct sockaddr_storage *from, socklen_t from_bytes, uint8_t *out)
{
    StunAgent *agent = shared_agent();
    StunMessage request;
    StunMessage answer;
    bool controlling = true;
    size_t bytes = CHECKS_BYTES_MAX;

    if (stun_agent_validate(agent, &request, datagram, datagram_bytes, give_password, &password) !=
            STUN_VALIDATION_SUCCESS ||
        stun_message_get_class(&request) != STUN_REQUEST ||
        stun_message_get_method(&request) != STUN_BINDING)
        return 0;
    return stun_usage_ice_conncheck_create_reply(
               agent, &request, &answer, out, &bytes, from, from_bytes, &controlling, never_yields,
               STUN_USAGE_ICE_COMPATIBILITY_RFC5245) == STUN_USAGE_ICE_RETURN_SUCCESS
               ? bytes
               : 0;
}
