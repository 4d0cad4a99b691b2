// SPDX-License-Identifier: Apache-2.0
#include "client/import/reader.h"

#include "client/import/bank_text.h"
#include "client/import/fence.h"
#include "shared/text.h"

#include <csv.h>
#include <errno.h>
#include <iconv.h>
#include <unistd.h>
#include <zlib.h>

#define CELL_ROOM_MIN 256
#define CHUNK_BYTES   65536

// ---- rows of text ----

struct parse {
    struct csv_parser csv;
    reader_row *row;
    void *context;
    uint32_t number; // of the record that is being read
    uint8_t *text;   // its cells, one behind the other
    size_t text_size;
    size_t text_room;
    size_t ends[READER_COLUMNS_MAX];
    size_t cell_count;
    enum status status;
};

static void parse_free(struct parse *parse)
{
    csv_free(&parse->csv);
    free(parse->text);
}

static void cell_end(void *data, size_t size, void *context)
{
    struct parse *parse = context;
    if (parse->status != STATUS_OK) {
        return;
    }
    if (parse->cell_count == READER_COLUMNS_MAX || size > READER_CELL_BYTES_MAX ||
        (size > 0 && memchr(data, 0, size) != NULL)) {
        parse->status = STATUS_READER_FAILED;
        return;
    }
    if (parse->text == NULL || parse->text_size + size > parse->text_room) {
        size_t room = 2 * (parse->text_room + size) + CELL_ROOM_MIN;
        uint8_t *more = realloc(parse->text, room);
        if (more == NULL) {
            parse->status = STATUS_ENVIRONMENT;
            return;
        }
        parse->text = more;
        parse->text_room = room;
    }
    if (size > 0) {
        memcpy(parse->text + parse->text_size, data, size);
    }
    parse->text_size += size;
    parse->ends[parse->cell_count++] = parse->text_size;
}

static void record_end(int character, void *context)
{
    (void)character;
    struct parse *parse = context;
    if (parse->status != STATUS_OK) {
        return;
    }
    struct bytes cells[READER_COLUMNS_MAX];
    size_t begin = 0;
    for (size_t i = 0; i < parse->cell_count; i++) {
        cells[i] = bytes_of(parse->text + begin, parse->ends[i] - begin);
        begin = parse->ends[i];
    }
    const struct reader_cells all = {.cell = cells, .count = parse->cell_count};
    if (parse->number > READER_ROWS_MAX) {
        parse->status = STATUS_READER_FAILED;
    } else if (!parse->row(parse->context, parse->number, &all)) {
        parse->status = STATUS_CANCELLED;
    } else {
        parse->number++;
        parse->cell_count = 0;
        parse->text_size = 0;
    }
}

enum status reader_parse(struct bytes text, char delimiter, enum reader_care care, reader_row *row,
                         void *context, uint32_t *bad_row)
{
    assert(row != NULL && bad_row != NULL);
    CLEANUP(parse_free) struct parse parse = {.row = row, .context = context, .number = 1};
    const unsigned char options = care == READER_STRICT ? CSV_STRICT | CSV_STRICT_FINI : 0;
    if (csv_init(&parse.csv, options) != 0) {
        return STATUS_ENVIRONMENT;
    }
    csv_set_delim(&parse.csv, (unsigned char)delimiter);
    size_t done = 0;
    while (done < text.size && parse.status == STATUS_OK) {
        size_t size = text.size - done < CHUNK_BYTES ? text.size - done : CHUNK_BYTES;
        size_t took = csv_parse(&parse.csv, text.data + done, size, cell_end, record_end, &parse);
        if (took != size && parse.status == STATUS_OK) {
            parse.status =
                csv_error(&parse.csv) == CSV_EPARSE ? STATUS_READER_FAILED : STATUS_ENVIRONMENT;
        }
        done += size;
    }
    if (parse.status == STATUS_OK && csv_fini(&parse.csv, cell_end, record_end, &parse) != 0 &&
        parse.status == STATUS_OK) {
        parse.status = STATUS_READER_FAILED;
    }
    *bad_row = parse.number;
    return parse.status;
}

char reader_delimiter(struct bytes text)
{
    static const char CHOICES[] = {',', ';', '\t'};
    size_t lines[COUNT_OF(CHOICES)] = {0};
    size_t counts[COUNT_OF(CHOICES)] = {0};
    bool in_line[COUNT_OF(CHOICES)] = {false};
    bool quoted = false;
    for (size_t i = 0; i < text.size && i < CHUNK_BYTES; i++) {
        const uint8_t c = text.data[i];
        quoted = c == '"' ? !quoted : quoted;
        for (size_t k = 0; k < COUNT_OF(CHOICES) && !quoted; k++) {
            bool is_choice = c == (uint8_t)CHOICES[k];
            counts[k] += is_choice ? 1u : 0u;
            lines[k] += is_choice && !in_line[k] ? 1u : 0u;
            in_line[k] = c != '\n' && (in_line[k] || is_choice);
        }
    }
    size_t best = 0;
    for (size_t k = 1; k < COUNT_OF(CHOICES); k++) {
        bool better =
            lines[k] > lines[best] || (lines[k] == lines[best] && counts[k] > counts[best]);
        best = better ? k : best;
    }
    return CHOICES[best];
}

