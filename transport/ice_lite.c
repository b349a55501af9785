#include "transport/ice_lite.h"

#include <stdlib.h>
#include <string.h>

/* One allocation for both strings: a viewer keeps no 256-byte arrays for 13 characters. */
static enum status copy_credentials(const struct ice_credentials *local, const char *remote_ufrag,
                                    char **username, char **password)
{
    const size_t ours = strlen(local->ufrag);
    const size_t theirs = strlen(remote_ufrag);
    const size_t secret = strlen(local->password);
    char *text = malloc(ours + 1 + theirs + 1 + secret + 1);

    if (text == NULL)
        return STATUS_NO_MEMORY;
    memcpy(text, local->ufrag, ours);
    text[ours] = ':';
    memcpy(text + ours + 1, remote_ufrag, theirs + 1);
    *username = text;
    *password = text + ours + 1 + theirs + 1;
    memcpy(*password, local->password, secret + 1);
    return STATUS_OK;
}

enum status ice_lite_init(struct ice_lite *ice, const struct ice_credentials *local,
                          const char *remote_ufrag)
{
    struct ice_lite made = {.selected = ICE_LITE_NONE};
    const enum status status =
        copy_credentials(local, remote_ufrag, &made.username, &made.password);

    if (status == STATUS_OK)
        *ice = made;
    return status;
}

void ice_lite_close(struct ice_lite *ice)
{
    if (ice->password != NULL)
        explicit_bzero(ice->password, strlen(ice->password));
    free(ice->username);
    ice->username = NULL;
    ice->password = NULL;
}

enum status ice_lite_restart(struct ice_lite *ice, const struct ice_credentials *local,
                             const char *remote_ufrag)
{
    char *username = NULL;
    char *password = NULL;
    const enum status status = copy_credentials(local, remote_ufrag, &username, &password);

    if (status != STATUS_OK)
        return status;
    ice_lite_close(ice);
    ice->username = username;
    ice->password = password;
    ice->nominated = false;
    return STATUS_OK;
}

bool ice_lite_has_user(const struct ice_lite *ice, const char *username, size_t username_chars)
{
    return strlen(ice->username) == username_chars &&
           memcmp(ice->username, username, username_chars) == 0;
}

static bool is_used(const struct ice_tuple *tuple)
{
    return tuple->checked_ns != 0;
}

static int find_tuple(const struct ice_lite *ice, const struct path *path)
{
    for (int i = 0; i < ICE_LITE_TUPLES_MAX; i++)
        if (is_used(&ice->tuples[i]) && path_equal(&ice->tuples[i].path, path))
            return i;
    return ICE_LITE_NONE;
}

/* A free tuple, else the one that was silent longest; never the one in use. */
static int make_room(const struct ice_lite *ice)
{
    int oldest = ICE_LITE_NONE;

    for (int i = 0; i < ICE_LITE_TUPLES_MAX; i++)
        if (i != ice->selected &&
            (oldest == ICE_LITE_NONE || ice->tuples[i].checked_ns < ice->tuples[oldest].checked_ns))
            oldest = i;
    return oldest;
}

/* RFC 8445 section 8.1.1 leaves it to the controlling side: USE-CANDIDATE decides. Before, and when
 * the pair in use went silent, the pair that was checked is the best there is. */
static bool should_select(const struct ice_lite *ice, bool use_candidate, int64_t now_ns)
{
    if (use_candidate || ice->selected == ICE_LITE_NONE)
        return true;
    return now_ns - ice->tuples[ice->selected].checked_ns > ICE_LITE_SILENCE_NS;
}

bool ice_lite_on_check(struct ice_lite *ice, const struct path *path, bool use_candidate,
                       int64_t now_ns, struct path *evicted)
{
    int number = find_tuple(ice, path);
    const bool is_new = number == ICE_LITE_NONE;

    if (is_new) {
        number = make_room(ice);
        *evicted = ice->tuples[number].path;
        if (!is_used(&ice->tuples[number]))
            memset(evicted, 0, sizeof *evicted);
    }
    struct ice_tuple *tuple = &ice->tuples[number];
    tuple->path = *path; /* our address may have changed too */
    if (number != ice->selected && should_select(ice, use_candidate, now_ns))
        ice->selected = (int8_t)number;
    ice->nominated = ice->nominated || use_candidate;
    tuple->checked_ns = now_ns;
    return is_new;
}

const struct path *ice_lite_path(const struct ice_lite *ice)
{
    return ice->selected == ICE_LITE_NONE ? NULL : &ice->tuples[ice->selected].path;
}

/* The pair in use is gone: on to the one that was checked last. */
static void select_freshest(struct ice_lite *ice)
{
    int freshest = ICE_LITE_NONE;

    for (int i = 0; i < ICE_LITE_TUPLES_MAX; i++)
        if (is_used(&ice->tuples[i]) &&
            (freshest == ICE_LITE_NONE ||
             ice->tuples[i].checked_ns > ice->tuples[freshest].checked_ns))
            freshest = i;
    ice->selected = (int8_t)freshest;
}

static void remove_tuple(struct ice_lite *ice, int number)
{
    memset(&ice->tuples[number], 0, sizeof ice->tuples[number]);
    if (ice->selected == number)
        select_freshest(ice);
}

void ice_lite_forget(struct ice_lite *ice, const struct path *path)
{
    const int number = find_tuple(ice, path);

    if (number != ICE_LITE_NONE)
        remove_tuple(ice, number);
}

bool ice_lite_expire_one(struct ice_lite *ice, int64_t before_ns, struct path *expired)
{
    for (int i = 0; i < ICE_LITE_TUPLES_MAX; i++) {
        if (is_used(&ice->tuples[i]) && ice->tuples[i].checked_ns < before_ns) {
            *expired = ice->tuples[i].path;
            remove_tuple(ice, i);
            return true;
        }
    }
    return false;
}

bool ice_lite_is_empty(const struct ice_lite *ice)
{
    return ice->selected == ICE_LITE_NONE;
}
