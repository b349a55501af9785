#include "transport/udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What the fake sendmmsg does. */
static struct {
    int fail_gso;  /* errno for messages with a segment size, 0: none */
    int fail_all;  /* errno for every message */
    unsigned most; /* messages taken in one call, 0: all */
    unsigned calls;
    unsigned datagrams; /* messages that went */
    size_t sizes[1024];
    bool segmented[1024];
} fake;

static bool has_segment_size(struct msghdr *message)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header))
        if (header->cmsg_level == IPPROTO_UDP)
            return true;
    return false;
}

static int fake_sendmmsg(int descriptor, struct mmsghdr *messages, unsigned count, int flags)
{
    (void)descriptor;
    (void)flags;
    unsigned sent = 0;

    fake.calls++;
    for (; sent < count && (fake.most == 0 || sent < fake.most); sent++) {
        struct msghdr *message = &messages[sent].msg_hdr;
        const bool segmented = has_segment_size(message);
        const int error = fake.fail_all != 0 ? fake.fail_all : segmented ? fake.fail_gso : 0;

        if (error != 0) {
            errno = error;
            return sent > 0 ? (int)sent : -1;
        }
        fake.sizes[fake.datagrams] = message->msg_iov[0].iov_len;
        fake.segmented[fake.datagrams] = segmented;
        fake.datagrams++;
    }
    return (int)sent;
}

static struct path to_loopback(uint16_t port)
{
    struct path path = {.remote = {.ip = {[10] = 0xff, [11] = 0xff, 127, 0, 0, 1}, .port = port}};
    return path;
}

static struct stats stats;

static struct udp_sender *make_sender(enum media_send mode)
{
    struct udp_sender *sender = NULL;

    memset(&fake, 0, sizeof fake);
    memset(&stats, 0, sizeof stats);
    assert_int_equal(udp_sender_create(-1, AF_INET6, mode, &stats, &sender), STATUS_OK);
    udp_sender_set_call(sender, fake_sendmmsg);
    return sender;
}

static void put_sizes(struct udp_sender *sender, const struct path *path, const size_t *sizes,
                      unsigned count)
{
    udp_sender_begin(sender, path);
    for (unsigned i = 0; i < count; i++) {
        memset(udp_sender_reserve(sender, 1600), (int)i, sizes[i]);
        udp_sender_commit(sender, sizes[i]);
    }
}

static void udp_sender_joins_equal_sizes_into_one_message(void **state)
{
    (void)state;
    static const struct {
        enum media_send mode;
        size_t sizes[6];
        unsigned count;
        size_t messages[6];
        unsigned message_count;
    } cases[] = {
        {MEDIA_SEND_GSO, {900, 900, 900}, 3, {2700}, 1},
        {MEDIA_SEND_GSO, {900, 900, 300}, 3, {2100}, 1},
        {MEDIA_SEND_GSO, {900, 300, 900}, 3, {1200, 900}, 2},
        {MEDIA_SEND_GSO, {300, 900, 900}, 3, {300, 1800}, 2},
        {MEDIA_SEND_GSO, {900, 300, 300}, 3, {1200, 300}, 2},
        {MEDIA_SEND_GSO, {900}, 1, {900}, 1},
        {MEDIA_SEND_MMSG, {900, 900, 300}, 3, {900, 900, 300}, 3},
        {MEDIA_SEND_PLAIN, {900, 900}, 2, {900, 900}, 2},
    };
    const struct path path = to_loopback(9);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct udp_sender *sender = make_sender(cases[i].mode);
        put_sizes(sender, &path, cases[i].sizes, cases[i].count);
        udp_sender_flush(sender);
        assert_int_equal(fake.datagrams, cases[i].message_count);
        for (unsigned k = 0; k < cases[i].message_count; k++)
            assert_int_equal(fake.sizes[k], cases[i].messages[k]);
        assert_int_equal(fake.calls, cases[i].mode == MEDIA_SEND_PLAIN ? cases[i].count : 1);
        udp_sender_destroy(sender);
    }
}

static void udp_sender_never_joins_two_paths(void **state)
{
    (void)state;
    const struct path first = to_loopback(9);
    const struct path second = to_loopback(10);
    const size_t sizes[] = {500, 500};
    struct udp_sender *sender = make_sender(MEDIA_SEND_GSO);

    put_sizes(sender, &first, sizes, 2);
    put_sizes(sender, &second, sizes, 2);
    udp_sender_put(sender, &second, "x", 1);
    udp_sender_flush(sender);
    assert_int_equal(fake.datagrams, 3);
    udp_sender_destroy(sender);
}

