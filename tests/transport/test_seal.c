/* libsrtp2 (rtpsec) is the oracle: what seal protects it opens, and the reverse for RTCP. */
#include "transport/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "transport/rtpsec.h"
#include "transport/seal_back_end.h"

enum {
    PAYLOAD_MAX = 1460,
    HEADER_MAX = 12 + 4 + 4 * 6,
    OUT_MAX = HEADER_MAX + PAYLOAD_MAX + SEAL_RTP_OVERHEAD_BYTES_MAX,
    COMPOUND_MAX = 1200
};

#define MEDIA_SSRC UINT32_C(0xCAFEBABE)

static const enum srtp_suite suites[] = {SRTP_SUITE_AEAD_AES_128_GCM,
                                         SRTP_SUITE_AES_CM_128_HMAC_SHA1_80};

struct pair {
    struct seal *seal;
    struct rtpsec *peer;
};

static void fill(uint8_t *out, size_t bytes, uint32_t seed)
{
    for (size_t i = 0; i < bytes; i++) {
        seed = seed * UINT32_C(1664525) + UINT32_C(1013904223);
        out[i] = (uint8_t)(seed >> 24);
    }
}

static struct srtp_keys make_keys(enum srtp_suite suite, uint32_t seed)
{
    struct srtp_keys keys = {.suite = suite};
    size_t salt_bytes = suite == SRTP_SUITE_AEAD_AES_128_GCM ? 12 : SRTP_SALT_BYTES_MAX;
    fill(keys.local_key, sizeof keys.local_key, seed + 1);
    fill(keys.remote_key, sizeof keys.remote_key, seed + 2);
    fill(keys.local_salt, salt_bytes, seed + 3);
    fill(keys.remote_salt, salt_bytes, seed + 4);
    return keys;
}

static struct srtp_keys mirror(const struct srtp_keys *keys)
{
    struct srtp_keys mirrored = {.suite = keys->suite};
    memcpy(mirrored.local_key, keys->remote_key, sizeof keys->remote_key);
    memcpy(mirrored.remote_key, keys->local_key, sizeof keys->local_key);
    memcpy(mirrored.local_salt, keys->remote_salt, sizeof keys->remote_salt);
    memcpy(mirrored.remote_salt, keys->local_salt, sizeof keys->local_salt);
    return mirrored;
}

static struct pair open_pair(enum srtp_suite suite, uint32_t seed)
{
    struct pair pair = {0};
    const struct srtp_keys keys = make_keys(suite, seed);
    const struct srtp_keys mirrored = mirror(&keys);
    assert_int_equal(seal_create(&keys, &pair.seal), STATUS_OK);
    assert_int_equal(rtpsec_create(&mirrored, &pair.peer), STATUS_OK);
    return pair;
}

static void close_pair(struct pair *pair)
{
    seal_destroy(pair->seal);
    rtpsec_destroy(pair->peer);
}

/* Writes an RTP header with extension_words words of extension (none: no extension). */
static uint16_t write_header(uint8_t *out, unsigned extension_words)
{
    struct bytes_writer writer = bytes_writer_of(out, HEADER_MAX);
    bytes_put_u8(&writer, extension_words > 0 ? 0x90 : 0x80);
    bytes_put_u8(&writer, 0x80 | 96);
    bytes_put_zeros(&writer, 10); /* the viewer's numbers replace these */
    if (extension_words > 0) {
        bytes_put_u16(&writer, 0xBEDE);
        bytes_put_u16(&writer, (uint16_t)extension_words);
        for (unsigned i = 0; i < extension_words; i++)
            bytes_put_u32(&writer, 0x10203040 + i);
    }
    assert_true(bytes_writer_ok(&writer));
    return (uint16_t)bytes_written(&writer);
}

