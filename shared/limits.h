// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every maximum of kontor, with its unit in its name. A growing thing without a line here is a
// mistake. The wire's numbers come from security.md (b); proto/README.md repeats those that another
// client must know.

#include "shared/base.h"

// Text and lists inside a request
#define TEXT_BYTES_MAX          4000
#define DETAIL_BYTES_MAX        240
#define PROBLEMS_MAX            32
#define PROBLEM_TEXT_MAX        120
#define LIST_ROWS_DEFAULT       100
#define LIST_ROWS_MAX           1000
#define QUERY_TERMS_MAX         16
#define INVOICE_LINES_MAX       4000
#define INVOICE_PARTS_MAX       24
#define CREDIT_LINES_MAX        1000
#define LATE_DAYS_MAX           365
#define TAXPAYER_MAX            64  // changes of what the firm is
#define REGISTERED_MAX          60  // tax invoices of a document
#define CALENDAR_DAYS_MAX       400 // of one change
#define ENTRY_LINES_MAX         1000
#define RECURRING_PERIODS_MAX   10000
#define RECURRING_SKIP_MAX      1000 // periods that one call leaves out
#define RECURRING_BACK_DAYS_MAX 366  // that a first period lies behind
#define SCHEDULES_MAX           64
#define SCHEDULE_BACK_DAYS_MAX  1100 // that a first period lies behind: three years
#define CONTENT_RULES_MAX       64
#define CONTENT_TEXT_MAX        400 // characters that a document may have to say
#define DOCUMENT_ITEMS_MAX      300 // different ones of the catalogue in one document
#define PHONES_MAX              8
#define TAGS_MAX                32
#define ALLOCATIONS_MAX         120
#define SETTLEMENT_IDS_MAX      240 // that the allocations and discounts of one payment take
#define IMPORT_ROWS_MAX         28
#define IMPORT_PROBLEMS_MAX     1000
#define IMPORT_LIKELY_MAX       50  // people of one question
#define IMPORT_SAME_MAX         200 // people of a file who are known by another name

// Money: one amount of a document, and what an account may hold before a call (the call's own
// amounts fit above it)
#define AMOUNT_MAX   1000000000000000
#define TURNOVER_MAX (INT64_MAX / 2)
#define DECIMALS_MAX 4

// A full screen
#define CANVAS_ROWS_MAX       300
#define CANVAS_COLUMNS_MAX    600
#define FIELD_INPUT_BYTES_MAX 1000 // of one line that is typed
#define PASTE_IDLE_MS         2000 // a paste without an end is over after so long without a byte

// Files to import, as the fenced reader takes them
#define READER_FILE_BYTES_MAX   (512ull * 1024 * 1024) // unpacked
#define READER_OUTPUT_BYTES_MAX (1024ull * 1024 * 1024)
#define READER_ROWS_MAX         2000000
#define READER_COLUMNS_MAX      200
#define READER_CELL_BYTES_MAX   65536
#define READER_CPU_SECONDS_MAX  120

// Bank statements
#define BANK_LINES_MAX    60 // of one group
#define BANK_WORDS_MAX    12 // of a line's text, that may be references
#define BANK_MENTIONS_MAX 8  // of documents in it
#define BANK_PAIRS_MAX    32 // lines that one call books
#define BANK_OLDEST_MAX   12 // items that one receipt pays for certain
#define BANK_PARTS_MAX    30 // of a line that is split
#define METHODS_MAX       64 // ways of paying
#define METHOD_TERMS_MAX  64 // of one, by their days
#define BANK_RECEIPTS_MAX 60 // that one line brings from a wallet or card

// Workbooks to write: what the format bears, and what their writer may use
#define WORKBOOK_ROWS_MAX        1048575 // below the head
#define WORKBOOK_COLUMNS_MAX     200
#define WORKBOOK_CELL_UNITS_MAX  32767 // UTF-16 units of a text
#define WORKBOOK_CELL_BYTES_MAX  131072
#define WORKBOOK_NAME_CHARS_MAX  31
#define WORKBOOK_FILE_BYTES_MAX  (2048ull * 1024 * 1024)
#define WORKBOOK_CPU_SECONDS_MAX 300

// The scanner (design 3)
#define SCAN_DEPTH_MAX           8
#define SCAN_FIELDS_MAX          4096
#define SCAN_REPEATED_MAX        1000
#define SCAN_IMPORT_FIELDS_MAX   100000
#define SCAN_IMPORT_REPEATED_MAX 10000

