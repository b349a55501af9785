/* bench/floor/main.c - floor: what nothing can go below on this machine: the packets of a 720p30
 * broadcast sealed for N viewers and sent by the barest loop, one GSO message a viewer and frame,
 * many in a sendmmsg. No ICE, no DTLS, no feedback, nothing resent, its own ciphers. Its receivers
 * are a process of their own, which reads and discards. Says CPU time a packet, as manycast-load
 * does of a server. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_IPSEC_MB
#include <intel-ipsec-mb.h>
#endif

#include "bench/floor/receivers.h"
#include "core/bytes.h"
#include "core/mono.h"
#include "transport/hmac_sha1.h"
#include "transport/mono_clock.h"

enum {
    VIEWERS_MAX = 15000,
    HEADER_BYTES = 12,
    VIDEO_PACKETS = 9, /* a frame of 2.5 Mbit/s at 30 a second */
    VIDEO_BYTES = 1158,
    AUDIO_BYTES = 160, /* 20 ms of Opus at 64 kbit/s */
    TAG_BYTES_MAX = 16,
    HMAC_TAG_BYTES = 10,
    KEY_BYTES = 16,
    IV_BYTES = 16,
    MESSAGES_A_CALL = 32,
    SLOT_BYTES = VIDEO_PACKETS * (HEADER_BYTES + VIDEO_BYTES + TAG_BYTES_MAX),
    CONTROL_BYTES = 32, /* one segment size */
    WARM_UP_MS = 500
};

static const int64_t audio_ns = 20 * MONO_MS;

struct options {
    unsigned viewers;
    unsigned seconds;
    bool gro; /* receivers take a GSO message whole */
    bool cm;  /* AES_CM_128_HMAC_SHA1_80; else GCM */
    unsigned fps;
    bool no_audio;
    bool json;
};

/* A viewer of the loop: an address and keys. */
struct target {
    struct sockaddr_in address;
    uint32_t ssrc;
    uint16_t sequence_number;
    EVP_CIPHER_CTX *cipher;
    struct hmac_sha1 hmac;
#ifdef HAVE_IPSEC_MB
    struct gcm_key_data *key;
#endif
};

/* One sendmmsg in the making. */
struct outbox {
    int descriptor;
    unsigned count;
    uint64_t refused; /* messages */
    struct mmsghdr messages[MESSAGES_A_CALL];
    struct iovec data[MESSAGES_A_CALL];
    _Alignas(struct cmsghdr) uint8_t control[MESSAGES_A_CALL][CONTROL_BYTES];
    _Alignas(64) uint8_t slots[MESSAGES_A_CALL][SLOT_BYTES];
};

struct result {
    uint64_t packets;
    uint64_t sent; /* with the warm-up */
    int64_t cpu_ns;
    int64_t wall_ns;
    int64_t behind_ns; /* at the end: the loop cannot hold the pace */
};

static uint8_t payload[VIDEO_PACKETS][VIDEO_BYTES];

#ifdef HAVE_IPSEC_MB
static IMB_MGR *multi_buffer; /* NULL: not on this processor */
#endif

/* --- sealing --- */

static void make_keys(struct target *target, const struct options *options, unsigned number)
{
    uint8_t key[KEY_BYTES] = {0};

    memcpy(key, &number, sizeof number);
#ifdef HAVE_IPSEC_MB
    if (!options->cm && multi_buffer != NULL) {
        target->key = aligned_alloc(64, (sizeof *target->key + 63) & ~(size_t)63);
        if (target->key == NULL)
            receivers_fail("a key");
        IMB_AES128_GCM_PRE(multi_buffer, key, target->key);
        return;
    }
#endif
    target->cipher = EVP_CIPHER_CTX_new();
    if (target->cipher == NULL ||
        EVP_EncryptInit_ex(target->cipher, options->cm ? EVP_aes_128_ctr() : EVP_aes_128_gcm(),
                           NULL, key, NULL) != 1)
        receivers_fail("a cipher");
    hmac_sha1_init(&target->hmac, key, sizeof key);
}

