#include "bench/publish/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEX_32                                                                                     \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"                                             \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
#define TRANSPORT                                                                                  \
    "a=ice-ufrag:uuuu\r\na=ice-pwd:pppppppppppppppppppppp\r\n"                                     \
    "a=fingerprint:sha-256 " HEX_32 "\r\n"
#define CANDIDATE "a=candidate:1 1 UDP 1 192.0.2.1 7100 typ host\r\n"

static const struct {
    const char *text;
    enum status status;
    bool audio;
    bool video;
    bool rtx;
    bool active;
    unsigned candidates;
} answers[] = {
    {"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" TRANSPORT "a=setup:passive\r\n" CANDIDATE
     "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n" TRANSPORT CANDIDATE,
     STATUS_OK, true, true, true, false, 2},
    {"v=0\r\n" TRANSPORT "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=setup:active\r\n", STATUS_OK, false,
     true, false, true, 0},
    {"v=0\n" TRANSPORT "m=audio 0 UDP/TLS/RTP/SAVPF 111\nm=video 9 UDP/TLS/RTP/SAVPF 96\n",
     STATUS_OK, false, true, false, false, 0},
    {"v=0\r\n" TRANSPORT "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=inactive\r\n", STATUS_OK, false,
     false, false, false, 0},
    {"v=0\r\n" TRANSPORT "m=video 9 UDP/TLS/RTP/SAVPF 98\r\n", STATUS_OK, false, false, false,
     false, 0},
    {"v=0\r\n" TRANSPORT "m=video 9\r\nm=\r\nm=audio\r\na=\r\n", STATUS_OK, false, false, false,
     false, 0},
    {"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", STATUS_MALFORMED, false, false, false, false, 0},
    {"", STATUS_MALFORMED, false, false, false, false, 0},
};

static void answer_reads_by_table(void **state)
{
    (void)state;
    static struct answer answer;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        assert_int_equal(answer_read(answers[i].text, &answer), answers[i].status);
        if (answers[i].status != STATUS_OK)
            continue;
        assert_string_equal(answer.credentials.ufrag, "uuuu");
        assert_int_equal(answer.audio, answers[i].audio);
        assert_int_equal(answer.video, answers[i].video);
        assert_int_equal(answer.rtx, answers[i].rtx);
        assert_int_equal(answer.active, answers[i].active);
        assert_int_equal(answer.candidate_count, answers[i].candidates);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_reads_by_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
