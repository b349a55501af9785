/* Two ends joined by queues of datagrams. OpenSSL's own timer reads gettimeofday; this program
 * defines that function, so that retransmission runs in the test's time and nothing sleeps. */
#include "transport/dtls.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <cmocka.h>

#include "core/mono.h"

enum { QUEUE_MAX = 64, TURNS_MAX = 200, ANY_SUITE = -1 };

static int64_t now_ns = MONO_SECOND;

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    (void)tz;
    tv->tv_sec = 1700000000 + now_ns / MONO_SECOND;
    tv->tv_usec = now_ns % MONO_SECOND / 1000;
    return 0;
}

struct datagram {
    size_t bytes;
    uint8_t data[DTLS_DATAGRAM_BYTES_MAX];
};

struct end {
    struct certificate *certificate;
    struct dtls_context *context;
    struct dtls *dtls;
    struct datagram out[QUEUE_MAX];
    unsigned out_count;
    unsigned sent;      /* in all */
    uint64_t lost_mask; /* bit i: the i-th datagram sent is lost */
    uint8_t data[2048];
    size_t data_bytes;
};

static struct end client;
static struct end server;

static void on_send(void *context, const uint8_t *datagram, size_t datagram_bytes)
{
    struct end *end = context;
    assert_in_range(datagram_bytes, 1, DTLS_DATAGRAM_BYTES_MAX);
    unsigned number = end->sent++;
    if (number < 64 && (end->lost_mask >> number & 1) != 0)
        return;
    assert_true(end->out_count < QUEUE_MAX);
    memcpy(end->out[end->out_count].data, datagram, datagram_bytes);
    end->out[end->out_count++].bytes = datagram_bytes;
}

static void on_data(void *context, const uint8_t *data, size_t data_bytes)
{
    struct end *end = context;
    assert_true(end->data_bytes + data_bytes <= sizeof end->data);
    memcpy(end->data + end->data_bytes, data, data_bytes);
    end->data_bytes += data_bytes;
}

static void open_end(struct end *end, enum dtls_role role, int suite,
                     const struct fingerprint *expected)
{
    const struct dtls_output output = {end, on_send, on_data};
    assert_int_equal(dtls_context_create(end->certificate, suite, &end->context), STATUS_OK);
    assert_int_equal(dtls_create(end->context, role, expected, &output, &end->dtls), STATUS_OK);
}

static void open_both(int client_suite, int server_suite)
{
    memset(&client, 0, sizeof client);
    memset(&server, 0, sizeof server);
    assert_int_equal(certificate_create(&client.certificate), STATUS_OK);
    assert_int_equal(certificate_create(&server.certificate), STATUS_OK);
    open_end(&client, DTLS_CLIENT, client_suite, certificate_fingerprint(server.certificate));
    open_end(&server, DTLS_SERVER, server_suite, certificate_fingerprint(client.certificate));
}

static void close_end(struct end *end)
{
    dtls_destroy(end->dtls);
    dtls_context_destroy(end->context);
    certificate_destroy(end->certificate);
}

static void close_both(void)
{
    close_end(&client);
    close_end(&server);
}

/* Hands over all that from has sent; returns the first status that is not STATUS_OK. */
static enum status deliver(struct end *from, struct end *to)
{
    for (unsigned i = 0; i < from->out_count; i++) {
        enum status status = dtls_receive(to->dtls, from->out[i].data, from->out[i].bytes, now_ns);
        if (status != STATUS_OK) {
            from->out_count = 0;
            return status;
        }
    }
    from->out_count = 0;
    return STATUS_OK;
}

static bool both_connected(void)
{
    return dtls_is_connected(client.dtls) && dtls_is_connected(server.dtls);
}

/* Runs until both are connected and silent; time jumps to the next timer when nothing flies. */
static bool run_handshake(void)
{
    assert_int_equal(dtls_begin(server.dtls, now_ns), STATUS_OK);
    assert_int_equal(dtls_begin(client.dtls, now_ns), STATUS_OK);
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        if (client.out_count + server.out_count > 0) {
            assert_int_equal(deliver(&client, &server), STATUS_OK);
            assert_int_equal(deliver(&server, &client), STATUS_OK);
            continue;
        }
        int64_t timer_ns = mono_earlier(dtls_timer_ns(client.dtls), dtls_timer_ns(server.dtls));
        if (both_connected() || timer_ns == MONO_NEVER)
            break;
        now_ns = timer_ns;
        if (dtls_timer_ns(client.dtls) <= now_ns)
            assert_int_equal(dtls_on_timer(client.dtls, now_ns), STATUS_OK);
        if (dtls_timer_ns(server.dtls) <= now_ns)
            assert_int_equal(dtls_on_timer(server.dtls, now_ns), STATUS_OK);
    }
    return both_connected();
}

