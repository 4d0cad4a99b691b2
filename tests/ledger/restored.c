// SPDX-License-Identifier: Apache-2.0
#include "tests/ledger/restored.h"

#include "server/ops/backup.h"
#include "server/store/tables.h"

const char *restored_empty_table(struct scene *scene)
{
    for (enum table table = TABLE_NONE + 1; table < TABLE_LIMIT; table++) {
        const struct table_facts *facts = table_facts(table);
        struct txn *txn CLEANUP(txn_abort_at) = NULL;
        struct scan *scan CLEANUP(scan_close_at) = NULL;
        struct row_key key;
        ProtobufCMessage *row = NULL;
        if (facts->name == NULL || !facts->state) {
            continue;
        }
        enum status status = txn_begin(scene->store, TXN_READ, scene->arena, &txn);
        if (status == STATUS_OK) {
            status = scan_open(txn, table, (struct row_key){.size = 0}, 0, false, &scan);
        }
        if (status != STATUS_OK || scan_next(scan, &key, &row) != STATUS_OK) {
            return facts->name;
        }
    }
    return NULL;
}

static struct head head_of(struct scene *scene)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    struct head head = {0};
    if (txn_begin(scene->store, TXN_READ, scene->arena, &txn) == STATUS_OK) {
        head = *txn_head(txn);
    }
    return head;
}

const char *restored_book(struct scene *scene)
{
    struct backup_report written;
    struct backup_report read;
    char file[200];
    const struct head before = head_of(scene);
    (void)snprintf(file, sizeof file, "%s.backup", scene->place.dir);

    scene_leave(scene);
    enum status status = backup_write(&scene->place.options, file, before.instant_us, &written);
    if (status == STATUS_OK) {
        scene_move(scene);
        status = backup_restore(file, &scene->place.options, &read);
    }
    scene_enter(scene);
    if (status != STATUS_OK) {
        return status_code(status);
    }

    const struct head after = head_of(scene);
    if (read.row_count != written.row_count || read.key_count != written.key_count) {
        return "other rows came back";
    }
    if (memcmp(&after.digest, &before.digest, sizeof before.digest) != 0) {
        return "another digest came back";
    }
    return memcmp(after.tree_root, before.tree_root, LEAF_BYTES) == 0 ? NULL
                                                                      : "another root came back";
}
