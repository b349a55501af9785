/* manycast-publish URL - a broadcaster without a camera: tests', benchmarks' and the demo's source.
 */
#include <curl/curl.h>
#include <glib-unix.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/publish/broadcast.h"
#include "bench/publish/options.h"
#include "transport/rtpsec.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct run {
    GMainLoop *loop;
    bool refused;
};

static void on_end(void *context, bool refused)
{
    struct run *run = context;
    run->refused = refused;
    g_main_loop_quit(run->loop);
}

static gboolean on_signal(gpointer context)
{
    struct run *run = context;
    g_main_loop_quit(run->loop);
    return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
    struct options options;
    if (!options_read(&argc, &argv, &options))
        return EXIT_USAGE;
    struct run run = {.loop = g_main_loop_new(NULL, FALSE)};
    struct broadcast *broadcast = NULL;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (rtpsec_start() != STATUS_OK ||
        broadcast_create(&options, on_end, &run, &broadcast) != STATUS_OK) {
        fprintf(stderr, "manycast-publish: could not start\n");
        return EXIT_FAILURE;
    }
    g_unix_signal_add(SIGINT, on_signal, &run);
    g_unix_signal_add(SIGTERM, on_signal, &run);
    g_main_loop_run(run.loop);
    broadcast_destroy(broadcast);
    g_main_loop_unref(run.loop);
    curl_global_cleanup();
    return run.refused ? EXIT_REFUSED : EXIT_SUCCESS;
}