static void assert_keys_cross(enum srtp_suite suite)
{
    struct srtp_keys a;
    struct srtp_keys b;
    assert_int_equal(dtls_read_keys(client.dtls, &a), STATUS_OK);
    assert_int_equal(dtls_read_keys(server.dtls, &b), STATUS_OK);
    assert_int_equal(a.suite, suite);
    assert_int_equal(b.suite, suite);
    assert_memory_equal(a.local_key, b.remote_key, SRTP_KEY_BYTES);
    assert_memory_equal(a.remote_key, b.local_key, SRTP_KEY_BYTES);
    assert_memory_equal(a.local_salt, b.remote_salt, SRTP_SALT_BYTES_MAX);
    assert_memory_equal(a.remote_salt, b.local_salt, SRTP_SALT_BYTES_MAX);
    assert_memory_not_equal(a.local_key, a.remote_key, SRTP_KEY_BYTES);
}

static void dtls_settles_suite_by_table(void **state)
{
    (void)state;
    const int gcm = SRTP_SUITE_AEAD_AES_128_GCM;
    const int cm = SRTP_SUITE_AES_CM_128_HMAC_SHA1_80;
    const struct {
        int client;
        int server;
        int settled;
    } cases[] = {
        {ANY_SUITE, ANY_SUITE, gcm}, {ANY_SUITE, cm, cm}, {cm, ANY_SUITE, cm}, {gcm, gcm, gcm},
        {gcm, ANY_SUITE, gcm},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_both(cases[i].client, cases[i].server);
        assert_true(run_handshake());
        assert_keys_cross((enum srtp_suite)cases[i].settled);
        assert_int_equal(dtls_timer_ns(client.dtls), MONO_NEVER);
        assert_int_equal(dtls_timer_ns(server.dtls), MONO_NEVER);
        close_both();
    }
}

static void dtls_gives_no_keys_when_no_suite_is_common(void **state)
{
    (void)state;
    struct srtp_keys keys;
    open_both(SRTP_SUITE_AEAD_AES_128_GCM, SRTP_SUITE_AES_CM_128_HMAC_SHA1_80);
    assert_true(run_handshake());
    assert_int_equal(dtls_read_keys(client.dtls, &keys), STATUS_UNSUPPORTED);
    assert_int_equal(dtls_read_keys(server.dtls, &keys), STATUS_UNSUPPORTED);
    close_both();
}

static void dtls_connects_when_any_datagram_is_lost(void **state)
{
    (void)state;
    for (unsigned lost = 0; lost < 8; lost++) {
        for (int side = 0; side < 2; side++) {
            open_both(ANY_SUITE, ANY_SUITE);
            (side == 0 ? &client : &server)->lost_mask = UINT64_C(1) << lost;
            assert_true(run_handshake());
            assert_keys_cross(SRTP_SUITE_AEAD_AES_128_GCM);
            close_both();
        }
    }
}

static void dtls_connects_when_every_second_datagram_is_lost(void **state)
{
    (void)state;
    open_both(ANY_SUITE, ANY_SUITE);
    client.lost_mask = UINT64_C(0x5555);
    server.lost_mask = UINT64_C(0x5555);
    assert_true(run_handshake());
    close_both();
}

static void dtls_backs_off_when_nobody_answers(void **state)
{
    (void)state;
    open_both(ANY_SUITE, ANY_SUITE);
    assert_int_equal(dtls_begin(client.dtls, now_ns), STATUS_OK);
    int64_t previous_ns = 0;
    unsigned timers = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        int64_t wait_ns = dtls_timer_ns(client.dtls) - now_ns;
        assert_true(wait_ns >= 250 * MONO_MS && wait_ns <= 4 * MONO_SECOND);
        assert_true(wait_ns >= previous_ns);
        previous_ns = wait_ns;
        now_ns += wait_ns;
        client.out_count = 0;
        status = dtls_on_timer(client.dtls, now_ns);
        assert_true(++timers < 20);
    }
    assert_int_equal(status, STATUS_MALFORMED);
    assert_true(timers > 5);
    close_both();
}

