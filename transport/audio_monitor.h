/* transport/audio_monitor.h - the audio monitor's thread: it listens to every published stream that
 * has sound, off the packets' way, and says how loud it is (sound_meter.h). It sleeps a tenth of a
 * second at a time and for good while no stream has sound; it yields to all other threads, and what
 * it is too slow for is dropped and counted.
 * Thread: created, started, stopped and destroyed on main; the rest says its own. */
#ifndef TRANSPORT_AUDIO_MONITOR_H
#define TRANSPORT_AUDIO_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/packet.h"
#include "core/stats.h"
#include "core/status.h"
#include "transport/sound_meter.h"

enum {
    AUDIO_MONITOR_RING_PACKETS = 2048, /* that it may hold back from the pool */
    AUDIO_MONITOR_TURN_MS = 100,
    AUDIO_MONITOR_TELL_MS = 1000, /* a level that changed; a state is told at once */
};

struct audio_monitor_settings {
    int64_t silent_ns; /* silence is told after so long */
    /* On its own thread: the state changed, or the level did. A stream that is over is unknown. */
    void (*on_sound)(void *context, uint32_t stream_id, const struct sound *sound);
    void *context;
};

struct audio_monitor;

/* settings are copied. */
MUST_CHECK enum status audio_monitor_create(const struct audio_monitor_settings *settings,
                                            struct audio_monitor **monitor);
MUST_CHECK enum status audio_monitor_start(struct audio_monitor *monitor);
/* After the ingest thread: joins the thread and lets all packets go. */
void audio_monitor_stop(struct audio_monitor *monitor);
/* Stops it too. NULL is allowed. */
void audio_monitor_destroy(struct audio_monitor *monitor);

/* Ingest. The stream's broadcaster may send sound from now on; it begins anew. */
void audio_monitor_begin(struct audio_monitor *monitor, uint32_t stream_id);
void audio_monitor_end(struct audio_monitor *monitor, uint32_t stream_id);
/* Ingest. Takes a reference of its own; false: full, dropped. Never waits. */
bool audio_monitor_push(struct audio_monitor *monitor, struct packet *packet);

/* What the thread does each time; for tests, which do not start it. Returns whether any stream is
 * listened to. */
bool audio_monitor_turn(struct audio_monitor *monitor, int64_t now_ns);

/* Any thread. */
const struct stats *audio_monitor_stats(const struct audio_monitor *monitor);

#endif
