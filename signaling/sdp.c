#include "signaling/sdp.h"

#include <stdlib.h>
#include <string.h>

struct parser {
    struct sdp *sdp;
    struct sdp_section *section; /* that lines belong to now */
    unsigned line_count;
    unsigned attribute_count;
    const char *why;
};

static enum status fail(struct parser *parser, enum status status, const char *why)
{
    parser->why = why;
    return status;
}

bool sdp_is_token(struct text text)
{
    if (text.bytes == 0 || text.bytes > SDP_TOKEN_BYTES_MAX)
        return false;
    for (size_t i = 0; i < text.bytes; i++) {
        const char character = text.at[i];
        const bool letter_or_digit = (character >= '0' && character <= '9') ||
                                     (character >= 'A' && character <= 'Z') ||
                                     (character >= 'a' && character <= 'z');
        if (!letter_or_digit &&
            (character == '\0' || strchr("!#$%&'*+-.^_`{|}~", character) == NULL))
            return false;
    }
    return true;
}

/* RFC 8866 section 5.14: tokens joined by slashes. */
static bool is_protocol(struct text text)
{
    if (text.bytes > SDP_TOKEN_BYTES_MAX)
        return false;
    do {
        if (!sdp_is_token(text_take(&text, '/')))
            return false;
    } while (text.bytes > 0);
    return true;
}

static bool is_rtp(struct text protocol)
{
    struct text part = {NULL, 0};

    while (protocol.bytes > 0) {
        part = text_take(&protocol, '/');
        if (text_is(part, "RTP"))
            return true;
    }
    return false;
}

static bool has_payload_type(const struct sdp_section *section, uint64_t payload_type)
{
    for (unsigned i = 0; i < section->payload_type_count; i++)
        if (section->payload_types[i] == payload_type)
            return true;
    return false;
}

static enum status parse_payload_types(struct parser *parser, struct text formats)
{
    struct sdp_section *section = parser->section;

    for (struct text word = text_take_word(&formats); word.bytes > 0;
         word = text_take_word(&formats)) {
        uint64_t payload_type = 0;
        if (!text_number(word, 127, &payload_type))
            return fail(parser, STATUS_MALFORMED, "an m-line lists a bad payload type");
        if (has_payload_type(section, payload_type))
            continue;
        if (section->payload_type_count == SDP_PAYLOAD_TYPES_MAX)
            return fail(parser, STATUS_FULL, "an m-line lists more than 64 payload types");
        section->payload_types[section->payload_type_count++] = (uint8_t)payload_type;
    }
    return STATUS_OK;
}

/* m=<media> <port>["/" <count>] <protocol> <formats> */
static enum status parse_media(struct parser *parser, struct text value)
{
    if (parser->sdp->media_count == SDP_MEDIA_MAX)
        return fail(parser, STATUS_FULL, "there are more than 32 m-lines");

    struct sdp_section *section = &parser->sdp->media[parser->sdp->media_count];
    section->attributes = parser->sdp->attributes + parser->attribute_count;
    section->media = text_take_word(&value);
    struct text port = text_take_word(&value);
    section->protocol = text_take_word(&value);
    struct text formats = value;
    section->first_format = text_take_word(&value);
    parser->section = section;
    parser->sdp->media_count++;

    uint64_t number = 0;
    if (!sdp_is_token(section->media) || !text_number(text_take(&port, '/'), UINT16_MAX, &number) ||
        !is_protocol(section->protocol) || !sdp_is_token(section->first_format))
        return fail(parser, STATUS_MALFORMED, "an m-line is malformed");
    section->port = (uint16_t)number;
    return is_rtp(section->protocol) ? parse_payload_types(parser, formats) : STATUS_OK;
}

static enum status parse_attribute(struct parser *parser, struct text value)
{
    struct sdp_attribute *attribute = &parser->sdp->attributes[parser->attribute_count];

    attribute->name = text_take(&value, ':');
    attribute->value = value;
    if (!sdp_is_token(attribute->name))
        return fail(parser, STATUS_MALFORMED, "an a-line is malformed");
    parser->attribute_count++;
    parser->section->attribute_count++;
    return STATUS_OK;
}