static void dtls_refuses_wrong_fingerprint_in_either_role(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        open_both(ANY_SUITE, ANY_SUITE);
        struct end *wary = side == 0 ? &client : &server;
        dtls_destroy(wary->dtls);
        const struct dtls_output output = {wary, on_send, NULL};
        assert_int_equal(dtls_create(wary->context, side == 0 ? DTLS_CLIENT : DTLS_SERVER,
                                     certificate_fingerprint(wary->certificate), &output,
                                     &wary->dtls),
                         STATUS_OK);
        assert_int_equal(dtls_begin(client.dtls, now_ns), STATUS_OK);
        enum status status = STATUS_OK;
        for (int turn = 0; turn < 6 && status == STATUS_OK; turn++) {
            status = deliver(&client, &server);
            if (status == STATUS_OK)
                status = deliver(&server, &client);
        }
        assert_int_equal(status, STATUS_DENIED);
        assert_false(dtls_is_connected(wary->dtls));
        assert_int_equal(wary->out_count, 1); /* the alert */
        assert_int_equal(wary->out[0].data[0], 21);
        close_both();
    }
}

/* Cuts a ClientHello (one handshake message in one record) into two records as browsers do. */
static void fragment_client_hello(const struct datagram *whole, struct datagram part[2])
{
    enum { RECORD = 13, HANDSHAKE = 12 };
    size_t body = whole->bytes - RECORD - HANDSHAKE;
    size_t first = body / 2;
    const size_t offset[2] = {0, first};
    const size_t bytes[2] = {first, body - first};
    for (int i = 0; i < 2; i++) {
        uint8_t *out = part[i].data;
        size_t fragment = HANDSHAKE + bytes[i];
        memcpy(out, whole->data, RECORD + HANDSHAKE);
        out[10] = (uint8_t)(40 * i); /* record sequence number: not one that will be used */
        out[11] = (uint8_t)(fragment >> 8);
        out[12] = (uint8_t)fragment;
        out[RECORD + 7] = (uint8_t)(offset[i] >> 8);
        out[RECORD + 8] = (uint8_t)offset[i];
        out[RECORD + 10] = (uint8_t)(bytes[i] >> 8);
        out[RECORD + 11] = (uint8_t)bytes[i];
        memcpy(out + RECORD + HANDSHAKE, whole->data + RECORD + HANDSHAKE + offset[i], bytes[i]);
        part[i].bytes = RECORD + fragment;
    }
}

static void dtls_accepts_fragmented_client_hello_in_any_order(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        open_both(ANY_SUITE, ANY_SUITE);
        struct datagram part[2];
        assert_int_equal(dtls_begin(client.dtls, now_ns), STATUS_OK);
        assert_int_equal(client.out_count, 1);
        fragment_client_hello(&client.out[0], part);
        client.out[0] = part[order];
        client.out[1] = part[1 - order];
        client.out_count = 2;
        for (int turn = 0; turn < 6; turn++) {
            assert_int_equal(deliver(&client, &server), STATUS_OK);
            assert_int_equal(deliver(&server, &client), STATUS_OK);
        }
        assert_true(both_connected());
        close_both();
    }
}

static void dtls_ignores_garbage_at_any_time(void **state)
{
    (void)state;
    static const uint8_t garbage[][16] = {
        {0},
        {22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 200},    /* announces more than there is */
        {22, 3, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 3, 1, 2, 3}, /* TLS, not DTLS */
        {23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 3, 1, 2, 3},
        {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
    };
    open_both(ANY_SUITE, ANY_SUITE);
    assert_int_equal(dtls_begin(client.dtls, now_ns), STATUS_OK);
    for (int turn = 0; turn < 6; turn++) {
        for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
            assert_int_equal(dtls_receive(server.dtls, garbage[i], 16, now_ns), STATUS_OK);
            assert_int_equal(dtls_receive(client.dtls, garbage[i], 16, now_ns), STATUS_OK);
        }
        assert_int_equal(deliver(&client, &server), STATUS_OK);
        assert_int_equal(deliver(&server, &client), STATUS_OK);
    }
    assert_true(both_connected());
    close_both();
}

