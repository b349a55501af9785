#include "signaling/description.h"

#include <string.h>

/* Of text and names: as JSON six times that at worst, which a socket's queue must hold. */
enum { HISTORY_BYTES_MAX = 32 * 1024 };

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

json_t *description_of_streams(const struct directory_room *room)
{
    json_t *streams = json_array();

    for (const struct directory_stream *stream = directory_streams(room); stream != NULL;
         stream = stream->next)
        if (stream->announced)
            json_array_append_new(streams, description_of_stream(stream));
    return streams;
}

json_t *description_of_chat(const struct directory_chat *line)
{
    return json_pack("{s:s, s:s, s:s, s:I}", "from", line->from, "name", line->name, "text",
                     line->text, "at", (json_int_t)line->at_ms);
}

/* The first line from which all the rest fit into HISTORY_BYTES_MAX. */
static unsigned first_line(const struct directory_room *room)
{
    const struct directory_chat *line;
    size_t bytes = 0;
    unsigned count = 0;

    while (directory_chat_line(room, count) != NULL)
        count++;
    while (count > 0) {
        line = directory_chat_line(room, count - 1);
        bytes += strlen(line->text) + strlen(line->name);
        if (bytes > HISTORY_BYTES_MAX)
            break;
        count--;
    }
    return count;
}

json_t *description_of_history(const struct directory_room *room)
{
    json_t *lines = json_array();
    const struct directory_chat *line;

    for (unsigned i = first_line(room); (line = directory_chat_line(room, i)) != NULL; i++)
        json_array_append_new(lines, description_of_chat(line));
    return lines;
}
