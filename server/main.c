// SPDX-License-Identifier: Apache-2.0
// kontord: one subcommand a run. Exit codes are those of proto/status.def.
#include "server/config.h"
#include "server/log.h"
#include "server/machine/clock.h"
#include "server/ops/audit.h"
#include "server/ops/backup.h"
#include "server/ops/init.h"
#include "server/ops/key.h"
#include "server/ops/recover.h"
#include "server/ops/server_keys.h"
#include "server/ops/signed.h"
#include "server/ops/signer.h"
#include "server/ops/verify.h"
#include "server/serve.h"
#include "server/store/file.h"

#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSPHRASE_BYTES  256
#define LARGE_BLOCK_BYTES (256 * 1024)

enum option_index {

#define OPTION(name, argument, subcommands, sentence) OPTION_##name,
#include "server/options.def"
#undef OPTION
    OPTION_COUNT,
    OPTION_help,
    OPTION_version,
};

struct option_row {
    const char *name; // with '_' for '-'
    const char *argument;
    const char *subcommands;
    const char *sentence;
};

static const struct option_row OPTIONS[OPTION_COUNT] = {
#define OPTION(name, argument, subcommands, sentence) {#name, argument, subcommands, sentence},
#include "server/options.def"
#undef OPTION
};

struct line {
    const char *value[OPTION_COUNT]; // NULL: not given; "" for those without argument
    const char *word;                // the one behind the options; NULL: none
};

// ---- saying ----

static int fail(enum status status, const char *what)
{
    (void)fprintf(stderr, "kontord: %s%s%s (%s)\n", what, what[0] != '\0' ? ": " : "",
                  status_sentence(status), status_code(status));
    return status_exit(status);
}

static int finish(enum status status, const char *what)
{
    return status == STATUS_OK ? 0 : fail(status, what);
}

static void spell(const char *name, char out[static 32])
{
    const size_t length = strlen(name);
    assert(length < 32);
    for (size_t i = 0; i <= length; i++) {
        out[i] = name[i] == '_' ? '-' : name[i];
    }
}

static int need(const struct line *line, enum option_index option)
{
    char name[32];
    spell(OPTIONS[option].name, name);
    if (line->value[option] == NULL) {
        (void)fprintf(stderr, "kontord: --%s %s is needed\n", name, OPTIONS[option].argument);
        return status_exit(STATUS_USAGE);
    }
    return 0;
}

// ---- the store that the options name ----

struct place {
    char key_file[PATH_BYTES_MAX];
    char passphrase[PASSPHRASE_BYTES];
    struct store_options store;
};

static void place_wipe(struct place *place)
{
    explicit_bzero(place->passphrase, sizeof place->passphrase);
}

// One line of standard input, without its end. Never from the command line or the environment,
// which others can read.
static enum status passphrase_read(char out[static PASSPHRASE_BYTES])
{
    if (fgets(out, PASSPHRASE_BYTES, stdin) == NULL) {
        return STATUS_FIELD_MISSING;
    }
    out[strcspn(out, "\r\n")] = '\0';
    return strlen(out) < PASSWORD_BYTES_MIN ? STATUS_PASSWORD_TOO_WEAK : STATUS_OK;
}

static enum status place_of(const struct line *line, const char *dir, const char *key_file,
                            struct place *out)
{
    *out = (struct place){0};
    const bool is_named = key_file != NULL && key_file[0] != '\0';
    if (!file_path_with(is_named ? key_file : dir, is_named ? "" : ".key", out->key_file)) {
        return STATUS_FILE_ERROR;
    }
    out->store = (struct store_options){.dir = dir, .key_file = out->key_file};
    if (line->value[OPTION_passphrase_stdin] == NULL) {
        return STATUS_OK;
    }
    out->store.passphrase = out->passphrase;
    return passphrase_read(out->passphrase);
}

// ---- subcommands ----

