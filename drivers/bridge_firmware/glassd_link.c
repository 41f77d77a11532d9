/* The device end of glassd's link. Numbers in brackets, as in [4], are sections of docs/link.md. */
#include "glassd_link.h"

/* A size out of its range is an array of no size here. */
typedef char GL_PACKET_MAX_is_128_to_4102[GL_PACKET_MAX >= 128 && GL_PACKET_MAX <= 4102 ? 1 : -1];
typedef char GL_ROOM_is_256_to_65535[GL_ROOM >= 256 && GL_ROOM <= 65535 ? 1 : -1];
typedef char GL_CHUNK_MAX_is_64_to_4096[GL_CHUNK_MAX >= 64 && GL_CHUNK_MAX <= 4096 ? 1 : -1];
typedef char GL_EDGES_is_8_to_128[GL_EDGES >= 8 && GL_EDGES <= 128 ? 1 : -1];
typedef char GL_ROWS_is_1_to_32[GL_ROWS >= 1 && GL_ROWS <= 32 ? 1 : -1];
typedef char GL_ROW_BYTES_is_1_to_255[GL_ROW_BYTES >= 1 && GL_ROW_BYTES <= 255 ? 1 : -1];

enum {
    HERE = 0x01, HELLO = 0x02, WELCOME = 0x03,
    BYE = 0x08, PING = 0x09, PONG = 0x0A, ACK = 0x0B, TAKEN = 0x0C, RATE = 0x0D, RATED = 0x0E, ECHO = 0x0F, ECHOED = 0x10,
    BUTTONS = 0x20, DISPLAY = 0x21, CONTROL = 0x22, CHUNK = 0x80
};
enum { EDGE = 0x01, LINE = 0x01, SHOW = 0x02, TAIL = 0x03, GROW = 0x04, EMPTY = 0x05, CAMERA = 0x01, DONE = 0x02, PICTURE = 0x81, END = 0x82, FAILED = 0x83 };

enum { TO_HOST_BUTTONS, TO_HOST_CONTROL, WINDOWS }; /* of link->windows */

#define MS UINT32_C(1000)
#define HERE_EVERY (250 * MS)
#define DEAD_AFTER (1000 * MS)
#define DEAD_AFTER_CHANGE (300 * MS)
#define UNTAKEN_AFTER (5000 * MS)
#define AGAIN_AFTER_MOST (1000 * MS)
#define PAUSE_AFTER (20 * MS)
#define EDGE_KEPT (2000 * MS)
#define RETRY_AFTER (1000 * MS) /* after a capture of a stream that failed */

enum {
    CHECK = 4,         /* bytes of a packet's check */
    SHORTEST = 128,    /* bytes of a packet that every end takes */
    HOST_WINDOW = 32,  /* messages of a class that the host holds */
    WINDOW = 32,       /* … and this end, which takes each as it comes */
    VERSION = 1,       /* of the protocol */
    BEYOND = 64,       /* chunks beyond `next` */
    MISSING_MOST = 32, /* in one TAKEN */
    CHUNK_LEAST = 64,
    CHUNK_HEAD = 2,    /* bytes: type, index */
    WELCOME_HEAD = 10, /* bytes: type, version, session, boot */
    DOUBLINGS_MOST = 5, /* 50 ms to AGAIN_AFTER_MOST */
    GROWS = 1          /* a feature of the display: TAIL, GROW and EMPTY are understood */
};

enum { IDLE, IN_BLOCK, IN_BLOCK_BEFORE_ZERO, IN_LAST_BLOCK }; /* link->out.state */
enum { STEADY, RATED_GOES, SILENT };                          /* link->changing */

/* --- Bytes, checks, time --- */

static uint16_t get16(const uint8_t *from) { return (uint16_t)(from[0] | (uint16_t)((uint16_t)from[1] << 8)); }

static uint32_t get32(const uint8_t *from) { return get16(from) | (uint32_t)get16(from + 2) << 16; }

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* What the port says, if it says anything, and at most so much. */
static uint16_t said_or(size_t said, size_t most) { return (uint16_t)(said == 0 ? most : least(said, most)); }

static uint8_t *put(uint8_t *to, uint32_t value, int bytes)
{
    for (; bytes > 0; bytes--, value >>= 8)
        *to++ = (uint8_t)value;
    return to;
}

static void copy(uint8_t *to, const uint8_t *from, size_t n)
{
    while (n-- > 0)
        *to++ = *from++;
}

static void zero(void *memory, size_t n)
{
    uint8_t *to = memory;

    while (n-- > 0)
        *to++ = 0;
}

/* CRC-32 by half bytes [1]: 64 bytes of table, two steps a byte. Begins with ALL_ONES, ends with an exclusive-or of it. */
#define ALL_ONES UINT32_C(0xFFFFFFFF)

static uint32_t crc(uint32_t sum, const uint8_t *bytes, size_t n)
{
    static const uint32_t of[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };

    while (n-- > 0) {
        sum ^= *bytes++;
        sum = sum >> 4 ^ of[sum & 15];
        sum = sum >> 4 ^ of[sum & 15];
    }
    return sum;
}

/* The sum before the first byte of a packet: over its key, which is not sent. */
static uint32_t crc_of_key(const struct gl_link *link, uint8_t type)
{
    uint8_t bytes[4];

    put(bytes, type >= HERE && type <= WELCOME ? 0 : link->session, 4);
    return crc(ALL_ONES, bytes, sizeof bytes);
}