/* A ClientHello that offers the null cipher only: the classic early-handshake attack. */
static void dtls_survives_a_bad_client_hello_and_says_nothing(void **state)
{
    (void)state;
    static const uint8_t hello[] = {
        22,  254, 253, 0,  0,  0,  0,  0,  0,  0,  0,  0,  54, /* record */
        1,   0,   0,   42, 0,  0,  0,  0,  0,  0,  0,  42,     /* handshake */
        254, 253, 1,   2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
        16,                                                                   /* version, random */
        17,  18,  19,  20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0, /* session id */
        0,   0,   2,   0,  0,  1,  0, /* no cookie, TLS_NULL_WITH_NULL_NULL, no compression */
    };
    open_both(ANY_SUITE, ANY_SUITE);
    for (int i = 0; i < DTLS_RESETS_MAX; i++)
        assert_int_equal(dtls_receive(server.dtls, hello, sizeof hello, now_ns), STATUS_OK);
    assert_int_equal(server.sent, 0);
    assert_true(run_handshake());
    close_both();

    open_both(ANY_SUITE, ANY_SUITE);
    enum status status = STATUS_OK;
    int tries = 0;
    while (status == STATUS_OK && tries < 10) {
        status = dtls_receive(server.dtls, hello, sizeof hello, now_ns);
        tries++;
    }
    assert_int_equal(status, STATUS_MALFORMED);
    assert_int_equal(tries, DTLS_RESETS_MAX + 1);
    assert_int_equal(server.sent, 1); /* the alert at last */
    close_both();
}

static void dtls_is_full_when_too_much_comes_before_connected(void **state)
{
    (void)state;
    static const uint8_t junk[2000] = {22, 254, 253};
    open_both(ANY_SUITE, ANY_SUITE);
    for (int i = 0; i < DTLS_BEFORE_CONNECTED_DATAGRAMS_MAX; i++)
        assert_int_equal(dtls_receive(server.dtls, junk, 20, now_ns), STATUS_OK);
    assert_int_equal(dtls_receive(server.dtls, junk, 20, now_ns), STATUS_FULL);
    for (int i = 0; i < DTLS_BEFORE_CONNECTED_BYTES_MAX / 2000; i++)
        assert_int_equal(dtls_receive(client.dtls, junk, sizeof junk, now_ns), STATUS_OK);
    assert_int_equal(dtls_receive(client.dtls, junk, sizeof junk, now_ns), STATUS_FULL);
    close_both();
}

static void dtls_carries_data_and_close(void **state)
{
    (void)state;
    static const uint8_t message[DTLS_DATA_BYTES_MAX + 1] = "to whom it may concern";
    open_both(ANY_SUITE, ANY_SUITE);
    assert_int_equal(dtls_send(client.dtls, message, 10), STATUS_AGAIN);
    assert_true(run_handshake());
    assert_int_equal(dtls_send(client.dtls, message, 10), STATUS_OK);
    assert_int_equal(dtls_send(client.dtls, message, DTLS_DATA_BYTES_MAX), STATUS_OK);
    assert_int_equal(dtls_send(client.dtls, message, sizeof message), STATUS_FULL);
    assert_int_equal(client.out_count, 2);
    assert_int_equal(client.out[1].bytes, DTLS_DATAGRAM_BYTES_MAX);
    assert_int_equal(deliver(&client, &server), STATUS_OK);
    assert_int_equal(server.data_bytes, 10 + DTLS_DATA_BYTES_MAX);
    assert_memory_equal(server.data, message, 10);

    dtls_close(server.dtls);
    assert_int_equal(server.out_count, 1);
    assert_int_equal(deliver(&server, &client), STATUS_CLOSED);
    close_both();
}

static void dtls_says_nothing_when_destroyed(void **state)
{
    (void)state;
    open_both(ANY_SUITE, ANY_SUITE);
    assert_true(run_handshake());
    unsigned sent = server.sent;
    dtls_destroy(server.dtls);
    server.dtls = NULL;
    assert_int_equal(server.sent, sent);
    close_both();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dtls_settles_suite_by_table),
        cmocka_unit_test(dtls_gives_no_keys_when_no_suite_is_common),
        cmocka_unit_test(dtls_connects_when_any_datagram_is_lost),
        cmocka_unit_test(dtls_connects_when_every_second_datagram_is_lost),
        cmocka_unit_test(dtls_backs_off_when_nobody_answers),
        cmocka_unit_test(dtls_refuses_wrong_fingerprint_in_either_role),
        cmocka_unit_test(dtls_accepts_fragmented_client_hello_in_any_order),
        cmocka_unit_test(dtls_ignores_garbage_at_any_time),
        cmocka_unit_test(dtls_survives_a_bad_client_hello_and_says_nothing),
        cmocka_unit_test(dtls_is_full_when_too_much_comes_before_connected),
        cmocka_unit_test(dtls_carries_data_and_close),
        cmocka_unit_test(dtls_says_nothing_when_destroyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
