/*
 * glassd_link: the device end of glassd's link (docs/link.md) for a microcontroller with a camera, a display and buttons.
 *
 * Bytes and time in, bytes and calls out. The core does no I/O, allocates nothing and has no globals: all it knows is in
 * one struct gl_link, about 2.2 KB with the sizes below. A port has
 *
 *   - a const struct gl_device: what the bridge says of itself in the greeting;
 *   - a const struct gl_port: the calls that the core makes;
 *   - a loop that hands the core what came, what time it is, and the room that the UART has:
 *
 *         gl_receive(&link, bytes, n, now);
 *         gl_poll(&link, now);
 *         while ((room = uart_room()) > 0 && (n = gl_transmit(&link, bytes, room, now)) > 0)
 *             uart_write(bytes, n);
 *         if (uart_is_silent())
 *             gl_sent(&link, now);
 *
 * Times are microseconds of one free-running clock, and wrap. No function here may be called while another one runs for
 * the same link, from an interrupt for instance; but a call that the core makes may call back whatever it likes, except
 * gl_init, gl_receive, gl_poll, gl_transmit and gl_sent.
 */
#ifndef GLASSD_LINK_H
#define GLASSD_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Sizes. Each may be set before this header is read (-DGL_ROWS=6), the same for all files of a program. --- */

#ifndef GL_PACKET_MAX
#define GL_PACKET_MAX 256 /* bytes, decoded: the largest packet taken. 128 to 4102 */
#endif
#ifndef GL_ROOM
#define GL_ROOM 896 /* bytes: what the host may have on the way unacknowledged. The port's receive buffer has GL_ROOM + 128. 256 to 65535 */
#endif
#ifndef GL_CHUNK_MAX
#define GL_CHUNK_MAX 1024 /* bytes: the largest chunk of a picture. It costs no memory. 64 to 4096 */
#endif
#ifndef GL_EDGES
#define GL_EDGES 16 /* edges of buttons kept until the host has them. 8 to 128 */
#endif
#ifndef GL_ROWS
#define GL_ROWS 10 /* rows of the display. 1 to 32 */
#endif
#ifndef GL_ROW_BYTES
#define GL_ROW_BYTES 90 /* bytes of text in a row: 3 for a full-width character. 1 to 255 */
#endif

#define GL_BASE_RATE ((uint32_t)115200) /* baud: a line's first rate */

enum {
    GL_ECHOES = 2,     /* ECHOs held */
    GL_ECHO_MAX = 120, /* bytes of one */
    GL_PONGS = 8,      /* PINGs not yet answered: a session begins with as many */
    GL_CONTROLS = 6    /* messages of control kept until the host has them */
};

/* --- What the port says of the device. --- */

enum gl_feature { GL_STILLS = 1, GL_STREAM = 2 };

struct gl_size {
    uint16_t width, height; /* pixels */
};

/* The greeting's facts. Texts are UTF-8; what is longer than docs/link.md allows is cut. Of zero: the device has none. */
struct gl_device {
    const char *name;
    const char *firmware;

    uint8_t columns, rows;   /* the display; rows at most GL_ROWS */
    uint16_t screen_ms;      /* least time between two screens */

    uint8_t features;        /* the camera: GL_STILLS | GL_STREAM */
    uint16_t exposure_ms;    /* from capture() to the middle of the exposure */
    const struct gl_size *sizes; /* largest first */
    uint8_t size_count;

    const char *const *buttons; /* names */
    uint8_t button_count;       /* 32 at most */

    const uint32_t *rates; /* baud, besides GL_BASE_RATE */
    uint8_t rate_count;    /* 63 at most */

    /* Less than the sizes above allow; 0: as much. */
    uint16_t chunk_max, room;
    uint8_t window; /* messages of a class unacknowledged: 1 to 32 */

    /* Versions of the protocol other than this core's, to try what a host makes of them; 0: this core's. */
    uint8_t lowest, highest;
};

/* --- The calls that the core makes. Each gets the `user` of gl_init first; one that the device needs not may be NULL. --- */

enum gl_mark { GL_IDLE, GL_LOOKING, GL_SENDING, GL_THINKING, GL_WRITING, GL_FINISHED, GL_CUT_OFF, GL_FAULT };

