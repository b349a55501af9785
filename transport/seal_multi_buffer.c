/* AES-CTR with HMAC-SHA1 by intel-ipsec-mb's job interface: SHA-1 of one packet cannot be spread
 * over vector lanes, that of several packets can. So the packets of several viewers are in flight
 * together, until what is begun is to be sent. */
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "transport/hmac_sha1.h"
#include "transport/seal_back_end.h"
#include "transport/slab.h"

enum {
    KEY_BYTES = 16,
    KEY_SCHEDULE_WORDS = 4 * 11,
    ROLLOVER_BYTES = 4,
    IN_FLIGHT_MAX = 64 /* more than there are lanes */
};

struct seal_cipher {
    _Alignas(16) uint32_t key_schedule[KEY_SCHEDULE_WORDS];
    struct hmac_sha1 hmac;
};

static struct slab ciphers = SLAB_OF(sizeof(struct seal_cipher));

/* A packet whose job is under way: what the job refers to beside the packet. */
struct flight {
    uint8_t iv[SESSION_IV_BYTES];
    uint8_t tag[HMAC_SHA1_BYTES];
    uint8_t *out;
    uint16_t bytes; /* without the tag */
};

/* What a thread has under way; freed with the thread. Jobs come back in the order in which they
 * were submitted: flights is a ring. */
struct runway {
    IMB_MGR *manager;
    unsigned first;
    unsigned count;
    struct flight flights[IN_FLIGHT_MAX];
};

static pthread_key_t runway_key;
static pthread_once_t runway_once = PTHREAD_ONCE_INIT;
static bool runway_usable;

static void free_runway(void *memory)
{
    struct runway *runway = memory;

    free_mb_mgr(runway->manager);
    free(runway);
}

static void make_runway_key(void)
{
    runway_usable = pthread_key_create(&runway_key, free_runway) == 0;
}

/* This thread's, if it has one by now. */
static struct runway *find_runway(void)
{
    pthread_once(&runway_once, make_runway_key);
    return runway_usable ? pthread_getspecific(runway_key) : NULL;
}

static struct runway *runway_or_null(void)
{
    struct runway *runway = find_runway();
    if (runway != NULL || !runway_usable)
        return runway;
    runway = calloc(1, sizeof *runway);
    if (runway == NULL)
        return NULL;
    runway->manager = alloc_mb_mgr(0);
    if (runway->manager == NULL) {
        free(runway);
        return NULL;
    }
    init_mb_mgr_auto(runway->manager, NULL);
    if (imb_get_errno(runway->manager) != 0 || pthread_setspecific(runway_key, runway) != 0) {
        free_runway(runway);
        return NULL;
    }
    return runway;
}

/* Puts the tags to the packets of job and those that are done behind it. */
static void land(struct runway *runway, const IMB_JOB *job)
{
    for (; job != NULL; job = IMB_GET_COMPLETED_JOB(runway->manager)) {
        struct flight *flight = &runway->flights[runway->first];
        if (job->status == IMB_STATUS_COMPLETED)
            memcpy(flight->out + flight->bytes, flight->tag, SEAL_HMAC_TAG_BYTES);
        else /* what was announced is sent, but not one byte that may be in the clear */
            memset(flight->out, 0, (size_t)flight->bytes + SEAL_HMAC_TAG_BYTES);
        runway->first = (runway->first + 1) % IN_FLIGHT_MAX;
        runway->count--;
    }
}

static void finish(void)
{
    struct runway *runway = find_runway();

    while (runway != NULL && runway->count > 0)
        land(runway, IMB_FLUSH_JOB(runway->manager));
}

static void destroy(struct seal_cipher *cipher)
{
    finish();
    slab_give(&ciphers, cipher); /* wipes */
}

