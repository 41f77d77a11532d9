#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#define TOLD_LINES 6 /* events under the drawn screen */
#define REPLACEMENT 0xFFFDu

static const char *const MARKS[] = {"idle", "looking", "sending", "thinking", "writing", "done", "cut off", "error"};

static const struct screen *drawn; /* NULL: JSON */
static char *told[TOLD_LINES];
static FILE *out;
static char *line;
static size_t line_bytes;

const char *mark_name(unsigned mark)
{
    return mark < sizeof MARKS / sizeof *MARKS ? MARKS[mark] : MARKS[0];
}

/* ---- text */

uint32_t utf8_next(const char *text, size_t *bytes)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t follow = at[0] >= 0xF0 ? 3 : at[0] >= 0xE0 ? 2 : at[0] >= 0xC2 ? 1 : 0, i;
    uint32_t point = follow == 3 ? at[0] & 0x07u : follow == 2 ? at[0] & 0x0Fu : follow == 1 ? at[0] & 0x1Fu : at[0];

    *bytes = 1;
    if (at[0] < 0x80)
        return point;
    if (follow == 0 || at[0] > 0xF4)
        return REPLACEMENT;
    for (i = 1; i <= follow; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return REPLACEMENT;
        point = point << 6 | (at[i] & 0x3Fu);
    }
    if ((point >= 0xD800 && point <= 0xDFFF) || point > 0x10FFFF || (follow == 2 && point < 0x800) || (follow == 3 && point < 0x10000))
        return REPLACEMENT;
    *bytes = follow + 1;
    return point;
}

static void write_text(const char *text)
{
    size_t bytes;

    for (; *text; text += bytes) {
        uint32_t point = utf8_next(text, &bytes);

        if (point == REPLACEMENT)
            fputs("\xEF\xBF\xBD", out);
        else if (point < 0x20 || point == 0x7F || (!drawn && (point == '"' || point == '\\')))
            fprintf(out, drawn ? " " : "\\u%04" PRIX32, point);
        else
            fwrite(text, 1, bytes, out);
    }
}

static void write_string(const char *text)
{
    if (!drawn)
        putc('"', out);
    write_text(text);
    if (!drawn)
        putc('"', out);
}

/* ---- the screen, drawn */

static void draw_edge(const char *left, const char *right)
{
    unsigned column;

    fputs(left, stdout);
    for (column = 0; column < drawn->columns; column++)
        fputs("\xE2\x94\x80", stdout);
    puts(right);
}

static void draw_row(const char *text)
{
    unsigned column = 0;
    size_t bytes;

    fputs("\xE2\x94\x82", stdout);
    for (; *text; text += bytes) {
        uint32_t point = utf8_next(text, &bytes);
        int width = wcwidth((wchar_t)point);

        if (width < 0 || column + (unsigned)width > drawn->columns)
            break;
        fwrite(text, 1, bytes, stdout);
        column += (unsigned)width;
    }
    for (; column < drawn->columns; column++)
        putchar(' ');
    puts("\xE2\x94\x82");
}

static void draw(void)
{
    unsigned row;
    size_t i;

    if (isatty(STDOUT_FILENO))
        fputs("\033[H\033[J", stdout);
    draw_edge("\xE2\x94\x8C", "\xE2\x94\x90");
    for (row = 0; row < drawn->rows; row++)
        draw_row(drawn->text[row]);
    draw_edge("\xE2\x94\x94", "\xE2\x94\x98");
    printf(" %s", mark_name(drawn->mark));
    if (drawn->pages > 1)
        printf("   page %u of %u", drawn->page, drawn->pages);
    fputs(drawn->looks ? "   \xE2\x97\x8F the camera looks" : "", stdout);
    puts(drawn->warns ? "   ! warning" : "");
    for (i = 0; i < TOLD_LINES; i++)
        if (told[i])
            printf("  %s\n", told[i]);
    fflush(stdout);
}

void report_draws(const struct screen *screen)
{
    drawn = screen;
}

/* ---- events */

void report_begin(const char *event, ns_t now)
{
    double seconds = (double)now / (double)NS_PER_S;

    out = drawn ? open_memstream(&line, &line_bytes) : stdout;
    if (!out)
        abort(); /* there is no memory for a line of text */
    if (drawn)
        fprintf(out, "%.3f  %s", seconds, event);
    else
        fprintf(out, "{\"t\": %.6f, \"event\": \"%s\"", seconds, event);
}

static void write_key(const char *key)
{
    fprintf(out, drawn ? "  %s " : ", \"%s\": ", key);
}

void report_text(const char *key, const char *text)
{
    write_key(key);
    write_string(text);
}

void report_number(const char *key, int64_t value)
{
    write_key(key);
    fprintf(out, "%" PRId64, value);
}

void report_real(const char *key, double value)
{
    write_key(key);
    fprintf(out, "%.6f", value);
}

void report_flag(const char *key, bool value)
{
    write_key(key);
    fputs(value ? "true" : "false", out);
}

void report_texts(const char *key, const char (*texts)[ROW_BYTES], size_t count)
{
    size_t i;

    write_key(key);
    fputs(drawn ? "" : "[", out);
    for (i = 0; i < count; i++) {
        fputs(i == 0 ? "" : ", ", out);
        write_string(texts[i]);
    }
    fputs(drawn ? "" : "]", out);
}

void report_end(void)
{
    size_t i;

    if (!drawn) {
        fputs("}\n", out);
        fflush(out);
        return;
    }
    fclose(out);
    free(told[0]);
    for (i = 1; i < TOLD_LINES; i++)
        told[i - 1] = told[i];
    told[TOLD_LINES - 1] = line;
    draw();
}

void report_screen(const struct screen *screen, uint32_t device_time, ns_t now)
{
    if (drawn) {
        draw();
        return;
    }
    report_begin("screen", now);
    report_texts("rows", screen->text, screen->rows);
    report_number("page", screen->page);
    report_number("pages", screen->pages);
    report_text("mark", mark_name(screen->mark));
    report_flag("camera", screen->looks);
    report_flag("warning", screen->warns);
    report_number("device", device_time);
    report_end();
}
