/*
 * A fuzzer for the device end, for gcc's sanitizers: device_fuzz SEED RUNS [SECONDS].
 *
 * Each run is one device that gets STEPS things in any order: noise, packets that are right, nearly right or of nonsense, time that
 * jumps, a port that answers at once, later or never, and calls back from within calls. What it sends is read: each packet has a right
 * check, but for those that a session's end or a lost picture cut. The bounds of all that is kept are looked at after each step, for
 * the address sanitizer does not see one member of a struct overrun into the next. A run is its seed alone; a failure names it.
 */
#include "glassd_link.h"

#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEPS = 3000, WIRE_MAX = 8192 };

struct run {
    struct gl_link link;
    uint64_t random;
    uint32_t now;
    int frames;            /* held by the core, or asked for and not given */
    bool asked;            /* a capture is not answered */
    bool shows;            /* a screen is on its way */
    bool may_be_cut;       /* the packet that goes */
    int deep;              /* calls within calls */
    uint8_t out[WIRE_MAX]; /* what came since the last 00 */
    size_t out_length;
};

static uint64_t seed; /* of the run, for who reads of a failure */

static void name_seed(void) { fprintf(stderr, "device_fuzz: this was seed %llu\n", (unsigned long long)seed); }

static void check(bool right, const char *what)
{
    if (right)
        return;
    fprintf(stderr, "device_fuzz: %s\n", what);
    name_seed();
    abort();
}

static uint32_t below(struct run *run, uint32_t n) /* xorshift64* */
{
    run->random ^= run->random >> 12;
    run->random ^= run->random << 25;
    run->random ^= run->random >> 27;
    return (uint32_t)((run->random * UINT64_C(0x2545F4914F6CDD1D)) >> 32) % n;
}

static bool one_in(struct run *run, uint32_t n) { return below(run, n) == 0; }

static uint32_t any(struct run *run)
{
    static const uint32_t edges[] = {0, 1, 63, 64, 127, 128, 255, 256, 1024, 4102, 65535, 115200, 921600, UINT32_MAX};

    return one_in(run, 2) ? edges[below(run, sizeof edges / sizeof *edges)] : below(run, UINT32_MAX);
}

/* --- The port --- */

static void give_picture(struct run *run)
{
    static const uint32_t sizes[] = {0, 1, 64, 1000, 20000, 300000, UINT32_MAX};
    struct gl_picture picture = {sizes[below(run, 7)], (uint16_t)any(run), (uint16_t)any(run), any(run), &run->frames};

    run->asked = false;
    run->frames++;
    gl_picture(&run->link, &picture);
}

static void answer(struct run *run)
{
    if (one_in(run, 4)) {
        run->asked = false;
        gl_failed(&run->link, (uint8_t)any(run));
    } else {
        give_picture(run);
    }
}

/* What a port may do at any time, so within a call too. */
static void do_something(struct run *run)
{
    if (run->deep > 3)
        return;
    run->deep++;
    switch (below(run, 6)) {
    case 0:
        gl_edge(&run->link, (uint8_t)any(run), one_in(run, 2), run->now - below(run, 3) * 1000000);
        break;
    case 1:
        if (run->shows || one_in(run, 50)) {
            run->shows = false;
            gl_shown(&run->link);
        }
        break;
    case 2:
        if (run->asked)
            answer(run);
        break;
    case 3:
        gl_overrun(&run->link, (uint16_t)any(run));
        break;
    case 4:
        if (one_in(run, 50))
            give_picture(run); /* out of turn */
        break;
    default:
        check(gl_due(&run->link, run->now) <= 250000, "gl_due is longer than it may be");
    }
    run->deep--;
}

static bool show(void *user, const struct gl_screen *screen)
{
    struct run *run = user;
    bool at_once = one_in(run, 2);

    for (int row = 0; row < GL_ROWS; row++)
        check(memchr(screen->rows[row], 0, sizeof screen->rows[row]) != NULL, "a row has no end");
    check(!run->shows, "a screen is shown while another one is");
    run->shows = !at_once;
    if (one_in(run, 4))
        do_something(run);
    return at_once;
}

