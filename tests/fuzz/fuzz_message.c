/* The input is a sequence of text frames, divided by line ends, sent by three clients in turn to
 * one server; a line that is a single letter plays the media plane or the network instead: 'a'
 * answers the last publish, 'f' fails it, 'c' connects it, 'e' ends it, 't' lets 10 s pass, 'l'
 * loses the client's socket, 'd' drains. What comes back is not looked at: nothing may crash or
 * leak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/mono.h"
#include "signaling/message.h"
/* A fuzz target is one file, and links nothing of the tests. */
#include "tests/signaling/fake_media.c" /* NOLINT(bugprone-suspicious-include) */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

enum { CLIENTS = 3 };

struct socket {
    void *record;
};

static const struct socket_handler *const handler = &message_socket_handler;

void *socket_record(const struct socket *socket)
{
    return socket->record;
}

const char *socket_path(const struct socket *socket)
{
    (void)socket;
    return "/ws";
}

const char *socket_peer(const struct socket *socket)
{
    (void)socket;
    return "192.0.2.1";
}

const char *socket_user_agent(const struct socket *socket)
{
    (void)socket;
    return "";
}

void socket_send(struct socket *socket, const char *text, size_t text_bytes)
{
    (void)socket;
    if (text[0] != '{' || text[text_bytes - 1] != '}')
        abort();
}

void socket_send_shared(struct socket *socket, struct shared_text *text)
{
    socket_send(socket, shared_text_get(text), text->bytes);
}

void socket_offer_shared(struct socket *socket, struct shared_text *text)
{
    socket_send_shared(socket, text);
}

void socket_close(struct socket *socket, unsigned code, const char *reason)
{
    (void)socket;
    (void)code;
    (void)reason;
}

struct scene {
    struct config config;
    struct endpoint *endpoint;
    struct media_events events;
    int64_t now_ns;
    struct socket clients[CLIENTS];
};

static void play(struct scene *scene, struct socket *client, char what)
{
    void *context = scene->events.context;
    const uint64_t session = fake_media.published.session;

    switch (what) {
    case 'a':
        scene->events.on_publisher_local(context, session, fake_media_local());
        break;
    case 'f':
        scene->events.on_publisher_local(context, session, NULL);
        break;
    case 'c':
        scene->events.on_connected(context, session);
        break;
    case 'e':
        scene->events.on_closed(context, session, MEDIA_CLOSED_CONSENT);
        break;
    case 'l':
        handler->on_close(client);
        client->record = handler->on_open(client);
        break;
    case 'd':
        endpoint_drain(scene->endpoint);
        break;
    default:
        scene->now_ns += 10 * MONO_SECOND;
        endpoint_tick(scene->endpoint, scene->now_ns);
        break;
    }
}

static void run(struct scene *scene, const char *text, size_t text_bytes)
{
    unsigned turn = 0;

    while (text_bytes > 0) {
        const char *end = memchr(text, '\n', text_bytes);
        const size_t line_bytes = end != NULL ? (size_t)(end - text) : text_bytes;
        struct socket *client = &scene->clients[turn++ % CLIENTS];

        if (line_bytes == 1)
            play(scene, client, text[0]);
        else
            handler->on_text(client, text, line_bytes);
        text += line_bytes + (end != NULL);
        text_bytes -= line_bytes + (end != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    static struct certificate *certificate;
    static struct scene scene;

    if (certificate == NULL && certificate_create(&certificate) != STATUS_OK)
        abort();
    scene = (struct scene){
        .config = {.room_grace_ns = 15 * MONO_SECOND,
                   .room_takeover = true,
                   .room_chat_lines = 2,
                   .guests_max = 1,
                   .guests_asking_max = 2,
                   .guests_interval_ns = 5 * MONO_SECOND,
                   .chat_crowd = 1,
                   .chat_kick_ns = MONO_SECOND,
                   .limits_messages_per_second = 200,
                   .limits_message_burst = 2000,
                   .limits_rooms = 2,
                   .limits_streams_per_room = 2},
        .now_ns = MONO_SECOND,
    };
    if (endpoint_create(&scene.config, certificate, &scene.endpoint) != STATUS_OK)
        abort();
    scene.events = endpoint_media_events(scene.endpoint);
    endpoint_attach(scene.endpoint, fake_media_reset());
    endpoint_tick(scene.endpoint, scene.now_ns);
    if (message_start(scene.endpoint) != STATUS_OK)
        abort();
    for (unsigned i = 0; i < CLIENTS; i++)
        scene.clients[i].record = handler->on_open(&scene.clients[i]);
    run(&scene, (const char *)bytes, length_bytes);
    for (unsigned i = 0; i < CLIENTS; i++)
        handler->on_close(&scene.clients[i]);
    message_stop();
    endpoint_destroy(scene.endpoint);
    return 0;
}
