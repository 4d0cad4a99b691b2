// SPDX-License-Identifier: Apache-2.0
#pragma once

// Files that must survive a crash: a name shows either nothing or the whole content, on disk. Used
// for key files, the keyring and what `kontord init` leaves behind. Nothing here opens a file
// through a symbolic link.

#include "shared/bytes.h"
#include "shared/status.h"

#define PATH_BYTES_MAX 1024

// "DIR/NAME"; false when that is longer than a path may be.
bool file_path(const char *dir, const char *name, char out[static PATH_BYTES_MAX]);
// "PATHSUFFIX", likewise.
bool file_path_with(const char *path, const char *suffix, char out[static PATH_BYTES_MAX]);

// A new file, written and synced with its directory; STATUS_STORE_EXISTS when the name is taken.
MUST_CHECK enum status file_write_new(const char *path, unsigned mode, struct bytes content);
// Replaces the file or makes it: written beside it, synced, renamed, directory synced.
MUST_CHECK enum status file_replace(const char *path, unsigned mode, struct bytes content);
// Reads at most `size` bytes; STATUS_NOT_FOUND, STATUS_FILE_ERROR (also when it is longer).
MUST_CHECK enum status file_read(const char *path, uint8_t *out, size_t size, size_t *read_size);
// Is the file closed to everybody but its owner?
bool file_is_private(const char *path);
bool file_exists(const char *path);
// Syncs the directory that holds `path`.
MUST_CHECK enum status file_sync_parent(const char *path);
// Removes a directory of plain files; a missing one is fine. Directories inside are refused.
MUST_CHECK enum status file_remove_dir(const char *dir);

void file_close_at(int *fd); // for CLEANUP; -1 is accepted
