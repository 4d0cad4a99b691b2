// SPDX-License-Identifier: Apache-2.0
#include "server/store/pages.h"

#include "server/store/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// The format, from LMDB 0.9.24's mdb.c. A page: number (8), pad (2), flags (2), lower (2), upper
// (2) or the count of overflow pages (4), then the offsets of its nodes. A node: size low, size
// high, flags, key size (2 each), key, data. In branches the first three are the number of the
// child page.
#define PAGE_HEADER   16
#define NODE_HEADER   8
#define FLAG_BRANCH   0x01
#define FLAG_LEAF     0x02
#define FLAG_OVERFLOW 0x04
#define FLAG_META     0x08
#define NODE_BIG      0x01
#define NODE_SUBTREE  0x02
#define META_MAGIC    0xBEEFC0DEu
#define META_VERSION  1
#define TREE_BYTES    48
#define NO_PAGE       UINT64_MAX
#define DEPTH_MAX     32
#define KEY_SIZE_MAX  511
#define META_TREES    (PAGE_HEADER + 24)
#define META_LAST     (META_TREES + 2 * TREE_BYTES)
#define META_TXN      (META_LAST + 8)

struct tree_facts {
    uint16_t depth;
    uint64_t entries;
    uint64_t root;
};

struct walk {
    const uint8_t *map;
    size_t size;
    size_t page_size;
    uint64_t last_page;
    uint8_t *seen; // a bit a page
    struct page_report *report;
};

struct file_map {
    void *data;
    size_t size;
};

static void file_unmap_at(struct file_map *map)
{
    if (map->data != NULL) {
        (void)munmap(map->data, map->size);
    }
}

static uint16_t read_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | (uint16_t)(at[1] << 8));
}

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)read_u16(at) | (uint32_t)read_u16(at + 2) << 16;
}

static uint64_t read_u64(const uint8_t *at)
{
    return (uint64_t)read_u32(at) | (uint64_t)read_u32(at + 4) << 32;
}

static bool bad(struct walk *walk, uint64_t page, const char *fault)
{
    if (walk->report->fault == NULL) {
        walk->report->bad_page = page;
        walk->report->fault = fault;
    }
    return false;
}

static struct tree_facts tree_read(const uint8_t *at)
{
    return (struct tree_facts){
        .depth = read_u16(at + 6), .entries = read_u64(at + 32), .root = read_u64(at + 40)};
}

// Takes `count` pages for one use; a page has one use.
static bool take_pages(struct walk *walk, uint64_t page, uint64_t count)
{
    if (page < 2 || page > walk->last_page || count == 0 || count > walk->last_page - page + 1) {
        return bad(walk, page, "a page number lies outside of the file");
    }
    for (uint64_t i = page; i < page + count; i++) {
        const uint8_t bit = (uint8_t)(1u << (i % 8));
        if ((walk->seen[i / 8] & bit) != 0) {
            return bad(walk, i, "a page has two uses");
        }
        walk->seen[i / 8] |= bit;
    }
    return true;
}

static const uint8_t *page_at(struct walk *walk, uint64_t page)
{
    if (page >= walk->size / walk->page_size) {
        (void)bad(walk, page, "the file ends before the page");
        return NULL;
    }
    const uint8_t *at = walk->map + page * walk->page_size;
    if (read_u64(at) != page) {
        (void)bad(walk, page, "the page has another number");
        return NULL;
    }
    return at;
}

static size_t key_count(const uint8_t *page)
{
    return (size_t)(read_u16(page + 12) - PAGE_HEADER) / 2;
}

static const uint8_t *node_at(const uint8_t *page, size_t index)
{
    return page + read_u16(page + PAGE_HEADER + index * 2);
}

// Bytes of the node inside its page.
static size_t node_size(const uint8_t *node, bool leaf)
{
    const size_t key = read_u16(node + 6);
    if (!leaf) {
        return NODE_HEADER + key;
    }
    const size_t data = (read_u16(node + 4) & NODE_BIG) != 0 ? 8 : read_u32(node);
    return NODE_HEADER + key + data;
}

// Offset and size of node `index` lie inside its page, its key has a size that keys may have.
static bool node_is_sound(struct walk *walk, uint64_t number, const uint8_t *page, size_t index,
                          bool integer_keys)
{
    const bool leaf = read_u16(page + 10) == FLAG_LEAF;
    const size_t upper = read_u16(page + 14);
    const size_t offset = read_u16(page + PAGE_HEADER + index * 2);
    if (offset < upper || offset % 2 != 0 || offset + NODE_HEADER > walk->page_size ||
        node_size(page + offset, leaf) > walk->page_size - offset) {
        return bad(walk, number, "a row lies outside of its page");
    }
    const size_t size = read_u16(page + offset + 6);
    const bool keyless = !leaf && index == 0; // the first key of a branch is not looked at
    const bool fits = keyless || (integer_keys ? size == 8 : size > 0);
    return size <= KEY_SIZE_MAX && fits ? true : bad(walk, number, "a key's size is wrong");
}