static int run_init(const struct line *line)
{
    static const enum option_index NEEDED[] = {OPTION_dir,       OPTION_company,   OPTION_currency,
                                               OPTION_chart,     OPTION_time_zone, OPTION_owner,
                                               OPTION_invitation};

    for (size_t i = 0; i < COUNT_OF(NEEDED); i++) {
        const int missing = need(line, NEEDED[i]);
        if (missing != 0) {
            return missing;
        }
    }
    struct place place CLEANUP(place_wipe) = {0};
    const enum status placed =
        place_of(line, line->value[OPTION_dir], line->value[OPTION_key_file], &place);
    if (placed != STATUS_OK) {
        return fail(placed, "passphrase");
    }
    const struct init_options options = {
        .dir = line->value[OPTION_dir],
        .company = line->value[OPTION_company],
        .currency = line->value[OPTION_currency],
        .chart = line->value[OPTION_chart],
        .time_zone = line->value[OPTION_time_zone],
        .owner = line->value[OPTION_owner],
        .invitation = line->value[OPTION_invitation],
        .key_file = line->value[OPTION_key_file],
        .house_file = line->value[OPTION_house_key],
        .address = line->value[OPTION_address],
        .passphrase = place.store.passphrase,
        .instant_us = clock_now_us(),
    };
    struct init_report report = {0};
    const enum status status = init_run(&options, &report);
    if (status != STATUS_OK) {
        return fail(status, report.field != NULL ? report.field : "init");
    }
    (void)printf("book        %s\nstore key   %s\nhouse key   %s  (take it off this machine)\n"
                 "invitation  %s  (valid %d hours, once)\n",
                 options.dir, report.key_file, report.house_file, options.invitation,
                 INVITATION_HOURS);
    return 0;
}

// Defaults, file, then the options that say the same.
static enum status configure(const struct line *line, struct config *config)
{
    static const struct {
        enum option_index option;
        const char *key;
    } SAME[] = {
        {OPTION_dir, "dir"},         {OPTION_key_file, "key_file"}, {OPTION_listen, "listen"},
        {OPTION_address, "address"}, {OPTION_socket, "socket"},     {OPTION_log_level, "log_level"},
    };
    enum status status = config_init(config);
    if (status == STATUS_OK) {
        status = config_read(config, line->value[OPTION_config]);
    }
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(SAME); i++) {
        const char *value = line->value[SAME[i].option];
        if (value != NULL && !config_set(config, SAME[i].key, value)) {
            status = STATUS_ENVIRONMENT;
        }
    }
    return status;
}

static int run_serve(const struct line *line)
{
    struct config config CLEANUP(config_wipe) = {0};
    struct place place CLEANUP(place_wipe) = {0};
    struct logger logger;
    enum status status = configure(line, &config);
    if (status == STATUS_OK && !logger_level(config.log_level, &logger.level)) {
        status = STATUS_CONFIGURATION;
    }
    if (status == STATUS_OK) {
        status = place_of(line, config.dir, config.key_file, &place);
    }
    if (status != STATUS_OK) {
        return fail(status, "configuration");
    }
    struct serve_options options = {
        .store = place.store,
        .listen = config.listen,
        .address = config.address,
        .socket_path = config.socket,
        .address_file = line->value[OPTION_address_file],
        .sink_file = config.sink_file,
        .sink_syslog = config.sink_syslog,
        .reports_dir = config.reports_dir,
        .accepts_clock = line->value[OPTION_accept_clock] != NULL,
        .logger = &logger,
    };
    if (!sink_form_parse(config.sink_form, &options.sink_form)) {
        return fail(STATUS_CONFIGURATION, "sink_form");
    }
    if (!totp_policy_parse(config.totp, &options.totp)) {
        return fail(STATUS_CONFIGURATION, "totp");
    }
    if (!device_policy_parse(config.new_device, &options.new_device_needs_approval)) {
        return fail(STATUS_CONFIGURATION, "new_device");
    }
    if (!upkeep_minute_parse(config.check_at, &options.check_minute)) {
        return fail(STATUS_CONFIGURATION, "check_at");
    }
    return finish(serve(&options), "serve");
}

static void print_report(const char *what, const struct backup_report *report)
{
    (void)printf("%s %llu records of the journal, %llu rows, %llu bytes\n", what,
                 (unsigned long long)report->number, (unsigned long long)report->row_count,
                 (unsigned long long)report->file_bytes);
}