/* The header stands at out; payload and tag go behind it. Returns the bytes of the tag. */
static size_t seal_gcm(const struct target *target, const uint8_t iv[IV_BYTES],
                       const uint8_t *plain, size_t bytes, uint8_t *out)
{
    uint8_t *encrypted = out + HEADER_BYTES;
    int written = 0;

#ifdef HAVE_IPSEC_MB
    if (target->key != NULL) {
        struct gcm_context_data context;
        IMB_AES128_GCM_ENC(multi_buffer, target->key, &context, encrypted, plain, bytes, iv, out,
                           HEADER_BYTES, encrypted + bytes, TAG_BYTES_MAX);
        return TAG_BYTES_MAX;
    }
#endif
    EVP_EncryptInit_ex(target->cipher, NULL, NULL, NULL, iv);
    EVP_EncryptUpdate(target->cipher, NULL, &written, out, HEADER_BYTES);
    EVP_EncryptUpdate(target->cipher, encrypted, &written, plain, (int)bytes);
    EVP_EncryptFinal_ex(target->cipher, encrypted + bytes, &written);
    EVP_CIPHER_CTX_ctrl(target->cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES_MAX, encrypted + bytes);
    return TAG_BYTES_MAX;
}

static size_t seal_cm(const struct target *target, const uint8_t iv[IV_BYTES], const uint8_t *plain,
                      size_t bytes, uint8_t *out)
{
    static const uint8_t rollover_counter[4];
    uint8_t tag[HMAC_SHA1_BYTES];
    int written = 0;

    EVP_EncryptInit_ex(target->cipher, NULL, NULL, NULL, iv);
    EVP_EncryptUpdate(target->cipher, out + HEADER_BYTES, &written, plain, (int)bytes);
    hmac_sha1_run(&target->hmac, out, HEADER_BYTES + bytes, rollover_counter,
                  sizeof rollover_counter, tag);
    memcpy(out + HEADER_BYTES + bytes, tag, HMAC_TAG_BYTES);
    return HMAC_TAG_BYTES;
}

static size_t seal(struct target *target, const struct options *options, uint32_t timestamp,
                   const uint8_t *plain, size_t bytes, uint8_t *out)
{
    struct bytes_writer header = bytes_writer_of(out, HEADER_BYTES);
    uint8_t iv[IV_BYTES] = {0};

    target->sequence_number++;
    bytes_put_u16(&header, 0x8060);
    bytes_put_u16(&header, target->sequence_number);
    bytes_put_u32(&header, timestamp);
    bytes_put_u32(&header, target->ssrc);
    memcpy(iv, out + 2, HEADER_BYTES - 2); /* as unlike as it has to be */
    return HEADER_BYTES + bytes +
           (options->cm ? seal_cm(target, iv, plain, bytes, out)
                        : seal_gcm(target, iv, plain, bytes, out));
}

/* --- sending --- */

static void flush(struct outbox *outbox)
{
    for (unsigned done = 0; done < outbox->count;) {
        const int sent = sendmmsg(outbox->descriptor, outbox->messages + done, outbox->count - done,
                                  MSG_DONTWAIT);
        if (sent <= 0)
            outbox->refused++;
        done += sent > 0 ? (unsigned)sent : 1;
    }
    outbox->count = 0;
}

