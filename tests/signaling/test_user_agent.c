#include "signaling/user_agent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void user_agent_is_named_in_short(void **state)
{
    static const struct {
        const char *header;
        const char *text;
    } cases[] = {
        {"", ""},
        {"curl/7.88.1", ""},
        {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 "
         "Safari/537.36",
         "Chrome 119"},
        {"Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/144.0.0.0 "
         "Safari/537.36",
         "Chrome 144"},
        {"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 "
         "Safari/537.36 Edg/120.0.0.0",
         "Edge 120"},
        {"Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0", "Firefox 115"},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
         "Gecko) Version/17.1 Mobile/15E148 Safari/604.1",
         "Safari 17"},
        {"Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Version/4.0 Chrome/111.0 Mobile "
         "Safari/537.36 MicroMessenger/8.0.44",
         "WeChat 8"},
        {"Mozilla/5.0 (OBS-Studio/30.1.2; Linux x86_64; en-US)", "OBS 30"},
        {"Chrome/", "Chrome"},
        {"Chrome/99999999999999999999", "Chrome"},
        {"GStreamer souphttpsrc 1.22.0 libsoup/3", "GStreamer"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[USER_AGENT_TEXT_BYTES];

        user_agent_write(user_agent_read(cases[i].header), text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(user_agent_is_named_in_short)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
