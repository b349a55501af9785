/* tests/fuzz/fuzz_stun.c - STUN as it comes: reading, libnice's validation, answering. Each input
 * that reads is tried a second time with right integrity and fingerprint, as an authenticated peer
 * with bad manners would send it. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "transport/stun_check.h"

static const char username[] = "ours:theirs";
static const char password[] = "a-password-of-24-chars..";

enum { HEADER_BYTES = 20, INTEGRITY_BYTES = 24, FINGERPRINT_BYTES = 8 };

static uint32_t crc32(const uint8_t *data, size_t bytes)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void set_length(uint8_t *datagram, size_t bytes)
{
    datagram[2] = (uint8_t)((bytes - HEADER_BYTES) >> 8);
    datagram[3] = (uint8_t)(bytes - HEADER_BYTES);
}

/* Writes what the first MESSAGE-INTEGRITY and the last attribute, a FINGERPRINT, must hold. */
static void sign(uint8_t *datagram, size_t bytes)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned digest_bytes = sizeof digest;
    size_t at = HEADER_BYTES;

    while (at + 4 <= bytes && !(datagram[at] == 0 && datagram[at + 1] == 8))
        at += 4 + (((size_t)datagram[at + 2] << 8 | datagram[at + 3]) + 3) / 4 * 4;
    if (at + INTEGRITY_BYTES + FINGERPRINT_BYTES > bytes)
        return;
    set_length(datagram, at + INTEGRITY_BYTES);
    HMAC(EVP_sha1(), password, (int)strlen(password), datagram, at, digest, &digest_bytes);
    memcpy(datagram + at + 4, digest, digest_bytes);
    set_length(datagram, bytes);
    const uint32_t fingerprint = crc32(datagram, bytes - FINGERPRINT_BYTES) ^ 0x5354554e;
    for (unsigned i = 0; i < 4; i++)
        datagram[bytes - 4 + i] = (uint8_t)(fingerprint >> (24 - 8 * i));
}

static void serve(struct stun_checker *checker, const uint8_t *datagram, size_t bytes)
{
    static const struct address from = {.ip = {[15] = 1}, .port = 7000};
    uint8_t answer[STUN_CHECK_ANSWER_BYTES_MAX];
    size_t answer_bytes = 0;
    bool accepted = false;
    struct stun_check check;

    if (stun_check_read(datagram, bytes, &check) == STATUS_OK &&
        stun_checker_answer(checker, &check, username, password, &from, answer, &answer_bytes,
                            &accepted) == STATUS_OK &&
        answer_bytes > sizeof answer)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    static struct stun_checker *checker;
    uint8_t signed_copy[STUN_CHECK_BYTES_MAX];
    struct stun_check check;

    if (checker == NULL && stun_checker_create(&checker) != STATUS_OK)
        return 0;
    serve(checker, bytes, length_bytes);
    if (stun_check_read(bytes, length_bytes, &check) != STATUS_OK)
        return 0;
    memcpy(signed_copy, bytes, length_bytes);
    sign(signed_copy, length_bytes);
    serve(checker, signed_copy, length_bytes);
    return 0;
}
