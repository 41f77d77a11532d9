/* What happens, told: a line of JSON each, or the screen drawn for a person with the latest events under it. */
#ifndef EMULATOR_REPORT_H
#define EMULATOR_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"

#define ROW_BYTES 256 /* of text in a row of the display, with its NUL */
#define ROWS_MOST 32

/* What the display shows. */
struct screen {
    unsigned columns, rows;
    char text[ROWS_MOST][ROW_BYTES];
    unsigned page, pages, mark;
    bool looks; /* the camera's sign */
    bool warns; /* the warning */
};

/* One event: begin, its facts, end. Only one is told at a time; it is written at its end, at once. */
void report_begin(const char *event, ns_t now);
void report_text(const char *key, const char *text);
void report_number(const char *key, int64_t value);
void report_real(const char *key, double value);
void report_flag(const char *key, bool value);
void report_texts(const char *key, const char (*texts)[ROW_BYTES], size_t count);
void report_end(void);

/* The screen as an event; drawn where that was asked for. */
void report_screen(const struct screen *screen, uint32_t device_time, ns_t now);

/* Draw from now on, instead of writing JSON. */
void report_draws(const struct screen *screen);

/* The name of a mark (section 6). */
const char *mark_name(unsigned mark);

/* One code point of UTF-8 text, and how many bytes it has; what is no UTF-8 is U+FFFD, a byte each. */
uint32_t utf8_next(const char *text, size_t *bytes);

#endif