/* Seals, opens at the peer, and compares every byte. */
static void assert_crosses(struct pair *pair, const struct outgoing *packet)
{
    uint8_t out[OUT_MAX];
    size_t plain_bytes = (size_t)packet->header_bytes + packet->payload_bytes;
    size_t bytes = seal_rtp(pair->seal, packet, out);
    assert_in_range(bytes, plain_bytes + 10, plain_bytes + SEAL_RTP_OVERHEAD_BYTES_MAX);
    assert_int_equal(rtpsec_open_rtp(pair->peer, out, &bytes), STATUS_OK);
    assert_int_equal(bytes, plain_bytes);

    struct bytes reader = bytes_of(out, bytes);
    assert_int_equal(bytes_u16(&reader), packet->header[0] << 8 | packet->header[1]);
    assert_int_equal(bytes_u16(&reader), packet->index & 0xFFFF);
    assert_int_equal(bytes_u32(&reader), packet->timestamp);
    assert_int_equal(bytes_u32(&reader), packet->ssrc);
    assert_memory_equal(out + 12, packet->header + 12, packet->header_bytes - 12U);
    assert_memory_equal(out + packet->header_bytes, packet->payload, packet->payload_bytes);
}

static void seal_rtp_opens_at_libsrtp_in_every_size(void **state)
{
    (void)state;
    static const unsigned extension_words[] = {0, 1, 6};
    uint8_t header[HEADER_MAX];
    uint8_t payload[PAYLOAD_MAX];
    fill(payload, sizeof payload, 7);
    for (size_t suite = 0; suite < 2; suite++) {
        struct pair pair = open_pair(suites[suite], 100);
        uint64_t index = 1;
        for (size_t i = 0; i < 3; i++) {
            uint16_t header_bytes = write_header(header, extension_words[i]);
            for (unsigned bytes = 0; bytes <= PAYLOAD_MAX; bytes++) {
                const struct outgoing packet = {
                    .header = header,
                    .payload = payload,
                    .header_bytes = header_bytes,
                    .payload_bytes = (uint16_t)bytes,
                    .timestamp = bytes * 3000,
                    .ssrc = MEDIA_SSRC,
                    .index = index++,
                };
                assert_crosses(&pair, &packet);
            }
        }
        close_pair(&pair);
    }
}

static void seal_rtp_opens_at_libsrtp_across_rollovers(void **state)
{
    (void)state;
    /* Two SSRCs side by side, steps that hit 65535, 0 and 1 and others that jump. */
    static const uint64_t last = (UINT64_C(1) << 18) + 5;
    uint8_t header[HEADER_MAX];
    uint8_t payload[100];
    fill(payload, sizeof payload, 8);
    uint16_t header_bytes = write_header(header, 1);
    for (size_t suite = 0; suite < 2; suite++) {
        struct pair pair = open_pair(suites[suite], 200);
        uint64_t index = 3;
        while (index < last) {
            for (uint32_t ssrc = 0; ssrc < 2; ssrc++) {
                const struct outgoing packet = {
                    header, payload, header_bytes, sizeof payload, 1, MEDIA_SSRC + ssrc, index,
                };
                assert_crosses(&pair, &packet);
            }
            uint64_t to_wrap = 65536 - (index & 0xFFFF);
            bool near = to_wrap <= 4 || to_wrap > 65530;
            index += near ? 1 : to_wrap > 20004 ? 20000 : to_wrap - 4;
        }
        close_pair(&pair);
    }
}

static void seal_rtp_takes_an_older_index_again(void **state)
{
    (void)state;
    uint8_t header[HEADER_MAX];
    uint8_t payload[100] = {1};
    uint16_t header_bytes = write_header(header, 0);
    for (size_t suite = 0; suite < 2; suite++) {
        struct pair pair = open_pair(suites[suite], 300);
        uint8_t lost[OUT_MAX];
        uint8_t resent[OUT_MAX];
        struct outgoing packet = {header, payload, header_bytes, sizeof payload, 1, MEDIA_SSRC, 9};
        size_t lost_bytes = seal_rtp(pair.seal, &packet, lost);
        for (packet.index = 65530; packet.index < 65545; packet.index++) {
            uint64_t index = packet.index;
            uint8_t out[OUT_MAX];
            size_t bytes = seal_rtp(pair.seal, &packet, out);
            assert_true(bytes > 0 && index > 9);
        }
        packet.index = 9;
        assert_int_equal(seal_rtp(pair.seal, &packet, resent), lost_bytes);
        assert_memory_equal(resent, lost, lost_bytes);
        assert_int_equal(rtpsec_open_rtp(pair.peer, resent, &lost_bytes), STATUS_OK);
        close_pair(&pair);
    }
}