static void udp_sender_flushes_itself_when_full(void **state)
{
    (void)state;
    const struct path path = to_loopback(9);
    struct udp_sender *sender = make_sender(MEDIA_SEND_GSO);
    const size_t size = 1000;
    unsigned total = 0;
    size_t bytes = 0;

    for (; total < 1000; total++)
        put_sizes(sender, &path, &size, 1);
    udp_sender_flush(sender);
    for (unsigned i = 0; i < fake.datagrams; i++) {
        assert_true(fake.sizes[i] <= UDP_SENDER_GSO_BYTES_MAX);
        bytes += fake.sizes[i];
    }
    assert_int_equal(bytes, total * size);
    udp_sender_destroy(sender);
}

static void udp_sender_splits_and_gives_up_when_refused(void **state)
{
    (void)state;
    static const int errors[] = {EINVAL, EIO, ENOPROTOOPT, EOPNOTSUPP};
    const struct path path = to_loopback(9);
    const size_t sizes[] = {700, 700, 200};

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct udp_sender *sender = make_sender(MEDIA_SEND_GSO);
        fake.fail_gso = errors[i];
        for (unsigned k = 1; k <= UDP_SENDER_REFUSALS_MAX; k++) {
            put_sizes(sender, &path, sizes, 3);
            udp_sender_flush(sender);
            assert_int_equal(fake.datagrams, 3 * k);
            assert_int_equal(fake.sizes[3 * k - 1], 200);
        }
        assert_int_equal(udp_sender_mode(sender), MEDIA_SEND_MMSG);
        assert_int_equal(stats.sends_plain, 3 * UDP_SENDER_REFUSALS_MAX);
        assert_int_equal(stats.drop_send_error, 0);
        udp_sender_destroy(sender);
    }
}

static void udp_sender_keeps_segmentation_when_one_path_refuses(void **state)
{
    (void)state;
    const struct path path = to_loopback(9);
    const size_t sizes[] = {700, 700};
    struct udp_sender *sender = make_sender(MEDIA_SEND_GSO);

    for (unsigned i = 0; i < 4 * UDP_SENDER_REFUSALS_MAX; i++) {
        fake.fail_gso = i % 2 == 0 ? EINVAL : 0;
        put_sizes(sender, &path, sizes, 2);
        udp_sender_flush(sender);
    }
    assert_int_equal(udp_sender_mode(sender), MEDIA_SEND_GSO);
    udp_sender_destroy(sender);
}

static void udp_sender_drops_and_counts_what_is_not_taken(void **state)
{
    (void)state;
    const struct path path = to_loopback(9);
    const size_t sizes[] = {700, 700, 700};
    struct udp_sender *sender = make_sender(MEDIA_SEND_GSO);

    fake.fail_all = EAGAIN;
    put_sizes(sender, &path, sizes, 3);
    udp_sender_flush(sender);
    fake.fail_all = ENETUNREACH;
    put_sizes(sender, &path, sizes, 3);
    udp_sender_flush(sender);
    fake.fail_all = EINVAL; /* not segmentation's fault: split fails too */
    put_sizes(sender, &path, sizes, 3);
    udp_sender_flush(sender);
    assert_int_equal(stats.drop_send_again, 3);
    assert_int_equal(stats.drop_send_error, 6);
    assert_int_equal(udp_sender_mode(sender), MEDIA_SEND_GSO);
    udp_sender_destroy(sender);
}

static void udp_sender_sends_the_rest_after_a_partial_call(void **state)
{
    (void)state;
    struct udp_sender *sender = make_sender(MEDIA_SEND_MMSG);
    const struct path path = to_loopback(9);
    const size_t sizes[] = {100, 101, 102, 103, 104};

    fake.most = 2;
    put_sizes(sender, &path, sizes, 5);
    udp_sender_flush(sender);
    assert_int_equal(fake.calls, 3);
    assert_int_equal(fake.datagrams, 5);
    assert_int_equal(fake.sizes[4], 104);
    udp_sender_destroy(sender);
}

static int open_client(struct sockaddr_storage *to, socklen_t to_bytes, const char *from)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    int client = socket(to->ss_family, SOCK_DGRAM, 0);

    assert_true(client >= 0);
    if (from != NULL) {
        assert_int_equal(inet_pton(AF_INET, from, &in.sin_addr), 1);
        assert_int_equal(bind(client, (struct sockaddr *)&in, sizeof in), 0);
    }
    assert_int_equal(sendto(client, "hello", 5, 0, (struct sockaddr *)to, to_bytes), 5);
    return client;
}

static struct udp_datagram wait_for_one(struct udp *udp)
{
    static struct udp_datagram datagrams[UDP_RECEIVE_BATCH];
    struct pollfd waiting = {.fd = udp_descriptor(udp), .events = POLLIN};
    bool more = false;

    assert_int_equal(poll(&waiting, 1, 5000), 1);
    assert_int_equal(udp_receive(udp, datagrams, &more), 1);
    assert_false(more);
    return datagrams[0];
}