static bool keys_ascend(const uint8_t *before, const uint8_t *node, bool integer_keys)
{
    if (integer_keys) {
        return read_u64(before + NODE_HEADER) < read_u64(node + NODE_HEADER);
    }
    const size_t size_before = read_u16(before + 6);
    const size_t size = read_u16(node + 6);
    const int order =
        memcmp(before + NODE_HEADER, node + NODE_HEADER, size < size_before ? size : size_before);
    return order < 0 || (order == 0 && size_before < size);
}

// Every offset and size of a branch or leaf page lies inside it, and its keys ascend.
static bool page_is_sound(struct walk *walk, uint64_t number, const uint8_t *page,
                          bool integer_keys)
{
    const uint16_t flags = read_u16(page + 10);
    const size_t lower = read_u16(page + 12);
    const size_t upper = read_u16(page + 14);
    if (flags != FLAG_BRANCH && flags != FLAG_LEAF) {
        return bad(walk, number, "the page is of another kind");
    }
    if (lower < PAGE_HEADER || lower % 2 != 0 || lower > upper || upper > walk->page_size) {
        return bad(walk, number, "the page's bounds are wrong");
    }
    const size_t count = key_count(page);
    const size_t first_key = flags == FLAG_LEAF ? 0 : 1;
    if (count == 0) {
        return bad(walk, number, "the page is empty");
    }
    for (size_t i = 0; i < count; i++) {
        if (!node_is_sound(walk, number, page, i, integer_keys)) {
            return false;
        }
        if (i > first_key && !keys_ascend(node_at(page, i - 1), node_at(page, i), integer_keys)) {
            return bad(walk, number, "keys are out of order");
        }
    }
    return true;
}

static bool overflow_is_sound(struct walk *walk, const uint8_t *node)
{
    const uint64_t number = read_u64(node + NODE_HEADER + read_u16(node + 6));
    const uint64_t size = read_u32(node);
    const uint64_t count = (PAGE_HEADER + size + walk->page_size - 1) / walk->page_size;
    if (!take_pages(walk, number, count)) {
        return false;
    }
    const uint8_t *page = page_at(walk, number);
    if (page == NULL) {
        return false;
    }
    if (read_u16(page + 10) != FLAG_OVERFLOW || read_u32(page + 12) < count ||
        number + count > walk->size / walk->page_size) {
        return bad(walk, number, "a long value's pages are wrong");
    }
    walk->report->tree_pages += count;
    return true;
}

// One list of free pages: their count, then their numbers, each of which must have no other use.
static bool free_list_is_sound(struct walk *walk, uint64_t number, const uint8_t *data, size_t size)
{
    if (size < 8 || read_u64(data) != size / 8 - 1) {
        return bad(walk, number, "a list of free pages is wrong");
    }
    for (size_t i = 1; i < size / 8; i++) {
        if (!take_pages(walk, read_u64(data + i * 8), 1)) {
            return false;
        }
        walk->report->free_pages++;
    }
    return true;
}

enum tree_kind { TREE_FREE, TREE_MAIN, TREE_TABLE };

// What the rows of a leaf point to. Tables found in the main tree are collected for the caller.
struct found_tables {
    struct tree_facts tree[TABLE_LIMIT + 1];
    size_t count;
};

static bool leaf_is_sound(struct walk *walk, uint64_t number, const uint8_t *page,
                          enum tree_kind kind, struct found_tables *found)
{
    for (size_t i = 0; i < key_count(page); i++) {
        const uint8_t *node = node_at(page, i);
        const uint16_t flags = read_u16(node + 4);
        const uint8_t *data = node + NODE_HEADER + read_u16(node + 6);
        size_t size = read_u32(node);
        const uint16_t expected = kind == TREE_MAIN ? NODE_SUBTREE : flags & NODE_BIG;
        if (flags != expected ||
            (kind == TREE_MAIN && (size != TREE_BYTES || found->count > TABLE_LIMIT))) {
            return bad(walk, number, "a row is of another kind");
        }
        if (kind == TREE_MAIN) {
            found->tree[found->count++] = tree_read(data);
        }
        if ((flags & NODE_BIG) != 0) {
            if (!overflow_is_sound(walk, node)) {
                return false;
            }
            data = walk->map + read_u64(data) * walk->page_size + PAGE_HEADER;
        }
        if (kind == TREE_FREE && !free_list_is_sound(walk, number, data, size)) {
            return false;
        }
    }
    return true;
}

struct level {
    const uint8_t *page;
    size_t index; // of the next child
};

// Takes the page, checks it and puts it on the path.
static bool descend(struct walk *walk, uint64_t number, bool integer_keys, struct level *path,
                    size_t *depth)
{
    if (*depth == DEPTH_MAX || !take_pages(walk, number, 1)) {
        return bad(walk, number, "a tree is too deep");
    }
    const uint8_t *page = page_at(walk, number);
    if (page == NULL || !page_is_sound(walk, number, page, integer_keys)) {
        return false;
    }
    walk->report->tree_pages++;
    path[(*depth)++] = (struct level){.page = page};
    return true;
}

