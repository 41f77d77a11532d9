/*
 * The bridge at the end of its line.
 *
 * It is reckoned, not lived: at each wake-up all that has happened on the line since the last one is gone through in its order, to the
 * byte, with the device's clock as it was then. So a line of any rate is right on average and in each packet's length, whatever the
 * machine does meanwhile, and only what the host sees of it waits for the next wake-up.
 */
#ifndef EMULATOR_BRIDGE_H
#define EMULATOR_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "device.h"
#include "faults.h"
#include "line.h"
#include "port.h"

#define OUT_HOLDS 65536 /* bytes that the host has not taken; what Linux buffers behind a UART */

enum way { TO_HOST = 1, FROM_HOST = 2, BOTH_WAYS = 3 };

struct bridge {
    struct device device;
    struct port port;
    const struct options *options;
    ns_t now; /* all before it has been gone through */
    struct line to_host, from_host;
    struct faults to_faults, from_faults;
    struct chance chance;
    bool was_open;
    uint32_t host_rate; /* 0: none */
    uint8_t out[OUT_HOLDS]; /* a ring */
    size_t out_first, out_held;
    uint64_t lost;   /* bytes that the host was too slow for */
    uint64_t unseen; /* bytes to a line that no host had open */
};

/* Make the bridge and its place; false: why. */
bool bridge_make(struct bridge *bridge, const struct options *options, uint64_t seed, char *why, size_t room);
void bridge_end(struct bridge *bridge);

/* Go through all that happens until now, and hand over what came of it. */
void bridge_run(struct bridge *bridge, ns_t now);

/* Take what the host has sent, and note whether it is there. */
void bridge_listen(struct bridge *bridge, ns_t now);

/* When it is to be run again, and which descriptor it waits for. */
ns_t bridge_due(const struct bridge *bridge);
struct pollfd bridge_wait(const struct bridge *bridge);

/* Pull its plug, put it in again; false where that cannot be: why. */
void bridge_unplug(struct bridge *bridge, ns_t now);
bool bridge_plug(struct bridge *bridge, ns_t now, char *why, size_t room);

/* Start it anew, in the midst of whatever it does. */
void bridge_reset(struct bridge *bridge, ns_t now);

/* So many bytes of nonsense, as of another program or a loose plug. */
void bridge_noise(struct bridge *bridge, enum way way, size_t bytes, ns_t now);

#endif
