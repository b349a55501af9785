#include "signaling/engineio_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Packets as "<type>:<data>" or "b:<data>", each with a line end behind; "!" for a malformed one.
 */
static char *describe(enum engineio_payload_form form, struct text payload)
{
    struct text_writer out;
    enum status status;

    text_writer_init(&out, 4096);
    do {
        struct engineio_packet packet;

        status = engineio_payload_next(form, &payload, &packet);
        if (status != STATUS_OK)
            break;
        text_put(&out, "%c:", packet.binary ? 'b' : '0' + (int)packet.type);
        text_put_view(&out, packet.data);
        text_put(&out, "\n");
        engineio_packet_close(&packet);
    } while (true);
    if (status != STATUS_NOT_FOUND)
        text_put(&out, "!");
    return text_writer_finish(&out);
}

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static void engineio_payload_next_reads_each_form(void **state)
{
    static const struct {
        enum engineio_payload_form form;
        struct text payload;
        const char *packets;
    } cases[] = {
        {ENGINEIO_SEPARATED, TEXT("4hello"), "4:hello\n"},
        {ENGINEIO_SEPARATED,
         TEXT("4a\x1e"
              "2probe\x1e"
              "1"),
         "4:a\n2:probe\n1:\n"},
        {ENGINEIO_SEPARATED,
         TEXT("bYWJj\x1e"
              "4x"),
         "b:abc\n4:x\n"},
        {ENGINEIO_SEPARATED, TEXT("b"), "b:\n"},
        {ENGINEIO_SEPARATED, TEXT("bYW"), "!"},
        {ENGINEIO_SEPARATED, TEXT("bYWI="), "b:ab\n"},
        {ENGINEIO_SEPARATED, TEXT("bYW=="), "b:a\n"},
        {ENGINEIO_SEPARATED, TEXT("b===="), "!"},
        {ENGINEIO_SEPARATED, TEXT(""), "!"},
        {ENGINEIO_SEPARATED, TEXT("4a\x1e"), "4:a\n!"},
        {ENGINEIO_SEPARATED, TEXT("7"), "!"},
        {ENGINEIO_SEPARATED, TEXT("x"), "!"},
        {ENGINEIO_SEPARATED, TEXT("4\xff"), "!"},
        {ENGINEIO_SEPARATED, TEXT("4\xc3\xa9"), "4:\xc3\xa9\n"},
        {ENGINEIO_COUNTED, TEXT("6:4hello2:4a"), "4:hello\n4:a\n"},
        {ENGINEIO_COUNTED, TEXT("3:4\xf0\x9f\x8e\xa5"), "4:\xf0\x9f\x8e\xa5\n"},
        {ENGINEIO_COUNTED, TEXT("2:4\xe7\x9b\xb4"), "4:\xe7\x9b\xb4\n"},
        {ENGINEIO_COUNTED, TEXT("2:4\xf0\x9f\x8e\xa5"), "!"}, /* between two halves */
        {ENGINEIO_COUNTED, TEXT("6:b4YWJj"), "b:abc\n"},
        {ENGINEIO_COUNTED, TEXT("5:4\xc3\xa7\xc2\x9b\xc2\xb4x"), "4:\xe7\x9b\xb4x\n"}, /* twice */
        {ENGINEIO_COUNTED, TEXT("2:4\xc3\xb1"), "4:\xc3\xb1\n"}, /* once: Latin */
        {ENGINEIO_COUNTED, TEXT("3:4a"), "!"},
        {ENGINEIO_COUNTED, TEXT("4a"), "!"},
        {ENGINEIO_COUNTED, TEXT(":4a"), "!"},
        {ENGINEIO_COUNTED, TEXT("0:"), "!"},
        {ENGINEIO_COUNTED, TEXT("9999999999:4a"), "!"},
        {ENGINEIO_FRAMED,
         TEXT("\0\6\xff"
              "4hello\1\3\xff\4ab"),
         "4:hello\nb:ab\n"},
        {ENGINEIO_FRAMED,
         TEXT("\0\1\0\xff"
              "4hello1234"),
         "4:hello1234\n"},
        {ENGINEIO_FRAMED,
         TEXT("\0\6\xff"
              "4hell"),
         "!"},
        {ENGINEIO_FRAMED,
         TEXT("\0\xff"
              "4"),
         "!"},
        {ENGINEIO_FRAMED,
         TEXT("\2\1\xff"
              "4"),
         "!"},
        {ENGINEIO_FRAMED, TEXT("\1\1\xff\3"), "!"},
        {ENGINEIO_FRAMED,
         TEXT("\0\1\1\1\1\1\1\1\1\1\1\xff"
              "4"),
         "!"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *packets = describe(cases[i].form, cases[i].payload);

        assert_non_null(packets);
        assert_string_equal(packets, cases[i].packets);
        free(packets);
    }
}

static void engineio_payload_put_writes_what_is_read(void **state)
{
    static const struct engineio_packet packets[] = {
        {.type = ENGINEIO_MESSAGE, .data = TEXT("\xe7\x9b\xb4 \xf0\x9f\x8e\xa5")},
        {.type = ENGINEIO_MESSAGE, .binary = true, .data = TEXT("ab\0c")},
        {.type = ENGINEIO_NOOP},
    };
    static const struct {
        enum engineio_payload_form form;
        struct text payload;
    } cases[] = {
        {ENGINEIO_SEPARATED, TEXT("4\xe7\x9b\xb4 \xf0\x9f\x8e\xa5\x1e"
                                  "bYWIAYw==\x1e"
                                  "6")},
        {ENGINEIO_COUNTED, TEXT("5:4\xe7\x9b\xb4 \xf0\x9f\x8e\xa5"
                                "10:b4YWIAYw==1:6")},
        {ENGINEIO_FRAMED, TEXT("\0\11\xff"
                               "4\xe7\x9b\xb4 \xf0\x9f\x8e\xa5\1\5\xff\4ab\0c\0\1\xff"
                               "6")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text_writer writer;

        text_writer_init(&writer, 4096);
        for (size_t n = 0; n < sizeof packets / sizeof packets[0]; n++)
            engineio_payload_put(cases[i].form, &packets[n], &writer);
        const size_t bytes = writer.bytes;
        char *payload = text_writer_finish(&writer);
        assert_non_null(payload);
        assert_int_equal(bytes, cases[i].payload.bytes);
        assert_memory_equal(payload, cases[i].payload.at, bytes);
        free(payload);
    }
}

static void engineio_packet_read_binary_knows_the_type_byte_of_protocol_3(void **state)
{
    const struct text frame = TEXT("\4ab");
    const struct text wrong = TEXT("ab");
    struct engineio_packet packet;

    (void)state;
    assert_int_equal(engineio_packet_read_binary(ENGINEIO_4, frame, &packet), STATUS_OK);
    assert_int_equal(packet.data.bytes, 3);
    assert_int_equal(engineio_packet_read_binary(ENGINEIO_3, frame, &packet), STATUS_OK);
    assert_int_equal(packet.data.bytes, 2);
    assert_int_equal(engineio_packet_read_binary(ENGINEIO_3, wrong, &packet), STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engineio_payload_next_reads_each_form),
        cmocka_unit_test(engineio_payload_put_writes_what_is_read),
        cmocka_unit_test(engineio_packet_read_binary_knows_the_type_byte_of_protocol_3),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