static void put(struct outbox *outbox, struct target *target, size_t bytes, size_t segment_bytes)
{
    struct msghdr *message = &outbox->messages[outbox->count].msg_hdr;
    uint8_t *control = outbox->control[outbox->count];
    const struct cmsghdr header = {.cmsg_level = IPPROTO_UDP,
                                   .cmsg_type = UDP_SEGMENT,
                                   .cmsg_len = CMSG_LEN(sizeof(uint16_t))};
    const uint16_t segment = (uint16_t)segment_bytes;

    outbox->data[outbox->count] = (struct iovec){outbox->slots[outbox->count], bytes};
    *message = (struct msghdr){.msg_name = &target->address,
                               .msg_namelen = sizeof target->address,
                               .msg_iov = &outbox->data[outbox->count],
                               .msg_iovlen = 1};
    if (bytes > segment_bytes) {
        memcpy(control, &header, sizeof header);
        memcpy(control + CMSG_LEN(0), &segment, sizeof segment);
        message->msg_control = control;
        message->msg_controllen = CMSG_SPACE(sizeof segment);
    }
    if (++outbox->count == MESSAGES_A_CALL)
        flush(outbox);
}

static void send_to_all(struct outbox *outbox, struct target *targets,
                        const struct options *options, bool video, uint32_t timestamp)
{
    const unsigned packets = video ? VIDEO_PACKETS : 1;
    const size_t payload_bytes = video ? VIDEO_BYTES : AUDIO_BYTES;

    for (unsigned i = 0; i < options->viewers; i++) {
        uint8_t *slot = outbox->slots[outbox->count];
        size_t segment = 0;
        size_t used = 0;

        for (unsigned k = 0; k < packets; k++) {
            segment = seal(&targets[i], options, timestamp, payload[k], payload_bytes, slot + used);
            used += segment;
        }
        put(outbox, &targets[i], used, segment);
    }
    flush(outbox);
}

static int64_t cpu_ns(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * MONO_SECOND +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * (int64_t)1000;
}

/* The broadcast's own pace; what was sent during the warm-up is not counted. */
static void run(struct outbox *outbox, struct target *targets, const struct options *options,
                struct result *result)
{
    const int64_t start_ns = mono_clock_ns();
    const int64_t from_ns = start_ns + WARM_UP_MS * MONO_MS;
    const int64_t end_ns = from_ns + (int64_t)options->seconds * MONO_SECOND;
    int64_t video_ns = start_ns;
    int64_t next_audio_ns = options->no_audio ? INT64_MAX : start_ns;
    int64_t began_ns = 0;
    int64_t cpu_from_ns = 0;

    for (;;) {
        const bool video = video_ns <= next_audio_ns;
        int64_t *next_ns = video ? &video_ns : &next_audio_ns;
        const struct timespec at = {*next_ns / MONO_SECOND, *next_ns % MONO_SECOND};

        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        const int64_t now_ns = mono_clock_ns();
        if (began_ns == 0 && now_ns >= from_ns) {
            began_ns = now_ns;
            cpu_from_ns = cpu_ns();
            result->packets = 0;
        }
        if (now_ns >= end_ns) {
            result->wall_ns = now_ns - began_ns;
            result->cpu_ns = cpu_ns() - cpu_from_ns;
            result->behind_ns = now_ns - *next_ns;
            return;
        }
        send_to_all(outbox, targets, options, video, (uint32_t)(now_ns / 11111));
        result->packets += (uint64_t)options->viewers * (video ? VIDEO_PACKETS : 1);
        result->sent += (uint64_t)options->viewers * (video ? VIDEO_PACKETS : 1);
        *next_ns += video ? MONO_SECOND / options->fps : audio_ns;
    }
}

static const char *cipher_name(const struct options *options)
{
#ifdef HAVE_IPSEC_MB
    if (!options->cm && multi_buffer != NULL)
        return "ipsec-mb";
#endif
    return options->cm ? "openssl ctr, hmac-sha1" : "openssl";
}

