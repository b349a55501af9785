#include "tests/signaling/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "tests/signaling/fake_media.h"

void stage_open(struct stage *stage)
{
    *stage = (struct stage){
        .config =
            {
                .media = {.ticket_deadline_ns = 15 * MONO_SECOND},
                .room_grace_ns = 30 * MONO_SECOND,
                .room_takeover = true,
                .room_chat_lines = 3,
                .guests_max = 1,
                .guests_asking_max = 2,
                .guests_interval_ns = 5 * MONO_SECOND,
                .chat_crowd = 200,
                .chat_kick_ns = 600 * MONO_SECOND,
                .limits_messages_per_second = 200,
                .limits_message_burst = 2000,
                .limits_rooms = 10,
                .limits_streams_per_room = 2,
            },
        .now_ns = MONO_SECOND,
    };
    assert_int_equal(certificate_create(&stage->certificate), STATUS_OK);
    assert_int_equal(endpoint_create(&stage->config, stage->certificate, &stage->endpoint),
                     STATUS_OK);
    stage->events = endpoint_media_events(stage->endpoint);
    endpoint_attach(stage->endpoint, fake_media_reset());
    endpoint_tick(stage->endpoint, stage->now_ns);
}

void stage_close(struct stage *stage)
{
    endpoint_destroy(stage->endpoint);
    certificate_destroy(stage->certificate);
}

void stage_wait_ms(struct stage *stage, unsigned ms)
{
    for (unsigned step = 0; step < ms; step += 100) {
        stage->now_ns += 100 * MONO_MS;
        endpoint_tick(stage->endpoint, stage->now_ns);
    }
}

void stage_give_local(struct stage *stage)
{
    stage->events.on_publisher_local(stage->events.context, fake_media.published.session,
                                     fake_media_local());
}

void stage_connect(struct stage *stage, uint64_t session)
{
    stage->events.on_connected(stage->events.context, session);
}

void stage_report(struct stage *stage, bool audio, bool video)
{
    const struct stream_report report = {
        .live = true,
        .has = {audio, video},
        .format = {{.codec = CODEC_OPUS}, {.codec = CODEC_VP8}},
        .last_packet_ns = stage->now_ns,
    };

    stage->events.on_stream_report(stage->events.context, fake_media.published.stream_id, &report);
}

void stage_closed(struct stage *stage, uint64_t session, enum media_close_reason reason)
{
    stage->events.on_closed(stage->events.context, session, reason);
}