static void camera(void *user, const struct gl_request *request)
{
    (void)request;
    do_something(user);
}

static void capture(void *user, const struct gl_request *request)
{
    struct run *run = user;

    check(!run->asked, "a capture is asked for while another one is");
    check(request->mode == GL_STILL || request->mode == GL_STREAMING, "a capture is asked for though the camera is off");
    run->asked = true;
    if (one_in(run, 2))
        answer(run);
}

static bool read_frame(void *user, void *frame, uint32_t offset, uint8_t *bytes, size_t n)
{
    struct run *run = user;

    check(frame == &run->frames && run->frames > 0, "a picture is read that was released");
    check(n > 0 && (uint64_t)offset + n <= run->link.picture.is.size, "a picture is read beyond its end");
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)((offset + i) % 300 == 0 ? 0 : 0xA5);
    if (!one_in(run, 100))
        return true;
    run->may_be_cut = true;
    return false;
}

static void release(void *user, void *frame)
{
    struct run *run = user;

    check(frame == &run->frames && run->frames > 0, "a picture is released twice");
    run->frames--;
    do_something(run);
}

static void rate(void *user, uint32_t baud)
{
    check(baud == 115200 || baud == 921600, "a rate that nobody has");
    do_something(user);
}

static void session(void *user, bool begun)
{
    struct run *run = user;

    (void)begun;
    run->may_be_cut = true;
    do_something(run);
}

/* --- The far end --- */

static uint32_t crc(uint32_t key, const uint8_t *bytes, size_t n)
{
    uint32_t sum = ~UINT32_C(0);

    for (size_t i = 0; i < 4 + n; i++) {
        sum ^= i < 4 ? (key >> (8 * i)) & 0xFF : bytes[i - 4];
        for (int bit = 0; bit < 8; bit++)
            sum = sum & 1 ? sum >> 1 ^ UINT32_C(0xEDB88320) : sum >> 1;
    }
    return ~sum;
}

static size_t stuff(uint8_t *to, const uint8_t *from, size_t n)
{
    size_t code = 0, at = 1;

    for (size_t i = 0; i < n; i++) {
        if (from[i])
            to[at++] = from[i];
        if (!from[i] || (at - code == 255 && i + 1 < n)) {
            to[code] = (uint8_t)(at - code);
            code = at++;
        }
    }
    to[code] = (uint8_t)(at - code);
    to[at++] = 0;
    return at;
}

static uint8_t *put(uint8_t *to, uint32_t value, int bytes)
{
    for (; bytes > 0; bytes--, value >>= 8)
        *to++ = (uint8_t)value;
    return to;
}

