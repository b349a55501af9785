#include "transport/ice.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

enum { UFRAG_CHARS = 8, PASSWORD_CHARS = 24, PRIORITY_DIGITS_MAX = 10, PORT_DIGITS_MAX = 5 };

/* RFC 8839 section 5.1, cand-type and RFC 6544 section 4.5, tcp-type; indexed by the enums. */
static const char *const type_names[] = {"host", "srflx", "prflx", "relay"};
static const char *const tcp_type_names[] = {"", "active", "passive", "so"};

struct token {
    const char *text; /* not terminated */
    size_t chars;     /* 0: the line has ended */
};

static struct token next_token(const char **at, const char *end)
{
    while (*at < end && **at == ' ')
        (*at)++;
    const char *start = *at;
    while (*at < end && **at != ' ')
        (*at)++;
    return (struct token){start, (size_t)(*at - start)};
}

static bool token_is(const struct token *token, const char *word)
{
    return token->chars == strlen(word) && strncasecmp(token->text, word, token->chars) == 0;
}

/* Returns false unless token is 1 to digits_max decimal digits of a value up to most. */
static bool token_number(const struct token *token, size_t digits_max, uint64_t most,
                         uint64_t *value)
{
    uint64_t sum = 0;

    if (token->chars == 0 || token->chars > digits_max)
        return false;
    for (size_t i = 0; i < token->chars; i++) {
        if (token->text[i] < '0' || token->text[i] > '9')
            return false;
        sum = sum * 10 + (uint64_t)(token->text[i] - '0');
    }
    if (sum > most)
        return false;
    *value = sum;
    return true;
}

static bool is_ice_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

static enum status read_foundation(const struct token *token, struct ice_candidate *candidate)
{
    if (token->chars == 0 || token->chars >= sizeof candidate->foundation)
        return STATUS_MALFORMED;
    for (size_t i = 0; i < token->chars; i++)
        if (!is_ice_char(token->text[i]))
            return STATUS_MALFORMED;
    memcpy(candidate->foundation, token->text, token->chars);
    candidate->foundation[token->chars] = '\0';
    return STATUS_OK;
}

static bool ipv4_is_usable(const struct in_addr *address)
{
    const uint32_t host = ntohl(address->s_addr);

    return host >> 24 != 0 && host < 0xE0000000u; /* "this network", multicast, reserved */
}

/* An address is written back in the one canonical form, IPv4 inside IPv6 as plain IPv4. */
static enum status read_address(const struct token *token, struct ice_candidate *candidate)
{
    struct in_addr four;
    struct in6_addr six;

    if (token->chars == 0)
        return STATUS_MALFORMED;
    if (token->chars > ICE_ADDRESS_CHARS_MAX)
        return STATUS_UNSUPPORTED; /* a long name */
    char text[ICE_ADDRESS_CHARS_MAX + 1];
    memcpy(text, token->text, token->chars);
    text[token->chars] = '\0';
    if (inet_pton(AF_INET6, text, &six) == 1 && !IN6_IS_ADDR_V4MAPPED(&six)) {
        if (IN6_IS_ADDR_UNSPECIFIED(&six) || IN6_IS_ADDR_MULTICAST(&six))
            return STATUS_UNSUPPORTED;
        inet_ntop(AF_INET6, &six, candidate->address, sizeof candidate->address);
        return STATUS_OK;
    }
    if (inet_pton(AF_INET6, text, &six) == 1)
        memcpy(&four, &six.s6_addr[12], sizeof four);
    else if (inet_pton(AF_INET, text, &four) != 1)
        return STATUS_UNSUPPORTED; /* a name: mDNS or DNS, never resolved */
    if (!ipv4_is_usable(&four))
        return STATUS_UNSUPPORTED;
    inet_ntop(AF_INET, &four, candidate->address, sizeof candidate->address);
    return STATUS_OK;
}

static enum status read_type(const struct token *token, struct ice_candidate *candidate)
{
    if (token->chars == 0)
        return STATUS_MALFORMED;
    for (unsigned i = 0; i < sizeof type_names / sizeof type_names[0]; i++) {
        if (token_is(token, type_names[i])) {
            candidate->type = (uint8_t)i;
            return STATUS_OK;
        }
    }
    return STATUS_UNSUPPORTED;
}

static enum status read_tcp_type(const struct token *token, struct ice_candidate *candidate)
{
    for (unsigned i = ICE_TCP_ACTIVE; i <= ICE_TCP_SIMULTANEOUS_OPEN; i++) {
        if (token_is(token, tcp_type_names[i])) {
            candidate->transport = (uint8_t)i;
            return STATUS_OK;
        }
    }
    return STATUS_MALFORMED;
}

