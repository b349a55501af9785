#include "transport/seal.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "transport/seal_back_end.h"
#include "transport/session_keys.h"
#include "transport/slab.h"
#include "transport/srtcp.h"

enum { SEQUENCE_NUMBER_OFFSET = 2, NUMBERS_BYTES = 2 + 4 + 4, FIXED_HEADER_BYTES = 12 };

struct seal {
    const struct seal_back_end *back_end;
    struct seal_cipher *cipher;
    uint8_t salt[SRTP_SALT_BYTES_MAX]; /* RTP's */
    uint8_t suite;                     /* enum srtp_suite */
    struct srtcp srtcp;
};

static struct slab seals = SLAB_OF(sizeof(struct seal));
static const struct seal_back_end *chosen;
static pthread_once_t chosen_once = PTHREAD_ONCE_INIT;

static void choose_fastest(void)
{
    const struct seal_back_end *ipsec_mb = seal_ipsec_mb_or_null();
    chosen = ipsec_mb != NULL ? ipsec_mb : seal_openssl();
}

static const struct seal_back_end *chosen_back_end(void)
{
    pthread_once(&chosen_once, choose_fastest);
    return chosen;
}

void seal_use_back_end(const struct seal_back_end *back_end)
{
    chosen_back_end();
    choose_fastest();
    chosen = back_end != NULL ? back_end : chosen;
}

static enum status create_cipher(struct seal *seal, const struct session_keys *rtp)
{
    enum srtp_suite suite = (enum srtp_suite)seal->suite;
    seal->back_end = chosen_back_end();
    enum status status = seal->back_end->create(suite, rtp, &seal->cipher);
    if (status == STATUS_UNSUPPORTED && seal_multi_buffer() != NULL) {
        seal->back_end = seal_multi_buffer();
        status = seal->back_end->create(suite, rtp, &seal->cipher);
    }
    if (status == STATUS_UNSUPPORTED) {
        seal->back_end = seal_openssl();
        status = seal->back_end->create(suite, rtp, &seal->cipher);
    }
    return status;
}

enum status seal_create(const struct srtp_keys *keys, struct seal **seal)
{
    struct seal *made = slab_take(&seals);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->suite = (uint8_t)keys->suite;
    struct session_keys rtp;
    enum status status =
        session_keys_derive(keys->local_key, keys->local_salt, SESSION_KEYS_RTP, &rtp);
    if (status == STATUS_OK) {
        memcpy(made->salt, rtp.salt, sizeof made->salt);
        status = create_cipher(made, &rtp);
    }
    OPENSSL_cleanse(&rtp, sizeof rtp);
    if (status == STATUS_OK)
        status = srtcp_init(&made->srtcp, keys);
    if (status != STATUS_OK) {
        seal_destroy(made);
        return status;
    }
    *seal = made;
    return STATUS_OK;
}

void seal_destroy(struct seal *seal)
{
    if (seal == NULL)
        return;
    if (seal->back_end != NULL)
        seal->back_end->destroy(seal->cipher);
    slab_give(&seals, seal); /* wipes */
}

/* Writes the header with the viewer's own numbers to out, the cipher's task to job. */
static void prepare(const struct seal *seal, const struct outgoing *packet, uint8_t *out,
                    struct seal_job *job)
{
    memcpy(out, packet->header, packet->header_bytes);
    struct bytes_writer numbers = bytes_writer_of(out + SEQUENCE_NUMBER_OFFSET, NUMBERS_BYTES);
    bytes_put_u16(&numbers, (uint16_t)packet->index);
    bytes_put_u32(&numbers, packet->timestamp);
    bytes_put_u32(&numbers, packet->ssrc);

    *job = (struct seal_job){
        .payload = packet->payload,
        .out = out,
        .header_bytes = packet->header_bytes,
        .payload_bytes = packet->payload_bytes,
        .rollover_counter = (uint32_t)(packet->index >> 16),
    };
    session_keys_iv((enum srtp_suite)seal->suite, seal->salt, packet->ssrc, packet->index, job->iv);
}

size_t seal_rtp(struct seal *seal, const struct outgoing *packet, uint8_t *out)
{
    if (packet->header_bytes < FIXED_HEADER_BYTES)
        return 0;
    struct seal_job job;
    prepare(seal, packet, out, &job);
    size_t tag_bytes = seal->back_end->run(seal->cipher, &job);
    return tag_bytes == 0 ? 0 : (size_t)packet->header_bytes + packet->payload_bytes + tag_bytes;
}

size_t seal_rtp_begin(struct seal *seal, const struct outgoing *packet, uint8_t *out)
{
    if (seal->back_end->begin == NULL)
        return seal_rtp(seal, packet, out);
    if (packet->header_bytes < FIXED_HEADER_BYTES)
        return 0;
    struct seal_job job;
    prepare(seal, packet, out, &job);
    size_t tag_bytes = seal->back_end->begin(seal->cipher, &job);
    return tag_bytes == 0 ? 0 : (size_t)packet->header_bytes + packet->payload_bytes + tag_bytes;
}

void seal_finish(void)
{
    const struct seal_back_end *multi_buffer = seal_multi_buffer();

    if (multi_buffer != NULL)
        multi_buffer->finish();
}

size_t seal_rtcp(struct seal *seal, const uint8_t *compound, size_t compound_bytes, uint8_t *out)
{
    return srtcp_protect(&seal->srtcp, compound, compound_bytes, out);
}

enum status seal_open_rtcp(struct seal *seal, uint8_t *packet, size_t *bytes)
{
    return srtcp_open(&seal->srtcp, packet, bytes);
}

const char *seal_back_end(void)
{
    return chosen_back_end()->name;
}
