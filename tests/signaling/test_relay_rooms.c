#include "signaling/relay_rooms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLIENTS = 4, HEARD_CHARS_MAX = 4096 };

/* Four clients, A to D; what they heard is written down as "A created["r","A"]; ". */
static struct {
    struct relay_rooms *rooms;
    struct relay_client client[CLIENTS];
    char heard[HEARD_CHARS_MAX];
    const void *original;
    unsigned deliveries;
} stage;

static void deliver(void *context, const struct relay_event *event, struct relay_client *const *to,
                    size_t count)
{
    char *arguments =
        event->arguments != NULL ? json_dumps(event->arguments, JSON_COMPACT) : strdup("?");

    assert_ptr_equal(context, &stage);
    assert_true(count > 0);
    /* In the order of the names: the order within a delivery means nothing. */
    for (unsigned c = 0; c < CLIENTS; c++) {
        for (size_t i = 0; i < count; i++) {
            const size_t used = strlen(stage.heard);
            if (to[i] == &stage.client[c])
                (void)snprintf(stage.heard + used, HEARD_CHARS_MAX - used, "%s %s%s; ", to[i]->id,
                               event->name, arguments);
        }
    }
    stage.original = event->original;
    stage.deliveries++;
    free(arguments);
}

static void read_addresses(struct host_addresses *addresses)
{
    host_addresses_add(addresses, "127.0.0.1");
    host_addresses_add(addresses, "192.0.2.7");
    host_addresses_add(addresses, "2001:db8::1");
    host_addresses_add(addresses, "10.1.2.3");
}

static int set_up(void **state)
{
    static const char *const ids[CLIENTS] = {"A", "B", "C", "D"};
    const struct relay_settings settings = {
        .rooms_max = 3, .rooms_per_client_max = 2, .lobby_told_max = 3};
    const struct relay_outlet outlet = {
        .context = &stage, .deliver = deliver, .read_addresses = read_addresses};

    (void)state;
    memset(&stage, 0, sizeof stage);
    if (relay_rooms_create(&settings, &outlet, &stage.rooms) != STATUS_OK)
        return -1;
    for (unsigned i = 0; i < CLIENTS; i++) {
        stage.client[i].id = ids[i];
        relay_rooms_enter(stage.rooms, &stage.client[i]);
    }
    return 0;
}

static void leave(struct relay_client *client)
{
    if (client->id != NULL)
        relay_rooms_leave(stage.rooms, client);
    *client = (struct relay_client){0};
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CLIENTS; i++)
        leave(&stage.client[i]);
    assert_int_equal(relay_rooms_count(stage.rooms), 0);
    relay_rooms_destroy(stage.rooms);
    return 0;
}

static void take_event(char id, const struct relay_event *event)
{
    const struct relay_media media = {0};

    assert_true(relay_rooms_is_event(event->name, event->arguments, &media));
    json_t *error = relay_rooms_take(stage.rooms, &stage.client[id - 'A'], event);
    if (error != NULL) {
        const size_t used = strlen(stage.heard);
        (void)snprintf(stage.heard + used, HEARD_CHARS_MAX - used, "%c! %s; ", id,
                       json_string_value(json_object_get(error, "code")));
    }
    json_decref(error);
}

static void take(char id, const char *name, const char *text)
{
    json_t *arguments = json_loads(text, 0, NULL);

    assert_non_null(arguments);
    take_event(id, &(struct relay_event){.name = name, .arguments = arguments});
    json_decref(arguments);
}

struct step {
    char who;
    const char *event; /* NULL: disconnects */
    const char *arguments;
    const char *heard;
};

static void play(const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        stage.heard[0] = '\0';
        if (steps[i].event == NULL)
            leave(&stage.client[steps[i].who - 'A']);
        else
            take(steps[i].who, steps[i].event, steps[i].arguments);
        assert_string_equal(stage.heard, steps[i].heard);
    }
}

#define PLAY(steps) play(steps, sizeof(steps) / sizeof(steps)[0])
#define LOG(what) "log[[\"Message from server:\",\"Client ID " what "\"]]; "

