#include "pictures.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "faults.h"

#define HEAD (1u << 20) /* bytes of a file in which its size stands: thumbnails and profiles come before it */

static const struct size MADE_UP_SIZE = {640, 480};

/* The size in a JPEG's frame header (ITU-T T.81, B.2.2: SOF0 to SOF15, without DHT, JPG and DAC). */
static bool size_of(const uint8_t *head, size_t n, struct size *size)
{
    size_t at = 2;

    if (n < 4 || head[0] != 0xFF || head[1] != 0xD8)
        return false;
    while (at + 9 <= n && head[at] == 0xFF) {
        uint8_t marker = head[at + 1];

        if (marker == 0xFF) { /* a fill byte */
            at++;
            continue;
        }
        if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
            size->height = (uint16_t)(head[at + 5] << 8 | head[at + 6]);
            size->width = (uint16_t)(head[at + 7] << 8 | head[at + 8]);
            return size->width > 0 && size->height > 0;
        }
        at += 2 + (size_t)(head[at + 2] << 8 | head[at + 3]);
    }
    return false;
}

static bool look_at_file(const char *path, struct size *size)
{
    static uint8_t head[HEAD];
    FILE *file = fopen(path, "rb");
    size_t n = file ? fread(head, 1, sizeof head, file) : 0;

    if (file)
        fclose(file);
    return size_of(head, n, size);
}

static void let_go(struct file *files, size_t count)
{
    while (count > 0)
        free(files[--count].path);
    free(files);
}

static bool add(struct file **files, size_t *count, const char *folder, const char *name)
{
    char path[4096];
    struct size size;
    struct file *more;
    int length = folder ? snprintf(path, sizeof path, "%s/%s", folder, name) : snprintf(path, sizeof path, "%s", name);

    if (length < 0 || (size_t)length >= sizeof path || *count >= PICTURES_MOST || !look_at_file(path, &size))
        return false;
    more = realloc(*files, (*count + 1) * sizeof *more);
    if (!more)
        return false;
    *files = more;
    more[*count].size = size;
    more[*count].path = strdup(path);
    if (!more[*count].path)
        return false;
    ++*count;
    return true;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static bool is_picture_name(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}

static size_t find(const char *where, struct file **files)
{
    size_t count = 0;
    DIR *folder = opendir(where);
    struct dirent *entry;

    if (!folder) {
        add(files, &count, NULL, where);
        return count;
    }
    while ((entry = readdir(folder)))
        if (is_picture_name(entry->d_name))
            add(files, &count, where, entry->d_name);
    closedir(folder);
    if (count > 1)
        qsort(*files, count, sizeof **files, by_path);
    return count;
}

bool pictures_see(struct pictures *pictures, const char *where, char *why, size_t room)
{
    struct file *files = NULL;
    char *end;
    unsigned long long bytes = strtoull(where, &end, 10);
    size_t count = 0;
    struct stat there;

    if (where[0] >= '0' && where[0] <= '9' && *end == '\0') {
        if (bytes < 1 || bytes > UINT32_MAX) {
            snprintf(why, room, "a picture has from 1 to 4294967295 bytes");
            return false;
        }
        pictures->made_up = (uint32_t)bytes;
    } else if (stat(where, &there) < 0) {
        snprintf(why, room, "%.200s: %s", where, strerror(errno));
        return false;
    } else if ((count = find(where, &files)) == 0) {
        free(files);
        snprintf(why, room, "%.200s: there is no JPEG", where);
        return false;
    }
    let_go(pictures->files, pictures->count);
    pictures->files = files;
    pictures->count = count;
    pictures->next = 0;
    return true;
}

void pictures_end(struct pictures *pictures)
{
    let_go(pictures->files, pictures->count);
    pictures->files = NULL;
    pictures->count = 0;
}

static uint32_t area(struct size size)
{
    return (uint32_t)size.width * size.height;
}

static int larger_first(const void *a, const void *b)
{
    uint32_t first = area(*(const struct size *)a), second = area(*(const struct size *)b);

    return (first < second) - (first > second);
}

static bool is_same(struct size a, struct size b)
{
    return a.width == b.width && a.height == b.height;
}

size_t pictures_sizes(const struct pictures *pictures, struct size *sizes, size_t most)
{
    size_t file, known, count = 0;

    for (file = 0; file < pictures->count && count < most; file++) {
        for (known = 0; known < count && !is_same(sizes[known], pictures->files[file].size); known++)
            ;
        if (known == count)
            sizes[count++] = pictures->files[file].size;
    }
    if (pictures->count == 0 && most > 0)
        sizes[count++] = MADE_UP_SIZE;
    qsort(sizes, count, sizeof *sizes, larger_first);
    return count;
}

/* The file whose turn it is: the first from `next` on that is as near to what is wanted as any. */
static size_t choose(const struct pictures *pictures, struct size wanted)
{
    size_t tried, best = pictures->next;
    uint32_t least = UINT32_MAX;

    if (wanted.width == 0 || wanted.height == 0)
        return best;
    for (tried = 0; tried < pictures->count; tried++) {
        size_t file = (pictures->next + tried) % pictures->count;
        uint32_t has = area(pictures->files[file].size), wants = area(wanted);
        uint32_t away = is_same(pictures->files[file].size, wanted) ? 0 : 1 + (has > wants ? has - wants : wants - has);

        if (away < least) {
            least = away;
            best = file;
        }
    }
    return best;
}

static bool load(const char *path, struct picture *picture)
{
    const char *slash = strrchr(path, '/');
    FILE *file = fopen(path, "rb");
    long bytes = -1;
    bool done = false;

    if (!file)
        return false;
    if (fseek(file, 0, SEEK_END) == 0 && (bytes = ftell(file)) > 0 && (unsigned long)bytes <= PICTURE_LARGEST) {
        rewind(file);
        picture->data = malloc((size_t)bytes);
        done = picture->data && fread(picture->data, 1, (size_t)bytes, file) == (size_t)bytes;
        picture->bytes = (uint32_t)bytes;
    }
    fclose(file);
    snprintf(picture->name, sizeof picture->name, "%s", slash ? slash + 1 : path);
    if (!done)
        picture_forget(picture);
    return done;
}

bool pictures_take(struct pictures *pictures, struct size wanted, struct picture *picture)
{
    size_t file;

    memset(picture, 0, sizeof *picture);
    picture->seed = chance_at(pictures->seed, pictures->taken++);
    if (pictures->count == 0) {
        picture->bytes = pictures->made_up;
        picture->size = wanted.width > 0 && wanted.height > 0 ? wanted : MADE_UP_SIZE;
        return true;
    }
    file = choose(pictures, wanted);
    pictures->next = (file + 1) % pictures->count;
    picture->size = pictures->files[file].size;
    return load(pictures->files[file].path, picture);
}

void picture_read(const struct picture *picture, uint32_t offset, uint8_t *into, size_t n)
{
    size_t i;
    uint64_t word = 0;

    if (picture->data) {
        memcpy(into, picture->data + offset, n);
        return;
    }
    for (i = 0; i < n; i++) {
        uint32_t place = offset + (uint32_t)i;

        if (i == 0 || place % 8 == 0)
            word = chance_at(picture->seed, place / 8);
        into[i] = (uint8_t)(word >> (place % 8 * 8));
    }
}

void picture_forget(struct picture *picture)
{
    free(picture->data);
    memset(picture, 0, sizeof *picture);
}