static uint64_t child_of(const uint8_t *page, size_t index)
{
    const uint8_t *node = node_at(page, index);
    return (uint64_t)read_u32(node) | (uint64_t)read_u16(node + 4) << 32;
}

static bool tree_is_sound(struct walk *walk, struct tree_facts tree, enum tree_kind kind,
                          struct found_tables *found)
{
    if (tree.root == NO_PAGE) {
        return tree.entries == 0 && tree.depth == 0 ? true : bad(walk, 0, "an empty tree has rows");
    }
    struct level path[DEPTH_MAX];
    size_t depth = 0;
    uint64_t rows = 0;
    const bool integer_keys = kind == TREE_FREE;
    if (!descend(walk, tree.root, integer_keys, path, &depth)) {
        return false;
    }
    while (depth > 0) {
        struct level *top = &path[depth - 1];
        const uint64_t number = read_u64(top->page);
        if (read_u16(top->page + 10) == FLAG_LEAF) {
            if (depth != tree.depth) {
                return bad(walk, number, "a tree is of another depth");
            }
            if (!leaf_is_sound(walk, number, top->page, kind, found)) {
                return false;
            }
            rows += key_count(top->page);
            depth--;
        } else if (top->index == key_count(top->page)) {
            depth--;
        } else if (!descend(walk, child_of(top->page, top->index++), integer_keys, path, &depth)) {
            return false;
        }
    }
    walk->report->row_count += kind == TREE_TABLE ? rows : 0;
    return rows == tree.entries ? true : bad(walk, tree.root, "a tree has another number of rows");
}

// The newer of both meta pages; NULL when neither is one.
static const uint8_t *meta_choose(const uint8_t *map, size_t size, size_t page_size)
{
    const uint8_t *chosen = NULL;
    for (size_t i = 0; i < 2; i++) {
        const uint8_t *meta = map + i * page_size;
        if ((i + 1) * page_size > size || (read_u16(meta + 10) & FLAG_META) == 0 ||
            read_u32(meta + META_TREES) != page_size ||
            read_u32(meta + PAGE_HEADER) != META_MAGIC ||
            read_u32(meta + PAGE_HEADER + 4) != META_VERSION) {
            return NULL;
        }
        if (chosen == NULL || read_u64(meta + META_TXN) > read_u64(chosen + META_TXN)) {
            chosen = meta;
        }
    }
    return chosen;
}

static enum status map_walk(struct walk *walk)
{
    if (walk->size < 4 * PAGE_HEADER + META_TXN + 8) {
        return STATUS_INCOMPLETE;
    }
    walk->page_size = read_u32(walk->map + META_TREES);
    if (walk->page_size < 512 || walk->page_size > 32768 ||
        (walk->page_size & (walk->page_size - 1)) != 0) {
        (void)bad(walk, 0, "the page size is wrong");
        return STATUS_TAMPERED;
    }
    const uint8_t *meta = meta_choose(walk->map, walk->size, walk->page_size);
    if (meta == NULL) {
        (void)bad(walk, 0, "a meta page is damaged");
        return STATUS_TAMPERED;
    }
    walk->report->page_count = walk->size / walk->page_size;
    walk->last_page = read_u64(meta + META_LAST);
    // Pages behind the end of the file may have been given and given back; one cannot say how many,
    // so bound them.
    if (walk->last_page < 1 || walk->last_page / 2 > walk->report->page_count + 1024) {
        (void)bad(walk, 0, "the file is cut");
        return STATUS_INCOMPLETE;
    }
    walk->seen = calloc(walk->last_page / 8 + 1, 1);
    if (walk->seen == NULL) {
        return STATUS_ENVIRONMENT;
    }
    struct found_tables found = {.count = 0};
    bool sound = tree_is_sound(walk, tree_read(meta + META_TREES), TREE_FREE, &found) &&
                 tree_is_sound(walk, tree_read(meta + META_TREES + TREE_BYTES), TREE_MAIN, &found);
    for (size_t i = 0; i < found.count && sound; i++) {
        sound = tree_is_sound(walk, found.tree[i], TREE_TABLE, &found);
    }
    free(walk->seen);
    return sound ? STATUS_OK : STATUS_TAMPERED;
}

enum status pages_check(const char *dir, struct page_report *out)
{
    *out = (struct page_report){.page_count = 0};
    char path[PATH_BYTES_MAX];
    if (!file_path(dir, "data.mdb", path)) {
        return STATUS_UNREADABLE;
    }
    if (!file_exists(path)) {
        return STATUS_INCOMPLETE;
    }
    CLEANUP(file_close_at) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat file;
    if (fd < 0 || fstat(fd, &file) != 0) {
        return STATUS_UNREADABLE;
    }
    if (file.st_size == 0) {
        return STATUS_INCOMPLETE;
    }
    CLEANUP(file_unmap_at) struct file_map map = {.size = (size_t)file.st_size};
    void *data = mmap(NULL, map.size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        return STATUS_UNREADABLE;
    }
    map.data = data;
    struct walk walk = {.map = data, .size = map.size, .report = out};
    return map_walk(&walk);
}