static void report(const struct options *options, const struct result *result, uint64_t lost)
{
    const double ns = (double)result->cpu_ns / (double)result->packets;
    const double share = (double)result->cpu_ns / (double)result->wall_ns;

    if (options->json)
        printf("{\"viewers\":%u,\"gro\":%s,\"suite\":\"%s\",\"cipher\":\"%s\",\"packets\":%llu,"
               "\"lost\":%llu,\"cpu_ns_per_packet\":%.1f,\"cpu_share\":%.4f,\"behind_ms\":%.1f}\n",
               options->viewers, options->gro ? "true" : "false", options->cm ? "cm" : "gcm",
               cipher_name(options), (unsigned long long)result->packets, (unsigned long long)lost,
               ns, share, (double)result->behind_ns / 1e6);
    else
        printf("%u viewers, %s receivers, %s: %.0f ns of CPU a packet, %.1f %% of a core, "
               "%llu packets, %llu lost by receivers, %.1f ms behind\n",
               options->viewers, options->gro ? "UDP_GRO" : "plain", cipher_name(options), ns,
               100 * share, (unsigned long long)result->packets, (unsigned long long)lost,
               (double)result->behind_ns / 1e6);
}

static bool read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"viewers", required_argument, NULL, 'v'}, {"seconds", required_argument, NULL, 's'},
        {"suite", required_argument, NULL, 'c'},   {"gro", no_argument, NULL, 'g'},
        {"fps", required_argument, NULL, 'f'},     {"no-audio", no_argument, NULL, 'n'},
        {"json", no_argument, NULL, 'j'},          {0}};
    int option = 0;

    *options = (struct options){.viewers = 1000, .seconds = 5, .fps = 30};
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
        if (option == 'v')
            options->viewers = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 's')
            options->seconds = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'f')
            options->fps = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'n')
            options->no_audio = true;
        else if (option == 'g')
            options->gro = true;
        else if (option == 'j')
            options->json = true;
        else if (option == 'c' && (strcmp(optarg, "gcm") == 0 || strcmp(optarg, "cm") == 0))
            options->cm = optarg[0] == 'c';
        else
            return false;
    return optind == argc && options->viewers > 0 && options->viewers <= VIEWERS_MAX &&
           options->seconds > 0 && options->fps > 0;
}

static void start_ciphers(void)
{
#ifdef HAVE_IPSEC_MB
    IMB_ARCH architecture = IMB_ARCH_NONE;

    multi_buffer = alloc_mb_mgr(0);
    if (multi_buffer == NULL)
        return;
    init_mb_mgr_auto(multi_buffer, &architecture);
    if (architecture == IMB_ARCH_NONE || architecture == IMB_ARCH_NOAESNI) {
        free_mb_mgr(multi_buffer);
        multi_buffer = NULL;
    }
#endif
}

static void open_targets(struct target *targets, const struct options *options, int from)
{
    for (unsigned i = 0; i < options->viewers; i++) {
        in_port_t port = 0;
        if (read(from, &port, sizeof port) != sizeof port)
            receivers_fail("hearing a port");
        targets[i].address = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = port};
        targets[i].ssrc = i + 1;
        make_keys(&targets[i], options, i);
    }
}

int main(int argc, char **argv)
{
    static struct outbox outbox;
    static struct target targets[VIEWERS_MAX];
    struct options options;
    struct result result = {0};
    struct rlimit limit;
    uint64_t received = 0;
    int to = -1;
    int from = -1;

    if (!read_options(argc, argv, &options)) {
        fprintf(stderr,
                "floor [--viewers N] [--seconds N] [--gro] [--suite gcm|cm] [--fps N] [--no-audio] "
                "[--json]\n");
        return 2;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    const pid_t child = receivers_start(options.viewers, options.gro, &to, &from);
    receivers_pin(0);
    start_ciphers();
    outbox.descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    if (outbox.descriptor < 0)
        receivers_fail("socket");
    open_targets(targets, &options, from);
    run(&outbox, targets, &options, &result);

    usleep(200000); /* what is under way may arrive */
    close(to);
    if (read(from, &received, sizeof received) != sizeof received)
        receivers_fail("hearing what came");
    (void)waitpid(child, NULL, 0);
    const uint64_t lost = result.sent > received ? result.sent - received : 0;
    report(&options, &result, lost);
    if (outbox.refused > 0)
        fprintf(stderr, "floor: %llu messages refused\n", (unsigned long long)outbox.refused);
    return EXIT_SUCCESS;
}