static void relay_rooms_seats_two(void **state)
{
    static const struct step steps[] = {
        {'A', "create or join", "[\"r\"]", "A created[\"r\",\"A\"]; A " LOG("A created room r")},
        {'A', "create or join", "[\"r\"]",
         "A created[\"r\",\"A\"]; A " LOG("A is already in room r")},
        {'B', "create or join", "[\"r\"]",
         "A join[\"r\"]; B joined[\"r\",\"B\"]; A ready[\"r\"]; B ready[\"r\"]; "
         "B " LOG("B joined room r")},
        {'B', "create or join", "[\"r\"]",
         "B joined[\"r\",\"B\"]; B " LOG("B is already in room r")},
        {'C', "create or join", "[\"r\"]", "C full[\"r\"]; C " LOG("C found no place in room r")},
        {'A', NULL, "", "B bye[\"A\"]; "},
        {'B', "create or join", "[\"r\"]",
         "B joined[\"r\",\"B\"]; B " LOG("B is already in room r")},
        {'C', "create or join", "[\"r\"]",
         "B join[\"r\"]; C joined[\"r\",\"C\"]; B ready[\"r\"]; C ready[\"r\"]; "
         "C " LOG("C joined room r")},
        {'B', "bye", "[]", "C bye[\"B\"]; "},
        {'C', "bye", "[]", ""},
        {'C', "create or join", "[\"r\"]", "C created[\"r\",\"C\"]; C " LOG("C created room r")},
    };

    (void)state;
    PLAY(steps);
    assert_int_equal(relay_rooms_count(stage.rooms), 1);
}

static void relay_rooms_refuses_bad_names_and_too_many(void **state)
{
    static const struct step steps[] = {
        {'A', "create or join", "[]", "A! bad-room; "},
        {'A', "create or join", "[7]", "A! bad-room; "},
        {'A', "create or join", "[null]", "A! bad-room; "},
        {'A', "create or join", "[\"\"]", "A! bad-room; "},
        {'A', "create or join", "[\"a/b\"]", "A! bad-room; "},
        {'A', "create or join", "[\"直播间1\"]",
         "A created[\"直播间1\",\"A\"]; A " LOG("A created room 直播间1")},
        {'A', "create or join", "[\"2\"]", "A created[\"2\",\"A\"]; A " LOG("A created room 2")},
        {'A', "create or join", "[\"3\"]", "A! full; "}, /* rooms_per_client_max */
        {'B', "create or join", "[\"3\"]", "B created[\"3\",\"B\"]; B " LOG("B created room 3")},
        {'B', "create or join", "[\"4\"]", "B! full; "}, /* rooms_max */
        {'A', "create or join", "[\"2\"]",
         "A created[\"2\",\"A\"]; A " LOG("A is already in room 2")},
    };

    (void)state;
    PLAY(steps);
}

static void relay_rooms_passes_messages_on(void **state)
{
    static const struct step steps[] = {
        {'A', "create or join", "[\"r\"]", "A created[\"r\",\"A\"]; A " LOG("A created room r")},
        {'A', "message", "[1]", ""},
        /* The lobby: texts that are objects become objects, and nothing else changes. */
        {'B', "message", "[\"{\\\"type\\\":\\\"offer\\\"}\",\"[1]\",\"got\",{\"a\":[1.5,null]}]",
         "C message[{\"type\":\"offer\"},\"[1]\",\"got\",{\"a\":[1.5,null]}]; "
         "D message[{\"type\":\"offer\"},\"[1]\",\"got\",{\"a\":[1.5,null]}]; "},
        {'B', "offer", "[\"{}\"]", "C offer[{}]; D offer[{}]; "},
        {'B', "message", "[\"{\\\"id\\\":12345678901234567890}\"]",
         "C message[{\"id\":1.2345678901234567e19}]; D message[{\"id\":1.2345678901234567e19}]; "},
        {'B', "message", "[]", "C message[]; D message[]; "},
        {'B', "create or join", "[\"r\"]",
         "A join[\"r\"]; B joined[\"r\",\"B\"]; A ready[\"r\"]; B ready[\"r\"]; "
         "B " LOG("B joined room r")},
        {'A', "message", "[\"{\\\"type\\\":1}\",true]", "B message[\"{\\\"type\\\":1}\",true]; "},
        {'A', "offer", "[{\"sdp\":\"v=0\"}]", "B offer[{\"sdp\":\"v=0\"}]; "},
        {'B', "answer", "[{\"sdp\":\"v=0\"}]", "A answer[{\"sdp\":\"v=0\"}]; "},
        {'B', "candidate", "[null]", "A candidate[null]; "},
        {'C', "message", "[\"x\"]", "D message[\"x\"]; "},
        {'C', "create or join", "[\"s\"]", "C created[\"s\",\"C\"]; C " LOG("C created room s")},
        {'A', "create or join", "[\"s\"]",
         "C join[\"s\"]; A joined[\"s\",\"A\"]; A ready[\"s\"]; C ready[\"s\"]; "
         "A " LOG("A joined room s")},
        {'A', "message", "[\"x\"]", "B message[\"x\"]; C message[\"x\"]; "},
        {'A', "bye", "[]", "B bye[\"A\"]; C bye[\"A\"]; "},
        {'A', "message", "[\"x\"]", "D message[\"x\"]; "},
        {'A', NULL, "", "D bye[\"A\"]; "},
    };

    (void)state;
    PLAY(steps);
}

