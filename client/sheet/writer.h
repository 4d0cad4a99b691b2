// SPDX-License-Identifier: Apache-2.0
#pragma once

// Life of the child that writes a workbook (`kontor __write xlsx DIRECTORY`): takes frames from its
// standard input behind a fence, leaves the file in its current directory, which is DIRECTORY and
// made for it alone. When the frames do not end, it leaves nothing, not even the directory: so that
// nothing remains of a client that was killed either.

// Returns its exit code.
int writer_main(int count, char *const *words);