/* What follows the type: pairs of a name and a value, of which only tcptype matters. */
static enum status read_extensions(const char *at, const char *end, bool tcp,
                                   struct ice_candidate *candidate)
{
    bool has_tcp_type = false;

    for (;;) {
        const struct token name = next_token(&at, end);
        const struct token value = next_token(&at, end);

        if (name.chars == 0)
            return tcp && !has_tcp_type ? STATUS_MALFORMED : STATUS_OK;
        if (value.chars == 0)
            return STATUS_MALFORMED;
        if (!tcp || !token_is(&name, "tcptype"))
            continue;
        if (read_tcp_type(&value, candidate) != STATUS_OK)
            return STATUS_MALFORMED;
        has_tcp_type = true;
    }
}

/* component-id, transport, priority */
static enum status read_numbers(const char **at, const char *end, bool *tcp,
                                struct ice_candidate *candidate)
{
    const struct token component = next_token(at, end);
    const struct token transport = next_token(at, end);
    const struct token priority = next_token(at, end);
    uint64_t component_id = 0;
    uint64_t value = 0;

    if (!token_number(&component, 3, 256, &component_id) || transport.chars == 0 ||
        !token_number(&priority, PRIORITY_DIGITS_MAX, UINT32_MAX, &value))
        return STATUS_MALFORMED;
    *tcp = token_is(&transport, "tcp");
    if (component_id != 1 || (!*tcp && !token_is(&transport, "udp")))
        return STATUS_UNSUPPORTED;
    candidate->component = 1;
    candidate->priority = (uint32_t)value;
    return STATUS_OK;
}

static const char *skip_prefix(const char *at, const char *end, const char *prefix)
{
    const size_t chars = strlen(prefix);

    return (size_t)(end - at) >= chars && strncasecmp(at, prefix, chars) == 0 ? at + chars : at;
}

void ice_credentials_make(struct ice_credentials *credentials)
{
    static const char ice_chars[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t random[UFRAG_CHARS + PASSWORD_CHARS];

    /* Up to 256 bytes come whole or not at all; without randomness nothing here may go on. */
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        abort();
    for (size_t i = 0; i < UFRAG_CHARS; i++)
        credentials->ufrag[i] = ice_chars[random[i] & 63u];
    credentials->ufrag[UFRAG_CHARS] = '\0';
    for (size_t i = 0; i < PASSWORD_CHARS; i++)
        credentials->password[i] = ice_chars[random[UFRAG_CHARS + i] & 63u];
    credentials->password[PASSWORD_CHARS] = '\0';
}

enum status ice_candidate_parse(const char *text, size_t text_bytes,
                                struct ice_candidate *candidate)
{
    struct ice_candidate read = {0};
    const char *end = text + text_bytes;
    const char *at = skip_prefix(text, end, "a=");
    const char *start = at;
    uint64_t port = 0;
    bool tcp = false;

    while (end > at && (end[-1] == '\r' || end[-1] == '\n'))
        end--;
    at = skip_prefix(at, end, "candidate:");
    if (at == start)
        return STATUS_MALFORMED;

    const struct token foundation = next_token(&at, end);
    enum status status = read_foundation(&foundation, &read);
    if (status == STATUS_OK)
        status = read_numbers(&at, end, &tcp, &read);
    if (status != STATUS_OK)
        return status;

    const struct token address = next_token(&at, end);
    const struct token port_token = next_token(&at, end);
    const struct token typ = next_token(&at, end);
    const struct token type = next_token(&at, end);
    if (!token_number(&port_token, PORT_DIGITS_MAX, UINT16_MAX, &port) || !token_is(&typ, "typ"))
        return STATUS_MALFORMED;
    status = read_address(&address, &read);
    if (status == STATUS_OK)
        status = read_type(&type, &read);
    if (status == STATUS_OK)
        status = read_extensions(at, end, tcp, &read);
    if (status != STATUS_OK)
        return status;
    if (port == 0)
        return STATUS_UNSUPPORTED; /* nothing can be sent there */
    read.port = (uint16_t)port;
    *candidate = read;
    return STATUS_OK;
}

void ice_candidate_format(const struct ice_candidate *candidate, char *out)
{
    const bool tcp = candidate->transport != ICE_UDP;

    snprintf(out, ICE_CANDIDATE_TEXT_MAX, "candidate:%s %u %s %u %s %u typ %s%s%s%s",
             candidate->foundation, (unsigned)candidate->component, tcp ? "tcp" : "udp",
             (unsigned)candidate->priority, candidate->address, (unsigned)candidate->port,
             type_names[candidate->type],
             candidate->type == ICE_HOST ? "" : " raddr 0.0.0.0 rport 9", tcp ? " tcptype " : "",
             tcp_type_names[candidate->transport]);
}
