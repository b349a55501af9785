#include "bench/load/whep.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OFFER_BYTES_MAX = 8192,
    ANSWER_BYTES_MAX = 64 * 1024,
    HEADER_BYTES_MAX = 512,
    URL_BYTES_MAX = 1024,
    TIMEOUT_MS = 10000,
    COMPLAINTS_MAX = 5,
    CREATED = 201
};

struct whep {
    CURL *curl;
    struct curl_slist *headers;
    const char *url;
    unsigned rooms; /* 0, 1: url is whole */
    unsigned joins;
    bool tcp;
    unsigned complaints;
    char fingerprint[FINGERPRINT_TEXT_MAX];
    size_t answer_bytes;
    char answer[ANSWER_BYTES_MAX + 1];
};

static size_t on_body(char *data, size_t unit, size_t count, void *context)
{
    struct whep *whep = context;
    const size_t bytes = unit * count;

    if (bytes > ANSWER_BYTES_MAX - whep->answer_bytes)
        return 0; /* ends the transfer */
    memcpy(whep->answer + whep->answer_bytes, data, bytes);
    whep->answer_bytes += bytes;
    whep->answer[whep->answer_bytes] = '\0';
    return bytes;
}

struct whep *whep_create(const char *url, const char *token, bool tcp,
                         const struct fingerprint *own)
{
    struct whep *whep = calloc(1, sizeof *whep);
    char line[HEADER_BYTES_MAX];

    if (whep == NULL)
        return NULL;
    whep->curl = curl_easy_init();
    whep->url = url;
    whep->tcp = tcp;
    whep->headers = curl_slist_append(NULL, "Content-Type: application/sdp");
    if (token != NULL) {
        snprintf(line, sizeof line, "Authorization: Bearer %s", token);
        whep->headers = curl_slist_append(whep->headers, line);
    }
    fingerprint_format(own, whep->fingerprint);
    if (whep->curl == NULL || whep->headers == NULL) {
        whep_destroy(whep);
        return NULL;
    }
    return whep;
}

void whep_destroy(struct whep *whep)
{
    if (whep == NULL)
        return;
    curl_slist_free_all(whep->headers);
    curl_easy_cleanup(whep->curl);
    free(whep);
}