static int run_backup(const struct line *line)
{
    int missing = need(line, OPTION_dir);
    missing = missing != 0 ? missing : need(line, OPTION_to);
    if (missing != 0) {
        return missing;
    }
    struct place place CLEANUP(place_wipe) = {0};
    struct backup_report report = {0};
    enum status status =
        place_of(line, line->value[OPTION_dir], line->value[OPTION_key_file], &place);
    if (status == STATUS_OK) {
        status = backup_write(&place.store, line->value[OPTION_to], clock_now_us(), &report);
    }
    if (status == STATUS_OK) {
        print_report("backed up and read back:", &report);
    }
    return finish(status, "backup");
}

static int run_restore(const struct line *line)
{
    const int missing = need(line, OPTION_into);
    if (missing != 0 || line->word == NULL) {
        return missing != 0 ? missing : fail(STATUS_USAGE, "restore FILE --into NEWDIR");
    }
    struct place place CLEANUP(place_wipe) = {0};
    struct backup_report report = {0};
    enum status status =
        place_of(line, line->value[OPTION_into], line->value[OPTION_key_file], &place);
    if (status == STATUS_OK) {
        status = backup_restore(line->word, &place.store, &report);
    }
    if (status == STATUS_OK) {
        print_report("restored and compared:", &report);
    }
    return finish(status, "restore");
}

static void print_findings(const struct verify_report *report)
{
    for (size_t i = 0; i < report->finding_count && i < FINDINGS_MAX; i++) {
        (void)printf("%s  %s\n", status_code(report->finding[i].status), report->finding[i].text);
    }
    if (report->finding_count > FINDINGS_MAX) {
        (void)printf("and %zu more\n", report->finding_count - FINDINGS_MAX);
    }
}

static void print_hex(const char *name, const uint8_t *bytes, size_t size)
{
    (void)printf("%-6s ", name);
    for (size_t i = 0; i < size; i++) {
        (void)printf("%02x", bytes[i]);
    }
    (void)printf("\n");
}

static int run_verify(const struct line *line)
{
    const int missing = need(line, OPTION_dir);
    if (missing != 0) {
        return missing;
    }
    struct place place CLEANUP(place_wipe) = {0};
    struct verify_report report = {0};
    enum status status =
        place_of(line, line->value[OPTION_dir], line->value[OPTION_key_file], &place);
    if (status == STATUS_OK) {
        const struct verify_options options = {.store = place.store,
                                               .replay = line->value[OPTION_replay] != NULL};
        status = verify_run(&options, &report);
    }
    print_findings(&report);
    if (status == STATUS_OK) {
        (void)printf("whole: %llu records of the journal, %llu replayed, %llu rows, %llu entries, "
                     "%llu open items and settled ones, %llu allocations\n",
                     (unsigned long long)report.number, (unsigned long long)report.replayed_count,
                     (unsigned long long)report.row_count, (unsigned long long)report.entry_count,
                     (unsigned long long)report.item_count,
                     (unsigned long long)report.allocation_count);
        print_hex("root", report.tree_root, sizeof report.tree_root);
        print_hex("digest", report.digest.sum, sizeof report.digest.sum);
    }
    return finish(status, "verify");
}

// The words of the house key that certified the first epoch: whoever made the book has them on
// paper. NULL: there are none.
static const char *house_words(struct arena *arena, const struct verify_report *report)
{
    return report->has_house ? key_words(arena, report->house) : NULL;
}

static void print_audit(const struct verify_report *report, const char *words)
{
    (void)printf(
        "whole: %llu records in %llu commits, %llu replayed, %llu epochs, "
        "%llu checkpoints; %llu records lie behind the last checkpoint\n",
        (unsigned long long)report->number, (unsigned long long)report->commit_count,
        (unsigned long long)report->replayed_count, (unsigned long long)report->epoch_count,
        (unsigned long long)report->checkpoint_count, (unsigned long long)report->unsigned_count);
    print_hex("root", report->tree_root, sizeof report->tree_root);
    (void)printf("%-6s %s\n", "house", words != NULL ? words : "");
}

static enum status audit_verify_line(const struct line *line, struct place *place,
                                     struct verify_report *report)
{
    struct audit_options options = {
        .backup = line->value[OPTION_backup],
        .trail = line->value[OPTION_export],
        .outside.checkpoint = line->value[OPTION_checkpoint],
        .replay = line->value[OPTION_replay] != NULL,
    };
    enum status status = STATUS_OK;
    if (options.trail == NULL) {
        const char *dir = line->value[OPTION_dir];
        status =
            place_of(line, dir != NULL ? dir : options.backup, line->value[OPTION_key_file], place);
        options.store = place->store;
    }
    return status == STATUS_OK ? audit_run(&options, report) : status;
}