/* Whether this time has come. It holds for 35 minutes from then; timers are looked at far more often. */
static bool reached(uint32_t now, uint32_t time) { return (uint32_t)(now - time) < UINT32_C(0x80000000); }

static bool is_set(const struct gl_link *link, int timer) { return link->running >> timer & 1; }

static void set(struct gl_link *link, int timer, uint32_t time)
{
    link->timers[timer] = time;
    link->running = (uint8_t)(link->running | 1u << timer);
}

static void clear(struct gl_link *link, int timer) { link->running &= (uint8_t)~(1u << timer); }

/* --- Messages on their way to the host: go-back-N [4] --- */

static uint32_t again_after(const struct gl_link *link, int which)
{
    static const uint32_t first[WINDOWS] = {50 * MS, 100 * MS};
    uint32_t byte_time = UINT32_C(10000000) / link->rate + 1;
    uint32_t largest = GL_PACKET_MAX > GL_CHUNK_MAX + CHUNK_HEAD + CHECK ? GL_PACKET_MAX : GL_CHUNK_MAX + CHUNK_HEAD + CHECK;
    uint32_t wait = (first[which] + 3 * largest * byte_time) << link->windows[which].doublings;

    return wait < AGAIN_AFTER_MOST ? wait : AGAIN_AFTER_MOST;
}

/* The next message of this window goes: its sequence number. Which of the queue it is was in `sent`. */
static uint8_t sends(struct gl_link *link, int which, uint32_t now)
{
    struct gl_window *window = &link->windows[which];

    if (!is_set(link, GL_T_AGAIN + which))
        set(link, GL_T_AGAIN + which, now + again_after(link, which));
    if (!is_set(link, GL_T_UNTAKEN + which))
        set(link, GL_T_UNTAKEN + which, now + UNTAKEN_AFTER);
    window->sent++;
    if (window->tried < window->sent)
        window->tried = window->sent;
    return (uint8_t)(window->first + window->sent - 1);
}

static bool has_to_send(const struct gl_window *window) { return window->sent < window->count && window->sent < HOST_WINDOW; }

static void shift(struct gl_link *link, int which, uint8_t n)
{
    struct gl_window *window = &link->windows[which];

    window->count = (uint8_t)(window->count - n);
    for (size_t i = 0; i < window->count; i++) {
        if (which == TO_HOST_BUTTONS)
            link->edges[i] = link->edges[i + n];
        else
            link->controls[i] = link->controls[i + n];
    }
}

/* The host expects `next`, so it has all before it. */
static void acknowledged(struct gl_link *link, int which, uint8_t next, uint32_t now)
{
    struct gl_window *window = &link->windows[which];
    uint8_t n = (uint8_t)(next - window->first);

    if (n == 0 || n > window->tried)
        return;
    shift(link, which, n);
    window->first = next;
    window->tried = (uint8_t)(window->tried - n);
    window->sent = window->sent > n ? (uint8_t)(window->sent - n) : 0;
    window->doublings = 0;
    clear(link, GL_T_AGAIN + which);
    clear(link, GL_T_UNTAKEN + which);
    if (window->sent > 0)
        set(link, GL_T_AGAIN + which, now + again_after(link, which));
    if (window->tried > 0)
        set(link, GL_T_UNTAKEN + which, now + UNTAKEN_AFTER);
}

static void send_again(struct gl_window *window)
{
    window->sent = 0;
    if (window->doublings < DOUBLINGS_MOST)
        window->doublings++;
}

/* Edges that are too old for the next session [5]. */
static void drop_old_edges(struct gl_link *link, uint32_t now)
{
    while (link->windows[TO_HOST_BUTTONS].count > 0 && reached(now, link->edges[0].time + EDGE_KEPT + 1))
        shift(link, TO_HOST_BUTTONS, 1);
}

/* Messages of control that may still be queued, beside those that the picture at hand will need: PICTURE, END or FAILED. */
static int spare_controls(const struct gl_link *link)
{
    int kept = link->capturing ? 3 : !link->picture.begun ? 0 : link->picture.ended ? 1 : 2;

    return GL_CONTROLS - link->windows[TO_HOST_CONTROL].count - kept;
}

/* Queue a message; what it says, after its kind, is the caller's to put(): FAILED has 2 bytes, END 5, PICTURE 17. */
static uint8_t *queue_control(struct gl_link *link, uint8_t kind, uint8_t length)
{
    struct gl_control *control = &link->controls[link->windows[TO_HOST_CONTROL].count++];

    control->length = (uint8_t)(1 + length);
    return put(control->bytes, kind, 1);
}

static void queue_failed(struct gl_link *link, uint8_t request, uint8_t reason)
{
    put(put(queue_control(link, FAILED, 2), request, 1), reason, 1);
}

/* --- The camera [7] --- */

static void release(struct gl_link *link, void *frame)
{
    if (link->port->release)
        link->port->release(link->user, frame);
}

static void end_picture(struct gl_link *link)
{
    link->picture.begun = false;
    release(link, link->picture.is.frame);
}

static void set_camera(struct gl_link *link, const struct gl_request *request)
{
    link->request = *request;
    link->wanted = request->mode != GL_OFF;
    link->stale = link->capturing;
    clear(link, GL_T_CAPTURE);
    if (link->port->camera)
        link->port->camera(link->user, &link->request);
}

static bool has_size(const struct gl_device *device, uint16_t width, uint16_t height)
{
    for (size_t i = 0; i < device->size_count; i++)
        if (device->sizes[i].width == width && device->sizes[i].height == height)
            return true;
    return width == 0 && height == 0;
}