/* A screen, whole. Rows are UTF-8 without control characters, ended by a NUL, never cut within a character. */
struct gl_screen {
    char rows[GL_ROWS][GL_ROW_BYTES + 1];
    uint32_t changed; /* bit r: row r is not as it was on the last screen */
    uint16_t page, pages;
    uint8_t mark;  /* enum gl_mark */
    bool looking;  /* the camera looks: to be shown as long as it is true */
    bool warning;  /* something of the host's own does not work: shown where there is a place for it */
};

enum gl_mode { GL_OFF, GL_STILL, GL_STREAMING };

/* What the host asks of the camera. Of zero: the port chooses. */
struct gl_request {
    uint8_t number;
    uint8_t mode; /* enum gl_mode */
    uint16_t width, height;
    uint8_t quality;      /* 1 to 100 */
    uint16_t interval_ms; /* the core keeps it; a sensor that can be slowed down may want to know */
};

/* A JPEG that the port holds until release(). */
struct gl_picture {
    uint32_t size; /* bytes, not 0 */
    uint16_t width, height;
    uint32_t time; /* the middle of the exposure */
    void *frame;   /* the port's own */
};

enum gl_reason { GL_NO_CAMERA = 1, GL_NO_MEMORY = 2, GL_NO_SUCH_SIZE = 3, GL_CAMERA_FAILED = 4 };

struct gl_port {
    /* Show this screen. True: it is shown (or cannot be). False: it will be, gl_shown() tells when; `screen` is read before the return all the same. */
    bool (*show)(void *user, const struct gl_screen *screen);

    /* The camera is wanted like this from now on: wake it, set it up, put it to sleep. Also called, with GL_OFF, when a session is over. */
    void (*camera)(void *user, const struct gl_request *request);

    /* Take a picture now. Answered once, at once or later, by gl_picture() or gl_failed(): until then there is no other capture(). From gl_poll() only. */
    void (*capture)(void *user, const struct gl_request *request);

    /* n bytes of the picture at this offset, always within its size. False: the picture is lost; release() follows. */
    bool (*read)(void *user, void *frame, uint32_t offset, uint8_t *bytes, size_t n);

    /* The picture is not needed any more. */
    void (*release)(void *user, void *frame);

    /* Set the UART to this rate now. */
    void (*rate)(void *user, uint32_t baud);

    /* A session has begun, or is over. */
    void (*session)(void *user, bool begun);
};

/* --- What the port calls. --- */

struct gl_link;

/* Begin, without a session. `boot` is another number after each start: random, or a counter that is kept. The line is at GL_BASE_RATE. */
void gl_init(struct gl_link *link, const struct gl_device *device, const struct gl_port *port, void *user, uint32_t boot, uint32_t now);

/* These bytes came, the last of them at `now`. Their answers wait for gl_transmit(). */
void gl_receive(struct gl_link *link, const uint8_t *bytes, size_t n, uint32_t now);

/* Do what is due. Call it often: each millisecond is enough, each 10 ms the least. */
void gl_poll(struct gl_link *link, uint32_t now);

/* Microseconds until gl_poll() has something to do, if nothing else happens before; for ports that sleep. 0: now. */
uint32_t gl_due(const struct gl_link *link, uint32_t now);

/*
 * Give the next bytes for the line, at most `room` and at most to the end of a packet; 0 if there are none now.
 *
 * The packet after it is chosen when it is asked for, so that a button waits for one packet only: hand over what the UART
 * has room for, not more. `now` is when the first of these bytes goes on the line: a port whose UART still has 100 bytes
 * to send may add their time, for a better clock.
 */
size_t gl_transmit(struct gl_link *link, uint8_t *bytes, size_t room, uint32_t now);

/* All bytes that gl_transmit() gave are on the line, to their last bit. May be called at any time at which that is so. */
void gl_sent(struct gl_link *link, uint32_t now);

/* The port lost this many received bytes, for want of room or to line errors. */
void gl_overrun(struct gl_link *link, uint16_t bytes);

/* A button, debounced, went down or up at `time`. False: the queue was full, and the host will be told that one edge is missing. */
bool gl_edge(struct gl_link *link, uint8_t button, bool down, uint32_t time);

/* The screen of the last show() that returned false is shown. */
void gl_shown(struct gl_link *link);

