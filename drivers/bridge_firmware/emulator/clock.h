/* Time as the emulator has it: nanoseconds of CLOCK_MONOTONIC. */
#ifndef EMULATOR_CLOCK_H
#define EMULATOR_CLOCK_H

#include <stdint.h>

typedef int64_t ns_t;

#define NS_PER_S ((ns_t)1000000000)
#define NS_PER_MS ((ns_t)1000000)
#define NS_PER_US ((ns_t)1000)
#define NEVER INT64_MAX

/* What time it is. */
ns_t clock_now(void);

static inline ns_t earlier(ns_t a, ns_t b) { return a < b ? a : b; }

/* A clock that may run off: the device's, in microseconds, as that counts them. */
struct drifting {
    ns_t since;    /* from here on it runs as it does */
    double reading; /* what it showed then, microseconds */
    double ppm;    /* how much faster than the machine's it runs, parts in a million */
};

/* What the clock shows at an instant; it wraps as the device's counter does. */
uint32_t drifting_read(const struct drifting *clock, ns_t now);

/* Let it run off by so much from now on; what it shows does not jump. */
void drifting_set(struct drifting *clock, ns_t now, double ppm);

#endif
