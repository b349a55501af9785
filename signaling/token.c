#include "signaling/token.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

const char *token_bearer(const char *authorization)
{
    static const char scheme[] = "Bearer ";

    if (strncasecmp(authorization, scheme, strlen(scheme)) != 0)
        return NULL;
    authorization += strlen(scheme);
    authorization += strspn(authorization, " ");
    return authorization[0] != '\0' ? authorization : NULL;
}

enum status token_check(const char *key, const char *presented)
{
    unsigned char ours[SHA256_DIGEST_LENGTH];
    unsigned char theirs[SHA256_DIGEST_LENGTH];

    if (key[0] == '\0')
        return STATUS_OK;
    if (presented == NULL || presented[0] == '\0')
        return STATUS_NOT_FOUND;
    /* Digests, so that not even the lengths show in the time taken. */
    SHA256((const unsigned char *)key, strlen(key), ours);
    SHA256((const unsigned char *)presented, strlen(presented), theirs);
    return CRYPTO_memcmp(ours, theirs, sizeof ours) == 0 ? STATUS_OK : STATUS_DENIED;
}
