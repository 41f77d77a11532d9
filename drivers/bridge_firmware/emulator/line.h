/*
 * One direction of a serial line: bytes one after another, 8N1, on a schedule that is counted and not added up, so that it is exact
 * however often it is looked at.
 */
#ifndef EMULATOR_LINE_H
#define EMULATOR_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"

#define LINE_BITS 10    /* of a byte: start, eight, stop */
#define LINE_HOLDS 4096 /* bytes; a power of two; what Linux buffers before a UART */

struct line {
    uint8_t bytes[LINE_HOLDS]; /* a ring */
    size_t first, held;
    uint32_t rate;     /* baud; 0: a line without a rate, what is put in is out */
    ns_t origin;       /* bytes are counted from here */
    uint64_t out;      /* bytes that are out since the origin */
    ns_t stalled;      /* until then nothing moves */
    uint64_t carried;  /* bytes that are out since the start */
};

/* The line has this rate from now on. A byte that is being sent begins once more. */
void line_set_rate(struct line *line, uint32_t rate, ns_t now);

/* Nothing moves for so long. */
void line_stall(struct line *line, ns_t now, ns_t duration);

/* Put bytes behind those that are on it, at most as many as there is room for. */
void line_put(struct line *line, const uint8_t *bytes, size_t n, ns_t now);

static inline size_t line_room(const struct line *line) { return LINE_HOLDS - line->held; }

/* When the `n`th of the bytes on it is out to its last bit. */
ns_t line_out_at(const struct line *line, size_t n);

/* How many of the bytes on it are out by now. */
size_t line_out_by(const struct line *line, ns_t now);

/* How many bytes there are up to and with the first 00 of the first `most`; 0 for none. */
size_t line_to_zero(const struct line *line, size_t most);

/* Take bytes that are out: into `into`. */
void line_take(struct line *line, uint8_t *into, size_t n);

/* Forget what is on it. */
void line_clear(struct line *line);

#endif
