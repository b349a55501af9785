/* AES-CTR with HMAC-SHA1 by intel-ipsec-mb's job interface: SHA-1 of one packet cannot be spread
 * over vector lanes, that of several packets can. So a viewer's packets of a batch are in flight
 * together. */
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "core/bytes.h"
#include "transport/hmac_sha1.h"
#include "transport/seal_back_end.h"
#include "transport/slab.h"

enum {
    KEY_BYTES = 16,
    KEY_SCHEDULE_WORDS = 4 * 11,
    ROLLOVER_BYTES = 4,
    IN_FLIGHT_MAX = 32 /* more than there are lanes */
};

struct seal_cipher {
    _Alignas(16) uint32_t key_schedule[KEY_SCHEDULE_WORDS];
    struct hmac_sha1 hmac;
};

static struct slab ciphers = SLAB_OF(sizeof(struct seal_cipher));

/* Jobs under way are state, so each thread has a manager, freed with the thread. */
static pthread_key_t manager_key;
static pthread_once_t manager_once = PTHREAD_ONCE_INIT;
static bool manager_usable;

static void free_manager(void *manager)
{
    free_mb_mgr(manager);
}

static void make_manager_key(void)
{
    manager_usable = pthread_key_create(&manager_key, free_manager) == 0;
}

static IMB_MGR *manager_or_null(void)
{
    pthread_once(&manager_once, make_manager_key);
    IMB_MGR *manager = manager_usable ? pthread_getspecific(manager_key) : NULL;
    if (manager != NULL || !manager_usable)
        return manager;
    manager = alloc_mb_mgr(0);
    if (manager == NULL)
        return NULL;
    init_mb_mgr_auto(manager, NULL);
    if (imb_get_errno(manager) != 0 || pthread_setspecific(manager_key, manager) != 0) {
        free_mb_mgr(manager);
        return NULL;
    }
    return manager;
}

static void destroy(struct seal_cipher *cipher)
{
    slab_give(&ciphers, cipher); /* wipes */
}

static enum status create(enum srtp_suite suite, const struct session_keys *session_keys,
                          struct seal_cipher **cipher)
{
    IMB_MGR *manager = manager_or_null();
    if (suite != SRTP_SUITE_AES_CM_128_HMAC_SHA1_80 || manager == NULL)
        return STATUS_UNSUPPORTED;
    struct seal_cipher *made = slab_take(&ciphers);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    _Alignas(16) uint32_t unused[KEY_SCHEDULE_WORDS];
    IMB_AES_KEYEXP_128(manager, session_keys->key, made->key_schedule, unused);
    OPENSSL_cleanse(unused, sizeof unused);
    hmac_sha1_init(&made->hmac, session_keys->authentication_key,
                   sizeof session_keys->authentication_key);
    *cipher = made;
    return STATUS_OK;
}

/* RFC 3711 section 4.2: header, ciphertext and rollover counter are authenticated; the counter is
 * put where the tag comes. tag: HMAC_SHA1_BYTES. */
static void fill(IMB_JOB *job, const struct seal_cipher *cipher, const struct seal_job *from,
                 uint8_t *tag)
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
    job->iv = from->iv;
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
    job->auth_tag_output = tag;
    job->auth_tag_output_len_in_bytes = HMAC_SHA1_BYTES;
}

/* At most IN_FLIGHT_MAX. */
static bool run_some(IMB_MGR *manager, const struct seal_cipher *cipher,
                     const struct seal_job *jobs, unsigned count)
{
    uint8_t tags[IN_FLIGHT_MAX][HMAC_SHA1_BYTES];
    unsigned done = 0;

    for (unsigned i = 0; i < count; i++) {
        fill(IMB_GET_NEXT_JOB(manager), cipher, &jobs[i], tags[i]);
        const IMB_JOB *finished = IMB_SUBMIT_JOB(manager);
        for (; finished != NULL; finished = IMB_GET_COMPLETED_JOB(manager))
            done += finished->status == IMB_STATUS_COMPLETED;
    }
    const IMB_JOB *finished = IMB_FLUSH_JOB(manager);
    for (; finished != NULL; finished = IMB_FLUSH_JOB(manager))
        done += finished->status == IMB_STATUS_COMPLETED;
    if (done != count)
        return false;
    for (unsigned i = 0; i < count; i++) {
        memcpy(jobs[i].out + jobs[i].header_bytes + jobs[i].payload_bytes, tags[i],
               SEAL_HMAC_TAG_BYTES);
    }
    return true;
}

static bool run_many(struct seal_cipher *cipher, const struct seal_job *jobs, unsigned count)
{
    IMB_MGR *manager = manager_or_null();
    bool done = manager != NULL;

    for (unsigned i = 0; i < count && done; i += IN_FLIGHT_MAX) {
        const unsigned some = count - i < IN_FLIGHT_MAX ? count - i : IN_FLIGHT_MAX;
        done = run_some(manager, cipher, &jobs[i], some);
    }
    return done;
}

static size_t run(struct seal_cipher *cipher, const struct seal_job *job)
{
    return run_many(cipher, job, 1) ? SEAL_HMAC_TAG_BYTES : 0;
}

const struct seal_back_end *seal_multi_buffer(void)
{
    static const struct seal_back_end back_end = {"ipsec-mb multi-buffer", create, destroy, run,
                                                  run_many};
    return &back_end;
}
