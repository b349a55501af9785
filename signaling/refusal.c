#include "signaling/refusal.h"

#include <stdarg.h>
#include <stdio.h>

enum status refusal_write(struct negotiate_refusal *refusal, enum status status, const char *format,
                          ...)
{
    va_list arguments;

    refusal->unsupported = status == STATUS_UNSUPPORTED;
    va_start(arguments, format);
    /* clang-tidy 14 loses va_start once it has read another file with one in the same run. */
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    vsnprintf(refusal->why, sizeof refusal->why, format, arguments);
    va_end(arguments);
    return status;
}
