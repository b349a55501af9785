#include "signaling/doctor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"
#include "signaling/access.h"
#include "signaling/listener.h"
#include "transport/host_addresses.h"
#include "transport/seal.h"
#include "transport/udp.h"

enum {
    DESCRIPTORS_WANTED = 65536, /* one a WebSocket */
    DESCRIPTORS_NEEDED = 1024,
    CERTIFICATE_DAYS_LEFT = 14,
    SECONDS_A_DAY = 86400,
};

/* 2026-01-01: a clock before it was never set. */
static const time_t CLOCK_LEAST = 1767225600;

__attribute__((format(printf, 4, 5))) static void find(struct doctor_report *report,
                                                       enum doctor_level level, const char *about,
                                                       const char *format, ...)
{
    struct doctor_finding *finding = &report->findings[report->count];
    va_list arguments;

    if (report->count == DOCTOR_FINDINGS_MAX)
        return;
    finding->level = level;
    finding->about = about;
    va_start(arguments, format);
    (void)vsnprintf(finding->text, sizeof finding->text, format, arguments);
    va_end(arguments);
    report->count++;
}

static void examine_receive_buffer(struct doctor_report *report, int descriptor)
{
    const int wanted = UDP_SOCKET_BUFFER_BYTES;
    int got = 0;
    socklen_t got_bytes = sizeof got;

    (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
    (void)getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &got, &got_bytes);
    got /= 2; /* the kernel counts its own part too */
    if (got >= wanted)
        find(report, DOCTOR_FINE, "UDP receive buffer", "%d KiB", got / 1024);
    else
        find(
            report, DOCTOR_ADVICE, "UDP receive buffer",
            "%d of %d KiB: bursts may be lost; sysctl -w net.core.rmem_max=%d net.core.wmem_max=%d",
            got / 1024, wanted / 1024, wanted, wanted);
}

static void examine_segments(struct doctor_report *report, int descriptor)
{
    const int segment_bytes = 1200;

    if (setsockopt(descriptor, SOL_UDP, UDP_SEGMENT, &segment_bytes, sizeof segment_bytes) == 0)
        find(report, DOCTOR_FINE, "UDP GSO", "yes");
    else
        find(report, DOCTOR_ADVICE, "UDP GSO",
             "no: sending costs several times the CPU; use a Linux kernel of 4.18 or later");
}

static void examine_udp(struct doctor_report *report)
{
    const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (descriptor < 0) {
        find(report, DOCTOR_TROUBLE, "UDP", "no socket (%s): is the network shut off?",
             strerrordesc_np(errno));
        return;
    }
    examine_receive_buffer(report, descriptor);
    examine_segments(report, descriptor);
    close(descriptor);
}

static void examine_descriptors(struct doctor_report *report)
{
    struct rlimit limit = {0};

    (void)getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max >= DESCRIPTORS_WANTED)
        find(report, DOCTOR_FINE, "descriptors", "%lu", (unsigned long)limit.rlim_max);
    else
        find(report, limit.rlim_max < DESCRIPTORS_NEEDED ? DOCTOR_TROUBLE : DOCTOR_ADVICE,
             "descriptors",
             "%lu, so at most as many pages: raise it (systemd LimitNOFILE=%d, docker --ulimit "
             "nofile=%d)",
             (unsigned long)limit.rlim_max, DESCRIPTORS_WANTED, DESCRIPTORS_WANTED);
}

static void examine_seal(struct doctor_report *report)
{
    const char *back_end = seal_back_end();
#if defined(__x86_64__)
    const char *features = __builtin_cpu_supports("avx512f") ? "AVX-512"
                           : __builtin_cpu_supports("avx2")  ? "AVX2"
                           : __builtin_cpu_supports("aes")   ? "AES-NI"
                                                             : "no AES instructions";
    const bool fast = strncmp(back_end, "ipsec-mb", strlen("ipsec-mb")) == 0;
    const bool possible = __builtin_cpu_supports("aes") != 0;

    if (!fast && possible) {
        find(report, DOCTOR_ADVICE, "encryption",
             "%s, though the CPU has %s: build with libipsec-mb-dev installed", back_end, features);
        return;
    }
    find(report, possible ? DOCTOR_FINE : DOCTOR_ADVICE, "encryption", "%s, the CPU has %s%s",
         back_end, features, possible ? "" : ": let the virtual machine pass the host's CPU on");
#else
    find(report, DOCTOR_FINE, "encryption", "%s", back_end);
#endif
}

