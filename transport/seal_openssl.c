/* Measured, 1,200 bytes, contexts kept: see DESIGN.md section 1. Contexts are keyed once; a packet
 * changes the IV only. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "transport/hmac_sha1.h"
#include "transport/seal_back_end.h"

struct seal_cipher {
    enum srtp_suite suite;
    EVP_CIPHER_CTX *context;
    struct hmac_sha1 hmac;
};

static void destroy(struct seal_cipher *cipher)
{
    if (cipher == NULL)
        return;
    EVP_CIPHER_CTX_free(cipher->context); /* wipes its own */
    OPENSSL_cleanse(cipher, sizeof *cipher);
    free(cipher);
}

static enum status create(enum srtp_suite suite, const struct session_keys *session_keys,
                          struct seal_cipher **cipher)
{
    struct seal_cipher *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->suite = suite;
    made->context = EVP_CIPHER_CTX_new();
    const EVP_CIPHER *algorithm =
        suite == SRTP_SUITE_AEAD_AES_128_GCM ? EVP_aes_128_gcm() : EVP_aes_128_ctr();
    if (made->context == NULL ||
        EVP_EncryptInit_ex(made->context, algorithm, NULL, session_keys->key, NULL) != 1) {
        destroy(made);
        ERR_clear_error();
        return STATUS_NO_MEMORY;
    }
    hmac_sha1_init(&made->hmac, session_keys->authentication_key,
                   sizeof session_keys->authentication_key);
    *cipher = made;
    return STATUS_OK;
}

static size_t run_gcm(struct seal_cipher *cipher, const struct seal_job *job)
{
    EVP_CIPHER_CTX *context = cipher->context;
    uint8_t *encrypted = job->out + job->header_bytes;
    uint8_t *tag = encrypted + job->payload_bytes;
    int written = 0;
    bool done =
        EVP_EncryptInit_ex(context, NULL, NULL, NULL, job->iv) == 1 &&
        EVP_EncryptUpdate(context, NULL, &written, job->out, job->header_bytes) == 1 &&
        EVP_EncryptUpdate(context, encrypted, &written, job->payload, job->payload_bytes) == 1 &&
        EVP_EncryptFinal_ex(context, tag, &written) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SEAL_GCM_TAG_BYTES, tag) == 1;
    return done ? SEAL_GCM_TAG_BYTES : 0;
}

static size_t run_counter_mode(struct seal_cipher *cipher, const struct seal_job *job)
{
    uint8_t *encrypted = job->out + job->header_bytes;
    int written = 0;
    if (EVP_EncryptInit_ex(cipher->context, NULL, NULL, NULL, job->iv) != 1 ||
        EVP_EncryptUpdate(cipher->context, encrypted, &written, job->payload, job->payload_bytes) !=
            1)
        return 0;
    uint8_t rollover[4];
    struct bytes_writer writer = bytes_writer_of(rollover, sizeof rollover);
    bytes_put_u32(&writer, job->rollover_counter);
    uint8_t tag[HMAC_SHA1_BYTES];
    hmac_sha1_run(&cipher->hmac, job->out, (size_t)job->header_bytes + job->payload_bytes, rollover,
                  sizeof rollover, tag);
    memcpy(encrypted + job->payload_bytes, tag, SEAL_HMAC_TAG_BYTES);
    return SEAL_HMAC_TAG_BYTES;
}

static size_t run(struct seal_cipher *cipher, const struct seal_job *job)
{
    switch (cipher->suite) {
    case SRTP_SUITE_AEAD_AES_128_GCM:
        return run_gcm(cipher, job);
    case SRTP_SUITE_AES_CM_128_HMAC_SHA1_80:
        return run_counter_mode(cipher, job);
    }
    return 0;
}

const struct seal_back_end *seal_openssl(void)
{
    static const struct seal_back_end back_end = {"openssl", create, destroy, run, NULL, NULL};
    return &back_end;
}
