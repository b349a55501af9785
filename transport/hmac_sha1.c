/* EVP's HMAC keeps some 800 bytes a key and passes several tables a call: per viewer and per packet
 * too much. SHA_CTX is the same code underneath, deprecated in favour of EVP only. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "transport/hmac_sha1.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

enum { PAD_INNER = 0x36, PAD_OUTER = 0x5C };

static void first_block(const uint8_t *key, size_t key_bytes, uint8_t pad, uint32_t state[5])
{
    uint8_t block[SHA_CBLOCK];
    memset(block, pad, sizeof block);
    for (size_t i = 0; i < key_bytes; i++)
        block[i] ^= key[i];
    SHA_CTX sha;
    SHA1_Init(&sha);
    SHA1_Update(&sha, block, sizeof block);
    const uint32_t after[5] = {sha.h0, sha.h1, sha.h2, sha.h3, sha.h4};
    memcpy(state, after, sizeof after);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(&sha, sizeof sha);
}

static void resume(SHA_CTX *sha, const uint32_t state[5])
{
    memset(sha, 0, sizeof *sha);
    sha->h0 = state[0];
    sha->h1 = state[1];
    sha->h2 = state[2];
    sha->h3 = state[3];
    sha->h4 = state[4];
    sha->Nl = SHA_CBLOCK * 8; /* bits so far */
}

void hmac_sha1_init(struct hmac_sha1 *hmac, const uint8_t *key, size_t key_bytes)
{
    first_block(key, key_bytes, PAD_INNER, hmac->inner);
    first_block(key, key_bytes, PAD_OUTER, hmac->outer);
}

void hmac_sha1_run(const struct hmac_sha1 *hmac, const uint8_t *data, size_t data_bytes,
                   const uint8_t *trailer, size_t trailer_bytes, uint8_t *out)
{
    SHA_CTX sha;
    uint8_t inner[HMAC_SHA1_BYTES];
    resume(&sha, hmac->inner);
    SHA1_Update(&sha, data, data_bytes);
    SHA1_Update(&sha, trailer, trailer_bytes);
    SHA1_Final(inner, &sha);
    resume(&sha, hmac->outer);
    SHA1_Update(&sha, inner, sizeof inner);
    SHA1_Final(out, &sha);
}
