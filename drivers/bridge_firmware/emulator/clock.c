#include "clock.h"

#include <math.h>
#include <time.h>

ns_t clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static double exact(const struct drifting *clock, ns_t now)
{
    return clock->reading + (double)(now - clock->since) / (double)NS_PER_US * (1.0 + clock->ppm / 1e6);
}

uint32_t drifting_read(const struct drifting *clock, ns_t now)
{
    return (uint32_t)(uint64_t)fmod(floor(exact(clock, now)), 4294967296.0);
}

void drifting_set(struct drifting *clock, ns_t now, double ppm)
{
    clock->reading = exact(clock, now);
    clock->since = now;
    clock->ppm = ppm;
}