static void seal_rtp_refuses_a_header_too_short(void **state)
{
    (void)state;
    uint8_t bytes[64] = {0x80};
    struct pair pair = open_pair(SRTP_SUITE_AEAD_AES_128_GCM, 1);
    const struct outgoing packet = {.header = bytes, .payload = bytes, .header_bytes = 11};
    assert_int_equal(seal_rtp(pair.seal, &packet, bytes), 0);
    close_pair(&pair);
}

/* A compound of one packet (type: application-defined) from ssrc. */
static void write_compound(uint8_t *out, size_t bytes, uint32_t ssrc)
{
    fill(out, bytes, (uint32_t)bytes);
    struct bytes_writer writer = bytes_writer_of(out, 8);
    bytes_put_u8(&writer, 0x80);
    bytes_put_u8(&writer, 204);
    bytes_put_u16(&writer, (uint16_t)(bytes / 4 - 1));
    bytes_put_u32(&writer, ssrc);
}

static void seal_rtcp_opens_at_libsrtp_in_every_size(void **state)
{
    (void)state;
    uint8_t compound[COMPOUND_MAX];
    uint8_t out[COMPOUND_MAX + SEAL_RTCP_OVERHEAD_BYTES_MAX];
    for (size_t suite = 0; suite < 2; suite++) {
        struct pair pair = open_pair(suites[suite], 400);
        assert_int_equal(seal_rtcp(pair.seal, compound, 7, out), 0);
        for (size_t bytes = 8; bytes <= COMPOUND_MAX; bytes += 4) {
            write_compound(compound, bytes, 77);
            size_t sealed = seal_rtcp(pair.seal, compound, bytes, out);
            assert_in_range(sealed, bytes + 14, bytes + SEAL_RTCP_OVERHEAD_BYTES_MAX);
            assert_int_equal(rtpsec_open_rtcp(pair.peer, out, &sealed), STATUS_OK);
            assert_int_equal(sealed, bytes);
            assert_memory_equal(out, compound, bytes);
        }
        close_pair(&pair);
    }
}

static size_t protect_at_peer(struct pair *pair, uint8_t *out, size_t bytes, uint32_t ssrc)
{
    write_compound(out, bytes, ssrc);
    assert_int_equal(rtpsec_protect_rtcp(pair->peer, out, &bytes), STATUS_OK);
    return bytes;
}

static void seal_opens_rtcp_of_libsrtp_in_every_size(void **state)
{
    (void)state;
    uint8_t compound[COMPOUND_MAX];
    uint8_t packet[COMPOUND_MAX + SEAL_RTCP_OVERHEAD_BYTES_MAX];
    for (size_t suite = 0; suite < 2; suite++) {
        struct pair pair = open_pair(suites[suite], 500);
        for (size_t bytes = 8; bytes <= COMPOUND_MAX; bytes += 4) {
            /* Each SSRC counts on its own, as browsers' senders do. */
            uint32_t ssrc = (uint32_t)(bytes / 4 % 8);
            write_compound(compound, bytes, ssrc);
            size_t protected_bytes = protect_at_peer(&pair, packet, bytes, ssrc);
            assert_int_equal(seal_open_rtcp(pair.seal, packet, &protected_bytes), STATUS_OK);
            assert_int_equal(protected_bytes, bytes);
            assert_memory_equal(packet, compound, bytes);
        }
        size_t ninth = protect_at_peer(&pair, packet, 8, 999);
        assert_int_equal(seal_open_rtcp(pair.seal, packet, &ninth), STATUS_DENIED);
        close_pair(&pair);
    }
}

