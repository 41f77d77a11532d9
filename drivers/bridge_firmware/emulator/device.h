/* The bridge itself: the link's core with a camera, a display and buttons that are not there. */
#ifndef EMULATOR_DEVICE_H
#define EMULATOR_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "faults.h"
#include "glassd_link.h"
#include "options.h"
#include "pictures.h"
#include "report.h"

#define HELD_MOST 2 /* pictures: one that is sent, one that is next */

struct device {
    struct gl_link link;
    struct gl_device facts;
    struct gl_size sizes[SIZES_MOST];
    struct gl_port port;
    const struct options *options;
    ns_t now; /* what happens in the core happens now */
    struct drifting clock;
    struct chance chance;
    uint32_t boot;
    uint32_t rate; /* of its UART */
    bool hangs;    /* it does nothing any more */

    struct pictures pictures;
    struct picture held[HELD_MOST]; /* bytes 0: none */
    bool camera_fails;
    struct gl_request request;
    ns_t picture_at; /* when the capture that was asked for is done; NEVER: none */

    struct screen screen;
    ns_t shown_at; /* when the screen that was asked for is shown; NEVER: it is */

    bool down[BUTTONS_MOST];
    ns_t up_at[BUTTONS_MOST]; /* when a press ends; NEVER: no press */
};

/* Make it, and start it. False where there is nothing to see: why. */
bool device_make(struct device *device, const struct options *options, uint64_t seed, ns_t now, char *why, size_t room);

/* Give back what it holds. */
void device_end(struct device *device);

/* Start it anew, as by its reset button. */
void device_boot(struct device *device, ns_t now);

/* Do what is due. */
void device_run(struct device *device, ns_t now);

/* When something is. */
ns_t device_due(const struct device *device);

/* What its clock shows. */
uint32_t device_time(const struct device *device, ns_t now);

/* A button's number by its name; -1 for none. */
int device_button(const struct device *device, const char *name);

/* A button goes down or up now. */
void device_edge(struct device *device, unsigned button, bool down, ns_t now);

#endif