// Of one report that the server wrote by itself.
static int run_audit_report(const struct line *line)
{
    const int missing = need(line, OPTION_dir);
    if (missing != 0) {
        return missing;
    }
    struct place place CLEANUP(place_wipe) = {0};
    enum status status =
        place_of(line, line->value[OPTION_dir], line->value[OPTION_key_file], &place);
    if (status == STATUS_OK) {
        status = signed_check(&place.store, line->value[OPTION_report]);
    }
    if (status == STATUS_OK) {
        (void)printf("signed: %s is what the server wrote\n", line->value[OPTION_report]);
    }
    return finish(status, "audit verify");
}

static int run_audit_verify(const struct line *line)
{
    const int given = (line->value[OPTION_dir] != NULL) + (line->value[OPTION_backup] != NULL) +
                      (line->value[OPTION_export] != NULL);
    if (given != 1) {
        return fail(STATUS_USAGE, "audit verify --dir DIR, --backup FILE or --export FILE");
    }
    if (line->value[OPTION_report] != NULL) {
        return run_audit_report(line);
    }
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)64 * 1024);
    struct place place CLEANUP(place_wipe) = {0};
    struct verify_report report = {0};
    enum status status =
        arena != NULL ? audit_verify_line(line, &place, &report) : STATUS_ENVIRONMENT;
    const char *expected = line->value[OPTION_house_words];
    const char *words = arena != NULL ? house_words(arena, &report) : NULL;
    if (status == STATUS_OK && expected != NULL &&
        (words == NULL || strcmp(words, expected) != 0)) {
        verify_find(&report, STATUS_TAMPERED, "the first epoch is certified by another house key");
        status = STATUS_TAMPERED;
    }
    print_findings(&report);
    if (status == STATUS_OK) {
        print_audit(&report, words);
    }
    return finish(status, "audit verify");
}

// The signing key was lost with audit.key: the house key, brought to the machine once more,
// certifies a new one.
static int run_audit_renew(const struct line *line)
{
    int missing = need(line, OPTION_dir);
    missing = missing != 0 ? missing : need(line, OPTION_house_key);
    if (missing != 0) {
        return missing;
    }
    struct place place CLEANUP(place_wipe) = {0};
    CLEANUP(key_pair_wipe) struct key_pair house = {0};
    CLEANUP(store_close_at) struct store *store = NULL;
    struct server_keys keys CLEANUP(server_keys_wipe) = {.house_key = {0}};
    enum status status =
        place_of(line, line->value[OPTION_dir], line->value[OPTION_key_file], &place);
    if (status == STATUS_OK) {
        status = house_key_load(line->value[OPTION_house_key], &house);
    }
    if (status == STATUS_OK) {
        status = store_open(&place.store, &store);
    }
    if (status == STATUS_OK) {
        status = server_keys_load(store, place.store.dir, &keys);
    }
    if (status == STATUS_OK && memcmp(keys.house_key, house.public_bytes, KEY_BYTES) != 0) {
        status = STATUS_KEY_MISSING;
    }
    if (status == STATUS_OK) {
        status = signer_renew(store, place.store.dir, &house, clock_now_us());
    }
    return finish(status, "audit renew");
}

static int run_audit(const struct line *line)
{
    if (line->word != NULL && strcmp(line->word, "verify") == 0) {
        return run_audit_verify(line);
    }
    if (line->word != NULL && strcmp(line->word, "renew") == 0) {
        return run_audit_renew(line);
    }
    return fail(STATUS_USAGE, "audit verify or audit renew");
}

struct subcommand {
    const char *name;
    const char *word; // behind it; "": none
    int (*run)(const struct line *line);
    const char *sentence;
};

