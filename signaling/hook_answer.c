#include "signaling/hook_answer.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

static bool is_space(char character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

static void trim(const char **text, size_t *bytes)
{
    while (*bytes > 0 && is_space((*text)[0])) {
        (*text)++;
        (*bytes)--;
    }
    while (*bytes > 0 && is_space((*text)[*bytes - 1]))
        (*bytes)--;
}

/* Copies a text of valid UTF-8, cut between two code points. C0 and C1 controls become spaces: the
 * reason goes into problem documents, dialogs and logs. */
static void copy_reason(const char *text, char reason[HOOK_REASON_BYTES_MAX + 1])
{
    size_t bytes = strlen(text);

    if (bytes > HOOK_REASON_BYTES_MAX) {
        bytes = HOOK_REASON_BYTES_MAX;
        while (bytes > 0 && ((unsigned char)text[bytes] & 0xc0) == 0x80)
            bytes--;
    }
    memcpy(reason, text, bytes);
    reason[bytes] = '\0';
    for (size_t i = 0; i < bytes; i++) {
        const unsigned char byte = (unsigned char)reason[i];

        if (byte < 0x20 || byte == 0x7f)
            reason[i] = ' ';
        else if (byte == 0xc2 && (unsigned char)reason[i + 1] < 0xa0)
            reason[i] = reason[i + 1] = ' ';
    }
}

static void read_reason(const json_t *object, char reason[HOOK_REASON_BYTES_MAX + 1])
{
    static const char *const keys[] = {"reason", "msg", "message"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *text = json_string_value(json_object_get(object, keys[i]));

        if (text != NULL && text[0] != '\0') {
            copy_reason(text, reason);
            return;
        }
    }
}

/* The verdict of a status alone. */
static enum hook_result result_of_status(unsigned status)
{
    if (status >= 400 && status < 500)
        return HOOK_REFUSED;
    return status >= 500 && status < 600 ? HOOK_UNREACHABLE : HOOK_RUBBISH;
}

/* 0 as such, or the code of an object; false: there is none. */
static bool read_code(const json_t *value, json_int_t *code)
{
    const json_t *number = json_is_object(value) ? json_object_get(value, "code") : value;

    if (!json_is_integer(number))
        return false;
    *code = json_integer_value(number);
    return true;
}

void hook_answer_read(unsigned status, const char *body, size_t body_bytes,
                      struct hook_answer *answer)
{
    const bool good = status >= 200 && status < 300;
    json_int_t code;

    *answer = (struct hook_answer){.result = result_of_status(status)};
    trim(&body, &body_bytes);
    if (good && body_bytes == 0) {
        answer->result = HOOK_OK;
        return;
    }
    json_t *value = json_loadb(body, body_bytes, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (read_code(value, &code)) {
        if (code != 0)
            answer->result = HOOK_REFUSED;
        else if (good)
            answer->result = HOOK_OK;
    }
    if (answer->result == HOOK_REFUSED)
        read_reason(value, answer->reason);
    json_decref(value);
}

const char *hook_result_text(enum hook_result result)
{
    switch (result) {
    case HOOK_OK:
        return "ok";
    case HOOK_REFUSED:
        return "refused";
    case HOOK_TIMEOUT:
        return "timeout";
    case HOOK_UNREACHABLE:
        return "unreachable";
    case HOOK_RUBBISH:
        return "rubbish";
    case HOOK_SHED:
        return "shed";
    case HOOK_RESULT_COUNT:
        break;
    }
    return "";
}