/* Why this cannot be done, an enum gl_reason; 0: it can. */
static uint8_t why_not(const struct gl_link *link, const struct gl_request *request)
{
    static const uint8_t needs[] = {0, GL_STILLS, GL_STREAM}; /* of each enum gl_mode */
    uint8_t features = link->port->capture && link->port->read ? link->device->features : 0;

    if (request->mode >= sizeof needs || (features & needs[request->mode]) != needs[request->mode])
        return GL_NO_CAMERA;
    return request->mode == GL_OFF || has_size(link->device, request->width, request->height) ? 0 : GL_NO_SUCH_SIZE;
}

static bool take_camera(struct gl_link *link, const uint8_t *said)
{
    struct gl_request request = {said[0], said[1], get16(said + 2), get16(said + 4), said[6], get16(said + 9)};
    uint8_t reason = why_not(link, &request);
    size_t most = least(said_or(link->device->chunk_max, GL_CHUNK_MAX), (size_t)(link->largest - CHUNK_HEAD - CHECK));
    size_t chunk = least(get16(said + 7), most);

    if (spare_controls(link) < 1)
        return false;
    if (reason) {
        queue_failed(link, request.number, reason);
        request.mode = GL_OFF;
    }
    if (request.quality > 100)
        request.quality = 100;
    link->chunk = (uint16_t)(chunk < CHUNK_LEAST ? CHUNK_LEAST : chunk);
    set_camera(link, &request);
    return true;
}

static bool capture_is_due(const struct gl_link *link)
{
    return link->wanted && !link->capturing && !link->picture.begun && !is_set(link, GL_T_CAPTURE) && spare_controls(link) >= 3;
}

static void capture(struct gl_link *link, uint32_t now)
{
    link->wanted = link->request.mode == GL_STREAMING;
    link->capturing = true;
    set(link, GL_T_CAPTURE, now + link->request.interval_ms * MS);
    link->port->capture(link->user, &link->request);
}

static void tell_failure(struct gl_link *link, uint8_t request, uint8_t reason)
{
    queue_failed(link, request, reason);
    set(link, GL_T_CAPTURE, link->timers[GL_T_CAPTURE] + RETRY_AFTER);
}

/* Whether the host waits for what the port has to say. */
static bool answers_capture(struct gl_link *link)
{
    bool wanted = link->capturing && !link->stale;

    link->capturing = false;
    link->stale = false;
    return wanted;
}

void gl_failed(struct gl_link *link, uint8_t reason)
{
    if (answers_capture(link))
        tell_failure(link, link->request.number, reason);
}

static void begin_picture(struct gl_link *link, const struct gl_picture *picture, uint16_t count)
{
    uint8_t *said = queue_control(link, PICTURE, 17);

    link->picture.is = *picture;
    link->picture.begun = true;
    link->picture.done = link->picture.ended = false;
    link->picture.number = link->picture_number;
    link->picture_number = (link->picture_number + 1) & 0x7F;
    link->picture.request = link->request.number;
    link->picture.chunk = link->chunk;
    link->picture.count = count;
    link->picture.next = link->picture.sent = 0;
    link->picture.limit = (uint16_t)least(BEYOND, count);
    link->picture.again[0] = link->picture.again[1] = 0;
    link->picture.check = ALL_ONES;
    said = put(put(said, link->picture.number, 1), link->picture.request, 1);
    said = put(put(said, picture->size, 4), link->picture.chunk, 2);
    said = put(put(said, picture->width, 2), picture->height, 2);
    put(put(said, 1, 1), picture->time, 4); /* 1: JPEG */
}

void gl_picture(struct gl_link *link, const struct gl_picture *picture)
{
    uint32_t count = picture->size == 0 || link->chunk == 0 ? 0 : (picture->size - 1) / link->chunk + 1;

    if (!answers_capture(link)) {
        release(link, picture->frame);
    } else if (count == 0 || count > UINT16_MAX) {
        tell_failure(link, link->request.number, count == 0 ? GL_CAMERA_FAILED : GL_NO_MEMORY);
        release(link, picture->frame);
    } else {
        begin_picture(link, picture, (uint16_t)count);
    }
}

/* Chunks to be sent again are bits, by their place modulo 64: all of them are among the 64 from `next`. */
static bool again(const struct gl_link *link, uint16_t place) { return link->picture.again[place / 32 % 2] >> (place % 32) & 1; }

static void set_again(struct gl_link *link, uint16_t place, bool again)
{
    uint32_t bit = UINT32_C(1) << (place % 32), *word = &link->picture.again[place / 32 % 2];

    *word = again ? *word | bit : *word & ~bit;
}

static void take_taken(struct gl_link *link, const uint8_t *said, size_t n)
{
    uint16_t next = get16(said + 1), missing;

    if (!link->picture.begun || said[0] != link->picture.number || next < link->picture.next || next > link->picture.sent)
        return;
    for (; link->picture.next < next; link->picture.next++)
        set_again(link, link->picture.next, false);
    link->picture.limit = (uint16_t)least(get16(said + 3), next + least(BEYOND, (size_t)(link->picture.count - next)));
    n = least(n - 5, 2 * MISSING_MOST);
    for (said += 5; n >= 2; n -= 2, said += 2) {
        missing = get16(said);
        if (missing >= next && missing < link->picture.sent)
            set_again(link, missing, true);
    }
}

