#include "signaling/hook_body.h"

#include <glib.h>
#include <inttypes.h>
#include <jansson.h>

char *hook_body_of_beginning(enum hook hook, const char *server_id,
                             const struct hooks_visitor *visitor)
{
    char *agent = g_utf8_make_valid(visitor->user_agent, -1);
    char client[24];

    (void)g_snprintf(client, sizeof client, "%" PRIu64, visitor->session);
    /* client_id, ip and app are SRS's names for session, address and room. */
    json_t *object = json_pack(
        "{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "action",
        hooks_name(hook), "server_id", server_id, "session", (json_int_t)visitor->session,
        "client_id", client, "room", visitor->room, "app", visitor->room, "stream", visitor->stream,
        "via", session_via_text(visitor->via), "address", visitor->address, "ip", visitor->address,
        "name", visitor->name, "subject", visitor->subject, "user_agent", agent);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    g_free(agent);
    json_decref(object);
    return text;
}

char *hook_body_of_end(enum hook hook, const char *beginning, const char *reason)
{
    json_t *object = json_loads(beginning, 0, NULL);
    char *text = NULL;

    if (object != NULL &&
        json_object_set_new(object, "action", json_string(hooks_name(hook))) == 0 &&
        json_object_set_new(object, "reason", json_string(reason)) == 0)
        text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}