/* The body of a packet of this type, likely to be one that matters now. */
static uint8_t *body(struct run *run, uint8_t *to, uint8_t type)
{
    const struct gl_link *link = &run->link;
    uint16_t next = (uint16_t)(link->picture.next + below(run, 4) * below(run, 20));

    switch (type) {
    case 0x02: /* HELLO */
        return put(put(put(to, one_in(run, 9) ? any(run) : 1, 1), one_in(run, 9) ? any(run) : 1, 1), below(run, 4), 4) + (put(to + 6, any(run), 2) - to - 6);
    case 0x09: /* PING */
        return put(put(put(put(to, any(run), 1), 0, 4), 0, 4), 0, 4);
    case 0x0B: /* ACK */
        to = put(to, link->windows[0].first + below(run, link->windows[0].tried + 2u), 1);
        return put(put(to, any(run), 1), link->windows[1].first + below(run, link->windows[1].tried + 2u), 1);
    case 0x0C: /* TAKEN */
        to = put(put(put(to, one_in(run, 9) ? any(run) : link->picture.number, 1), next, 2), one_in(run, 9) ? any(run) : next + 64u, 2);
        for (uint32_t n = below(run, 40); n > 0; n--)
            to = put(to, one_in(run, 9) ? any(run) : next + below(run, 70), 2);
        return to;
    case 0x0D: /* RATE */
        return put(to, one_in(run, 2) ? 921600 : any(run), 4);
    case 0x21: /* DISPLAY */
        to = put(to, one_in(run, 9) ? any(run) : link->display_next, 1);
        to = put(put(to, 1 + below(run, 5), 1), below(run, GL_ROWS + 2), 1);
        to = put(to, one_in(run, 2) ? any(run) : below(run, 6), one_in(run, 2)); /* what is kept of the row */
        break;
    case 0x22: /* CONTROL */
        to = put(to, one_in(run, 9) ? any(run) : link->control_next, 1);
        if (one_in(run, 3))
            return put(put(put(to, 2, 1), one_in(run, 9) ? any(run) : link->picture.number, 1), below(run, 4), 1);
        to = put(put(put(to, 1, 1), any(run), 1), one_in(run, 9) ? any(run) : below(run, 3), 1);
        to = put(put(to, one_in(run, 4) ? 800 : 0, 2), one_in(run, 4) ? 600 : 0, 2);
        return put(put(put(to, any(run), 1), any(run), 2), one_in(run, 2) ? 0 : any(run), 2);
    default:
        break;
    }
    for (uint32_t n = below(run, one_in(run, 20) ? 5000 : 130); n > 0; n--)
        *to++ = (uint8_t)(one_in(run, 4) ? 0 : any(run));
    return to;
}

static size_t packet(struct run *run, uint8_t *wire)
{
    static const uint8_t types[] = {0x02, 0x09, 0x0B, 0x0B, 0x0C, 0x0C, 0x0C, 0x0D, 0x0F, 0x21, 0x21, 0x22, 0x22, 0x22};
    uint8_t plain[6000];
    uint8_t type = one_in(run, 20) ? (uint8_t)any(run) : types[below(run, sizeof types)];
    size_t n;

    if (type == 0x02 && !one_in(run, 20) && gl_in_session(&run->link))
        type = 0x09;
    if (!gl_in_session(&run->link) && one_in(run, 3))
        type = 0x02;
    if (one_in(run, 400))
        type = 0x08; /* BYE */
    plain[0] = type;
    n = (size_t)(body(run, plain + 1, type) - plain);
    put(plain + n, crc(type >= 1 && type <= 3 ? 0 : run->link.session, plain, n), 4);
    return stuff(wire, plain, n + 4);
}

static void receive(struct run *run)
{
    uint8_t wire[WIRE_MAX], *exact;
    size_t n = 0;

    if (one_in(run, 6))
        for (uint32_t more = below(run, 600); more > 0; more--)
            wire[n++] = (uint8_t)(one_in(run, 9) ? 0 : any(run));
    else
        n = packet(run, wire);
    if (one_in(run, 6)) /* a bit is bent … */
        wire[below(run, (uint32_t)n + 1)] ^= (uint8_t)(1u << below(run, 8));
    if (one_in(run, 12)) /* … or the rest is lost */
        n = below(run, (uint32_t)n + 1);
    exact = malloc(n ? n : 1); /* of its very size, for the sanitizer */
    memcpy(exact, wire, n);
    for (size_t at = 0, part; at < n; at += part) {
        part = one_in(run, 3) ? 1 + below(run, (uint32_t)(n - at)) : n - at;
        gl_receive(&run->link, exact + at, part, run->now);
    }
    free(exact);
}

static void read_packet(struct run *run)
{
    uint8_t plain[WIRE_MAX];
    size_t n = 0, at = 0;
    uint32_t sum;

    while (at < run->out_length) {
        size_t code = run->out[at++];

        check(at + code - 1 <= run->out_length || run->may_be_cut, "a packet is no COBS");
        for (size_t i = 1; i < code && at < run->out_length; i++)
            plain[n++] = run->out[at++];
        if (code < 255 && at < run->out_length)
            plain[n++] = 0;
    }
    if (!run->may_be_cut) {
        check(n >= 5 && n <= 4096 + 6, "a packet is of no right size");
        sum = crc(plain[0] >= 1 && plain[0] <= 3 ? 0 : run->link.session, plain, n - 4);
        check(plain[n - 4] == (sum & 0xFF) && plain[n - 3] == (sum >> 8 & 0xFF) && plain[n - 2] == (sum >> 16 & 0xFF) && plain[n - 1] == sum >> 24, "a packet's check is wrong");
    }
}