static void take_done(struct gl_link *link, uint8_t picture)
{
    if (!link->picture.begun || link->picture.number != picture)
        return;
    link->picture.done = true;
    if (link->out.state == IDLE || link->out.head[0] < CHUNK) /* else once the chunk is out: a packet is not interrupted */
        end_picture(link);
}

/* Which chunk goes next; false: none. */
static bool choose_chunk(struct gl_link *link)
{
    if (!link->picture.begun || link->picture.done)
        return false;
    link->picture.fresh = false;
    for (uint16_t place = link->picture.next; place < link->picture.sent; place++)
        if (again(link, place)) {
            set_again(link, place, false);
            link->picture.going = place;
            return true;
        }
    if (link->picture.sent >= link->picture.limit)
        return false;
    link->picture.fresh = true;
    link->picture.going = link->picture.sent++;
    return true;
}

static uint32_t chunk_begins(const struct gl_link *link) { return (uint32_t)link->picture.going * link->picture.chunk; }

static uint16_t chunk_length(const struct gl_link *link)
{
    uint32_t rest = link->picture.is.size - chunk_begins(link);

    return rest < link->picture.chunk ? (uint16_t)rest : link->picture.chunk;
}

static bool read_chunk(struct gl_link *link, size_t offset, uint8_t *to, size_t n)
{
    if (!link->port->read(link->user, link->picture.is.frame, chunk_begins(link) + (uint32_t)offset, to, n))
        return false;
    if (link->picture.fresh)
        link->picture.check = crc(link->picture.check, to, n);
    return true;
}

static void chunk_is_out(struct gl_link *link)
{
    if (link->picture.done) {
        end_picture(link);
    } else if (link->picture.sent == link->picture.count && !link->picture.ended) {
        link->picture.ended = true;
        put(put(queue_control(link, END, 5), link->picture.number, 1), link->picture.check ^ ALL_ONES, 4);
    }
}

/* --- The display [6] --- */