static void prepare(struct whep *whep, const char *url)
{
    curl_easy_reset(whep->curl);
    curl_easy_setopt(whep->curl, CURLOPT_URL, url);
    curl_easy_setopt(whep->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(whep->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(whep->curl, CURLOPT_HTTPHEADER, whep->headers);
    curl_easy_setopt(whep->curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(whep->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(whep->curl, CURLOPT_WRITEDATA, whep);
    whep->answer_bytes = 0;
    whep->answer[0] = '\0';
}

/* What a browser that only watches would offer, in short. */
static void write_offer(const struct whep *whep, const struct ice_credentials *local,
                        char offer[OFFER_BYTES_MAX])
{
    char transport[1024];

    snprintf(transport, sizeof transport,
             "c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n"
             "a=ice-options:trickle\r\na=fingerprint:%s\r\na=setup:actpass\r\na=recvonly\r\n"
             "a=rtcp-mux\r\n",
             local->ufrag, local->password, whep->fingerprint);
    snprintf(offer, OFFER_BYTES_MAX,
             "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
             "a=group:BUNDLE 0 1\r\n"
             "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n%sa=mid:0\r\na=rtpmap:111 opus/48000/2\r\n"
             "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
             "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 98 99 45 46\r\n%sa=mid:1\r\n"
             "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n"
             "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
             "a=rtpmap:102 H264/90000\r\na=rtcp-fb:102 nack\r\na=rtcp-fb:102 nack pli\r\n"
             "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
             "a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\n"
             "a=rtpmap:98 VP9/90000\r\na=rtcp-fb:98 nack\r\na=rtcp-fb:98 nack pli\r\n"
             "a=fmtp:98 profile-id=0\r\na=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\n"
             "a=rtpmap:45 AV1/90000\r\na=rtcp-fb:45 nack\r\na=rtcp-fb:45 nack pli\r\n"
             "a=rtpmap:46 rtx/90000\r\na=fmtp:46 apt=45\r\n",
             transport, transport);
}

static void complain(struct whep *whep, const char *what)
{
    if (whep->complaints++ < COMPLAINTS_MAX)
        fprintf(stderr, "manycast-load: %s\n", what);
}

/* Returns the value of the line that begins with name, its length in *chars; NULL when there is
 * none. from NULL: from the start; else the one after from. */
static const char *find_line(const char *answer, const char *from, const char *name, size_t *chars)
{
    const char *line = from == NULL ? answer : strchr(from, '\n');

    while (line != NULL) {
        line += *line == '\n';
        if (strncmp(line, name, strlen(name)) == 0) {
            line += strlen(name);
            *chars = strcspn(line, "\r\n");
            return line;
        }
        line = strchr(line, '\n');
    }
    return NULL;
}

/* The candidate on the address that HTTP went to, else the first of the kind that is wanted. */
static bool choose_candidate(struct whep *whep, struct ice_candidate *chosen)
{
    const enum ice_tcp_type wanted = whep->tcp ? ICE_TCP_PASSIVE : ICE_UDP;
    const char *line = NULL;
    char *server = NULL;
    size_t chars = 0;
    bool found = false;

    curl_easy_getinfo(whep->curl, CURLINFO_PRIMARY_IP, &server);
    while ((line = find_line(whep->answer, line, "a=candidate:", &chars)) != NULL) {
        const size_t prefix = strlen("candidate:");
        struct ice_candidate candidate;

        if (ice_candidate_parse(line - prefix, chars + prefix, &candidate) != STATUS_OK ||
            candidate.transport != wanted)
            continue;
        const bool same = server != NULL && strcmp(candidate.address, server) == 0;
        if (!found || same)
            *chosen = candidate;
        found = true;
        if (same)
            break;
    }
    return found;
}

static bool copy_line(const struct whep *whep, const char *name, char *out, size_t capacity)
{
    size_t chars = 0;
    const char *value = find_line(whep->answer, NULL, name, &chars);

    if (value == NULL || chars >= capacity)
        return false;
    memcpy(out, value, chars);
    out[chars] = '\0';
    return true;
}

static bool read_answer(struct whep *whep, struct whep_session *session)
{
    char fingerprint[FINGERPRINT_TEXT_MAX];

    return copy_line(whep, "a=ice-ufrag:", session->remote.ufrag, sizeof session->remote.ufrag) &&
           copy_line(whep, "a=ice-pwd:", session->remote.password,
                     sizeof session->remote.password) &&
           copy_line(whep, "a=fingerprint:", fingerprint, sizeof fingerprint) &&
           fingerprint_parse(fingerprint, strlen(fingerprint), &session->fingerprint) ==
               STATUS_OK &&
           choose_candidate(whep, &session->candidate);
}

static bool read_location(struct whep *whep, char out[WHEP_LOCATION_BYTES_MAX])
{
    struct curl_header *header = NULL;
    const char *base = NULL;
    char *absolute = NULL;
    CURLU *url = curl_url();

    const bool read =
        url != NULL &&
        curl_easy_header(whep->curl, "Location", 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
        curl_easy_getinfo(whep->curl, CURLINFO_EFFECTIVE_URL, &base) == CURLE_OK &&
        curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK &&
        curl_url_set(url, CURLUPART_URL, header->value, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_URL, &absolute, 0) == CURLUE_OK &&
        snprintf(out, WHEP_LOCATION_BYTES_MAX, "%s", absolute) < WHEP_LOCATION_BYTES_MAX;
    curl_free(absolute);
    curl_url_cleanup(url);
    return read;
}

void whep_spread(struct whep *whep, unsigned rooms)
{
    whep->rooms = rooms;
}

bool whep_join(struct whep *whep, const struct ice_credentials *local, struct whep_session *session)
{
    char offer[OFFER_BYTES_MAX];
    char url[URL_BYTES_MAX];
    char why[256];
    long code = 0;

    write_offer(whep, local, offer);
    if (whep->rooms > 1)
        (void)snprintf(url, sizeof url, "%s-%u", whep->url, whep->joins++ % whep->rooms);
    prepare(whep, whep->rooms > 1 ? url : whep->url);
    curl_easy_setopt(whep->curl, CURLOPT_POSTFIELDS, offer);
    const CURLcode error = curl_easy_perform(whep->curl);
    curl_easy_getinfo(whep->curl, CURLINFO_RESPONSE_CODE, &code);
    if (error == CURLE_OK && code == CREATED && read_location(whep, session->location) &&
        read_answer(whep, session))
        return true;
    snprintf(why, sizeof why, "join failed: %s, HTTP %ld %.120s", curl_easy_strerror(error), code,
             whep->answer);
    complain(whep, why);
    return false;
}

void whep_leave(struct whep *whep, const char *location)
{
    prepare(whep, location);
    curl_easy_setopt(whep->curl, CURLOPT_CUSTOMREQUEST, "DELETE");
    if (curl_easy_perform(whep->curl) != CURLE_OK)
        complain(whep, "leave failed");
}
