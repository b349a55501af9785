#include "transport/session_keys.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#include "core/bytes.h"

enum { LABEL_OFFSET = 7 };

/* x = key_id XOR master_salt, key_id being the label over a 48-bit index (always 0: the key
 * derivation rate is 0); the keystream of AES-CM from x * 2^16 is the key. */
static bool derive(EVP_CIPHER_CTX *cipher, const uint8_t *master_salt, unsigned label, uint8_t *out,
                   int out_bytes)
{
    static const uint8_t zeros[SESSION_AUTHENTICATION_KEY_BYTES];
    uint8_t counter[SESSION_IV_BYTES] = {0};
    memcpy(counter, master_salt, SRTP_SALT_BYTES_MAX);
    counter[LABEL_OFFSET] ^= (uint8_t)label;
    int written = 0;
    return EVP_EncryptInit_ex(cipher, NULL, NULL, NULL, counter) == 1 &&
           EVP_EncryptUpdate(cipher, out, &written, zeros, out_bytes) == 1;
}

enum status session_keys_derive(const uint8_t *master_key, const uint8_t *master_salt,
                                enum session_keys_label label, struct session_keys *session_keys)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    if (cipher == NULL)
        return STATUS_NO_MEMORY;
    struct session_keys made = {0};
    unsigned first = (unsigned)label;
    bool done = EVP_EncryptInit_ex(cipher, EVP_aes_128_ctr(), NULL, master_key, NULL) == 1 &&
                derive(cipher, master_salt, first, made.key, sizeof made.key) &&
                derive(cipher, master_salt, first + 1, made.authentication_key,
                       sizeof made.authentication_key) &&
                derive(cipher, master_salt, first + 2, made.salt, sizeof made.salt);
    if (done)
        *session_keys = made;
    OPENSSL_cleanse(&made, sizeof made);
    EVP_CIPHER_CTX_free(cipher);
    ERR_clear_error();
    return done ? STATUS_OK : STATUS_SYSTEM;
}

void session_keys_iv(enum srtp_suite suite, const uint8_t *salt, uint32_t ssrc, uint64_t index,
                     uint8_t iv[SESSION_IV_BYTES])
{
    /* GCM (RFC 7714 section 8.1): 0 0 SSRC ROC SEQ, 12 bytes.
     * CM (RFC 3711 section 4.1.1): 0 0 0 0 SSRC ROC SEQ 0 0, 16 bytes. */
    bool gcm = suite == SRTP_SUITE_AEAD_AES_128_GCM;
    struct bytes_writer writer = bytes_writer_of(iv, SESSION_IV_BYTES);
    bytes_put_zeros(&writer, gcm ? 2 : 4);
    bytes_put_u32(&writer, ssrc);
    bytes_put_u32(&writer, (uint32_t)(index >> 16));
    bytes_put_u16(&writer, (uint16_t)index);
    bytes_put_zeros(&writer, gcm ? 4 : 2);
    for (unsigned i = 0; i < (gcm ? 12U : 14U); i++)
        iv[i] ^= salt[i];
}
