#include "transport/srtcp.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "core/bytes.h"
#include "transport/hmac_sha1.h"
#include "transport/seal_back_end.h"

enum {
    HEADER_BYTES = 8, /* in the clear: first word and SSRC of the sender */
    SSRC_OFFSET = 4,
    INDEX_BYTES = 4,
    GCM_IV_BYTES = 12,
    WORD_BITS = 64
};
#define ENCRYPTED_FLAG UINT32_C(0x80000000) /* E, above the 31-bit index */
#define INDEX_MAX UINT32_C(0x7FFFFFFF)

/* One cipher context a thread, freed with the thread. */
static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;
static bool scratch_usable;

static void free_scratch(void *scratch)
{
    EVP_CIPHER_CTX_free(scratch);
}

static void make_scratch_key(void)
{
    scratch_usable = pthread_key_create(&scratch_key, free_scratch) == 0;
}

static EVP_CIPHER_CTX *scratch_or_null(void)
{
    pthread_once(&scratch_once, make_scratch_key);
    if (!scratch_usable)
        return NULL;
    EVP_CIPHER_CTX *scratch = pthread_getspecific(scratch_key);
    if (scratch == NULL) {
        scratch = EVP_CIPHER_CTX_new();
        if (scratch != NULL && pthread_setspecific(scratch_key, scratch) != 0) {
            EVP_CIPHER_CTX_free(scratch);
            scratch = NULL;
        }
    }
    return scratch;
}

static void put_u32(uint8_t *out, uint32_t value)
{
    struct bytes_writer writer = bytes_writer_of(out, sizeof value);
    bytes_put_u32(&writer, value);
}

static uint32_t get_u32(const uint8_t *in)
{
    struct bytes reader = bytes_of(in, sizeof(uint32_t));
    return bytes_u32(&reader);
}

/* One packet under one key: RFC 7714 section 9.2 authenticates header and index word beside the
 * body. */
struct pass {
    const struct session_keys *keys;
    const uint8_t *header; /* HEADER_BYTES */
    const uint8_t *word;   /* INDEX_BYTES: flag and index */
    const uint8_t *in;
    size_t in_bytes;
    uint8_t *out;
    uint8_t *tag; /* GCM: checked when opening, written when not */
};

static void pass_iv(const struct pass *pass, enum srtp_suite suite, uint8_t *iv)
{
    session_keys_iv(suite, pass->keys->salt, get_u32(pass->header + SSRC_OFFSET),
                    get_u32(pass->word) & INDEX_MAX, iv);
}

static bool run_gcm(const struct pass *pass, bool encrypt)
{
    uint8_t iv[SESSION_IV_BYTES];
    pass_iv(pass, SRTP_SUITE_AEAD_AES_128_GCM, iv);
    EVP_CIPHER_CTX *cipher = scratch_or_null();
    int written = 0;
    bool done =
        cipher != NULL &&
        EVP_CipherInit_ex(cipher, EVP_aes_128_gcm(), NULL, pass->keys->key, iv, encrypt) == 1 &&
        EVP_CipherUpdate(cipher, NULL, &written, pass->header, HEADER_BYTES) == 1 &&
        EVP_CipherUpdate(cipher, NULL, &written, pass->word, INDEX_BYTES) == 1 &&
        EVP_CipherUpdate(cipher, pass->out, &written, pass->in, (int)pass->in_bytes) == 1 &&
        (encrypt ||
         EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, SEAL_GCM_TAG_BYTES, pass->tag) == 1) &&
        EVP_CipherFinal_ex(cipher, pass->out + pass->in_bytes, &written) == 1 &&
        (!encrypt ||
         EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, SEAL_GCM_TAG_BYTES, pass->tag) == 1);
    ERR_clear_error();
    return done;
}

static bool run_counter_mode(const struct pass *pass)
{
    uint8_t iv[SESSION_IV_BYTES];
    pass_iv(pass, SRTP_SUITE_AES_CM_128_HMAC_SHA1_80, iv);
    EVP_CIPHER_CTX *cipher = scratch_or_null();
    int written = 0;
    bool done = cipher != NULL &&
                EVP_EncryptInit_ex(cipher, EVP_aes_128_ctr(), NULL, pass->keys->key, iv) == 1 &&
                EVP_EncryptUpdate(cipher, pass->out, &written, pass->in, (int)pass->in_bytes) == 1;
    ERR_clear_error();
    return done;
}

static void authenticate(const struct session_keys *keys, const uint8_t *packet, size_t bytes,
                         uint8_t tag[HMAC_SHA1_BYTES])
{
    struct hmac_sha1 hmac;
    hmac_sha1_init(&hmac, keys->authentication_key, sizeof keys->authentication_key);
    hmac_sha1_run(&hmac, packet, bytes, NULL, 0, tag);
    OPENSSL_cleanse(&hmac, sizeof hmac);
}

/* Whether index of the source was seen already, or is too old to tell. */
static bool is_replay(const struct srtcp_source *source, uint32_t index)
{
    if (index > source->highest)
        return false;
    uint32_t age = source->highest - index;
    return age >= SRTCP_WINDOW_BITS ||
           (source->seen[age / WORD_BITS] >> (age % WORD_BITS) & 1) != 0;
}

static void mark_seen(struct srtcp_source *source, uint32_t index)
{
    if (index > source->highest) {
        uint32_t shift = index - source->highest;
        uint64_t low = source->seen[0];
        uint64_t high = source->seen[1];
        if (shift >= SRTCP_WINDOW_BITS) {
            low = high = 0;
        } else if (shift >= WORD_BITS) {
            high = low << (shift - WORD_BITS);
            low = 0;
        } else {
            high = high << shift | low >> (WORD_BITS - shift);
            low <<= shift;
        }
        source->seen[0] = low;
        source->seen[1] = high;
        source->highest = index;
    }
    uint32_t age = source->highest - index;
    source->seen[age / WORD_BITS] |= UINT64_C(1) << (age % WORD_BITS);
}

