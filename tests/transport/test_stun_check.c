#include "transport/stun_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stun_client.h"

static const char user[] = "ours:theirs";
static const char password[] = "a-password-of-24-chars..";

static const struct address ipv4 = {.ip = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 7}, .port = 50123};
static const struct address ipv6 = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .port = 50124};

/* Reads and answers as a worker does; the first failure is the result. */
static enum status serve(const uint8_t *datagram, size_t bytes, const struct address *from,
                         uint8_t *answer, size_t *answer_bytes, bool *accepted)
{
    struct stun_checker *checker = NULL;
    struct stun_check check;

    enum status status = stun_check_read(datagram, bytes, &check);
    if (status != STATUS_OK)
        return status;
    assert_int_equal(check.local_ufrag_chars, 4);
    assert_int_equal(stun_checker_create(&checker), STATUS_OK);
    status =
        stun_checker_answer(checker, &check, user, password, from, answer, answer_bytes, accepted);
    stun_checker_destroy(checker);
    return status;
}

static void stun_check_answers_with_the_address_it_came_from(void **state)
{
    (void)state;
    static const struct address *const from[] = {&ipv4, &ipv6};
    const struct stun_client_request request = {
        .username = user, .password = password, .use_candidate = true};

    for (size_t i = 0; i < 2; i++) {
        uint8_t datagram[STUN_CLIENT_BYTES_MAX];
        uint8_t answer[STUN_CHECK_ANSWER_BYTES_MAX];
        size_t answer_bytes = 0;
        bool accepted = false;
        const size_t bytes = stun_client_write(&request, datagram);

        assert_int_equal(serve(datagram, bytes, from[i], answer, &answer_bytes, &accepted),
                         STATUS_OK);
        assert_true(accepted);
        assert_int_equal(stun_client_answer_type(datagram, answer, answer_bytes), 0x0101);
        assert_true(stun_client_answer_holds(answer, answer_bytes, password, from[i]));
        assert_false(stun_client_answer_holds(answer, answer_bytes, "another password", from[i]));
    }
}

static void stun_check_refuses_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        struct stun_client_request request;
        enum status expected;
        uint16_t answer_type; /* 0: not answered */
    } cases[] = {
        {{.username = user, .password = password}, STATUS_OK, 0x0101},
        {{.username = user, .password = "wrong"}, STATUS_DENIED, 0},
        {{.username = user, .password = ""}, STATUS_DENIED, 0},
        {{.username = "ours:others", .password = password}, STATUS_DENIED, 0},
        {{.username = "ours:theirs2", .password = password}, STATUS_DENIED, 0},
        {{.username = "ours:", .password = password}, STATUS_DENIED, 0},
        {{.username = "ours", .password = password}, STATUS_MALFORMED, 0},
        {{.username = "", .password = password}, STATUS_MALFORMED, 0},
        {{.username = NULL, .password = password}, STATUS_MALFORMED, 0},
        {{.username = user}, STATUS_MALFORMED, 0},
        {{.username = user, .password = password, .no_fingerprint = true}, STATUS_MALFORMED, 0},
        /* RFC 8489 section 14: unknown, to be understood: 420; unknown, optional: nothing */
        {{.username = user, .password = password, .extra_type = 0x7001}, STATUS_OK, 0x0111},
        {{.username = user, .password = password, .extra_type = 0xc057}, STATUS_OK, 0x0101},
        /* RFC 8489 section 14.5: what is behind the integrity does not count */
        {{.username = user, .password = password, .behind_type = 0x0025}, STATUS_OK, 0x0101},
        {{.username = user, .password = password, .behind_type = 0x0006}, STATUS_OK, 0x0101},
        {{.username = NULL, .password = password, .behind_type = 0x0006}, STATUS_MALFORMED, 0},
        /* RFC 8445 section 7.3.1.1: we are controlled, it claims the same: 487 */
        {{.username = user, .password = password, .controlled = true}, STATUS_OK, 0x0111},
        {{.username = user, .password = password, .method_class = 0x0011}, STATUS_UNSUPPORTED, 0},
        {{.username = user, .password = password, .method_class = 0x0101}, STATUS_UNSUPPORTED, 0},
        {{.username = user, .password = password, .method_class = 0x0003}, STATUS_UNSUPPORTED, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t datagram[STUN_CLIENT_BYTES_MAX];
        uint8_t answer[STUN_CHECK_ANSWER_BYTES_MAX];
        size_t answer_bytes = 0;
        bool accepted = false;
        const size_t bytes = stun_client_write(&cases[i].request, datagram);

        assert_int_equal(serve(datagram, bytes, &ipv4, answer, &answer_bytes, &accepted),
                         cases[i].expected);
        if (cases[i].expected == STATUS_OK)
            assert_int_equal(stun_client_answer_type(datagram, answer, answer_bytes),
                             cases[i].answer_type);
        assert_int_equal(accepted, cases[i].answer_type == 0x0101);
    }
}

