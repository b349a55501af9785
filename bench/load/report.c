#include "bench/load/report.h"

#include <stdio.h>

static double per(double sum, double count)
{
    return count > 0 ? sum / count : 0;
}

static double cpu_ns(const struct swarm_report *report)
{
    return (double)(report->to.cpu_ns - report->from.cpu_ns);
}

static double own_share(const struct swarm_report *report)
{
    return per((double)(report->own_to.cpu_ns - report->own_from.cpu_ns) * 1e-9,
               report->measured_s);
}

static double viewer_bytes(const struct swarm_report *report)
{
    return per((double)report->to.resident_bytes - (double)report->before.resident_bytes,
               report->connected);
}

static double lost_share(const struct swarm_report *report)
{
    return per((double)report->lost, (double)(report->packets + report->lost));
}

static void print_times(const char *name, const struct tally_times *times)
{
    if (times->count > 0)
        printf("%-14s p50 %.1f ms, p95 %.1f ms, p99 %.1f ms (%llu)\n", name,
               tally_times_ms(times, 0.50), tally_times_ms(times, 0.95),
               tally_times_ms(times, 0.99), (unsigned long long)times->count);
}

static void print_text(const struct options *options, const struct swarm_report *report)
{
    const struct client_totals *totals = &report->totals;

    printf("%-14s %u asked, %u connected, %u failed, %u with media\n", "viewers", options->viewers,
           report->connected, report->failed, report->with_media);
    printf("%-14s %llu packets in %.1f s, %.0f packets/s, %.1f Mbit/s\n", "received",
           (unsigned long long)report->packets, report->measured_s,
           per((double)report->packets, report->measured_s),
           per((double)report->bytes * 8e-6, report->measured_s));
    printf("%-14s %llu packets (%.4f %%), by %llu viewers\n", "lost",
           (unsigned long long)report->lost, 100 * lost_share(report),
           (unsigned long long)report->lost_viewers);
    printf("%-14s %llu packets, %llu that did not authenticate\n", "decrypted",
           (unsigned long long)totals->decrypted, (unsigned long long)totals->undecryptable);
    print_times("connected", &totals->connected);
    print_times("first packet", &totals->first_packet);
    print_times("latency", &totals->latency);
    printf("%-14s %.1f %% of a core\n", "swarm", 100 * own_share(report));
    if (options->server_pid != 0)
        printf("%-14s %.0f ns of CPU a packet, %.1f %% of a core, %.1f MB, %.1f KB a viewer\n",
               "server", per(cpu_ns(report), (double)report->packets),
               per(cpu_ns(report) * 1e-7, report->measured_s),
               (double)report->to.resident_bytes * 1e-6, viewer_bytes(report) / 1024);
}

static void print_json_times(const char *name, const struct tally_times *times)
{
    printf(",\"%s_ms\":{\"count\":%llu,\"p50\":%.2f,\"p95\":%.2f,\"p99\":%.2f}", name,
           (unsigned long long)times->count, tally_times_ms(times, 0.50),
           tally_times_ms(times, 0.95), tally_times_ms(times, 0.99));
}

static void print_json(const struct options *options, const struct swarm_report *report)
{
    const struct client_totals *totals = &report->totals;

    printf("{\"viewers\":%u,\"connected\":%u,\"failed\":%u,\"with_media\":%u", options->viewers,
           report->connected, report->failed, report->with_media);
    printf(",\"seconds\":%.3f,\"packets\":%llu,\"bytes\":%llu,\"lost\":%llu,\"lost_viewers\":%llu",
           report->measured_s, (unsigned long long)report->packets,
           (unsigned long long)report->bytes, (unsigned long long)report->lost,
           (unsigned long long)report->lost_viewers);
    printf(",\"swarm_cpu_share\":%.4f", own_share(report));
    printf(",\"decrypted\":%llu,\"undecryptable\":%llu", (unsigned long long)totals->decrypted,
           (unsigned long long)totals->undecryptable);
    print_json_times("connected", &totals->connected);
    print_json_times("first_packet", &totals->first_packet);
    print_json_times("latency", &totals->latency);
    if (options->server_pid != 0)
        printf(",\"server\":{\"cpu_ns_per_packet\":%.1f,\"cpu_share\":%.4f,\"resident_bytes\":%llu,"
               "\"bytes_per_viewer\":%.0f}",
               per(cpu_ns(report), (double)report->packets),
               per(cpu_ns(report) * 1e-9, report->measured_s),
               (unsigned long long)report->to.resident_bytes, viewer_bytes(report));
    printf("}\n");
}

void report_print(const struct options *options, const struct swarm_report *report)
{
    if (options->json)
        print_json(options, report);
    else
        print_text(options, report);
}
