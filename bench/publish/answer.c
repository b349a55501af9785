#include "bench/publish/answer.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "bench/publish/offer.h"

struct reading {
    struct answer *answer;
    bool *track; /* of the media section being read, NULL before the first */
    bool has_fingerprint;
};

/* "m=video 9 UDP/TLS/RTP/SAVPF 96 97": port 0 refuses, as does a format list without ours. */
static void read_media(struct reading *reading, const char *line)
{
    struct answer *answer = reading->answer;
    bool video = g_str_has_prefix(line, "video ");
    reading->track = video ? &answer->video : &answer->audio;
    char **words = g_strsplit(line, " ", 64);
    char wanted[8];
    char rtx[8];
    snprintf(wanted, sizeof wanted, "%d", video ? OFFER_VP8 : OFFER_OPUS);
    snprintf(rtx, sizeof rtx, "%d", OFFER_RTX);
    for (unsigned i = 3; g_strv_length(words) > 3 && words[i] != NULL; i++) {
        *reading->track |= strcmp(words[i], wanted) == 0 && strcmp(words[1], "0") != 0;
        answer->rtx |= video && strcmp(words[i], rtx) == 0;
    }
    g_strfreev(words);
}

static const char *value_of(const char *attribute, const char *name)
{
    size_t name_bytes = strlen(name);
    bool same = strncmp(attribute, name, name_bytes) == 0 && attribute[name_bytes] == ':';
    return same ? attribute + name_bytes + 1 : NULL;
}

/* The first of each counts: the bundle has one transport. */
static void read_attribute(struct reading *reading, const char *attribute)
{
    struct answer *answer = reading->answer;
    const char *value = NULL;
    if ((value = value_of(attribute, "ice-ufrag")) != NULL) {
        g_strlcpy(answer->credentials.ufrag, value, sizeof answer->credentials.ufrag);
    } else if ((value = value_of(attribute, "ice-pwd")) != NULL) {
        g_strlcpy(answer->credentials.password, value, sizeof answer->credentials.password);
    } else if ((value = value_of(attribute, "fingerprint")) != NULL) {
        reading->has_fingerprint |=
            fingerprint_parse(value, strlen(value), &answer->fingerprint) == STATUS_OK;
    } else if ((value = value_of(attribute, "setup")) != NULL) {
        answer->active = strcmp(value, "active") == 0;
    } else if (value_of(attribute, "candidate") != NULL &&
               answer->candidate_count < ICE_CANDIDATES_MAX) {
        g_strlcpy(answer->candidates[answer->candidate_count++], attribute,
                  sizeof answer->candidates[0]);
    } else if (strcmp(attribute, "inactive") == 0 && reading->track != NULL) {
        *reading->track = false;
    }
}

enum status answer_read(const char *text, struct answer *answer)
{
    struct reading reading = {.answer = answer};
    memset(answer, 0, sizeof *answer);
    char **lines = g_strsplit_set(text, "\r\n", -1);
    for (unsigned i = 0; lines[i] != NULL; i++)
        if (g_str_has_prefix(lines[i], "m="))
            read_media(&reading, lines[i] + 2);
        else if (g_str_has_prefix(lines[i], "a="))
            read_attribute(&reading, lines[i] + 2);
    g_strfreev(lines);
    bool usable = answer->credentials.ufrag[0] != '\0' && answer->credentials.password[0] != '\0' &&
                  reading.has_fingerprint;
    return usable ? STATUS_OK : STATUS_MALFORMED;
}