static bool is_private(const char *address)
{
    const enum host_address_rank rank = host_address_rank_of(address);

    return rank == HOST_ADDRESS_IPV4_PRIVATE || rank == HOST_ADDRESS_IPV6_PRIVATE;
}

static bool is_loopback(const char *address)
{
    return host_address_is_loopback(host_address_rank_of(address));
}

static void examine_own_addresses(struct doctor_report *report)
{
    struct host_addresses own = {0};

    host_addresses_read(&own);
    for (unsigned i = 0; i < own.count; i++) {
        const char *address = own.address[i].text;

        if (!is_loopback(address) && !is_private(address)) {
            find(report, DOCTOR_FINE, "media.announce", "not set; the machine's own %s is public",
                 address);
            return;
        }
    }
    find(report, DOCTOR_ADVICE, "media.announce",
         "not set, and the machine's addresses are private: viewers beyond its own network need "
         "the public one here (media.announce = 203.0.113.5)");
}

static void examine_announced(struct doctor_report *report, const struct media_settings *media)
{
    unsigned loopback = 0;
    unsigned private = 0;

    for (unsigned i = 0; i < media->announce_count; i++) {
        loopback += is_loopback(media->announce[i].address);
        private += is_private(media->announce[i].address);
    }
    if (loopback == media->announce_count)
        find(report, DOCTOR_TROUBLE, "media.announce",
             "%s is this machine alone: nobody else can watch; set its public address",
             media->announce[0].address);
    else if (loopback + private == media->announce_count)
        find(report, DOCTOR_ADVICE, "media.announce",
             "private addresses only (%s ...): viewers on the internet cannot reach them; add the "
             "public one",
             media->announce[0].address);
    else
        find(report, DOCTOR_FINE, "media.announce", "%u addresses, a public one among them",
             media->announce_count);
}

static void examine_clock(struct doctor_report *report)
{
    struct timex state = {.modes = 0};
    const time_t now = time(NULL);

    if (now < CLOCK_LEAST)
        find(report, DOCTOR_TROUBLE, "clock",
             "long in the past: certificates and TURN passwords will be refused; set it (NTP)");
    else if (adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) != 0)
        find(report, DOCTOR_ADVICE, "clock",
             "set, but nobody keeps it right: run chrony or systemd-timesyncd");
    else
        find(report, DOCTOR_FINE, "clock", "right");
}

static void examine_expiry(struct doctor_report *report, const char *path, X509 *certificate)
{
    int days = 0;
    int seconds = 0;

    (void)ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate));
    if (days < 0 || seconds < 0)
        find(report, DOCTOR_TROUBLE, "TLS", "%.128s has expired: renew it, then send SIGHUP", path);
    else if (days < CERTIFICATE_DAYS_LEFT)
        find(report, DOCTOR_ADVICE, "TLS", "%.128s expires in %d days: renew it, then send SIGHUP",
             path, days);
    else
        find(report, DOCTOR_FINE, "TLS", "certificate good for %d days", days);
}

static void examine_tls(struct doctor_report *report, const struct config *config)
{
    const char *path = config->http_certificate;

    if (path[0] == '\0' && config->http_proxies.count > 0) {
        find(report, DOCTOR_FINE, "TLS", "none here: that is the proxy's part");
        return;
    }
    if (path[0] == '\0') {
        find(report, DOCTOR_ADVICE, "TLS",
             "none: browsers give camera and microphone to https and localhost only; set http.cert "
             "and http.key, or put a TLS proxy in front");
        return;
    }
    BIO *file = BIO_new_file(path, "r");
    X509 *certificate = file != NULL ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL;

    if (certificate == NULL)
        find(report, DOCTOR_TROUBLE, "TLS", "%.128s is no readable PEM certificate (http.cert)",
             path);
    else
        examine_expiry(report, path, certificate);
    X509_free(certificate);
    (void)BIO_free(file);
}

