/* What the emulated camera sees: JPEG files in order, or made-up bytes of a size. */
#ifndef EMULATOR_PICTURES_H
#define EMULATOR_PICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PICTURES_MOST 1024                /* files of a folder */
#define PICTURE_LARGEST (64u * 1024 * 1024) /* bytes of a file */
#define SIZES_MOST 16

struct size {
    uint16_t width, height;
};

struct file {
    char *path;
    struct size size;
};

/* Where pictures come from. */
struct pictures {
    struct file *files;
    size_t count;
    size_t next;
    uint32_t made_up; /* bytes of a made-up picture; used where there are no files */
    uint64_t seed;
    uint64_t taken;   /* pictures taken since the start */
};

/* One that was taken. */
struct picture {
    char name[256]; /* of its file, without the folder; "": made up */
    uint8_t *data;  /* of a file */
    uint32_t bytes;
    struct size size;
    uint64_t seed; /* of a made-up one */
};

/*
 * Have the camera see a file, a folder of .jpg and .jpeg files (in the order of their names), or, where `where` is a number, made-up
 * pictures of so many bytes. False leaves what was seen before, and says why.
 */
bool pictures_see(struct pictures *pictures, const char *where, char *why, size_t room);

/* The sizes there are, largest first, each once; how many. */
size_t pictures_sizes(const struct pictures *pictures, struct size *sizes, size_t most);

/* Take the next one of a size, or where there is none, of the nearest (0 x 0: the next one). False where its file cannot be read. */
bool pictures_take(struct pictures *pictures, struct size wanted, struct picture *picture);

/* Give all back. */
void pictures_end(struct pictures *pictures);

/* Bytes of a picture. Made-up ones are those of chance_at, eight at a time, the lowest first. */
void picture_read(const struct picture *picture, uint32_t offset, uint8_t *into, size_t n);

/* Forget one; its bytes are 0 then. */
void picture_forget(struct picture *picture);

#endif
