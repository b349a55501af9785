#include "tests/signaling/negotiate_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/signaling/offer_file.h"

const struct media_local negotiate_local = {
    .credentials = {.ufrag = "OURufrag", .password = "OURpasswordOURpassword00"},
    .candidates = {{.foundation = "1",
                    .component = 1,
                    .transport = ICE_UDP,
                    .type = ICE_HOST,
                    .priority = 2130706431,
                    .address = "198.51.100.1",
                    .port = 7100},
                   {.foundation = "2",
                    .component = 1,
                    .transport = ICE_TCP_PASSIVE,
                    .type = ICE_HOST,
                    .priority = 1000,
                    .address = "2001:db8::1",
                    .port = 7000}},
    .candidate_count = 2};
const struct fingerprint negotiate_certificate = {.hash = FINGERPRINT_SHA_256, .bytes = {0xab}};

struct negotiate_source source_of(bool live, bool audio, bool video)
{
    return (struct negotiate_source){.live = live,
                                     .has = {audio, video},
                                     .local = &negotiate_local.credentials,
                                     .candidates = negotiate_local.candidates,
                                     .candidate_count = negotiate_local.candidate_count,
                                     .certificate = &negotiate_certificate};
}

void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no \"%s\" in\n%s", part, text);
}

void assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" is in\n%s", part, text);
}

unsigned count_of(const char *text, const char *part)
{
    unsigned count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

char *mutate(const char *file, const struct mutation *mutation)
{
    char *offer = offer_file_read(file);

    if (mutation->without != NULL)
        offer = offer_file_without(offer, mutation->without);
    if (mutation->from != NULL)
        offer = offer_file_replace(offer, mutation->from, mutation->to);
    return offer;
}

void check_refusal(const struct mutation *mutation, enum status status,
                   const struct negotiate_refusal *refusal)
{
    if (status != mutation->status)
        fail_msg("%s: %s (%s)", mutation->what, status_text(status), refusal->why);
    if (status != STATUS_OK) {
        assert_int_equal(refusal->unsupported, status == STATUS_UNSUPPORTED);
        assert_true(strlen(refusal->why) > 10);
    }
}