/* Answers must come from the very address that was written to, whatever the routing says. */
static void udp_answers_from_the_address_written_to(void **state)
{
    (void)state;
    static const struct {
        int family;
        const char *ip;
        const char *text; /* of what the client then sees */
    } cases[] = {{AF_INET, "127.0.0.1", "127.0.0.1"},
                 {AF_INET, "127.0.0.77", "127.0.0.77"},
                 {AF_INET6, "::1", "::1"}};
    struct udp *udp = NULL;

    memset(&stats, 0, sizeof stats);
    assert_int_equal(udp_open(0, MEDIA_SEND_GSO, &stats, &udp), STATUS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sockaddr_storage to = {.ss_family = (sa_family_t)cases[i].family};
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(udp_port(udp))};
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(udp_port(udp))};
        socklen_t to_bytes = cases[i].family == AF_INET ? sizeof in : sizeof in6;

        inet_pton(cases[i].family, cases[i].ip,
                  cases[i].family == AF_INET ? (void *)&in.sin_addr : (void *)&in6.sin6_addr);
        memcpy(&to, cases[i].family == AF_INET ? (void *)&in : (void *)&in6, to_bytes);
        int client = open_client(&to, to_bytes, cases[i].family == AF_INET ? "127.0.0.5" : NULL);
        struct udp_datagram datagram = wait_for_one(udp);
        assert_int_equal(datagram.length_bytes, 5);

        const size_t sizes[] = {1000, 1000, 400};
        put_sizes(udp_out(udp), &datagram.path, sizes, 3);
        udp_sender_flush(udp_out(udp));
        for (unsigned k = 0; k < 3; k++) {
            uint8_t answer[2000];
            char text[INET6_ADDRSTRLEN];
            struct sockaddr_storage from;
            socklen_t from_bytes = sizeof from;
            struct pollfd waiting = {.fd = client, .events = POLLIN};

            assert_int_equal(poll(&waiting, 1, 5000), 1);
            assert_int_equal(
                recvfrom(client, answer, sizeof answer, 0, (struct sockaddr *)&from, &from_bytes),
                sizes[k]);
            assert_int_equal(answer[0], k);
            memcpy(&in, &from, sizeof in);
            memcpy(&in6, &from, sizeof in6);
            inet_ntop(from.ss_family,
                      from.ss_family == AF_INET ? (void *)&in.sin_addr : (void *)&in6.sin6_addr,
                      text, sizeof text);
            assert_string_equal(text, cases[i].text);
        }
        close(client);
    }
    assert_int_equal(stats.sends_gso + stats.sends_plain, 3);
    udp_close(udp);
}

static void udp_drops_datagrams_larger_than_served(void **state)
{
    (void)state;
    static const uint8_t large[UDP_DATAGRAM_BYTES_MAX + 1];
    struct udp *udp = NULL;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int client = socket(AF_INET, SOCK_DGRAM, 0);

    memset(&stats, 0, sizeof stats);
    assert_int_equal(udp_open(0, MEDIA_SEND_GSO, &stats, &udp), STATUS_OK);
    to.sin_port = htons(udp_port(udp));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            sendto(client, large, sizeof large - i, 0, (struct sockaddr *)&to, sizeof to),
            sizeof large - i);
    }
    assert_int_equal(wait_for_one(udp).length_bytes, UDP_DATAGRAM_BYTES_MAX);
    assert_int_equal(stats.drop_too_large, 1);
    close(client);
    udp_close(udp);
}

static void udp_shares_its_port(void **state)
{
    (void)state;
    struct udp *first = NULL;
    struct udp *second = NULL;

    assert_int_equal(udp_open(0, MEDIA_SEND_GSO, &stats, &first), STATUS_OK);
    assert_int_equal(udp_open(udp_port(first), MEDIA_SEND_GSO, &stats, &second), STATUS_OK);
    assert_int_equal(udp_port(first), udp_port(second));
    udp_close(first);
    udp_close(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp_sender_joins_equal_sizes_into_one_message),
        cmocka_unit_test(udp_sender_never_joins_two_paths),
        cmocka_unit_test(udp_sender_flushes_itself_when_full),
        cmocka_unit_test(udp_sender_splits_and_gives_up_when_refused),
        cmocka_unit_test(udp_sender_keeps_segmentation_when_one_path_refuses),
        cmocka_unit_test(udp_sender_drops_and_counts_what_is_not_taken),
        cmocka_unit_test(udp_sender_sends_the_rest_after_a_partial_call),
        cmocka_unit_test(udp_answers_from_the_address_written_to),
        cmocka_unit_test(udp_drops_datagrams_larger_than_served),
        cmocka_unit_test(udp_shares_its_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