static bool has_control_character(struct text line)
{
    for (size_t i = 0; i < line.bytes; i++) {
        const unsigned char byte = (unsigned char)line.at[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return true;
    }
    return false;
}

/* RFC 8866 section 5: which type letters there are, and that a description begins with v, o, s. */
static bool is_type_expected(const struct parser *parser, enum sdp_form form, char type)
{
    static const char first[] = "vos";

    if (form == SDP_DESCRIPTION && parser->line_count < sizeof first - 1)
        return type == first[parser->line_count];
    return type != '\0' && strchr("iuepcbtrzkam", type) != NULL;
}

static enum status parse_line(struct parser *parser, enum sdp_form form, struct text line)
{
    if (line.bytes < 2 || line.at[1] != '=')
        return fail(parser, STATUS_MALFORMED, "a line is not of the form x=value");
    if (has_control_character(line))
        return fail(parser, STATUS_MALFORMED, "a line holds control characters");
    if (!is_type_expected(parser, form, line.at[0])) {
        return fail(parser, STATUS_MALFORMED,
                    parser->line_count < 3 ? "it does not begin with v=0, o=, s="
                                           : "there is a line of an unknown type");
    }

    const struct text value = text_between(line.at + 2, line.at + line.bytes);
    switch (line.at[0]) {
    case 'v':
        return text_is(value, "0") ? STATUS_OK
                                   : fail(parser, STATUS_MALFORMED, "its version is not 0");
    case 'm':
        return parse_media(parser, value);
    case 'a':
        return parse_attribute(parser, value);
    default:
        return STATUS_OK;
    }
}

static enum status parse_lines(struct parser *parser, enum sdp_form form, struct text rest)
{
    while (rest.bytes > 0) {
        struct text line = text_take(&rest, '\n');
        if (line.bytes > 0 && line.at[line.bytes - 1] == '\r')
            line.bytes--;
        if (line.bytes == 0)
            continue; /* clients end with one line end too many */
        if (parser->line_count == SDP_LINES_MAX)
            return fail(parser, STATUS_FULL, "there are more than 2000 lines");
        enum status status = parse_line(parser, form, line);
        if (status != STATUS_OK)
            return status;
        parser->line_count++;
    }
    if (parser->line_count == 0 || (form == SDP_DESCRIPTION && parser->line_count < 3))
        return fail(parser, STATUS_MALFORMED, "it is empty");
    return STATUS_OK;
}

enum status sdp_parse(struct text text, enum sdp_form form, struct sdp **sdp, const char **why)
{
    struct parser parser = {.why = ""};

    if (text.bytes > SDP_BYTES_MAX) {
        *why = "it is larger than 64 KiB";
        return STATUS_FULL;
    }
    parser.sdp = calloc(1, sizeof *parser.sdp);
    if (parser.sdp == NULL) {
        *why = "out of memory";
        return STATUS_NO_MEMORY;
    }
    parser.section = &parser.sdp->session;
    parser.section->attributes = parser.sdp->attributes;

    enum status status = parse_lines(&parser, form, text);
    if (status != STATUS_OK) {
        *why = parser.why;
        sdp_destroy(parser.sdp);
        return status;
    }
    *sdp = parser.sdp;
    return STATUS_OK;
}

void sdp_destroy(struct sdp *sdp)
{
    free(sdp);
}

const struct sdp_attribute *sdp_find(const struct sdp_section *section, const char *name)
{
    for (unsigned i = 0; i < section->attribute_count; i++)
        if (text_is(section->attributes[i].name, name))
            return &section->attributes[i];
    return NULL;
}

const struct sdp_attribute *sdp_find_inherited(const struct sdp *sdp,
                                               const struct sdp_section *section, const char *name)
{
    const struct sdp_attribute *attribute = sdp_find(section, name);

    return attribute != NULL ? attribute : sdp_find(&sdp->session, name);
}

bool sdp_has(const struct sdp_section *section, const char *name)
{
    return sdp_find(section, name) != NULL;
}
