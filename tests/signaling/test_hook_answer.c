#include "signaling/hook_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void hook_answer_follows_the_rule_of_srs(void **state)
{
    static const struct {
        unsigned status;
        const char *body;
        enum hook_result result;
        const char *reason;
    } cases[] = {
        {200, "0", HOOK_OK, ""},
        {200, " 0\r\n", HOOK_OK, ""},
        {200, "", HOOK_OK, ""},
        {200, " \n", HOOK_OK, ""},
        {204, "", HOOK_OK, ""},
        {200, "{\"code\":0}", HOOK_OK, ""},
        {200, "{\"code\":0,\"msg\":\"welcome\"}", HOOK_OK, ""},
        {201, "{\"code\": 0, \"data\": null}\n", HOOK_OK, ""},
        {200, "1", HOOK_REFUSED, ""},
        {200, "-1", HOOK_REFUSED, ""},
        {200, "{\"code\":403}", HOOK_REFUSED, ""},
        {200, "{\"code\":1,\"msg\":\"m\"}", HOOK_REFUSED, "m"},
        {200, "{\"code\":1,\"message\":\"m\",\"reason\":\"r\"}", HOOK_REFUSED, "r"},
        {200, "{\"code\":1,\"reason\":7,\"message\":\"m\"}", HOOK_REFUSED, "m"},
        {200, "{\"code\":1,\"reason\":\"\",\"msg\":\"m\"}", HOOK_REFUSED, "m"},
        {200, "{\"code\":1,\"reason\":\"a\\u0007\\nb\\u007f\\u0085c\"}", HOOK_REFUSED, "a  b   c"},
        {200, "{\"code\":1,\"reason\":\"\\u00e9\xe4\xb8\xad\"}", HOOK_REFUSED,
         "\xc3\xa9\xe4\xb8\xad"},
        {400, "", HOOK_REFUSED, ""},
        {403, "{\"reason\":\"r\"}", HOOK_REFUSED, "r"},
        {403, "0", HOOK_REFUSED, ""},
        {403, "{\"code\":0}", HOOK_REFUSED, ""},
        {404, "<html>", HOOK_REFUSED, ""},
        {500, "", HOOK_UNREACHABLE, ""},
        {500, "0", HOOK_UNREACHABLE, ""},
        {503, "{\"code\":0}", HOOK_UNREACHABLE, ""},
        {500, "{\"code\":2,\"msg\":\"m\"}", HOOK_REFUSED, "m"},
        {302, "", HOOK_RUBBISH, ""},
        {304, "0", HOOK_RUBBISH, ""},
        {100, "", HOOK_RUBBISH, ""},
        {200, "<html>", HOOK_RUBBISH, ""},
        {200, "ok", HOOK_RUBBISH, ""},
        {200, "00", HOOK_RUBBISH, ""},
        {200, "0 0", HOOK_RUBBISH, ""},
        {200, "0.0", HOOK_RUBBISH, ""},
        {200, "null", HOOK_RUBBISH, ""},
        {200, "[]", HOOK_RUBBISH, ""},
        {200, "[0]", HOOK_RUBBISH, ""},
        {200, "{}", HOOK_RUBBISH, ""},
        {200, "{\"code\":\"0\"}", HOOK_RUBBISH, ""},
        {200, "{\"code\":0,\"code\":1}", HOOK_RUBBISH, ""},
        {200, "{\"code\":0", HOOK_RUBBISH, ""},
        {200, "{\"code\":1,\"reason\":\"\xff\"}", HOOK_RUBBISH, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hook_answer answer;

        hook_answer_read(cases[i].status, cases[i].body, strlen(cases[i].body), &answer);
        if (answer.result != cases[i].result)
            print_error("%u %s: %s\n", cases[i].status, cases[i].body,
                        hook_result_text(answer.result));
        assert_int_equal(answer.result, cases[i].result);
        assert_string_equal(answer.reason, cases[i].reason);
    }
}

static void hook_answer_cuts_a_long_reason_between_code_points(void **state)
{
    struct hook_answer answer;
    char body[1024] = "{\"code\":1,\"reason\":\"";

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        strcat(body, "\xe4\xb8\xad");
    strcat(body, "\"}");
    hook_answer_read(200, body, strlen(body), &answer);
    assert_int_equal(answer.result, HOOK_REFUSED);
    assert_int_equal(strlen(answer.reason), HOOK_REASON_BYTES_MAX / 3 * 3);
    assert_memory_equal(answer.reason + strlen(answer.reason) - 3, "\xe4\xb8\xad", 3);
}

static void hook_answer_reads_no_further_than_the_body(void **state)
{
    struct hook_answer answer;

    (void)state;
    hook_answer_read(200, "01", 1, &answer);
    assert_int_equal(answer.result, HOOK_OK);
    hook_answer_read(200, "x", 0, &answer);
    assert_int_equal(answer.result, HOOK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hook_answer_follows_the_rule_of_srs),
        cmocka_unit_test(hook_answer_cuts_a_long_reason_between_code_points),
        cmocka_unit_test(hook_answer_reads_no_further_than_the_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