// ---- bytes of the file ----

struct buffer {
    uint8_t *data;
    size_t size;
    size_t room;
};

static void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
}

// Room for at least `more` further bytes.
static enum status buffer_grow(struct buffer *buffer, size_t more)
{
    if (buffer->size + more > READER_FILE_BYTES_MAX) {
        return STATUS_TOO_LARGE;
    }
    if (buffer->size + more <= buffer->room) {
        return STATUS_OK;
    }
    size_t room = buffer->room * 2 > buffer->size + more ? buffer->room * 2 : buffer->size + more;
    uint8_t *data = realloc(buffer->data, room);
    if (data == NULL) {
        return STATUS_ENVIRONMENT;
    }
    buffer->data = data;
    buffer->room = room;
    return STATUS_OK;
}

static enum status file_read(struct buffer *out)
{
    for (;;) {
        enum status status = buffer_grow(out, CHUNK_BYTES);
        if (status != STATUS_OK) {
            return status;
        }
        ssize_t got = read(STDIN_FILENO, out->data + out->size, CHUNK_BYTES);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return STATUS_FILE_ERROR;
        }
        if (got == 0) {
            return STATUS_OK;
        }
        out->size += (size_t)got;
    }
}

static enum status file_unzip(const struct buffer *packed, struct buffer *out)
{
    z_stream stream = {.next_in = packed->data, .avail_in = (unsigned)packed->size};
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) {
        return STATUS_ENVIRONMENT;
    }
    enum status status = STATUS_OK;
    for (int result = Z_OK; result != Z_STREAM_END && status == STATUS_OK;) {
        status = buffer_grow(out, CHUNK_BYTES);
        if (status != STATUS_OK) {
            break;
        }
        stream.next_out = out->data + out->size;
        stream.avail_out = CHUNK_BYTES;
        result = inflate(&stream, Z_NO_FLUSH);
        out->size += CHUNK_BYTES - stream.avail_out;
        if (result != Z_OK && result != Z_STREAM_END) {
            status = STATUS_READER_FAILED;
        }
    }
    (void)inflateEnd(&stream);
    return status;
}

// Bytes behind the first one of a character; 4 when no character begins so.
static size_t utf8_more(uint8_t first)
{
    if (first < 0x80) {
        return 0;
    }
    if (first >= 0xc2 && first < 0xe0) {
        return 1;
    }
    if (first >= 0xe0 && first < 0xf0) {
        return 2;
    }
    return first >= 0xf0 && first < 0xf5 ? 3 : 4;
}