static enum status create(enum srtp_suite suite, const struct session_keys *session_keys,
                          struct seal_cipher **cipher)
{
    const struct runway *runway = runway_or_null();
    if (suite != SRTP_SUITE_AES_CM_128_HMAC_SHA1_80 || runway == NULL)
        return STATUS_UNSUPPORTED;
    struct seal_cipher *made = slab_take(&ciphers);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    _Alignas(16) uint32_t unused[KEY_SCHEDULE_WORDS];
    IMB_AES_KEYEXP_128(runway->manager, session_keys->key, made->key_schedule, unused);
    OPENSSL_cleanse(unused, sizeof unused);
    hmac_sha1_init(&made->hmac, session_keys->authentication_key,
                   sizeof session_keys->authentication_key);
    *cipher = made;
    return STATUS_OK;
}

/* RFC 3711 section 4.2: header, ciphertext and rollover counter are authenticated; the counter is
 * put where the tag comes. */
static void fill(IMB_JOB *job, const struct seal_cipher *cipher, const struct seal_job *from,
                 struct flight *flight)
{
    uint8_t *encrypted = from->out + from->header_bytes;
    struct bytes_writer writer = bytes_writer_of(encrypted + from->payload_bytes, ROLLOVER_BYTES);

    bytes_put_u32(&writer, from->rollover_counter);
    job->chain_order = IMB_ORDER_CIPHER_HASH;
    job->cipher_direction = IMB_DIR_ENCRYPT;
    job->cipher_mode = from->payload_bytes > 0 ? IMB_CIPHER_CNTR : IMB_CIPHER_NULL;
    job->key_len_in_bytes = KEY_BYTES;
    job->enc_keys = cipher->key_schedule;
    job->dec_keys = cipher->key_schedule;
    job->iv = flight->iv;
    job->iv_len_in_bytes = SESSION_IV_BYTES;
    job->src = from->payload;
    job->dst = encrypted;
    job->cipher_start_src_offset_in_bytes = 0;
    job->msg_len_to_cipher_in_bytes = from->payload_bytes;
    job->hash_alg = IMB_AUTH_HMAC_SHA_1;
    /* Counted from src, wherever the packet lies: what is hashed stands at out. */
    job->hash_start_src_offset_in_bytes = (uintptr_t)from->out - (uintptr_t)from->payload;
    job->msg_len_to_hash_in_bytes =
        (uint64_t)from->header_bytes + from->payload_bytes + ROLLOVER_BYTES;
    job->u.HMAC._hashed_auth_key_xor_ipad = (const uint8_t *)cipher->hmac.inner;
    job->u.HMAC._hashed_auth_key_xor_opad = (const uint8_t *)cipher->hmac.outer;
    job->auth_tag_output = flight->tag;
    job->auth_tag_output_len_in_bytes = HMAC_SHA1_BYTES;
}

static size_t begin(struct seal_cipher *cipher, const struct seal_job *from)
{
    struct runway *runway = runway_or_null();

    if (runway == NULL)
        return 0;
    if (runway->count == IN_FLIGHT_MAX)
        finish();
    struct flight *flight = &runway->flights[(runway->first + runway->count++) % IN_FLIGHT_MAX];
    memcpy(flight->iv, from->iv, sizeof flight->iv);
    flight->out = from->out;
    flight->bytes = (uint16_t)(from->header_bytes + from->payload_bytes);
    fill(IMB_GET_NEXT_JOB(runway->manager), cipher, from, flight);
    /* What the check would find wrong depends on the lines above alone: tests see it. */
    land(runway, IMB_SUBMIT_JOB_NOCHECK(runway->manager));
    return SEAL_HMAC_TAG_BYTES;
}

static size_t run(struct seal_cipher *cipher, const struct seal_job *job)
{
    const size_t tag_bytes = begin(cipher, job);

    finish();
    return tag_bytes;
}

const struct seal_back_end *seal_multi_buffer(void)
{
    static const struct seal_back_end back_end = {
        "ipsec-mb multi-buffer", create, destroy, run, begin, finish};
    return &back_end;
}