/* The bytes of the UTF-8 character at the beginning of n bytes; 0: it is none, or a control character. */
static size_t character(const uint8_t *text, size_t n)
{
    uint8_t lead = text[0], low = 0x80, high = 0xBF; /* of the second byte, whose range keeps out what follows */
    size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;

    if (lead == 0xC2 || lead == 0xE0)
        low = 0xA0; /* control characters; what has a shorter form */
    else if (lead == 0xF0)
        low = 0x90; /* the same */
    else if (lead == 0xED)
        high = 0x9F; /* halves of UTF-16's pairs */
    else if (lead == 0xF4)
        high = 0x8F; /* what is beyond Unicode */
    if (length > n || lead < 0x20 || lead == 0x7F || (length > 1 && (text[1] < low || text[1] > high)))
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

static bool has_row(const struct gl_link *link, uint8_t row) { return row < GL_ROWS && row < link->device->rows; }

/* Whether a row has so many bytes, and a character ends there. */
static bool may_keep(const char *row, size_t kept)
{
    for (size_t i = 0; i < kept; i++)
        if (row[i] == 0)
            return false;
    return ((uint8_t)row[kept] & 0xC0) != 0x80;
}

/* The row keeps its first bytes, and this text follows them. */
static void take_row(struct gl_link *link, uint8_t row, uint8_t kept, const uint8_t *text, size_t n)
{
    char *to;
    size_t length, filled = kept;

    if (!has_row(link, row) || !may_keep(link->screen.rows[row], kept))
        return;
    to = link->screen.rows[row];
    for (; n > 0; text += length, n -= length) {
        length = character(text, n);
        if (length > GL_ROW_BYTES - filled)
            break;
        copy((uint8_t *)to + filled, text, length);
        filled += length;
        if (length == 0)
            length = 1; /* passed over */
    }
    to[filled] = 0;
    link->screen.changed |= UINT32_C(1) << row;
}

static void take_empty(struct gl_link *link, uint8_t row)
{
    for (; has_row(link, row); row++)
        if (link->screen.rows[row][0] != 0) {
            link->screen.rows[row][0] = 0;
            link->screen.changed |= UINT32_C(1) << row;
        }
}

static void take_show(struct gl_link *link, const uint8_t *said)
{
    link->screen.page = get16(said);
    link->screen.pages = get16(said + 2);
    link->screen.mark = said[4] <= GL_FAULT ? said[4] : GL_IDLE;
    link->screen.looking = said[5] & 1;
    link->screen.warning = said[5] >> 1 & 1;
}

static void show(struct gl_link *link)
{
    link->display_shown = link->display_next;
    link->showing = true;
    if (!link->port->show || link->port->show(link->user, &link->screen))
        link->showing = false;
    link->screen.changed = 0;
}

/* False: not now, for a screen waits until the one before it is shown. */
static bool take_display(struct gl_link *link, const uint8_t *said, size_t n)
{
    bool shows = (said[0] == SHOW && n >= 7) || (said[0] == GROW && n >= 3);

    if (link->held)
        return false;
    if (said[0] == LINE && n >= 2)
        take_row(link, said[1], 0, said + 2, n - 2);
    else if ((said[0] == TAIL || said[0] == GROW) && n >= 3)
        take_row(link, said[1], said[2], said + 3, n - 3);
    else if (said[0] == EMPTY && n >= 2)
        take_empty(link, said[1]);
    else if (shows)
        take_show(link, said + 1);
    if (shows && link->showing)
        link->held = true;
    else if (shows)
        show(link);
    return true;
}

void gl_shown(struct gl_link *link)
{
    link->showing = false;
    link->ack = true;
    if (link->held) {
        link->held = false;
        link->display_next--; /* its SHOW is the last that was taken */
        show(link);
        link->display_next++;
    }
}

/* --- Sessions [2, 3] --- */

static void cut_packet(struct gl_link *link)
{
    link->out.parted = link->out.parted || link->out.state != IDLE;
    link->out.state = IDLE;
}

/* Nothing is left of the session but what the wearer did: edges [5]. */
static void forget(struct gl_link *link)
{
    static const struct gl_request off = {0, GL_OFF, 0, 0, 0, 0};
    struct gl_window *buttons = &link->windows[TO_HOST_BUTTONS];

    cut_packet(link);
    link->session = 0;
    link->changing = STEADY;
    link->running &= 1 << GL_T_PAUSE;
    link->here = link->welcome = link->ack = link->rated = false;
    link->pong_count = link->echo_count = 0;
    link->display_next = link->display_shown = link->control_next = 0;
    link->held = false;
    zero(&link->screen, sizeof link->screen);
    link->screen.changed = ALL_ONES;
    zero(&link->windows[TO_HOST_CONTROL], sizeof link->windows[TO_HOST_CONTROL]);
    buttons->first = buttons->tried = buttons->sent = buttons->doublings = 0;
    link->picture_number = 0;
    if (link->picture.begun)
        end_picture(link);
    if (link->request.mode != GL_OFF)
        set_camera(link, &off);
}

static void tell_session(struct gl_link *link)
{
    if (link->port->session)
        link->port->session(link->user, link->session != 0);
}

static void set_rate(struct gl_link *link, uint32_t rate)
{
    link->rate = rate;
    link->out.parted = true;
    if (link->port->rate)
        link->port->rate(link->user, rate);
}

static void say_here(struct gl_link *link, uint32_t now)
{
    link->here = true;
    set(link, GL_T_HERE, now + HERE_EVERY);
    drop_old_edges(link, now);
}

static void begin_session(struct gl_link *link, uint32_t session, uint32_t now)
{
    bool was = link->session != 0;

    forget(link);
    if (was)
        tell_session(link);
    drop_old_edges(link, now);
    link->session = session;
    tell_session(link);
}

static void end_session(struct gl_link *link, uint32_t now)
{
    forget(link);
    if (link->rate != GL_BASE_RATE)
        set_rate(link, GL_BASE_RATE);
    say_here(link, now);
    tell_session(link);
}

/* A good packet of the session came. */
static void heard(struct gl_link *link, uint32_t now)
{
    set(link, GL_T_DEAD, now + DEAD_AFTER);
    if (link->changing == SILENT)
        link->changing = STEADY;
}

static uint8_t lowest(const struct gl_link *link) { return link->device->lowest ? link->device->lowest : VERSION; }

static uint8_t highest(const struct gl_link *link) { return link->device->highest ? link->device->highest : VERSION; }

static void take_hello(struct gl_link *link, const uint8_t *said, uint32_t now)
{
    uint32_t session = get32(said + 2);

    if (session == 0)
        return;
    if (said[0] > highest(link) || said[1] < lowest(link) || said[0] > said[1]) {
        link->here = true;
        return;
    }
    if (session != link->session)
        begin_session(link, session, now);
    link->version = (uint8_t)least(highest(link), said[1]);
    link->largest = get16(said + 6) < SHORTEST ? SHORTEST : get16(said + 6);
    link->welcome = true;
    heard(link, now);
}

/* --- The rate [9] --- */

static bool has_rate(const struct gl_link *link, uint32_t rate)
{
    for (size_t i = 0; i < link->device->rate_count; i++)
        if (link->device->rates[i] == rate)
            return link->port->rate != NULL;
    return rate == GL_BASE_RATE;
}

static void take_rate(struct gl_link *link, uint32_t rate)
{
    if (link->changing != STEADY)
        return;
    link->next_rate = has_rate(link, rate) ? rate : link->rate;
    link->rated = true;
}

void gl_sent(struct gl_link *link, uint32_t now)
{
    if (link->changing != RATED_GOES || link->out.state != IDLE)
        return;
    link->changing = SILENT;
    set(link, GL_T_DEAD, now + DEAD_AFTER_CHANGE);
    set_rate(link, link->next_rate);
}

/* --- Packets that come [1] --- */

static void take_echo(struct gl_link *link, const uint8_t *said, size_t n)
{
    struct gl_echo *echo = &link->echoes[link->echo_count];

    if (link->echo_count == GL_ECHOES)
        return;
    link->echo_count++;
    echo->length = (uint8_t)least(n, GL_ECHO_MAX);
    copy(echo->bytes, said, echo->length);
}

static bool take_control(struct gl_link *link, const uint8_t *said, size_t n)
{
    if (said[0] == CAMERA && n >= 12)
        return take_camera(link, said + 1);
    if (said[0] == DONE && n >= 3)
        take_done(link, said[1]);
    return true;
}

/* A packet with a good check, of this session. Its body is n bytes. */
static void take_packet(struct gl_link *link, uint8_t type, const uint8_t *body, size_t n, uint32_t now)
{
    if (type == BYE) {
        end_session(link, now);
    } else if (type == PING && n >= 13) {
        if (link->pong_count < GL_PONGS)
            link->pongs[link->pong_count++] = (struct gl_pong){now, body[0]};
    } else if (type == ACK && n >= 3) {
        acknowledged(link, TO_HOST_BUTTONS, body[0], now);
        acknowledged(link, TO_HOST_CONTROL, body[2], now);
    } else if (type == TAKEN && n >= 5) {
        take_taken(link, body, n);
    } else if (type == RATE && n >= 4) {
        take_rate(link, get32(body));
    } else if (type == ECHO && n >= 1) {
        take_echo(link, body, n);
    } else if (type == DISPLAY && n >= 2) {
        link->ack = true;
        if (body[0] == link->display_next && take_display(link, body + 1, n - 1))
            link->display_next++;
    } else if (type == CONTROL && n >= 2) {
        link->ack = true;
        if (body[0] == link->control_next && take_control(link, body + 1, n - 1))
            link->control_next++;
    }
}

static void check_packet(struct gl_link *link, uint32_t now)
{
    const uint8_t *bytes = link->in.bytes;
    size_t n = link->in.length;

    if (n < 1 + CHECK || (crc(crc_of_key(link, bytes[0]), bytes, n - CHECK) ^ ALL_ONES) != get32(bytes + n - CHECK)) {
        link->bad++;
        return;
    }
    n -= 1 + CHECK;
    if (bytes[0] == HELLO && n >= 8) {
        take_hello(link, bytes + 1, now);
    } else if (link->session != 0 && (bytes[0] < HERE || bytes[0] > WELCOME)) {
        heard(link, now);
        take_packet(link, bytes[0], bytes + 1, n, now);
    }
}

static void store(struct gl_link *link, uint8_t byte)
{
    if (link->in.length < GL_PACKET_MAX)
        link->in.bytes[link->in.length++] = byte;
    else
        link->in.spoilt = true;
}

void gl_receive(struct gl_link *link, const uint8_t *bytes, size_t n, uint32_t now)
{
    for (; n > 0; n--, bytes++) {
        if (*bytes == 0) {
            if (link->in.spoilt || link->in.left > 0)
                link->bad++;
            else if (link->in.code != 0)
                check_packet(link, now);
            link->in.length = 0;
            link->in.left = link->in.code = 0;
            link->in.spoilt = false;
        } else if (link->in.left > 0) {
            link->in.left--;
            store(link, *bytes);
        } else {
            if (link->in.code != 0 && link->in.code != 0xFF)
                store(link, 0);
            link->in.code = *bytes;
            link->in.left = (uint8_t)(*bytes - 1);
        }
    }
}

void gl_overrun(struct gl_link *link, uint16_t bytes) { link->overrun = (uint16_t)(link->overrun + bytes); }

/* --- Packets that go [1, 4] --- */

/* WELCOME's fields, a window of them: they are longer than anything else that is kept, and made anew where they are needed. */
struct facts {
    uint8_t *to;
    size_t skip, room; /* the bytes that are wanted */
    size_t at, most;   /* all bytes so far, and at most */
};

static void fact(struct facts *facts, uint32_t value, int bytes)
{
    for (; bytes > 0; bytes--, value >>= 8, facts->at++)
        if (facts->at >= facts->skip && facts->at - facts->skip < facts->room)
            facts->to[facts->at - facts->skip] = (uint8_t)value;
}

/* False: the host has no room for it. */
static bool field(struct facts *facts, uint8_t tag, size_t length)
{
    if (facts->at + 2 + length > facts->most)
        return false;
    fact(facts, tag | (uint32_t)length << 8, 2);
    return true;
}

static void number_field(struct facts *facts, uint8_t tag, uint32_t value, int bytes)
{
    if (field(facts, tag, (size_t)bytes))
        fact(facts, value, bytes);
}

static void text_field(struct facts *facts, uint8_t tag, const char *text, size_t most)
{
    size_t length = 0;

    while (text && length < most && text[length])
        length++;
    while (length > 0 && ((uint8_t)text[length] & 0xC0) == 0x80)
        length--; /* a character that would be cut */
    if (text && field(facts, tag, length))
        while (length-- > 0)
            fact(facts, (uint8_t)*text++, 1);
}

static void list_fields(struct facts *facts, const struct gl_device *device, bool rates)
{
    size_t sizes = least(device->size_count, 63), rate_count = rates ? least(device->rate_count, 63) : 0;

    if (sizes && field(facts, 0x08, 4 * sizes))
        for (size_t i = 0; i < sizes; i++)
            fact(facts, device->sizes[i].width | (uint32_t)device->sizes[i].height << 16, 4);
    for (size_t i = 0; i < least(device->button_count, 32); i++)
        text_field(facts, 0x09, device->buttons[i], 32);
    if (rate_count && field(facts, 0x0A, 4 * rate_count))
        for (size_t i = 0; i < rate_count; i++)
            fact(facts, device->rates[i], 4);
}

/* Write `room` of these bytes, from the one at `skip`; return how many there are. */
static size_t tell_facts(const struct gl_link *link, size_t skip, uint8_t *to, size_t room)
{
    const struct gl_device *device = link->device;
    struct facts facts = {to, skip, room, 0, (size_t)(link->largest - WELCOME_HEAD - CHECK)};

    text_field(&facts, 0x01, device->name, 64);
    text_field(&facts, 0x02, device->firmware, 32);
    number_field(&facts, 0x03, GL_PACKET_MAX, 2);
    number_field(&facts, 0x04, said_or(device->room, GL_ROOM), 2);
    number_field(&facts, 0x05, said_or(device->window, WINDOW), 1);
    if (device->rows && field(&facts, 0x06, 5)) {
        fact(&facts, device->columns | (uint32_t)least(device->rows, GL_ROWS) << 8 | (uint32_t)device->screen_ms << 16, 4);
        fact(&facts, GROWS, 1);
    }
    if (device->features && field(&facts, 0x07, 5)) {
        fact(&facts, device->features, 1);
        fact(&facts, said_or(device->chunk_max, GL_CHUNK_MAX) | (uint32_t)device->exposure_ms << 16, 4);
    }
    list_fields(&facts, device, link->port->rate != NULL);
    return facts.at;
}

static uint8_t *put_pong(struct gl_link *link, uint8_t *to, uint32_t now)
{
    struct gl_pong pong = link->pongs[0];

    link->pong_count--;
    for (size_t i = 0; i < link->pong_count; i++)
        link->pongs[i] = link->pongs[i + 1];
    to = put(put(put(to, PONG, 1), pong.number, 1), pong.received, 4);
    return put(put(put(to, now, 4), link->bad, 2), link->overrun, 2);
}

static uint8_t *put_edge(struct gl_link *link, uint8_t *to, uint32_t now)
{
    const struct gl_edge *edge = &link->edges[link->windows[TO_HOST_BUTTONS].sent];

    to = put(put(put(to, BUTTONS, 1), sends(link, TO_HOST_BUTTONS, now), 1), EDGE, 1);
    return put(put(put(put(to, edge->number, 1), edge->button, 1), edge->down, 1), edge->time, 4);
}

static uint8_t *put_control(struct gl_link *link, uint8_t *to, uint32_t now)
{
    const struct gl_control *control = &link->controls[link->windows[TO_HOST_CONTROL].sent];

    to = put(put(to, CONTROL, 1), sends(link, TO_HOST_CONTROL, now), 1);
    copy(to, control->bytes, control->length);
    return to + control->length;
}

/* The most urgent packet [4]: its head. Behind it come `more` bytes that are read as they go. NULL: there is none. */
static uint8_t *put_most_urgent(struct gl_link *link, uint8_t *to, size_t *more, uint32_t now)
{
    if (link->changing != STEADY)
        return NULL;
    if (link->welcome) {
        link->welcome = false;
        *more = tell_facts(link, 0, NULL, 0);
        return put(put(put(put(to, WELCOME, 1), link->version, 1), link->session, 4), link->boot, 4);
    }
    if (link->here) {
        link->here = false;
        return put(put(put(put(to, HERE, 1), lowest(link), 1), highest(link), 1), link->boot, 4);
    }
    if (link->session == 0)
        return NULL;
    if (link->pong_count > 0)
        return put_pong(link, to, now);
    if (link->ack) {
        link->ack = false;
        to = put(put(put(to, ACK, 1), 0, 1), link->showing ? link->display_shown : link->display_next, 1);
        return put(to, link->control_next, 1);
    }
    if (link->rated) {
        link->rated = false;
        return put(put(to, RATED, 1), link->next_rate, 4);
    }
    if (link->echo_count > 0) {
        *more = link->echoes[0].length;
        return put(to, ECHOED, 1);
    }
    if (has_to_send(&link->windows[TO_HOST_BUTTONS]))
        return put_edge(link, to, now);
    if (has_to_send(&link->windows[TO_HOST_CONTROL]))
        return put_control(link, to, now);
    if (choose_chunk(link)) {
        *more = chunk_length(link);
        return put(put(to, CHUNK | link->picture.number, 1), link->picture.going & 0xFF, 1);
    }
    return NULL;
}

static bool begin_packet(struct gl_link *link, uint32_t now)
{
    size_t more = 0;
    uint8_t *end = put_most_urgent(link, link->out.head, &more, now);

    if (!end)
        return false;
    link->out.state = IN_BLOCK;
    link->out.run = link->out.from = link->out.to = 0;
    link->out.head_length = (uint8_t)(end - link->out.head);
    link->out.length = (uint16_t)(link->out.head_length + more);
    link->out.at = 0;
    link->out.checked = 0;
    link->out.check = crc_of_key(link, link->out.head[0]);
    clear(link, GL_T_PAUSE); /* not within the packet, however slowly it goes */
    return true;
}

static void packet_is_out(struct gl_link *link, uint32_t now)
{
    uint8_t type = link->out.head[0];

    link->out.state = IDLE;
    set(link, GL_T_PAUSE, now + PAUSE_AFTER);
    if (type == RATED && link->next_rate != link->rate)
        link->changing = RATED_GOES;
    if (type == ECHOED && --link->echo_count > 0)
        link->echoes[0] = link->echoes[1];
    if (type >= CHUNK)
        chunk_is_out(link);
}

/* Bytes of the body behind the packet's head. */
static bool read_body(struct gl_link *link, size_t offset, uint8_t *to, size_t n)
{
    uint8_t type = link->out.head[0];

    if (type >= CHUNK)
        return read_chunk(link, offset, to, n);
    if (type == ECHOED)
        copy(to, link->echoes[0].bytes + offset, n);
    else
        tell_facts(link, offset, to, n);
    return true;
}

static size_t undrawn(const struct gl_link *link) { return (size_t)(link->out.length - link->out.at) + (size_t)(CHECK - link->out.checked); }

/* The next n decoded bytes of the packet: head, body, check. */
static bool draw(struct gl_link *link, uint8_t *to, size_t n)
{
    size_t part;

    for (; n > 0 && link->out.at < link->out.length; n -= part, to += part) {
        if (link->out.at < link->out.head_length) {
            part = least(n, (size_t)(link->out.head_length - link->out.at));
            copy(to, link->out.head + link->out.at, part);
        } else {
            part = least(n, (size_t)(link->out.length - link->out.at));
            if (!read_body(link, (size_t)(link->out.at - link->out.head_length), to, part))
                return false;
        }
        link->out.check = crc(link->out.check, to, part);
        link->out.at = (uint16_t)(link->out.at + part);
    }
    for (; n > 0; n--)
        *to++ = (uint8_t)((link->out.check ^ ALL_ONES) >> (8 * link->out.checked++));
    return true;
}

static bool draw_ahead(struct gl_link *link)
{
    size_t kept = (size_t)(link->out.to - link->out.from), n = least(sizeof link->out.ahead - kept, undrawn(link));

    copy(link->out.ahead, link->out.ahead + link->out.from, kept);
    link->out.from = 0;
    link->out.to = (uint8_t)(kept + n);
    return draw(link, link->out.ahead + kept, n);
}

static size_t zero_ahead(const struct gl_link *link)
{
    size_t at = link->out.from;

    while (at < link->out.to && link->out.ahead[at] != 0)
        at++;
    return at;
}

/* Begin the next COBS block: its code. False: the packet cannot be had to its end. */
static bool next_block(struct gl_link *link, uint8_t *code)
{
    size_t end;

    if (link->out.state == IN_BLOCK_BEFORE_ZERO)
        link->out.from++;
    end = zero_ahead(link);
    if (end == link->out.to && undrawn(link) > 0) {
        if (!draw_ahead(link))
            return false;
        end = zero_ahead(link);
    }
    link->out.run = (uint8_t)(end - link->out.from);
    *code = (uint8_t)(link->out.run + 1);
    link->out.state = end < link->out.to ? IN_BLOCK_BEFORE_ZERO : undrawn(link) > 0 ? IN_BLOCK : IN_LAST_BLOCK;
    return true;
}

/* read() failed. */
static void lose_picture(struct gl_link *link)
{
    link->out.state = IDLE;
    tell_failure(link, link->picture.request, GL_CAMERA_FAILED);
    end_picture(link);
}

size_t gl_transmit(struct gl_link *link, uint8_t *bytes, size_t room, uint32_t now)
{
    size_t n = 0, part;

    if (room > 0 && link->out.state == IDLE && begin_packet(link, now) && link->out.parted) {
        link->out.parted = false;
        bytes[n++] = 0;
    }
    while (n < room && link->out.state != IDLE) {
        if (link->out.run > 0) {
            part = least(link->out.run, room - n);
            copy(bytes + n, link->out.ahead + link->out.from, part);
            link->out.from = (uint8_t)(link->out.from + part);
            link->out.run = (uint8_t)(link->out.run - part);
            n += part;
        } else if (link->out.state == IN_LAST_BLOCK) {
            bytes[n++] = 0;
            packet_is_out(link, now);
        } else if (next_block(link, bytes + n)) {
            n++;
        } else {
            lose_picture(link);
            bytes[n++] = 0; /* the host need not wait for the next packet to know */
        }
    }
    return n;
}

/* --- Time, and the rest that the port calls --- */

static void timer_is_due(struct gl_link *link, int timer, uint32_t now)
{
    if (timer == GL_T_HERE)
        say_here(link, now);
    else if (timer == GL_T_PAUSE)
        link->out.parted = true;
    else if (timer == GL_T_AGAIN + TO_HOST_BUTTONS || timer == GL_T_AGAIN + TO_HOST_CONTROL)
        send_again(&link->windows[timer - GL_T_AGAIN]);
    else if (timer != GL_T_CAPTURE) /* which is looked at where it matters */
        end_session(link, now);     /* GL_T_DEAD, GL_T_UNTAKEN */
}

void gl_poll(struct gl_link *link, uint32_t now)
{
    for (int timer = 0; timer < GL_TIMERS; timer++)
        if (is_set(link, timer) && reached(now, link->timers[timer])) {
            clear(link, timer);
            timer_is_due(link, timer, now);
        }
    if (capture_is_due(link))
        capture(link, now);
}

uint32_t gl_due(const struct gl_link *link, uint32_t now)
{
    uint32_t due = HERE_EVERY;

    if (capture_is_due(link))
        return 0;
    for (int timer = 0; timer < GL_TIMERS; timer++)
        if (is_set(link, timer)) {
            if (reached(now, link->timers[timer]))
                return 0;
            if ((uint32_t)(link->timers[timer] - now) < due)
                due = link->timers[timer] - now;
        }
    return due;
}

bool gl_edge(struct gl_link *link, uint8_t button, bool down, uint32_t time)
{
    struct gl_window *buttons = &link->windows[TO_HOST_BUTTONS];
    uint8_t number = link->edge_number++;

    if (buttons->count == GL_EDGES)
        return false;
    link->edges[buttons->count++] = (struct gl_edge){time, number, button, down};
    return true;
}

bool gl_in_session(const struct gl_link *link) { return link->session != 0; }

void gl_init(struct gl_link *link, const struct gl_device *device, const struct gl_port *port, void *user, uint32_t boot, uint32_t now)
{
    zero(link, sizeof *link);
    link->device = device;
    link->port = port;
    link->user = user;
    link->boot = boot;
    link->rate = GL_BASE_RATE;
    link->largest = SHORTEST;
    link->out.parted = true;
    say_here(link, now);
}