/* capture() has a picture. It is released when the host has it, or at once, within this call, if nobody wants it any more. */
void gl_picture(struct gl_link *link, const struct gl_picture *picture);

/* capture() has none, for this reason (enum gl_reason). */
void gl_failed(struct gl_link *link, uint8_t reason);

/* Whether a host is there. */
bool gl_in_session(const struct gl_link *link);

/* --- The state. For the port it is memory, nothing to read or write. --- */

struct gl_edge {
    uint32_t time;
    uint8_t number, button, down;
};

struct gl_control {
    uint8_t length, bytes[19]; /* the longest message is PICTURE */
};

struct gl_pong {
    uint32_t received;
    uint8_t number;
};

struct gl_echo {
    uint8_t length, bytes[GL_ECHO_MAX];
};

/* A sender of go-back-N: of `count` messages, `tried` were sent at least once, `sent` since the last time that all had to go again. */
struct gl_window {
    uint8_t first; /* sequence number of the oldest */
    uint8_t count, tried, sent;
    uint8_t doublings; /* of the wait */
};

enum gl_timer {
    GL_T_HERE,                       /* without a session: the next HERE */
    GL_T_DEAD,                       /* nothing heard */
    GL_T_PAUSE,                      /* nothing sent: noise may have come in */
    GL_T_AGAIN,                      /* two, for buttons and control: what is out goes again */
    GL_T_UNTAKEN = GL_T_AGAIN + 2,   /* two: the oldest was never acknowledged */
    GL_T_CAPTURE = GL_T_UNTAKEN + 2, /* the next picture of a stream may be taken */
    GL_TIMERS
};

struct gl_link {
    const struct gl_device *device;
    const struct gl_port *port;
    void *user;
    uint32_t boot, session; /* session 0: none */
    uint32_t timers[GL_TIMERS];
    uint8_t running; /* bit t: timers[t] is set */
    uint32_t rate, next_rate;
    uint8_t changing; /* the rate */
    uint16_t bad, overrun;

    struct {
        uint16_t length;
        uint8_t left, code; /* of this block: bytes to come; its code, 0 before the first */
        bool spoilt;
        uint8_t bytes[GL_PACKET_MAX];
    } in; /* the packet that comes */

    struct {
        uint8_t state;
        bool parted;         /* the next packet needs a 00 before it */
        uint16_t length, at; /* bytes of type and body: all, and those drawn. Behind them comes the check */
        uint8_t checked;     /* bytes drawn of the check */
        uint8_t head_length, head[24]; /* the first bytes; those behind it are read when they go */
        uint8_t run;         /* bytes to go of this block */
        uint8_t from, to, ahead[254]; /* decoded bytes that were drawn and are not sent: a COBS block's worth */
        uint32_t check;
    } out; /* the packet that goes */

    /* What is to be said. */
    bool here, welcome, ack, rated;
    uint8_t version, pong_count, echo_count;
    uint16_t largest; /* the largest packet that the host takes */
    struct gl_pong pongs[GL_PONGS];
    struct gl_echo echoes[GL_ECHOES];

    /* Buttons and control, on their way to the host. */
    struct gl_window windows[2];
    uint8_t edge_number;
    struct gl_edge edges[GL_EDGES];
    struct gl_control controls[GL_CONTROLS];

    /* Display and control, from the host. */
    uint8_t display_next, display_shown, control_next; /* sequence numbers */
    struct gl_screen screen;                           /* the hidden one */
    bool showing, held; /* a screen is on its way to the display; another SHOW waits for it */

    /* The camera. */
    struct gl_request request;
    uint16_t chunk;
    uint8_t picture_number;        /* the next one's */
    bool wanted, capturing, stale; /* capture() is due; it is not answered; nobody waits for its answer any more */
    struct {
        struct gl_picture is;
        bool begun, done, ended; /* it is on the line; the host needs no more of it; END is queued */
        bool fresh;              /* the chunk that goes was not sent before */
        uint8_t number, request;
        uint16_t chunk, count, next, limit, sent, going; /* a chunk's bytes; chunks */
        uint32_t again[2]; /* bit p % 64: chunk p is to be sent once more */
        uint32_t check;
    } picture;
};

#ifdef __cplusplus
}
#endif

#endif
