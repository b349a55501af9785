/* tests/fuzz/fuzz_stun.c - a stranger's STUN: reading, libnice's validation, answering. */
#include <stddef.h>
#include <stdint.h>

#include "transport/stun_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    static struct stun_checker *checker;
    static const struct address from = {.ip = {[15] = 1}, .port = 7000};
    uint8_t answer[STUN_CHECK_ANSWER_BYTES_MAX];
    size_t answer_bytes = 0;
    bool accepted = false;
    struct stun_check check;

    if (checker == NULL && stun_checker_create(&checker) != STATUS_OK)
        return 0;
    if (stun_check_read(bytes, length_bytes, &check) != STATUS_OK)
        return 0;
    if (stun_checker_answer(checker, &check, "ours:theirs", "a-password-of-24-chars..", &from,
                            answer, &answer_bytes, &accepted) == STATUS_OK &&
        answer_bytes > sizeof answer)
        __builtin_trap();
    return 0;
}
