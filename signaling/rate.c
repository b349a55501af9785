#include "signaling/rate.h"

#include "core/mono.h"

void rate_init(struct rate *rate, unsigned per_second, unsigned burst, int64_t now_ns)
{
    *rate = (struct rate){
        .per_second = per_second,
        .burst = burst,
        .tokens = burst,
        .filled_ns = now_ns,
    };
}

static bool take(struct rate *rate, int64_t now_ns)
{
    const double elapsed_s = (double)(now_ns - rate->filled_ns) / (double)MONO_SECOND;

    rate->filled_ns = now_ns;
    rate->tokens += elapsed_s * rate->per_second;
    if (rate->tokens > rate->burst)
        rate->tokens = rate->burst;
    if (rate->tokens < 1)
        return false;
    rate->tokens -= 1;
    return true;
}

enum rate_verdict rate_take(struct rate *rate, int64_t now_ns)
{
    if (rate->per_second == 0 || take(rate, now_ns))
        return RATE_PASS;
    if (rate->flood_began_ns == 0 || now_ns - rate->refused_last_ns > mono_from_ms(RATE_PAUSE_MS))
        rate->flood_began_ns = now_ns;
    rate->refused_last_ns = now_ns;
    if (now_ns - rate->flood_began_ns >= mono_from_ms(RATE_FLOOD_MS))
        return RATE_CLOSE;
    if (rate->told_ns != 0 && now_ns - rate->told_ns < mono_from_ms(RATE_TELL_MS))
        return RATE_REFUSE_MUTE;
    rate->told_ns = now_ns;
    return RATE_REFUSE;
}
