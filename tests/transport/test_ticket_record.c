#include "transport/ticket_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void ticket_record_gives_back_what_it_was_made_of(void **state)
{
    (void)state;
    static const size_t lengths[][3] = {
        {8, 24, 4}, {0, 0, 0}, {ICE_UFRAG_CHARS_MAX, ICE_PASSWORD_CHARS_MAX, ICE_UFRAG_CHARS_MAX}};
    static const struct profile profile;
    struct viewer_quality quality;

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct ticket ticket = {.session = UINT64_C(1) << 40,
                                .stream_id = 7,
                                .fingerprint = {.bytes = {1, 2, 3}},
                                .profile = &profile,
                                .start = {.ssrc = {4, 5}, .wanted = {false, true}},
                                .deadline_ns = INT64_C(1) << 50,
                                .quality = &quality};
        struct ticket read;
        memset(ticket.local.ufrag, 'u', lengths[i][0]);
        memset(ticket.local.password, 'p', lengths[i][1]);
        memset(ticket.remote_ufrag, 'r', lengths[i][2]);
        struct ticket_record *record = ticket_record_make(&ticket);
        assert_non_null(record);
        assert_string_equal(ticket_record_local_ufrag(record), ticket.local.ufrag);
        assert_string_equal(ticket_record_remote_ufrag(record), ticket.remote_ufrag);
        memset(&read, 0xff, sizeof read);
        ticket_record_read(record, &read);
        assert_int_equal(read.session, ticket.session);
        assert_int_equal(read.stream_id, 7);
        assert_memory_equal(&read.fingerprint, &ticket.fingerprint, sizeof read.fingerprint);
        assert_ptr_equal(read.profile, &profile);
        assert_memory_equal(&read.start, &ticket.start, sizeof read.start);
        assert_int_equal(read.deadline_ns, ticket.deadline_ns);
        assert_ptr_equal(read.quality, &quality);
        assert_string_equal(read.local.ufrag, ticket.local.ufrag);
        assert_string_equal(read.local.password, ticket.local.password);
        assert_string_equal(read.remote_ufrag, ticket.remote_ufrag);
        ticket_record_destroy(record);
    }
    ticket_record_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticket_record_gives_back_what_it_was_made_of),
    };

    return cmocka_run_group_tests_name("ticket_record", tests, NULL, NULL);
}