// The channel
#define HANDSHAKE_1_BYTES        112
#define HANDSHAKE_2_BYTES        144
#define HANDSHAKE_3_BYTES        256
#define PREAMBLE_BYTES           16
#define VERSION_HINT_BYTES       12
#define RECORD_PLAIN_MIN         64
#define RECORD_PLAIN_MAX         16384
#define RECORD_HEADER_BYTES      16
#define RECORD_TAG_BYTES         16
#define RECORD_CIPHER_MAX        (RECORD_PLAIN_MAX + RECORD_TAG_BYTES)
#define REKEY_RECORDS            65536
#define REKEY_BYTES              (1024ull * 1024 * 1024)
#define MESSAGE_LOGGED_OUT_MAX   4096
#define MESSAGE_REQUEST_MAX      ((size_t)64 * 1024)
#define MESSAGE_IMPORT_MAX       ((size_t)1024 * 1024)
#define MESSAGE_REPLY_MAX        ((size_t)1024 * 1024)
#define IN_FLIGHT_MAX            16
#define IN_FLIGHT_LOGGED_OUT_MAX 3
#define CREDIT_START             4
#define OUTPUT_HIGH_WATER        ((size_t)256 * 1024)
#define OUTPUT_MAX               ((size_t)4 * 1024 * 1024)
#define ASSEMBLY_TOTAL_MAX       ((size_t)64 * 1024 * 1024)
#define OUTPUT_TOTAL_MAX         ((size_t)256 * 1024 * 1024)
#define FIRST_BYTE_MS_MAX        2000
#define HANDSHAKE_MS_MAX         5000
#define LOGIN_MS_MAX             30000
#define MESSAGE_MS_PER_64K       10000
#define PING_MS                  30000
#define DEAD_MS                  90000
#define SLOW_READER_MS           30000
#define CONNECTION_MS_MAX        (24ll * 3600 * 1000)
#define CONNECTIONS_MAX          10000
#define HALF_OPEN_MAX            256
#define HALF_OPEN_RANDOM_FROM    128
#define HALF_OPEN_PER_SOURCE     8
#define LOGGED_OUT_MAX           64
#define SOURCES_MAX              65536
#define HANDSHAKES_PER_SECOND    1000
#define HANDSHAKES_BURST         2000
#define FOLLOWS_MAX              4
#define CREDIT_MAX               64
#define CURSOR_BYTES_MAX         1024
#define LINGER_MS                1000
#define REFUSAL_MS_MIN           50
#define REFUSAL_MS_MAX           150
#define LIVENESS_MS              100
#define LIVENESS_SLICE           512
#define PENALTY_FAILED_MS        5000
#define PENALTY_TIMEOUT_MS       10000
#define PENALTY_GARBAGE_MS       5000
#define PENALTY_VERSION_MS       1000
#define PENALTY_FREE_MS          15000
#define PENALTY_MS_MAX           600000
#define DESCRIPTORS_SPARE        256
#define NOTES_PER_SECOND         10
#define NOTES_BURST              100

// The machine
#define BATCH_CALLS_MAX         256
#define BATCH_IMPORTS_ALONE     16      // groups of rows among them, while nobody else writes
#define BATCH_IMPORTS_BESIDE    2       // and while somebody does
#define BESIDE_US               1000000 // for so long after his last write
#define QUEUE_CALLS_MAX         4096
#define CALL_ARENA_MAX          ((size_t)32 * 1024 * 1024)
#define BATCH_ARENA_MAX         (512 * 1024 * 1024) // what the views are told of, beside the calls' own
#define OUTCOME_BYTES_MAX       4096
#define ARENA_POOL_MAX          512
#define READERS                 2
#define REQUEST_KEY_BYTES       16
#define REFUSALS_PER_MINUTE_MAX 120
#define DENIALS_PER_MINUTE      5 // looks that are refused a session and noted one by one

// The audit log
#define CHECKPOINT_MS      10000
#define CHECKPOINT_RECORDS 1000
#define CLOCK_STEP_US      2000000
#define CLOCK_BACK_US \
    (24ll * 3600 * 1000 * 1000) // so far behind the last commit nobody serves unasked
#define EPOCH_US      (24ll * 3600 * 1000 * 1000)
#define EPOCH_RECORDS 100000

// Personal data
#define CONSENTS_MAX        200 // words on purposes, of one customer
#define RETENTION_YEARS     30  // documents are kept so long unless the book says otherwise
#define RETENTION_YEARS_MAX 100
#define RETENTIONS_MAX      20 // changes of it
#define QUOTA_ROWS          50000 // that one person may be shown in a day, unless the book says otherwise
#define QUOTA_EXPORTS       20
#define QUOTA_REVEALS       200
#define QUOTA_STEP          200 // rows are counted by so many

// The second person
#define EXCEPTION_DAYS_MAX 92                              // from a closed period
#define APPROVAL_US        (7ll * 24 * 3600 * 1000 * 1000) // a request waits so long
#define LAPSE_US           (600ll * 1000 * 1000)       // how often is looked for what has lapsed
#define LAPSES_MAX         16                          // that are ended at once
#define BANK_HOLD_US       (24ll * 3600 * 1000 * 1000) // bank details do not count before

