/* What the emulated bridge is, and where it is found: the words of its command line. */
#ifndef EMULATOR_OPTIONS_H
#define EMULATOR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "pictures.h"
#include "port.h"

#define BUTTONS_MOST 32
#define RATES_MOST 16

#define RATE_OF_LINK UINT32_MAX /* the line has the rate that the two ends have agreed on */
#define RATE_NONE 0u            /* the line has none: bytes are there at once */

struct options {
    enum port_kind kind;
    const char *where;
    bool has_place;

    uint32_t rate; /* RATE_OF_LINK, RATE_NONE, or baud */
    bool has_rate;
    uint32_t fifo; /* bytes that the device's UART takes ahead of the line */
    uint64_t seed;
    bool has_seed;
    const char *script;
    bool draws;

    const char *name, *firmware;
    uint32_t columns, rows, screen_ms, show_ms;
    uint32_t features, delay_ms, exposure_ms, chunk;
    struct size sizes[SIZES_MOST];
    uint32_t size_count;
    const char *pictures;
    const char *buttons[BUTTONS_MOST];
    uint32_t button_count;
    uint32_t rates[RATES_MOST];
    uint32_t rate_count;
    uint32_t room, window, lowest, highest;
};

/* Read the command line. It ends the program where that asks for help (0) or has a mistake (2). Words of lists are cut up where they are. */
void options_read(struct options *options, int count, char **words);

#endif