/* The window of ssrc; one not in use yet for a new one (count it only once it is authentic); NULL
 * when all are taken. */
static struct srtcp_source *source_or_null(struct srtcp *srtcp, uint32_t ssrc)
{
    for (unsigned i = 0; i < srtcp->source_count; i++)
        if (srtcp->sources[i].ssrc == ssrc)
            return &srtcp->sources[i];
    if (srtcp->source_count == SRTCP_SOURCES_MAX)
        return NULL;
    struct srtcp_source *source = &srtcp->sources[srtcp->source_count];
    *source = (struct srtcp_source){.ssrc = ssrc};
    return source;
}

enum status srtcp_init(struct srtcp *srtcp, const struct srtp_keys *keys)
{
    struct srtcp made = {.suite = (uint8_t)keys->suite, .next_index = 1};
    enum status status =
        session_keys_derive(keys->local_key, keys->local_salt, SESSION_KEYS_RTCP, &made.local);
    if (status == STATUS_OK) {
        status = session_keys_derive(keys->remote_key, keys->remote_salt, SESSION_KEYS_RTCP,
                                     &made.remote);
    }
    if (status == STATUS_OK)
        *srtcp = made;
    OPENSSL_cleanse(&made, sizeof made);
    return status;
}

size_t srtcp_protect(struct srtcp *srtcp, const uint8_t *compound, size_t compound_bytes,
                     uint8_t *out)
{
    if (compound_bytes < HEADER_BYTES || srtcp->next_index > INDEX_MAX)
        return 0;
    uint8_t word[INDEX_BYTES];
    put_u32(word, ENCRYPTED_FLAG | srtcp->next_index++);
    memcpy(out, compound, HEADER_BYTES);
    uint8_t *end = out + compound_bytes;
    struct pass pass = {
        .keys = &srtcp->local,
        .header = out,
        .word = word,
        .in = compound + HEADER_BYTES,
        .in_bytes = compound_bytes - HEADER_BYTES,
        .out = out + HEADER_BYTES,
        .tag = end,
    };
    if (srtcp->suite == SRTP_SUITE_AEAD_AES_128_GCM) { /* body, tag, word */
        if (!run_gcm(&pass, true))
            return 0;
        memcpy(end + SEAL_GCM_TAG_BYTES, word, INDEX_BYTES);
        return compound_bytes + SEAL_GCM_TAG_BYTES + INDEX_BYTES;
    }
    uint8_t tag[HMAC_SHA1_BYTES]; /* body, word, tag */
    if (!run_counter_mode(&pass))
        return 0;
    memcpy(end, word, INDEX_BYTES);
    authenticate(&srtcp->local, out, compound_bytes + INDEX_BYTES, tag);
    memcpy(end + INDEX_BYTES, tag, SEAL_HMAC_TAG_BYTES);
    return compound_bytes + INDEX_BYTES + SEAL_HMAC_TAG_BYTES;
}

static bool open_counter_mode(const struct pass *pass)
{
    uint8_t tag[HMAC_SHA1_BYTES];
    size_t authenticated_bytes = HEADER_BYTES + pass->in_bytes + INDEX_BYTES;
    authenticate(pass->keys, pass->header, authenticated_bytes, tag);
    return CRYPTO_memcmp(tag, pass->tag, SEAL_HMAC_TAG_BYTES) == 0 && run_counter_mode(pass);
}

enum status srtcp_open(struct srtcp *srtcp, uint8_t *packet, size_t *bytes)
{
    bool gcm = srtcp->suite == SRTP_SUITE_AEAD_AES_128_GCM;
    size_t tag_bytes = gcm ? SEAL_GCM_TAG_BYTES : SEAL_HMAC_TAG_BYTES;
    if (*bytes < HEADER_BYTES + INDEX_BYTES + tag_bytes)
        return STATUS_SHORT;
    if (*bytes > SRTCP_BYTES_MAX)
        return STATUS_DENIED;
    size_t plain_bytes = *bytes - INDEX_BYTES - tag_bytes;
    uint8_t *end = packet + plain_bytes;
    uint8_t *word = gcm ? end + tag_bytes : end;
    uint32_t index = get_u32(word) & INDEX_MAX;
    struct srtcp_source *source = source_or_null(srtcp, get_u32(packet + SSRC_OFFSET));
    /* An unencrypted packet (E is 0) is none of the profiles of RFC 5764 and RFC 7714. */
    if ((get_u32(word) & ENCRYPTED_FLAG) == 0 || source == NULL || is_replay(source, index))
        return STATUS_DENIED;
    uint8_t plain[SRTCP_BYTES_MAX] = {0};
    struct pass pass = {
        .keys = &srtcp->remote,
        .header = packet,
        .word = word,
        .in = packet + HEADER_BYTES,
        .in_bytes = plain_bytes - HEADER_BYTES,
        .out = plain,
        .tag = gcm ? end : end + INDEX_BYTES,
    };
    if (!(gcm ? run_gcm(&pass, false) : open_counter_mode(&pass)))
        return STATUS_DENIED;
    /* cppcheck-suppress uninitvar; filled through pass.out */
    memcpy(packet + HEADER_BYTES, plain, pass.in_bytes);
    if (source == &srtcp->sources[srtcp->source_count])
        srtcp->source_count++;
    mark_seen(source, index);
    *bytes = plain_bytes;
    return STATUS_OK;
}
