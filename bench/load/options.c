#include "bench/load/options.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "transport/srtp_keys.h"

enum { VIEWERS_MAX = 20000, RAMP_MAX = 5000 };

static const char summary[] =
    "A swarm of viewers in one process: joins by WHEP, checks by ICE, shakes hands by DTLS, "
    "counts\n"
    "what arrives and what is missing. Some of them decrypt, all of them report.";

static bool complain(const char *what)
{
    fprintf(stderr, "manycast-load: %s; see --help\n", what);
    return false;
}

static bool read_suite(const char *text, int *suite)
{
    if (text == NULL || strcmp(text, "any") == 0)
        *suite = -1;
    else if (strcmp(text, "gcm") == 0)
        *suite = SRTP_SUITE_AEAD_AES_128_GCM;
    else if (strcmp(text, "cm") == 0)
        *suite = SRTP_SUITE_AES_CM_128_HMAC_SHA1_80;
    else
        return false;
    return true;
}

static bool parse(GOptionContext *context, const GOptionEntry *entries, int *argc, char ***argv)
{
    GError *error = NULL;

    g_option_context_set_summary(context, summary);
    g_option_context_add_main_entries(context, entries, NULL);
    const bool parsed = g_option_context_parse(context, argc, argv, &error);
    g_option_context_free(context);
    if (!parsed) {
        complain(error->message);
        g_error_free(error);
    }
    return parsed;
}

bool options_read(int *argc, char ***argv, struct options *options)
{
    static char *token = NULL;
    static char *suite = NULL;
    static char **rest = NULL;
    int viewers = 100;
    int rooms = 1;
    int ramp = 100;
    int duration_s = 10;
    int stay_s = 0;
    int sample = 50;
    int server_pid = 0;
    gboolean tcp = FALSE;
    gboolean plain = FALSE;
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"viewers", 0, 0, G_OPTION_ARG_INT, &viewers, "How many (100)", "N"},
        {"rooms", 0, 0, G_OPTION_ARG_INT, &rooms,
         "They watch URL-0, URL-1 ... URL-(N-1) in turn (1: URL)", "N"},
        {"ramp", 0, 0, G_OPTION_ARG_INT, &ramp, "Joins a second (100)", "N"},
        {"duration", 0, 0, G_OPTION_ARG_INT, &duration_s, "Seconds measured (10)", "N"},
        {"stay", 0, 0, G_OPTION_ARG_INT, &stay_s, "Seconds until a viewer leaves (0: to the end)",
         "N"},
        {"sample", 0, 0, G_OPTION_ARG_INT, &sample, "One viewer in N decrypts (50)", "N"},
        {"suite", 0, 0, G_OPTION_ARG_STRING, &suite, "SRTP: gcm, cm or any (any)", "NAME"},
        {"tcp", 0, 0, G_OPTION_ARG_NONE, &tcp, "Media over TCP (RFC 6544)", NULL},
        {"plain", 0, 0, G_OPTION_ARG_NONE, &plain, "Sockets without UDP_GRO", NULL},
        {"server-pid", 0, 0, G_OPTION_ARG_INT, &server_pid, "Whose CPU and memory to read", "PID"},
        {"token", 0, 0, G_OPTION_ARG_STRING, &token, "Bearer token", "KEY"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Report as one JSON object", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &rest, NULL, "URL"},
        {0},
    };

    if (!parse(g_option_context_new(NULL), entries, argc, argv))
        return false;
    if (rest == NULL || rest[0] == NULL || rest[1] != NULL)
        return complain("one URL is needed, like http://localhost:8080/whep/demo");
    if (viewers < 1 || viewers > VIEWERS_MAX || ramp < 1 || ramp > RAMP_MAX || duration_s < 1 ||
        sample < 1 || stay_s < 0 || rooms < 1)
        return complain("--viewers is 1 to 20000, --ramp 1 to 5000, --duration, --sample and "
                        "--rooms 1 up, --stay 0 up");
    if (!read_suite(suite, &options->suite))
        return complain("--suite is gcm, cm or any");
    options->url = rest[0];
    options->token = token;
    options->viewers = (unsigned)viewers;
    options->rooms = (unsigned)rooms;
    options->ramp = (unsigned)ramp;
    options->duration_s = (unsigned)duration_s;
    options->stay_s = (unsigned)stay_s;
    options->sample = (unsigned)sample;
    options->server_pid = server_pid;
    options->tcp = tcp;
    options->plain = plain;
    options->json = json;
    return true;
}