static void relay_rooms_tells_each_once_when_two_rooms_are_shared(void **state)
{
    static const char *const rooms[] = {"[\"r\"]", "[\"s\"]"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        take('A', "create or join", rooms[i]);
        take('B', "create or join", rooms[i]);
    }
    stage.heard[0] = '\0';
    take('A', "message", "[1]");
    assert_string_equal(stage.heard, "B message[1]; ");
    stage.heard[0] = '\0';
    leave(&stage.client[0]);
    assert_string_equal(stage.heard, "B bye[\"A\"]; ");
}

static void relay_rooms_passes_events_on_as_they_came(void **state)
{
    static const struct {
        const char *arguments; /* NULL: cannot be read */
        bool binary;
        bool as_it_came;
        const char *heard;
    } cases[] = {
        {"[\"{\\\"a\\\":1}\"]", false, false, "B message[{\"a\":1}]; "},
        {"[\"{}x\",1]", false, true, "B message[\"{}x\",1]; "},
        /* An object beside binary data could pass for the mark of some. */
        {"[\"{\\\"a\\\":1}\"]", true, true, "B message[\"{\\\"a\\\":1}\"]; "},
        {NULL, false, true, "B message?; "},
    };

    (void)state;
    leave(&stage.client[2]);
    leave(&stage.client[3]);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *arguments =
            cases[i].arguments != NULL ? json_loads(cases[i].arguments, 0, NULL) : NULL;
        stage.heard[0] = '\0';
        stage.deliveries = 0;
        take_event('A', &(struct relay_event){.name = "message",
                                              .arguments = arguments,
                                              .original = &cases[i],
                                              .binary = cases[i].binary});
        assert_string_equal(stage.heard, cases[i].heard);
        assert_ptr_equal(stage.original, cases[i].as_it_came ? &cases[i] : NULL);
        assert_int_equal(stage.deliveries, 1);
        json_decref(arguments);
    }
}

static void relay_rooms_announces_no_leaver_to_a_crowd(void **state)
{
    static const struct step steps[] = {
        {'A', NULL, "", ""}, /* four are more than lobby_told_max */
        {'B', NULL, "", "C bye[\"B\"]; D bye[\"B\"]; "},
        {'C', "bye", "[]", "D bye[\"C\"]; "},
        {'C', NULL, "", "D bye[\"C\"]; "},
    };

    (void)state;
    PLAY(steps);
}

static void relay_rooms_names_the_servers_addresses(void **state)
{
    (void)state;
    take('B', "ipaddr", "[]");
    assert_string_equal(stage.heard, "B ipaddr[\"192.0.2.7\"]; B ipaddr[\"10.1.2.3\"]; ");
}

static bool is_open(void *context, const char *id)
{
    (void)context;
    return strcmp(id, "open") == 0;
}

static void relay_rooms_leaves_section_3_its_events(void **state)
{
    static const struct {
        const char *name;
        const char *arguments;
        bool joined;
        bool ours;
    } cases[] = {
        {"create or join", "[]", true, true},
        {"message", "[{\"publish\":\"main\"}]", true, true},
        {"ipaddr", "[]", false, true},
        {"offer", "[{\"sdp\":\"\",\"type\":\"offer\"}]", true, true},
        {"offer", "[]", true, true},
        {"offer", "[{\"publish\":\"main\"}]", false, false},
        {"offer", "[{\"subscribe\":\"main\"}]", false, false},
        {"offer", "[{\"id\":\"open\"}]", true, false},
        {"offer", "[{\"id\":\"shut\"}]", true, true},
        {"answer", "[{\"id\":\"open\"}]", true, true},
        {"candidate", "[{\"id\":\"shut\"}]", false, true},
        {"candidate", "[{\"id\":\"open\"}]", false, false},
        {"candidate", "[{\"candidate\":\"\"}]", true, false},
        {"bye", "[]", true, true},
        {"bye", "[\"A\"]", true, true},
        {"bye", "[{\"id\":\"shut\"}]", false, false},
        {"join", "[]", false, false},
        {"chat", "[]", false, false},
        {"", "[]", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct relay_media media = {.joined = cases[i].joined, .is_open = is_open};
        json_t *arguments = json_loads(cases[i].arguments, 0, NULL);
        assert_int_equal(relay_rooms_is_event(cases[i].name, arguments, &media), cases[i].ours);
        json_decref(arguments);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(relay_rooms_seats_two, set_up, tear_down),
        cmocka_unit_test_setup_teardown(relay_rooms_refuses_bad_names_and_too_many, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(relay_rooms_passes_messages_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(relay_rooms_tells_each_once_when_two_rooms_are_shared,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(relay_rooms_passes_events_on_as_they_came, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(relay_rooms_announces_no_leaver_to_a_crowd, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(relay_rooms_names_the_servers_addresses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(relay_rooms_leaves_section_3_its_events, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
