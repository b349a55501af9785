#include "signaling/description.h"

static json_t *codec_or_null(uint8_t codec)
{
    return codec == CODEC_NONE ? json_null() : json_string(codec_name((enum codec)codec));
}

json_t *description_of_stream(const struct directory_stream *stream)
{
    const struct directory_told *told = &stream->told;

    return json_pack("{s:s, s:s, s:b, s:b, s:b, s:{s:o, s:o}, s:[]}", "stream", stream->name,
                     "name", told->publisher_name, "live", told->live, "audio",
                     told->has[TRACK_AUDIO], "video", told->has[TRACK_VIDEO], "codec", "audio",
                     codec_or_null(told->codec[TRACK_AUDIO]), "video",
                     codec_or_null(told->codec[TRACK_VIDEO]), "layers");
}

json_t *description_of_sound(const struct sound *sound)
{
    json_t *level = sound->state != SOUND_UNKNOWN ? json_integer(sound->level_db) : json_null();

    return json_pack("{s:s, s:o}", "state", sound_state_text(sound->state), "level_db", level);
}

json_t *description_of_streams(const struct directory_room *room)
{
    json_t *streams = json_array();

    for (const struct directory_stream *stream = directory_streams(room); stream != NULL;
         stream = stream->next)
        if (stream->announced)
            json_array_append_new(streams, description_of_stream(stream));
    return streams;
}
