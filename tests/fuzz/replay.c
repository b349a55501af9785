/* tests/fuzz/replay.c - runs a fuzz target over its stored seeds, without a fuzzer.
 * Each seed is given whole and cut off at every length: the commonest damage on a wire, and cheap.
 * Every input is a heap block of exactly its size, so that the address sanitizer sees one byte too
 * far. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

enum {
    SEED_MAX_BYTES = 1 << 20,
    CUT_MAX_BYTES = 4096, /* longer seeds are run whole only */
};

static uint8_t seed[SEED_MAX_BYTES];

static void run_one(const uint8_t *bytes, size_t length_bytes)
{
    uint8_t *copy = malloc(length_bytes > 0 ? length_bytes : 1);
    if (copy == NULL) {
        perror("malloc");
        exit(1);
    }
    if (length_bytes > 0)
        memcpy(copy, bytes, length_bytes);
    LLVMFuzzerTestOneInput(copy, length_bytes);
    free(copy);
}

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    size_t length_bytes = fread(seed, 1, sizeof seed, file);
    fclose(file);

    for (size_t cut = 0; length_bytes <= CUT_MAX_BYTES && cut < length_bytes; cut++)
        run_one(seed, cut);
    run_one(seed, length_bytes);
}

static size_t run_folder(const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0) {
        fprintf(stderr, "%s: %s\n", folder, strerror(errno));
        exit(1);
    }

    size_t seeds = 0;
    for (int i = 0; i < count; i++) {
        char path[4096];
        int written = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && written > 0 && (size_t)written < sizeof path) {
            run_file(path);
            seeds++;
        }
        free(entries[i]);
    }
    free(entries);
    return seeds;
}

int main(int argc, char **argv)
{
    size_t seeds = 0;
    for (int i = 1; i < argc; i++)
        seeds += run_folder(argv[i]);
    printf("%zu seeds replayed\n", seeds);
    /* A parser without a seed is a parser that nobody tests. */
    return seeds > 0 ? 0 : 1;
}
