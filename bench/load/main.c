/* manycast-load URL - a swarm of viewers: what the server can carry, and what it costs. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/load/options.h"
#include "bench/load/report.h"
#include "bench/load/swarm.h"
#include "transport/rtpsec.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

int main(int argc, char **argv)
{
    static struct swarm_report report;
    struct options options;

    if (!options_read(&argc, &argv, &options))
        return EXIT_USAGE;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    enum status status = rtpsec_start();
    if (status == STATUS_OK)
        status = swarm_run(&options, &report);
    curl_global_cleanup();
    if (status != STATUS_OK) {
        fprintf(stderr, "manycast-load: %s\n", status_text(status));
        return EXIT_FAILED;
    }
    report_print(&options, &report);
    return report.connected == options.viewers ? EXIT_SUCCESS : EXIT_FAILED;
}
