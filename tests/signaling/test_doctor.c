#include "signaling/doctor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct doctor_finding *finding_of(const struct doctor_report *report,
                                               const char *about)
{
    for (unsigned i = 0; i < report->count; i++)
        if (strcmp(report->findings[i].about, about) == 0)
            return &report->findings[i];
    fail_msg("nothing is said about %s", about);
    return NULL;
}

static void announce(struct config *config, const char *first, const char *second)
{
    (void)snprintf(config->media.announce[0].address, sizeof config->media.announce[0].address,
                   "%s", first);
    config->media.announce_count = 1;
    if (second == NULL)
        return;
    (void)snprintf(config->media.announce[1].address, sizeof config->media.announce[1].address,
                   "%s", second);
    config->media.announce_count = 2;
}

static void doctor_tells_whom_announced_addresses_serve(void **state)
{
    static const struct {
        const char *first;
        const char *second;
        enum doctor_level level;
    } CASES[] = {
        {"203.0.113.5", NULL, DOCTOR_FINE},       {"10.0.0.1", "203.0.113.5", DOCTOR_FINE},
        {"10.0.0.1", NULL, DOCTOR_ADVICE},        {"172.31.255.1", NULL, DOCTOR_ADVICE},
        {"172.32.0.1", NULL, DOCTOR_FINE},        {"100.64.0.1", "fd00::1", DOCTOR_ADVICE},
        {"127.0.0.1", NULL, DOCTOR_TROUBLE},      {"127.0.0.1", "::1", DOCTOR_TROUBLE},
        {"127.0.0.1", "10.1.1.1", DOCTOR_ADVICE},
    };
    static struct config config;
    static struct doctor_report report;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        announce(&config, CASES[i].first, CASES[i].second);
        doctor_examine(&config, false, &report);
        if (finding_of(&report, "media.announce")->level != CASES[i].level)
            fail_msg("%s", CASES[i].first);
    }
}

static void doctor_says_what_to_do_about_what_is_not_fine(void **state)
{
    static struct config config;
    static struct doctor_report report;

    (void)state;
    doctor_examine(&config, false, &report);
    for (unsigned i = 0; i < report.count; i++) {
        const struct doctor_finding *finding = &report.findings[i];

        assert_true(finding->text[0] != '\0');
        assert_null(strchr(finding->text, '\n'));
        if (finding->level != DOCTOR_FINE && strpbrk(finding->text, ":;") == NULL)
            fail_msg("%s: %s", finding->about, finding->text);
    }
    assert_int_equal(finding_of(&report, "TLS")->level, DOCTOR_ADVICE);
    assert_int_equal(finding_of(&report, "publishing")->level, DOCTOR_ADVICE);
    (void)strcpy(config.auth_publish_key, "key");
    doctor_examine(&config, false, &report);
    assert_int_equal(finding_of(&report, "publishing")->level, DOCTOR_FINE);
    assert_null(strstr(finding_of(&report, "publishing")->text, "key is key"));
}

static void doctor_finds_trouble_in_a_certificate_that_is_none(void **state)
{
    static struct config config = {.http_certificate = "README.md", .http_key = "README.md"};
    static struct doctor_report report;

    (void)state;
    doctor_examine(&config, false, &report);
    assert_int_equal(finding_of(&report, "TLS")->level, DOCTOR_TROUBLE);
    assert_int_equal(doctor_print(&report), 1);
    (void)strcpy(config.http_certificate, "no such file");
    doctor_examine(&config, false, &report);
    assert_int_equal(finding_of(&report, "TLS")->level, DOCTOR_TROUBLE);
}

static void doctor_tells_whose_word_about_addresses_counts(void **state)
{
    static const struct {
        const char *bind;
        const char *proxies;
        enum doctor_level level;
    } CASES[] = {
        {"", "", DOCTOR_FINE},
        {"203.0.113.5", "", DOCTOR_FINE},
        {"127.0.0.1", "", DOCTOR_ADVICE},
        {"::1", "", DOCTOR_ADVICE},
        {"127.0.0.1", "127.0.0.1", DOCTOR_FINE},
        {"", "10.0.0.0/8", DOCTOR_FINE},
        {"", "10.0.0.0/8 ::/0", DOCTOR_ADVICE},
    };
    static struct config config;
    static struct doctor_report report;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        (void)strcpy(config.http_bind, CASES[i].bind);
        assert_int_equal(networks_read(CASES[i].proxies, &config.http_proxies), STATUS_OK);
        doctor_examine(&config, false, &report);
        if (finding_of(&report, "http.proxies")->level != CASES[i].level)
            fail_msg("\"%s\" \"%s\"", CASES[i].bind, CASES[i].proxies);
        assert_int_equal(finding_of(&report, "TLS")->level,
                         CASES[i].proxies[0] != '\0' ? DOCTOR_FINE : DOCTOR_ADVICE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doctor_tells_whom_announced_addresses_serve),
        cmocka_unit_test(doctor_says_what_to_do_about_what_is_not_fine),
        cmocka_unit_test(doctor_tells_whose_word_about_addresses_counts),
        cmocka_unit_test(doctor_finds_trouble_in_a_certificate_that_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