// Longer than needed, a half of a surrogate pair, or beyond Unicode?
static bool utf8_is_odd(uint8_t first, uint8_t second)
{
    return (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90) ||
           (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
}

static bool utf8_is_valid(const struct buffer *text)
{
    for (size_t i = 0; i < text->size;) {
        const uint8_t first = text->data[i];
        const size_t more = utf8_more(first);
        if (more == 4 || i + more >= text->size) {
            return false;
        }
        for (size_t k = 1; k <= more; k++) {
            if ((text->data[i + k] & 0xc0) != 0x80) {
                return false;
            }
        }
        if (more > 1 && utf8_is_odd(first, text->data[i + 1])) {
            return false;
        }
        i += more + 1;
    }
    return true;
}

static enum status text_convert(iconv_t tables, const struct buffer *from, struct buffer *out)
{
    char *in = (char *)from->data;
    size_t left = from->size;
    while (left > 0) {
        enum status status = buffer_grow(out, CHUNK_BYTES);
        if (status != STATUS_OK) {
            return status;
        }
        char *to = (char *)out->data + out->size;
        size_t room = CHUNK_BYTES;
        size_t result = iconv(tables, &in, &left, &to, &room);
        out->size += CHUNK_BYTES - room;
        if (result == (size_t)-1 && errno != E2BIG) {
            return STATUS_READER_FAILED;
        }
    }
    return STATUS_OK;
}

// ---- the child's output ----

struct output {
    uint8_t data[CHUNK_BYTES];
    size_t size;
    bool failed;
};

static void output_flush(struct output *output)
{
    for (size_t done = 0; done < output->size && !output->failed;) {
        ssize_t wrote = write(STDOUT_FILENO, output->data + done, output->size - done);
        output->failed = wrote <= 0;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    output->size = 0;
}

static void output_put(struct output *output, const void *data, size_t size)
{
    const uint8_t *from = data;
    while (size > 0 && !output->failed) {
        if (output->size == sizeof(output->data)) {
            output_flush(output);
        }
        size_t room = sizeof(output->data) - output->size;
        size_t part = size < room ? size : room;
        memcpy(output->data + output->size, from, part);
        output->size += part;
        from += part;
        size -= part;
    }
}

static void output_put_u32(struct output *output, uint32_t value)
{
    uint8_t bytes[4];
    put_u32(bytes, value);
    output_put(output, bytes, sizeof(bytes));
}

static bool row_put(void *context, uint32_t number, const struct reader_cells *cells)
{
    struct output *output = context;
    output_put(output, &(uint8_t){READER_ROW}, 1);
    output_put_u32(output, number);
    output_put_u32(output, (uint32_t)cells->count);
    for (size_t i = 0; i < cells->count; i++) {
        output_put_u32(output, (uint32_t)cells->cell[i].size);
        output_put(output, cells->cell[i].data, cells->cell[i].size);
        output_put(output, &(uint8_t){0}, 1);
    }
    return !output->failed;
}

// File, gzip, character set: UTF-8 text in `text`.
static enum status text_read(iconv_t tables, struct buffer *text, enum reader_encoding *encoding,
                             bool *zipped)
{
    CLEANUP(buffer_free) struct buffer file = {0};
    enum status status = file_read(&file);
    if (status != STATUS_OK) {
        return status;
    }
    *zipped = file.size > 2 && file.data[0] == 0x1f && file.data[1] == 0x8b;
    if (*zipped) {
        CLEANUP(buffer_free) struct buffer packed = file;
        file = (struct buffer){0};
        status = file_unzip(&packed, &file);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (utf8_is_valid(&file)) {
        *encoding = READER_UTF8;
        if (file.size >= 3 && memcmp(file.data, "\xef\xbb\xbf", 3) == 0) {
            *encoding = READER_UTF8_BOM;
            memmove(file.data, file.data + 3, file.size - 3);
            file.size -= 3;
        }
        *text = file;
        file = (struct buffer){0};
        return STATUS_OK;
    }
    *encoding = READER_GB18030;
    return (intptr_t)tables == -1 ? STATUS_READER_FAILED : text_convert(tables, &file, text);
}

// A statement of a bank, or a table of one: its first row says which.
static enum status bank_read(struct bytes text, char delimiter, struct output *output,
                             uint32_t *bad_row)
{
    static const struct {
        const char *word;
        enum status (*parse)(struct bytes text, struct bank_out *out);
    } FORMATS[] = {{"mt940", mt940_parse}, {"camt053", camt_parse}, {"ofx", ofx_parse}};

    struct bank_out out = {.row = row_put, .context = output};
    const char *word = bank_sniff(text);
    const char *const cells[] = {"format", word != NULL ? word : "csv"};
    bank_put(&out, cells, COUNT_OF(cells));
    for (size_t i = 0; i < COUNT_OF(FORMATS); i++) {
        if (word != NULL && strcmp(FORMATS[i].word, word) == 0) {
            const enum status status = FORMATS[i].parse(text, &out);
            *bad_row = out.number;
            return status == STATUS_OK && out.stopped ? STATUS_CANCELLED : status;
        }
    }
    return reader_parse(text, delimiter, READER_LENIENT, row_put, output, bad_row);
}

static void tables_close(iconv_t *tables)
{
    if ((intptr_t)*tables != -1) {
        (void)iconv_close(*tables);
    }
}

int reader_main(int count, char *const *words)
{
    const bool is_bank = count == 1 && strcmp(words[0], "bank") == 0;
    if (count != 1 || (strcmp(words[0], "csv") != 0 && !is_bank)) {
        return status_exit(STATUS_USAGE);
    }
    iconv_t tables CLEANUP(tables_close) = iconv_open("UTF-8", "GB18030");
    enum status status = fence_close();
    struct output *output = calloc(1, sizeof(*output));
    if (status != STATUS_OK || output == NULL) {
        free(output);
        return status_exit(STATUS_ENVIRONMENT);
    }
    CLEANUP(buffer_free) struct buffer text = {0};
    enum reader_encoding encoding = READER_UTF8;
    bool zipped = false;
    uint32_t bad_row = 0;
    char delimiter = ',';
    status = text_read(tables, &text, &encoding, &zipped);
    if (status == STATUS_OK) {
        delimiter = reader_delimiter(bytes_of(text.data, text.size));
    }
    const uint8_t facts[] = {(uint8_t)encoding, (uint8_t)delimiter, zipped ? 1 : 0};
    output_put(output, READER_MAGIC, sizeof(READER_MAGIC) - 1);
    output_put(output, facts, sizeof(facts));
    const struct bytes all = bytes_of(text.data, text.size);
    if (status == STATUS_OK) {
        status = is_bank ? bank_read(all, delimiter, output, &bad_row)
                         : reader_parse(all, delimiter, READER_STRICT, row_put, output, &bad_row);
    }
    output_put(output, &(uint8_t){READER_END}, 1);
    output_put_u32(output, (uint32_t)status);
    output_put_u32(output, bad_row);
    output_flush(output);
    free(output);
    return status_exit(status);
}
