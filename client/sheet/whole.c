// SPDX-License-Identifier: Apache-2.0
#include "client/sheet/whole.h"

#include <zlib.h>

// The zip format (APPNOTE.TXT 4.3), as far as the library writes it: no comment behind the
// directory, no 64-bit sizes, every part deflated. Integers are little-endian.

#define END_BYTES       22
#define END_MAGIC       0x06054b50u
#define ENTRY_BYTES     46
#define ENTRY_MAGIC     0x02014b50u
#define LOCAL_BYTES     30
#define LOCAL_MAGIC     0x04034b50u
#define DEFLATED        8
#define NAME_BYTES_MAX  127
#define CHUNK_BYTES     ((size_t)32 * 1024)
#define EDGE_BYTES      512 // of a part's beginning and end
#define ROOT_BYTES_MAX  64
#define SHEET_NAME_HEAD "xl/worksheets/sheet"

static uint16_t le16(const uint8_t *in)
{
    return (uint16_t)(in[0] | in[1] << 8);
}

static uint32_t le32(const uint8_t *in)
{
    return (uint32_t)le16(in) | (uint32_t)le16(in + 2) << 16;
}

// One part, and what was seen of it.
struct part {
    char name[NAME_BYTES_MAX + 1];
    uint32_t crc;
    uint32_t packed;
    uint32_t size;
    uint32_t offset; // of its local header

    uLong crc_seen;
    size_t size_seen;
    uint32_t rows;
    size_t matched; // of "</row>"
    char begin[EDGE_BYTES + 1];
    char end[EDGE_BYTES + 1];
    size_t end_size;
};

static void part_see(struct part *part, const uint8_t *data, size_t size)
{
    static const char ROW[] = "</row>";
    part->crc_seen = crc32(part->crc_seen, data, (uInt)size);
    for (size_t i = 0; i < size; i++) {
        const char c = (char)data[i];
        part->matched = c == ROW[part->matched] ? part->matched + 1 : c == ROW[0] ? 1 : 0;
        if (part->matched == sizeof(ROW) - 1) {
            part->rows++;
            part->matched = 0;
        }
    }
    for (size_t i = part->size_seen; i < EDGE_BYTES && i - part->size_seen < size; i++) {
        part->begin[i] = (char)data[i - part->size_seen];
    }
    const size_t last = size < EDGE_BYTES ? size : EDGE_BYTES;
    const size_t kept = part->end_size + last > EDGE_BYTES ? EDGE_BYTES - last : part->end_size;
    memmove(part->end, part->end + part->end_size - kept, kept);
    memcpy(part->end + kept, data + size - last, last);
    part->end_size = kept + last;
    part->end[part->end_size] = '\0';
    part->size_seen += size;
}

static bool part_inflate(struct part *part, FILE *file)
{
    uint8_t *buffer = malloc(2 * CHUNK_BYTES);
    z_stream stream = {0};
    if (buffer == NULL || inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
        free(buffer);
        return false;
    }
    size_t left = part->packed;
    int result = Z_OK;
    while (result == Z_OK && (left > 0 || stream.avail_in > 0)) {
        if (stream.avail_in == 0) {
            const size_t size = left < CHUNK_BYTES ? left : CHUNK_BYTES;
            stream.next_in = buffer;
            stream.avail_in = (uInt)fread(buffer, 1, size, file);
            left = stream.avail_in == size ? left - size : 0;
        }
        stream.next_out = buffer + CHUNK_BYTES;
        stream.avail_out = (uInt)CHUNK_BYTES;
        result = inflate(&stream, Z_NO_FLUSH);
        part_see(part, buffer + CHUNK_BYTES, CHUNK_BYTES - stream.avail_out);
    }
    (void)inflateEnd(&stream);
    free(buffer);
    return result == Z_STREAM_END && part->size_seen == part->size && part->crc_seen == part->crc;
}

// Does the part end with the tag that it began with?
static bool part_is_closed(const struct part *part)
{
    const char *root = strstr(part->begin, "?>");
    root = root == NULL ? NULL : strchr(root, '<');
    if (root == NULL) {
        return false;
    }
    const size_t size = strcspn(root + 1, " />\n");
    char tag[ROOT_BYTES_MAX];
    const int written = snprintf(tag, sizeof(tag), "</%.*s>", (int)size, root + 1);
    const char *last = strrchr(part->end, '<');
    return written > 0 && (size_t)written < sizeof(tag) && last != NULL &&
           strncmp(last, tag, (size_t)written) == 0;
}

static bool part_is_whole(struct part *part, FILE *file, const uint32_t *rows, size_t sheet_count)
{
    uint8_t local[LOCAL_BYTES];
    if (fseek(file, (long)part->offset, SEEK_SET) != 0 ||
        fread(local, 1, sizeof(local), file) != sizeof(local) || le32(local) != LOCAL_MAGIC ||
        fseek(file, le16(local + 26) + le16(local + 28), SEEK_CUR) != 0 ||
        !part_inflate(part, file) || !part_is_closed(part)) {
        return false;
    }
    const size_t head = sizeof(SHEET_NAME_HEAD) - 1;
    if (strncmp(part->name, SHEET_NAME_HEAD, head) != 0) {
        return true;
    }
    const unsigned long sheet = strtoul(part->name + head, NULL, 10);
    return sheet >= 1 && sheet <= sheet_count && part->rows == rows[sheet - 1];
}

// The entry of the directory that comes next.
static bool entry_read(FILE *file, struct part *out)
{
    uint8_t entry[ENTRY_BYTES];
    if (fread(entry, 1, sizeof(entry), file) != sizeof(entry) || le32(entry) != ENTRY_MAGIC ||
        le16(entry + 10) != DEFLATED) {
        return false;
    }
    *out = (struct part){
        .crc = le32(entry + 16),
        .packed = le32(entry + 20),
        .size = le32(entry + 24),
        .offset = le32(entry + 42),
    };
    const size_t name = le16(entry + 28);
    return name <= NAME_BYTES_MAX && fread(out->name, 1, name, file) == name &&
           fseek(file, le16(entry + 30) + le16(entry + 32), SEEK_CUR) == 0;
}

static bool parts_are_whole(FILE *file, const uint32_t *rows, size_t sheet_count)
{
    uint8_t end[END_BYTES];
    if (fseek(file, -END_BYTES, SEEK_END) != 0 || fread(end, 1, sizeof(end), file) != sizeof(end) ||
        le32(end) != END_MAGIC) {
        return false;
    }
    const size_t count = le16(end + 10);
    long at = (long)le32(end + 16);
    size_t sheets = 0;
    for (size_t i = 0; i < count; i++) {
        struct part part;
        if (fseek(file, at, SEEK_SET) != 0 || !entry_read(file, &part)) {
            return false;
        }
        at = ftell(file);
        sheets += strncmp(part.name, SHEET_NAME_HEAD, sizeof(SHEET_NAME_HEAD) - 1) == 0 ? 1 : 0;
        if (!part_is_whole(&part, file, rows, sheet_count)) {
            return false;
        }
    }
    return sheets == sheet_count;
}

bool whole_is(const char *path, const uint32_t *rows, size_t sheet_count)
{
    assert(path != NULL && rows != NULL && sheet_count <= WHOLE_SHEETS_MAX);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    const bool is_whole = parts_are_whole(file, rows, sheet_count);
    (void)fclose(file);
    return is_whole;
}
