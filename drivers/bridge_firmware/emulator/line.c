#include "line.h"

#define NS_OF_BITS ((uint64_t)LINE_BITS * (uint64_t)NS_PER_S) /* times bytes, divided by the rate: nanoseconds */

static uint8_t at(const struct line *line, size_t place)
{
    return line->bytes[(line->first + place) & (LINE_HOLDS - 1)];
}

/* Count from here: the byte that comes next begins now, or when the line moves again. */
static void begin(struct line *line, ns_t now)
{
    line->origin = now > line->stalled ? now : line->stalled;
    line->out = 0;
}

void line_set_rate(struct line *line, uint32_t rate, ns_t now)
{
    if (rate != line->rate) {
        line->rate = rate;
        begin(line, now);
    }
}

void line_stall(struct line *line, ns_t now, ns_t duration)
{
    line->stalled = now + duration;
    begin(line, now);
}

void line_put(struct line *line, const uint8_t *bytes, size_t n, ns_t now)
{
    size_t i;

    if (line->held == 0 && line_out_at(line, 0) < now)
        begin(line, now);
    for (i = 0; i < n && line->held < LINE_HOLDS; i++)
        line->bytes[(line->first + line->held++) & (LINE_HOLDS - 1)] = bytes[i];
}

ns_t line_out_at(const struct line *line, size_t n)
{
    uint64_t bytes = line->out + n;

    if (line->rate == 0)
        return line->origin;
    return line->origin + (ns_t)((bytes * NS_OF_BITS + line->rate - 1) / line->rate);
}

size_t line_out_by(const struct line *line, ns_t now)
{
    uint64_t bytes;

    if (now < line->origin)
        return 0;
    if (line->rate == 0)
        return line->held;
    if (now >= line_out_at(line, line->held))
        return line->held;
    bytes = (uint64_t)(now - line->origin) * line->rate / NS_OF_BITS;
    return bytes > line->out ? (size_t)(bytes - line->out) : 0;
}

size_t line_to_zero(const struct line *line, size_t most)
{
    size_t place;

    for (place = 0; place < most && place < line->held; place++)
        if (at(line, place) == 0)
            return place + 1;
    return 0;
}

void line_take(struct line *line, uint8_t *into, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        into[i] = at(line, i);
    line->first = (line->first + n) & (LINE_HOLDS - 1);
    line->held -= n;
    line->out += n;
    line->carried += n;
    while (line->rate > 0 && line->out >= line->rate) { /* as many bytes as the rate has bits in a second take LINE_BITS seconds */
        line->out -= line->rate;
        line->origin += LINE_BITS * NS_PER_S;
    }
}

void line_clear(struct line *line)
{
    line->first = line->held = 0;
}
