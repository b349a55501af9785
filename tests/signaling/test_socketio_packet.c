#include "signaling/socketio_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "signaling/json_scan.h"

static void socketio_packet_read_knows_every_type(void **state)
{
    static const struct {
        const char *text;
        enum socketio_type type;
        unsigned attachments;
        const char *space;
        int64_t acknowledgement;
        const char *payload;
    } cases[] = {
        {"0", SOCKETIO_CONNECT, 0, "/", -1, ""},
        {"0{\"a\":1}", SOCKETIO_CONNECT, 0, "/", -1, "{\"a\":1}"},
        {"0/custom", SOCKETIO_CONNECT, 0, "/custom", -1, ""},
        {"0/custom,", SOCKETIO_CONNECT, 0, "/custom", -1, ""},
        {"0/a?b=c,{}", SOCKETIO_CONNECT, 0, "/a?b=c", -1, "{}"},
        {"1", SOCKETIO_DISCONNECT, 0, "/", -1, ""},
        {"1/custom,", SOCKETIO_DISCONNECT, 0, "/custom", -1, ""},
        {"2[\"m\"]", SOCKETIO_EVENT, 0, "/", -1, "[\"m\"]"},
        {"2[1]", SOCKETIO_EVENT, 0, "/", -1, "[1]"},
        {"20[\"m\"]", SOCKETIO_EVENT, 0, "/", 0, "[\"m\"]"},
        {"2/a,456[\"m\",{}]", SOCKETIO_EVENT, 0, "/a", 456, "[\"m\",{}]"},
        {"3999999999999999[]", SOCKETIO_ACK, 0, "/", 999999999999999, "[]"},
        {"51-[\"m\",{\"_placeholder\":true,\"num\":0}]", SOCKETIO_BINARY_EVENT, 1, "/", -1,
         "[\"m\",{\"_placeholder\":true,\"num\":0}]"},
        {"52-/a,7[\"m\",{\"num\":1,\"_placeholder\":true}]", SOCKETIO_BINARY_EVENT, 2, "/a", 7,
         "[\"m\",{\"num\":1,\"_placeholder\":true}]"},
        {"61-7[[{\"_placeholder\":true,\"num\":0}]]", SOCKETIO_BINARY_ACK, 1, "/", 7,
         "[[{\"_placeholder\":true,\"num\":0}]]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct socketio_packet packet;

        assert_int_equal(socketio_packet_read(text_of(cases[i].text), &packet), STATUS_OK);
        assert_int_equal(packet.type, cases[i].type);
        assert_int_equal(packet.attachments, cases[i].attachments);
        assert_true(text_is(packet.space, cases[i].space));
        assert_int_equal(packet.acknowledgement, cases[i].acknowledgement);
        assert_true(text_is(packet.payload, cases[i].payload));
    }
}

static void socketio_packet_read_refuses_what_is_malformed(void **state)
{
    static const char *const cases[] = {
        "",
        "7",
        "abc",
        "0[]",
        "0\"a\"",
        "1{}",
        "2",
        "2{}",
        "2[]",
        "2[{}]",
        "2[null]",
        "2[\"connect\"]",
        "2[\"disconnect\",1]",
        "2abc[\"m\"]",
        "2[\"m\"]]",
        "2[\"m\",]",
        "2[\"m\" 1]",
        "2[\"m\",01]",
        "2[\"m\",1.]",
        "2[\"m\",+1]",
        "2[\"m\",nul]",
        "2[\"m\",{\"a\"}]",
        "2[\"m\",{\"a\":1,}]",
        "2[\"m\",{a:1}]",
        "2[\"m\",[}]",
        "2[\"m\",\"\\x\"]",
        "2[\"m\",\"\\u12g4\"]",
        "2[\"m\",\"a\nb\"]",
        "2[\"m",
        "21234567890123456[\"m\"]",
        "3[]",
        "37",
        "4 4",
        "5[\"m\"]",
        "51[\"m\"]",
        "5-[\"m\"]",
        "565-[\"m\"]",
        "51-[\"m\",{\"_placeholder\":true,\"num\":1}]",
        "51-[\"m\",{\"_placeholder\":true,\"num\":-1}]",
        "51-[\"m\",{\"_placeholder\":true,\"num\":0.5}]",
        "51-[\"m\",{\"_placeholder\":true}]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct socketio_packet packet;

        if (socketio_packet_read(text_of(cases[i]), &packet) != STATUS_MALFORMED)
            fail_msg("taken: %s", cases[i]);
    }
}

static void json_scan_value_takes_no_endless_depth(void **state)
{
    char text[2 * (JSON_SCAN_DEPTH_MAX + 1)];

    (void)state;
    for (size_t depth = JSON_SCAN_DEPTH_MAX; depth <= JSON_SCAN_DEPTH_MAX + 1; depth++) {
        for (size_t i = 0; i < depth; i++) {
            text[i] = '[';
            text[2 * depth - 1 - i] = ']';
        }
        assert_int_equal(json_scan_whole((struct text){text, 2 * depth}, 0),
                         depth <= JSON_SCAN_DEPTH_MAX ? STATUS_OK : STATUS_MALFORMED);
    }
}

static void json_scan_first_divides_an_array(void **state)
{
    static const struct {
        const char *array;
        const char *first;
        const char *others;
    } cases[] = {
        {"[]", "", ""},
        {"[ ]", "", ""},
        {"[\"m\"]", "\"m\"", ""},
        {"[ \"m\" , 1.50, [2] ]", "\"m\"", "1.50, [2] "},
        {"[{\"a\":[1,2]},3]", "{\"a\":[1,2]}", "3"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text first;
        struct text others;

        json_scan_first(text_of(cases[i].array), &first, &others);
        assert_true(text_is(first, cases[i].first));
        assert_true(text_is(others, cases[i].others));
    }
}

static void json_put_ascii_escapes_the_rest(void **state)
{
    struct text_writer writer;

    (void)state;
    text_writer_init(&writer, 256);
    json_put_ascii(text_of("[\"a\xc3\xb1\xe7\x9b\xb4\xf0\x9f\x8e\xa5z\"]"), &writer);
    char *text = text_writer_finish(&writer);
    assert_string_equal(text, "[\"a\\u00f1\\u76f4\\ud83c\\udfa5z\"]");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(socketio_packet_read_knows_every_type),
        cmocka_unit_test(socketio_packet_read_refuses_what_is_malformed),
        cmocka_unit_test(json_scan_value_takes_no_endless_depth),
        cmocka_unit_test(json_scan_first_divides_an_array),
        cmocka_unit_test(json_put_ascii_escapes_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
