#include "bench/publish/options.h"

#include <glib.h>
#include <stdio.h>

#include "bench/publish/pattern.h"

enum { FPS_MAX = 120, KBPS_MAX = 100000 };

static const char summary[] = "Publishes a moving test picture with a clock, and a tone, to a WHIP "
                              "endpoint:\nVP8 and Opus. Waits for the server, and for its return.";

static bool complain(const char *what)
{
    fprintf(stderr, "manycast-publish: %s; see --help\n", what);
    return false;
}

static bool read_size(const char *text, struct options *options)
{
    char end = 0;
    return sscanf(text, "%ux%u%c", &options->width, &options->height, &end) == 2 &&
           options->width >= PATTERN_WIDTH_MIN && options->width <= PATTERN_SIDE_MAX &&
           options->height >= PATTERN_HEIGHT_MIN && options->height <= PATTERN_SIDE_MAX &&
           options->width % 2 == 0 && options->height % 2 == 0;
}

bool options_read(int *argc, char ***argv, struct options *options)
{
    static char *size = NULL;
    static char *token = NULL;
    static char **rest = NULL;
    int fps = 30;
    int kbps = 2500;
    int gop = 0;
    int duration_s = 0;
    double loss_percent = 0;
    gboolean ignore_pli = FALSE;
    gboolean recorded = FALSE;
    gboolean no_audio = FALSE;
    gboolean no_video = FALSE;
    gboolean verbose = FALSE;
    const GOptionEntry entries[] = {
        {"size", 0, 0, G_OPTION_ARG_STRING, &size, "Picture, even numbers (1280x720)", "WxH"},
        {"fps", 0, 0, G_OPTION_ARG_INT, &fps, "Frames a second (30)", "N"},
        {"kbps", 0, 0, G_OPTION_ARG_INT, &kbps, "Video bit rate in kbit/s (2500)", "N"},
        {"gop", 0, 0, G_OPTION_ARG_INT, &gop, "A key frame each N frames (0: when asked)", "N"},
        {"duration", 0, 0, G_OPTION_ARG_INT, &duration_s, "End after N seconds of media", "N"},
        {"loss", 0, 0, G_OPTION_ARG_DOUBLE, &loss_percent, "Lose so many RTP packets (0)",
         "PERCENT"},
        {"ignore-pli", 0, 0, G_OPTION_ARG_NONE, &ignore_pli, "Ignore key frame requests", NULL},
        {"recorded", 0, 0, G_OPTION_ARG_NONE, &recorded,
         "One group of pictures over and over, encoded before", NULL},
        {"no-audio", 0, 0, G_OPTION_ARG_NONE, &no_audio, "Send no audio", NULL},
        {"no-video", 0, 0, G_OPTION_ARG_NONE, &no_video, "Send no video", NULL},
        {"token", 0, 0, G_OPTION_ARG_STRING, &token, "The stream key (Bearer)", "KEY"},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "A line each second", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &rest, NULL, "URL"},
        {0},
    };
    GOptionContext *context = g_option_context_new(NULL);
    g_option_context_set_summary(context, summary);
    g_option_context_add_main_entries(context, entries, NULL);
    GError *error = NULL;
    bool parsed = g_option_context_parse(context, argc, argv, &error);
    g_option_context_free(context);
    if (!parsed) {
        complain(error->message);
        g_error_free(error);
        return false;
    }
    if (rest == NULL || rest[0] == NULL || rest[1] != NULL)
        return complain("one URL is needed, like http://localhost:8080/whip/demo");
    if (!read_size(size != NULL ? size : "1280x720", options))
        return complain("--size is WIDTHxHEIGHT, even, 64 to 4096 each");
    if (recorded && gop < 1)
        return complain("--recorded wants --gop: that many frames are recorded");
    if (fps < 1 || fps > FPS_MAX || kbps < 10 || kbps > KBPS_MAX || gop < 0 || duration_s < 0)
        return complain("--fps is 1 to 120, --kbps 10 to 100000, --gop and --duration 0 or more");
    if (!(loss_percent >= 0 && loss_percent <= 100))
        return complain("--loss is 0 to 100");
    if (no_audio && no_video)
        return complain("--no-audio and --no-video leave nothing to send");
    options->url = rest[0];
    options->token = token;
    options->fps = (unsigned)fps;
    options->kbps = (unsigned)kbps;
    options->gop = (unsigned)gop;
    options->duration_s = (unsigned)duration_s;
    options->loss_percent = loss_percent;
    options->ignore_pli = ignore_pli;
    options->recorded = recorded;
    options->audio = !no_audio;
    options->video = !no_video;
    options->verbose = verbose;
    return true;
}