static int run_recover(const struct line *line)
{
    static const enum option_index NEEDED[] = {OPTION_dir, OPTION_login, OPTION_output};

    for (size_t i = 0; i < COUNT_OF(NEEDED); i++) {
        const int missing = need(line, NEEDED[i]);
        if (missing != 0) {
            return missing;
        }
    }
    struct place place CLEANUP(place_wipe) = {0};
    enum status status =
        place_of(line, line->value[OPTION_dir], line->value[OPTION_key_file], &place);
    if (status == STATUS_OK) {
        const struct recover_options options = {.store = place.store,
                                                .login = line->value[OPTION_login],
                                                .output = line->value[OPTION_output],
                                                .address = line->value[OPTION_address],
                                                .instant_us = clock_now_us()};
        status = recover_run(&options);
    }
    if (status == STATUS_OK) {
        (void)printf("invitation  %s  (valid %d hours, once; everybody who is logged in is told)\n",
                     line->value[OPTION_output], INVITATION_HOURS);
    }
    return finish(status, "recover-admin");
}

static int run_key(const struct line *line)
{
    static const struct {
        const char *word;
        enum status (*run)(const struct key_options *options);
        enum option_index needed[3]; // OPTION_COUNT: none
    } VERBS[] = {
        {"plan", key_plan, {OPTION_dir, OPTION_output, OPTION_COUNT}},
        {"finish", key_finish, {OPTION_dir, OPTION_output, OPTION_COUNT}},
        {"revoke", key_revoke, {OPTION_dir, OPTION_output, OPTION_COUNT}},
        {"sign", key_sign_statement, {OPTION_statement, OPTION_house_key, OPTION_output}},
        {"apply", key_apply, {OPTION_dir, OPTION_statement, OPTION_COUNT}},
        {"list", NULL, {OPTION_dir, OPTION_COUNT, OPTION_COUNT}},
    };

    size_t verb = 0;
    while (verb < COUNT_OF(VERBS) &&
           (line->word == NULL || strcmp(VERBS[verb].word, line->word) != 0)) {
        verb++;
    }
    if (verb == COUNT_OF(VERBS)) {
        return fail(STATUS_USAGE, "key plan | finish | revoke | sign | apply | list");
    }
    for (size_t i = 0; i < COUNT_OF(VERBS[verb].needed); i++) {
        const enum option_index option = VERBS[verb].needed[i];
        const int missing = option != OPTION_COUNT ? need(line, option) : 0;
        if (missing != 0) {
            return missing;
        }
    }
    struct place place CLEANUP(place_wipe) = {0};
    const char *dir = line->value[OPTION_dir];
    enum status status =
        dir != NULL ? place_of(line, dir, line->value[OPTION_key_file], &place) : STATUS_OK;
    const struct key_options options = {.store = place.store,
                                        .statement = line->value[OPTION_statement],
                                        .output = line->value[OPTION_output],
                                        .house_key = line->value[OPTION_house_key],
                                        .instant_us = clock_now_us()};
    if (status == STATUS_OK) {
        status = VERBS[verb].run != NULL ? VERBS[verb].run(&options) : key_list(&options, stdout);
    }
    return finish(status, "key");
}

static const struct subcommand SUBCOMMANDS[] = {
    {"init", "", run_init, "make a book and the owner's invitation"},
    {"serve", "", run_serve, "serve the book"},
    {"verify", "", run_verify, "check the whole book while no server runs"},
    {"audit", "verify|renew", run_audit,
     "check that nobody rewrote the journal; or begin a signing epoch with the house key"},
    {"backup", "", run_backup, "write a sealed copy of the book while no server runs"},
    {"restore", "FILE", run_restore, "restore a copy into a new directory"},
    {"recover-admin", "", run_recover, "invite an owner anew who lost everything"},
    {"key", "WORD", run_key, "plan, finish, revoke, sign, apply or list the server's keys"},
};

// ---- the command line ----

static bool belongs(const struct option_row *row, const char *subcommand)
{
    const char *at = strstr(row->subcommands, subcommand);
    return at != NULL;
}

