#include "bench/publish/wake.h"

#include <glib.h>

#include "core/mono.h"

struct wake {
    GSource source; /* first: GLib allocates the whole */
    void (*call)(void *context);
    void *context;
};

int64_t wake_now_ns(void)
{
    return g_get_monotonic_time() * INT64_C(1000);
}

static gboolean dispatch(GSource *source, GSourceFunc unused, gpointer unused_data)
{
    (void)unused;
    (void)unused_data;
    struct wake *wake = (struct wake *)(void *)source;
    g_source_set_ready_time(source, -1);
    wake->call(wake->context);
    return G_SOURCE_CONTINUE;
}

struct wake *wake_create(void (*call)(void *context), void *context)
{
    static GSourceFuncs functions = {.dispatch = dispatch};
    GSource *source = g_source_new(&functions, sizeof(struct wake));
    struct wake *wake = (struct wake *)(void *)source;
    wake->call = call;
    wake->context = context;
    g_source_attach(source, NULL);
    return wake;
}

void wake_destroy(struct wake *wake)
{
    if (wake != NULL) {
        g_source_destroy(&wake->source);
        g_source_unref(&wake->source);
    }
}

void wake_at(struct wake *wake, int64_t at_ns)
{
    /* Rounded up: a microsecond too early would mean a second call. */
    g_source_set_ready_time(&wake->source, at_ns == MONO_NEVER ? -1 : (at_ns + 999) / 1000);
}