static void seal_open_rtcp_leaves_what_it_refuses(void **state)
{
    (void)state;
    enum { BYTES = 32 };
    uint8_t good[BYTES + SEAL_RTCP_OVERHEAD_BYTES_MAX];
    uint8_t packet[sizeof good];
    uint8_t before[sizeof good];
    for (size_t suite = 0; suite < 2; suite++) {
        struct pair pair = open_pair(suites[suite], 600);
        size_t good_bytes = protect_at_peer(&pair, good, BYTES, 5);
        for (size_t bit = 0; bit < good_bytes * 8; bit++) {
            size_t bytes = good_bytes;
            memcpy(packet, good, bytes);
            packet[bit / 8] ^= (uint8_t)(1U << (bit % 8));
            memcpy(before, packet, bytes);
            assert_int_equal(seal_open_rtcp(pair.seal, packet, &bytes), STATUS_DENIED);
            assert_int_equal(bytes, good_bytes);
            assert_memory_equal(packet, before, bytes);
        }
        for (size_t cut = 0; cut < good_bytes; cut++) {
            size_t bytes = cut;
            memcpy(packet, good, cut);
            assert_int_not_equal(seal_open_rtcp(pair.seal, packet, &bytes), STATUS_OK);
            assert_int_equal(bytes, cut);
        }
        assert_int_equal(seal_open_rtcp(pair.seal, good, &good_bytes), STATUS_OK);
        close_pair(&pair);
    }
}

enum { REPLAY_COUNT = 300, REPLAY_BYTES = 12 };

/* Packets in the order of arrival, and whether they are taken. */
static const struct {
    unsigned packet;
    bool taken;
} arrivals[] = {
    {0, true},    {0, false},   {2, true},   {1, true},    {1, false},   {2, false},  {65, true},
    {2, false},   {3, true},    {64, true},  {65, false},  {66, true},   {130, true}, {2, false},
    {3, false},   {4, true},    {4, false},  {66, false},  {65, false},  {67, true},  {299, true},
    {130, false}, {171, false}, {172, true}, {172, false}, {299, false}, {298, true}, {298, false},
};

static void open_arrivals(struct pair *pair)
{
    static uint8_t packets[REPLAY_COUNT][REPLAY_BYTES + SEAL_RTCP_OVERHEAD_BYTES_MAX];
    size_t protected_bytes = 0;
    for (unsigned i = 0; i < REPLAY_COUNT; i++)
        protected_bytes = protect_at_peer(pair, packets[i], REPLAY_BYTES, 5);
    for (size_t i = 0; i < sizeof arrivals / sizeof arrivals[0]; i++) {
        uint8_t packet[sizeof packets[0]];
        size_t bytes = protected_bytes;
        memcpy(packet, packets[arrivals[i].packet], bytes);
        enum status status = seal_open_rtcp(pair->seal, packet, &bytes);
        if (status != (arrivals[i].taken ? STATUS_OK : STATUS_DENIED))
            fail_msg("arrival %zu, packet %u: %s", i, arrivals[i].packet, status_text(status));
    }
}

static void seal_open_rtcp_knows_replays_in_its_window(void **state)
{
    (void)state;
    for (size_t suite = 0; suite < 2; suite++) {
        struct pair pair = open_pair(suites[suite], 700);
        open_arrivals(&pair);
        close_pair(&pair);
    }
}

static void seal_open_rtcp_refuses_what_is_too_large(void **state)
{
    (void)state;
    uint8_t packet[2000] = {0x80};
    size_t bytes = sizeof packet;
    struct pair pair = open_pair(SRTP_SUITE_AEAD_AES_128_GCM, 1);
    assert_int_equal(seal_open_rtcp(pair.seal, packet, &bytes), STATUS_DENIED);
    close_pair(&pair);
}

/* One payload, so that a back end is also held against the other, not only against libsrtp2. */
static void seal_rtp_is_the_same_in_every_back_end(void **state)
{
    (void)state;
    uint8_t header[HEADER_MAX];
    uint8_t payload[300];
    uint8_t out[2][OUT_MAX];
    fill(payload, sizeof payload, 9);
    const struct outgoing packet = {
        header, payload, write_header(header, 2), sizeof payload, 5, MEDIA_SSRC, 70000,
    };
    const char *name = seal_back_end();
    for (size_t suite = 0; suite < 2; suite++) {
        const struct srtp_keys keys = make_keys(suites[suite], 800);
        size_t bytes[2];
        for (size_t i = 0; i < 2; i++) {
            struct seal *seal = NULL;
            seal_use_back_end(i == 0 ? seal_openssl() : NULL);
            assert_int_equal(seal_create(&keys, &seal), STATUS_OK);
            bytes[i] = seal_rtp(seal, &packet, out[i]);
            seal_destroy(seal);
        }
        assert_int_equal(bytes[0], bytes[1]);
        assert_memory_equal(out[0], out[1], bytes[0]);
    }
    seal_use_back_end(strcmp(name, "openssl") == 0 ? seal_openssl() : NULL);
    seal_destroy(NULL);
}

