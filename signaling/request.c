#include "signaling/request.h"

#include <string.h>

#include "signaling/name.h"

struct request request_read(const json_t *value)
{
    struct request request = {.object = json_is_object(value) ? value : NULL};

    if (request.object != NULL) {
        if (request_text(&request, "type", 1, REQUEST_ID_POINTS_MAX, &request.type) != STATUS_OK)
            request.type = NULL;
        if (request_text(&request, "id", 1, REQUEST_ID_POINTS_MAX, &request.id) != STATUS_OK)
            request.id = NULL;
    }
    return request;
}

enum status request_text(const struct request *request, const char *key, long least, long most,
                         const char **text)
{
    const json_t *value = json_object_get(request->object, key);
    if (value == NULL || json_is_null(value))
        return STATUS_NOT_FOUND;
    const char *string = json_string_value(value);
    if (string == NULL)
        return STATUS_MALFORMED;
    const size_t bytes = json_string_length(value);
    const long points = name_count_points(string, bytes);
    if (points < least || points > most || strlen(string) != bytes)
        return STATUS_MALFORMED;
    *text = string;
    return STATUS_OK;
}

enum status request_flag(const struct request *request, const char *key, bool *flag)
{
    const json_t *value = json_object_get(request->object, key);

    if (value != NULL && !json_is_boolean(value) && !json_is_null(value))
        return STATUS_MALFORMED;
    *flag = json_is_true(value);
    return STATUS_OK;
}

json_t *request_error(const struct request *request, const char *code, const char *message)
{
    json_t *error = json_pack("{s:s, s:s, s:s, s:s?}", "type", "error", "code", code, "message",
                              message, "re", request->type);
    if (error != NULL && request->id != NULL)
        json_object_set_new(error, "id", json_string(request->id));
    return error;
}