static void stun_check_ignores_use_candidate_behind_the_integrity(void **state)
{
    (void)state;
    static const struct {
        struct stun_client_request request;
        bool expected;
    } cases[] = {
        {{.username = user, .password = password, .use_candidate = true}, true},
        {{.username = user, .password = password}, false},
        {{.username = user, .password = password, .behind_type = 0x0025}, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t datagram[STUN_CLIENT_BYTES_MAX];
        struct stun_check check;
        const size_t bytes = stun_client_write(&cases[i].request, datagram);

        assert_int_equal(stun_check_read(datagram, bytes, &check), STATUS_OK);
        assert_int_equal(check.use_candidate, cases[i].expected);
    }
}

static void stun_check_refuses_every_cut_and_every_changed_byte(void **state)
{
    (void)state;
    const struct stun_client_request request = {.username = user, .password = password};
    uint8_t datagram[STUN_CLIENT_BYTES_MAX];
    uint8_t answer[STUN_CHECK_ANSWER_BYTES_MAX];
    size_t answer_bytes = 0;
    bool accepted = false;
    const size_t bytes = stun_client_write(&request, datagram);

    for (size_t cut = 0; cut < bytes; cut++)
        assert_int_not_equal(serve(datagram, cut, &ipv4, answer, &answer_bytes, &accepted),
                             STATUS_OK);
    for (size_t at = 0; at < bytes; at++) {
        datagram[at] ^= 0x10;
        struct stun_check check;
        if (stun_check_read(datagram, bytes, &check) == STATUS_OK && check.local_ufrag_chars == 4) {
            assert_int_not_equal(serve(datagram, bytes, &ipv4, answer, &answer_bytes, &accepted),
                                 STATUS_OK);
        }
        datagram[at] ^= 0x10;
    }
    assert_false(accepted);
}

static void stun_check_bounds_the_number_of_attributes(void **state)
{
    (void)state;
    static uint8_t datagram[20 + 4 * (STUN_CHECK_ATTRIBUTES_MAX + 2)] = {0,    1,    0,    0,
                                                                         0x21, 0x12, 0xa4, 0x42};
    struct stun_check check;

    datagram[2] = (uint8_t)((sizeof datagram - 20) >> 8);
    datagram[3] = (uint8_t)(sizeof datagram - 20);
    for (size_t at = 20; at < sizeof datagram; at += 4)
        datagram[at] = 0xc0;
    assert_int_equal(stun_check_read(datagram, sizeof datagram, &check), STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stun_check_answers_with_the_address_it_came_from),
        cmocka_unit_test(stun_check_refuses_what_is_wrong),
        cmocka_unit_test(stun_check_ignores_use_candidate_behind_the_integrity),
        cmocka_unit_test(stun_check_refuses_every_cut_and_every_changed_byte),
        cmocka_unit_test(stun_check_bounds_the_number_of_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