static int print_help(const struct subcommand *only)
{
    (void)printf("kontord %s: the server of a customer ledger\n", KONTOR_VERSION);
    for (size_t i = 0; i < COUNT_OF(SUBCOMMANDS); i++) {
        const struct subcommand *subcommand = &SUBCOMMANDS[i];
        if (only != NULL && only != subcommand) {
            continue;
        }
        (void)printf("\nkontord %s%s%s: %s\n", subcommand->name,
                     subcommand->word[0] != '\0' ? " " : "", subcommand->word,
                     subcommand->sentence);
        for (size_t k = 0; k < OPTION_COUNT; k++) {
            char name[32];
            spell(OPTIONS[k].name, name);
            if (belongs(&OPTIONS[k], subcommand->name)) {
                (void)printf("  --%-16s %-10s %s\n", name, OPTIONS[k].argument,
                             OPTIONS[k].sentence);
            }
        }
    }
    return 0;
}

static const struct subcommand *subcommand_of(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(SUBCOMMANDS); i++) {
        if (strcmp(SUBCOMMANDS[i].name, name) == 0) {
            return &SUBCOMMANDS[i];
        }
    }
    return NULL;
}

struct spelled {
    char name[OPTION_COUNT][32];
    struct option option[OPTION_COUNT + 3];
};

static void spell_options(struct spelled *out)
{
    *out = (struct spelled){0};
    for (int i = 0; i < OPTION_COUNT; i++) {
        spell(OPTIONS[i].name, out->name[i]);
        const int argument = OPTIONS[i].argument[0] != '\0' ? required_argument : no_argument;
        out->option[i] = (struct option){out->name[i], argument, NULL, i};
    }
    out->option[OPTION_COUNT] = (struct option){"help", no_argument, NULL, OPTION_help};
    out->option[OPTION_COUNT + 1] = (struct option){"version", no_argument, NULL, OPTION_version};
}

static int run_line(const struct subcommand *subcommand, int count, char **words)
{
    struct spelled spelled;
    struct line line = {0};
    spell_options(&spelled);
    int found = 0;
    while ((found = getopt_long(count, words, "", spelled.option, NULL)) != -1) {
        if (found == OPTION_help) {
            return print_help(subcommand);
        }
        if (found < 0 || found >= OPTION_COUNT) {
            return status_exit(STATUS_USAGE); // getopt has said what
        }
        if (!belongs(&OPTIONS[found], subcommand->name)) {
            (void)fprintf(stderr, "kontord: %s does not take --%s\n", subcommand->name,
                          spelled.name[found]);
            return status_exit(STATUS_USAGE);
        }
        line.value[found] = optarg != NULL ? optarg : "";
    }
    if (optind < count) {
        line.word = words[optind++];
    }
    if (optind < count || (line.word != NULL && subcommand->word[0] == '\0')) {
        return fail(STATUS_USAGE, words[optind < count ? optind : optind - 1]);
    }
    return subcommand->run(&line);
}

// The map of the store's file cannot be read: a disk error, or somebody cut the file. Nothing can
// be saved by going on.
static void on_bus_error(int number)
{
    static const char LINE[] = "kontord: the store's file cannot be read (SIGBUS)\n";
    (void)number;
    const ssize_t told = write(STDERR_FILENO, LINE, sizeof LINE - 1);
    (void)told;
    // NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): it reads a table
    _exit(status_exit(STATUS_UNREADABLE));
}

// Keys are in this memory: no core dump, no debugger, no file that others can read.
static enum status fence(void)
{
    const struct rlimit none = {0, 0};
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGBUS, on_bus_error);
    const bool is_fenced =
        setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
    return is_fenced ? keys_start() : STATUS_ENVIRONMENT;
}

// Large blocks come from the kernel and go back to it: columns grow without leaving holes, and what
// a report took does not stay with the thread that made it.
static void tune_memory(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
}

int main(int count, char **words)
{
    tune_memory();
    const enum status status = fence();
    if (status != STATUS_OK) {
        return fail(status, "start");
    }
    if (count < 2 || strcmp(words[1], "--help") == 0 || strcmp(words[1], "help") == 0) {
        (void)print_help(NULL);
        return count < 2 ? status_exit(STATUS_USAGE) : 0;
    }
    if (strcmp(words[1], "--version") == 0) {
        (void)printf("kontord %s\n", KONTOR_VERSION);
        return 0;
    }
    const struct subcommand *subcommand = subcommand_of(words[1]);
    if (subcommand == NULL) {
        return fail(STATUS_USAGE, words[1]);
    }
    return run_line(subcommand, count - 1, words + 1);
}