static void transmit(struct run *run)
{
    size_t room = one_in(run, 3) ? below(run, 2000) : below(run, 40), n;
    uint8_t *exact = malloc(room ? room : 1);

    n = gl_transmit(&run->link, exact, room, run->now + below(run, 2000));
    check(n <= room, "more was given than there was room for");
    for (size_t i = 0; i < n; i++) {
        if (exact[i]) {
            check(run->out_length < WIRE_MAX, "a packet has no end");
            run->out[run->out_length++] = exact[i];
            continue;
        }
        if (run->out_length == 0)
            continue; /* a 00 between packets */
        read_packet(run);
        run->out_length = 0;
        run->may_be_cut = false;
    }
    free(exact);
    if (one_in(run, 3))
        gl_sent(&run->link, run->now);
}

static void look_at_bounds(const struct run *run)
{
    const struct gl_link *link = &run->link;

    check(link->in.length <= GL_PACKET_MAX, "in.length");
    check(link->out.from <= sizeof link->out.ahead && link->out.to <= sizeof link->out.ahead, "out.ahead");
    check(link->out.head_length <= sizeof link->out.head && link->out.at <= link->out.length, "out.head");
    check(link->pong_count <= GL_PONGS && link->echo_count <= GL_ECHOES, "pongs, echoes");
    check(link->windows[0].count <= GL_EDGES && link->windows[1].count <= GL_CONTROLS, "windows");
    for (int i = 0; i < 2; i++)
        check(link->windows[i].sent <= link->windows[i].tried && link->windows[i].tried <= link->windows[i].count, "a window's order");
    check(link->picture.next <= link->picture.sent && link->picture.sent <= link->picture.count, "a picture's order");
    check(link->picture.sent - link->picture.next <= 64, "a picture's window");
    check(run->frames == (link->picture.begun ? 1 : 0), "a picture is neither on the line nor released");
}

static void run_once(uint64_t number)
{
    static const struct gl_port port = {show, camera, capture, read_frame, release, rate, session};
    static const struct gl_size sizes[] = {{1600, 1200}, {800, 600}};
    static const char *const buttons[] = {"main", "back"};
    static const uint32_t rates[] = {921600};
    static const struct gl_device device = {
        .name = "fuzzed", .firmware = "1", .columns = 30, .rows = GL_ROWS, .features = GL_STILLS | GL_STREAM,
        .sizes = sizes, .size_count = 2, .buttons = buttons, .button_count = 2, .rates = rates, .rate_count = 1,
    };
    struct run *run = calloc(1, sizeof *run);

    seed = number;
    run->random = (number + 1) * UINT64_C(0x9E3779B97F4A7C15);
    run->now = any(run);
    gl_init(&run->link, &device, &port, run, any(run), run->now);
    for (int step = 0; step < STEPS; step++) {
        run->now += one_in(run, 200) ? any(run) : one_in(run, 20) ? below(run, 300000) : below(run, 3000);
        if (one_in(run, 2))
            receive(run);
        if (one_in(run, 2))
            transmit(run);
        if (one_in(run, 2))
            gl_poll(&run->link, run->now);
        if (one_in(run, 4))
            do_something(run);
        look_at_bounds(run);
    }
    free(run);
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 0, runs = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, n;
    time_t until = time(NULL) + (argc > 3 ? atol(argv[3]) : 0);

    __sanitizer_set_death_callback(name_seed);
    for (n = 0; n < runs || time(NULL) < until; n++)
        run_once(first + n);
    printf("%llu runs of %d steps, seeds %llu to %llu\n", (unsigned long long)n, STEPS, (unsigned long long)first, (unsigned long long)(first + n - 1));
    return 0;
}
