/* signaling/web_files.h - the files of web/, carried inside the program.
 * The table is generated at build time (cmake/web_files.sh) and never changes: any thread. */
#ifndef SIGNALING_WEB_FILES_H
#define SIGNALING_WEB_FILES_H

#include <stddef.h>

/* What is sent, under a content coding. */
struct web_file_form {
    const unsigned char *bytes; /* and a zero behind them */
    size_t length;
    const char *entity_tag; /* strong, quotes included: "\"1f0c...\"" */
};

struct web_file {
    const char *path; /* as in a URL, from the root: "/js/live.js" */
    const char *content_type;
    struct web_file_form plain;
    struct web_file_form gzip; /* bytes NULL: would not be shorter */
    /* Of a page that carries a script: what its Content-Security-Policy says to let that run,
     * "'sha256-...'"; else NULL. */
    const char *script_source;
};

/* In the order of strcmp of the path, then one row of zeros. */
extern const struct web_file web_files_table[];
extern const size_t web_files_table_length; /* without the row of zeros */
/* Of all files together, in hexadecimal: pages name their scripts and styles as
 * "/v/VERSION/js/...". */
extern const char web_files_version[];

/* Returns the file at exactly this path (no query, "/" is no file), or NULL. Borrowed, static. */
const struct web_file *web_files_find(const char *path);

#endif