/* Packets of several viewers in flight together, in every size and mixture of sizes, are what one
 * at a time gives, and libsrtp2 opens them. */
static void seal_rtp_begin_is_the_same_in_company(void **state)
{
    (void)state;
    enum { COMPANY = 150, VIEWERS = 7 };
    static uint8_t together[COMPANY][OUT_MAX];
    uint8_t one[OUT_MAX];
    uint8_t header[HEADER_MAX];
    uint8_t payload[PAYLOAD_MAX];
    struct outgoing packets[COMPANY];
    size_t bytes[COMPANY];
    struct pair pairs[VIEWERS];
    const uint16_t header_bytes = write_header(header, 2);

    fill(payload, sizeof payload, 9);
    for (unsigned i = 0; i < VIEWERS; i++)
        pairs[i] = open_pair(
            i == 3 ? SRTP_SUITE_AEAD_AES_128_GCM : SRTP_SUITE_AES_CM_128_HMAC_SHA1_80, 900 + i);
    for (unsigned first = 0; first <= PAYLOAD_MAX; first += COMPANY) {
        const unsigned count = 1 + (first * 7) % COMPANY;
        for (unsigned i = 0; i < COMPANY; i++) {
            const unsigned payload_bytes = i % 3 == 2 ? (first * 131 + i * 397) % (PAYLOAD_MAX + 1)
                                                      : (first + i) % (PAYLOAD_MAX + 1);
            packets[i] =
                (struct outgoing){header, payload,    header_bytes,  (uint16_t)payload_bytes,
                                  5,      MEDIA_SSRC, 1u + first + i};
            bytes[i] = seal_rtp_begin(pairs[i % VIEWERS].seal, &packets[i], together[i]);
            if (i == count)
                seal_finish();
        }
        seal_finish();
        seal_finish();
        for (unsigned i = 0; i < COMPANY; i++) {
            assert_int_equal(seal_rtp(pairs[i % VIEWERS].seal, &packets[i], one), bytes[i]);
            assert_memory_equal(together[i], one, bytes[i]);
            assert_int_equal(rtpsec_open_rtp(pairs[i % VIEWERS].peer, one, &bytes[i]), STATUS_OK);
        }
    }
    packets[0].header_bytes = 11;
    assert_int_equal(seal_rtp_begin(pairs[0].seal, &packets[0], one), 0);
    for (unsigned i = 0; i < VIEWERS; i++)
        close_pair(&pairs[i]);
}

static int use_openssl(void **state)
{
    (void)state;
    seal_use_back_end(seal_openssl());
    return 0;
}

static int use_ipsec_mb(void **state)
{
    (void)state;
    seal_use_back_end(seal_ipsec_mb_or_null());
    return 0;
}

int main(void)
{
    if (rtpsec_start() != STATUS_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seal_rtp_opens_at_libsrtp_in_every_size),
        cmocka_unit_test(seal_rtp_opens_at_libsrtp_across_rollovers),
        cmocka_unit_test(seal_rtp_takes_an_older_index_again),
        cmocka_unit_test(seal_rtp_refuses_a_header_too_short),
        cmocka_unit_test(seal_rtcp_opens_at_libsrtp_in_every_size),
        cmocka_unit_test(seal_opens_rtcp_of_libsrtp_in_every_size),
        cmocka_unit_test(seal_open_rtcp_leaves_what_it_refuses),
        cmocka_unit_test(seal_open_rtcp_knows_replays_in_its_window),
        cmocka_unit_test(seal_open_rtcp_refuses_what_is_too_large),
        cmocka_unit_test(seal_rtp_is_the_same_in_every_back_end),
        cmocka_unit_test(seal_rtp_begin_is_the_same_in_company),
    };
    int failed = cmocka_run_group_tests_name("openssl", tests, use_openssl, NULL);
    if (seal_ipsec_mb_or_null() != NULL)
        failed += cmocka_run_group_tests_name("ipsec-mb", tests, use_ipsec_mb, NULL);
    return failed;
}
