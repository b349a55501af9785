#include "signaling/web_files.h"

#include <stdlib.h>
#include <string.h>

static int compare_path(const void *key, const void *element)
{
    const char *path = key;
    const struct web_file *file = element;
    return strcmp(path, file->path);
}

const struct web_file *web_files_find(const char *path)
{
    return bsearch(path, web_files_table, web_files_table_length, sizeof web_files_table[0],
                   compare_path);
}