// Login
#define ARGON_THREADS         2
#define ARGON_QUEUE_MAX       32
#define ARGON_PASSES          3
#define ARGON_BYTES           (64ull * 1024 * 1024)
#define PASSWORD_BYTES_MIN    12
#define PASSWORD_BYTES_MAX    128
#define SESSIONS_PER_USER_MAX 5
#define SESSION_IDLE_US       (30ll * 60 * 1000 * 1000)
#define SESSION_US            (12ll * 3600 * 1000 * 1000)
#define STEP_UP_US            (5ll * 60 * 1000 * 1000) // a proof of who it is holds for so long
#define EXPORT_ROWS_FREE      500                      // more of them ask for such a proof
#define RECOVERY_CODES        10
#define THROTTLE_FREE         3
#define THROTTLE_SECONDS_MAX  900
#define DEVICE_FAILURES_MAX   20
#define INVITATION_HOURS      24
#define INVITATION_HOURS_MAX  168
#define CHECKLIST_TASKS_MAX   50  // of a book
#define CHECKLIST_MONTHS_BACK 12  // that a new task may be made for
#define CURRENCIES_MAX        32  // that one customer's documents were ever in
#define DISPUTES_MAX          32  // of one open item, one after the other
#define FINDING_STEPS_MAX     100 // answers of one finding

// Credit
#define CREDIT_POLICIES_MAX     64  // of a book
#define CREDIT_GUARANTEES_MAX   64  // of a customer
#define CREDIT_OVERRIDES_MAX    64  // kept of a customer; those that are done with make room
#define CREDIT_RESERVATIONS_MAX 64  // of a customer, at once
#define DUNNING_LEVELS_MAX      9   // of a procedure
#define DUNNING_PROCEDURES_MAX  512 // versions
#define DUNNING_LINES_MAX       100 // instalments of one reminder: the oldest
#define DUNNING_BLOCKS_MAX      32  // of a customer
#define PROMISES_MAX            64  // of a customer, that are not long past
#define PROMISE_ITEMS_MAX       500
#define PROMISE_DAYS_MAX        120  // ahead: a promise stops the reminders until then
#define BOOK_DEVIATION_BP       1000 // of the day's rate, that a bank may have converted by
#define RATE_DEVIATION_BP       1000 // of the last rate that two people stand for
#define DISCOUNT_BP_MAX         1000 // that payment terms may give for early payment
#define FEE_USUAL_BP            300  // of an amount, that a bank or a card keeps without a question
#define TOLERANCE_MAX           1000 // minor units: what is larger is a write-off
#define EXPECTED_PERIODS_MAX    120
#define CREDIT_ALERTS_MAX       64 // of a customer, that nobody has seen
#define CREDIT_SCORES_MAX       24 // kept of a customer
#define CREDIT_MONTHS           13 // kept of a customer: this one and a year before it

// Roles
#define ROLES_MAX         64 // of a book
#define ROLES_PER_USER    16
#define ROLE_CUSTOM_FIRST 64 // smaller ids belong to permissions.def
#define ROLE_CHANGES_MAX  256
#define CONSEQUENCES_MAX  1000

// The store
#define STORE_MAP_BYTES       (64ull * 1024 * 1024 * 1024)
#define STORE_KEY_BYTES_MAX   32
#define STORE_VALUE_BYTES_MAX ((size_t)2 * 1024 * 1024)
#define READ_TXN_MS_MAX       1000

static_assert(RECORD_PLAIN_MAX + RECORD_TAG_BYTES < 65536, "a record's length fits its u16");
static_assert(HANDSHAKE_3_BYTES <= 256, "the buffer of a half-open connection is 256 bytes");
static_assert(MESSAGE_IMPORT_MAX <= STORE_VALUE_BYTES_MAX, "the journal can hold every request");
static_assert(WORKBOOK_CELL_UNITS_MAX * 4 <= WORKBOOK_CELL_BYTES_MAX, "a full cell fits its frame");
static_assert(IMPORT_ROWS_MAX * 9 < 256, "ids of one journal number are told apart by 8 bits");
static_assert(ALLOCATIONS_MAX * 2 + 8 < 256, "an allocation may take an id for its entry too");
static_assert(SETTLEMENT_IDS_MAX + 12 < 256, "a payment and what closes its rest take ids too");
static_assert(AMOUNT_MAX < TURNOVER_MAX / ENTRY_LINES_MAX,
              "no call can carry an account past 64 bits");
static_assert(AMOUNT_MAX < TURNOVER_MAX / 255, "nor can a call of many entries");