static void examine_http_port(struct doctor_report *report, const struct config *config)
{
    uint16_t port = config->http_port;
    int descriptor;

    if (listener_open(config->http_bind, config->http_share_port, &port, &descriptor) !=
        STATUS_OK) {
        find(report, DOCTOR_TROUBLE, "http.port",
             "cannot listen on %u: another program has it, or it takes a privilege; choose another",
             config->http_port);
        return;
    }
    close(descriptor);
    find(report, DOCTOR_FINE, "http.port", "%u is free", port);
}

static void examine_media_port(struct doctor_report *report, const char *setting, uint16_t port)
{
    const struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (descriptor < 0 || bind(descriptor, (const struct sockaddr *)&name, sizeof name) != 0)
        find(report, DOCTOR_TROUBLE, setting,
             "UDP %u: %s; no two servers may share it, choose another", port,
             strerrordesc_np(errno));
    else
        find(report, DOCTOR_FINE, setting, "UDP %u is free", port);
    if (descriptor >= 0)
        close(descriptor);
}

static void examine_publishing(struct doctor_report *report, const struct config *config)
{
    if (!access_is_guarded(config, ACCESS_PUBLISH))
        find(report, DOCTOR_ADVICE, "publishing", "open to anyone: set auth.publish_key");
    else
        find(report, DOCTOR_FINE, "publishing", "takes a key or a token");
}

static void examine_proxies(struct doctor_report *report, const struct config *config)
{
    const unsigned count = config->http_proxies.count;

    if (networks_have_everybody(&config->http_proxies))
        find(report, DOCTOR_ADVICE, "http.proxies",
             "everybody is in it, so anybody may pretend any address: name your proxies alone");
    else if (count == 0 && is_loopback(config->http_bind))
        find(report, DOCTOR_ADVICE, "http.proxies",
             "not set, and http.bind is loopback: behind a proxy set it to %.64s, or all clients "
             "count as one",
             config->http_bind);
    else if (count == 0)
        find(report, DOCTOR_FINE, "http.proxies", "none: whoever connects is the client");
    else
        find(report, DOCTOR_FINE, "http.proxies", "%u trusted to tell the client's address", count);
}

void doctor_examine(const struct config *config, bool with_ports, struct doctor_report *report)
{
    report->count = 0;
    examine_udp(report);
    examine_descriptors(report);
    examine_seal(report);
    if (config->media.announce_count > 0)
        examine_announced(report, &config->media);
    else
        examine_own_addresses(report);
    examine_clock(report);
    examine_tls(report, config);
    examine_proxies(report, config);
    examine_publishing(report, config);
    if (with_ports) {
        examine_http_port(report, config);
        examine_media_port(report, "media.port", config->media.media_port);
        if (config->media.spare_port != 0)
            examine_media_port(report, "media.spare_port", config->media.spare_port);
    }
}

int doctor_print(const struct doctor_report *report)
{
    static const char *const WORDS[] = {
        [DOCTOR_FINE] = "fine", [DOCTOR_ADVICE] = "advice", [DOCTOR_TROUBLE] = "TROUBLE"};
    int status = 0;

    for (unsigned i = 0; i < report->count; i++) {
        const struct doctor_finding *finding = &report->findings[i];

        (void)printf("%-8s %s: %s\n", WORDS[finding->level], finding->about, finding->text);
        if (finding->level == DOCTOR_TROUBLE)
            status = 1;
    }
    return status;
}

void doctor_log(const struct doctor_report *report)
{
    for (unsigned i = 0; i < report->count; i++) {
        const struct doctor_finding *finding = &report->findings[i];

        if (finding->level == DOCTOR_TROUBLE)
            LOG_WARNING("doctor", "%s: %s", finding->about, finding->text);
        else if (finding->level == DOCTOR_ADVICE)
            LOG_INFO("doctor", "%s: %s", finding->about, finding->text);
    }
}
