/* The device end for tests in Python: one link with a port that writes down every call, and holds pictures and screens in memory. */
#include "glassd_link.h"

#include <stdlib.h>
#include <string.h>

enum { SESSION, RATE, CAMERA, CAPTURE, RELEASED, SCREEN }; /* calls; device_end.py has the same */

struct frame {
    struct frame *next;
    uint32_t number, fails_at;
    uint8_t bytes[];
};

struct end {
    struct gl_link link;
    const struct gl_device *device;
    uint8_t *calls; /* one after the other: kind u8, length u32, what it says */
    size_t length, space;
    struct frame *frames;
    uint32_t frame_count;
    bool shows_later;
    uint32_t faults; /* what the core must never do */

    /* If there are bytes: each capture is answered with them at once. */
    const uint8_t *answer;
    uint32_t answer_size, now;
};

static void wrote(struct end *end, uint8_t kind, const void *said, uint32_t n)
{
    while (end->space - end->length < n + 5) {
        end->space = end->space ? 2 * end->space : 4096;
        end->calls = realloc(end->calls, end->space);
        if (!end->calls)
            abort();
    }
    end->calls[end->length] = kind;
    memcpy(end->calls + end->length + 1, &n, 4);
    memcpy(end->calls + end->length + 5, said, n);
    end->length += n + 5;
}

static bool show(void *user, const struct gl_screen *screen)
{
    struct end *end = user;
    uint8_t said[10 + sizeof screen->rows];
    uint32_t n = 10;

    memcpy(said, &screen->changed, 4);
    memcpy(said + 4, &screen->page, 2);
    memcpy(said + 6, &screen->pages, 2);
    said[8] = screen->mark;
    said[9] = (uint8_t)(screen->looking | screen->warning << 1);
    for (size_t row = 0; row < end->device->rows; row++) {
        size_t length = strlen(screen->rows[row]) + 1;

        memcpy(said + n, screen->rows[row], length);
        n += (uint32_t)length;
    }
    wrote(end, SCREEN, said, n);
    return !end->shows_later;
}

static void ask(struct end *end, uint8_t kind, const struct gl_request *request)
{
    uint8_t said[9] = {request->number, request->mode};

    memcpy(said + 2, &request->width, 2);
    memcpy(said + 4, &request->height, 2);
    said[6] = request->quality;
    memcpy(said + 7, &request->interval_ms, 2);
    wrote(end, kind, said, sizeof said);
}

static void camera(void *user, const struct gl_request *request) { ask(user, CAMERA, request); }

uint32_t end_picture(struct end *end, const uint8_t *bytes, uint32_t size, uint16_t width, uint16_t height, uint32_t time, uint32_t fails_at)
{
    struct frame *frame = malloc(sizeof *frame + size);
    struct gl_picture picture = {size, width, height, time, frame};
    uint32_t number = end->frame_count++;

    if (!frame)
        abort();
    frame->next = end->frames;
    frame->number = number;
    frame->fails_at = fails_at;
    memcpy(frame->bytes, bytes, size);
    end->frames = frame;
    gl_picture(&end->link, &picture);
    return number;
}

static void capture(void *user, const struct gl_request *request)
{
    struct end *end = user;

    ask(end, CAPTURE, request);
    if (end->answer)
        end_picture(end, end->answer, end->answer_size, request->width, request->height, end->now, UINT32_MAX);
}

static bool read_frame(void *user, void *of, uint32_t offset, uint8_t *bytes, size_t n)
{
    struct end *end = user;
    struct frame *frame = end->frames;

    while (frame && frame != of)
        frame = frame->next;
    if (!frame || n == 0 || offset + n > end->link.picture.is.size) {
        end->faults++;
        return false;
    }
    memcpy(bytes, frame->bytes + offset, n);
    return offset + n <= frame->fails_at;
}

static void release(void *user, void *of)
{
    struct end *end = user;
    struct frame **at = &end->frames, *frame;

    while (*at && *at != of)
        at = &(*at)->next;
    frame = *at;
    if (!frame) {
        end->faults++;
        return;
    }
    wrote(end, RELEASED, &frame->number, 4);
    *at = frame->next;
    free(frame);
}

static void rate(void *user, uint32_t baud) { wrote(user, RATE, &baud, 4); }

static void session(void *user, bool begun)
{
    uint8_t said = begun;

    wrote(user, SESSION, &said, 1);
}

struct end *end_new(const struct gl_device *device, uint32_t boot, uint32_t now, uint8_t edge_number)
{
    static const struct gl_port port = {show, camera, capture, read_frame, release, rate, session};
    struct end *end = calloc(1, sizeof *end);

    if (!end)
        abort();
    end->device = device;
    gl_init(&end->link, device, &port, end, boot, now);
    end->link.edge_number = edge_number;
    return end;
}

void end_free(struct end *end)
{
    while (end->frames) {
        struct frame *next = end->frames->next;

        free(end->frames);
        end->frames = next;
    }
    free(end->calls);
    free(end);
}

void end_receive(struct end *end, const uint8_t *bytes, size_t n, uint32_t now)
{
    end->now = now;
    gl_receive(&end->link, bytes, n, now);
}

void end_poll(struct end *end, uint32_t now)
{
    end->now = now;
    gl_poll(&end->link, now);
}

/* As many packets as there is room for, asked for in pieces. */
size_t end_transmit(struct end *end, uint8_t *bytes, size_t room, size_t piece, uint32_t now)
{
    size_t n = 0, given;

    do {
        given = gl_transmit(&end->link, bytes + n, room - n < piece ? room - n : piece, now);
        n += given;
    } while (given > 0);
    return n;
}

size_t end_turn(struct end *end, const uint8_t *in, size_t n, uint8_t *out, size_t room, uint32_t now)
{
    end_receive(end, in, n, now);
    end_poll(end, now);
    return end_transmit(end, out, room, room, now);
}

void end_sent(struct end *end, uint32_t now) { gl_sent(&end->link, now); }
void end_overrun(struct end *end, uint16_t bytes) { gl_overrun(&end->link, bytes); }
bool end_edge(struct end *end, uint8_t button, bool down, uint32_t time) { return gl_edge(&end->link, button, down, time); }
void end_shown(struct end *end) { gl_shown(&end->link); }
void end_failed(struct end *end, uint8_t reason) { gl_failed(&end->link, reason); }
bool end_in_session(const struct end *end) { return gl_in_session(&end->link); }
uint32_t end_due(const struct end *end, uint32_t now) { return gl_due(&end->link, now); }
void end_shows_later(struct end *end, bool later) { end->shows_later = later; }
uint32_t end_faults(const struct end *end) { return end->faults; }
uint32_t end_frames(const struct end *end) { return end->frame_count; }

void end_lose(struct end *end)
{
    for (struct frame *frame = end->frames; frame; frame = frame->next)
        frame->fails_at = 0;
}

void end_answer(struct end *end, const uint8_t *bytes, uint32_t size)
{
    end->answer = bytes;
    end->answer_size = size;
}

const uint8_t *end_calls(struct end *end, size_t *n)
{
    *n = end->length;
    end->length = 0;
    return end->calls;
}

size_t end_device_size(void) { return sizeof(struct gl_device); }
size_t end_link_size(void) { return sizeof(struct gl_link); }
