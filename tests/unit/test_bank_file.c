// SPDX-License-Identifier: Apache-2.0
#include "client/import/bank_file.h"
#include "tests/fuzz/frames.h"
#include "tests/unit/unit.h"

#define ARENA_BYTES (16u * 1024 * 1024)

struct reading {
    struct arena *arena;
    struct sheet *sheet;
    struct bank_file file;
};

// NULL stands for a table.
static struct reading read_text(const char *format, bank_parser *parse, const char *text)
{
    struct reading reading = {.arena = arena_make(ARENA_BYTES)};
    uint32_t bad_row = 0;
    const char *bad = "";
    assert_non_null(reading.arena);
    reading.sheet = frames_read(bytes_of(text, strlen(text)), format, parse, &bad_row);
    assert_non_null(reading.sheet);
    assert_int_equal(bank_file_make(reading.arena, reading.sheet, NULL, "CNY", &reading.file, &bad),
                     STATUS_OK);
    return reading;
}

static void reading_end(struct reading *reading)
{
    sheet_free_at(&reading->sheet);
    arena_free_at(&reading->arena);
}

static void refused(const char *format, bank_parser *parse, const char *text)
{
    uint32_t bad_row = 0;
    assert_null(frames_read(bytes_of(text, strlen(text)), format, parse, &bad_row));
}

#define MT940_HEAD ":20:1\n:25:12345678/90\n:28C:7/1\n:60F:C251231EUR100,00\n"

static void mt940_gives_lines_with_their_details(void **state)
{
    (void)state;
    struct reading reading =
        read_text("mt940", mt940_parse,
                  MT940_HEAD ":61:2601020102C10,5NTRFNONREF//B1\n"
                             ":86:166?00GUTSCHRIFT?20INV2026?21 0001?31ACC1?32Acme\n"
                             ":61:260103D5,NMSCNONREF\n:86:fee\n:62F:C260131EUR105,50\n-\n");
    const struct bank_file_statement *statement = &reading.file.statement[0];
    assert_int_equal(reading.file.count, 1);
    assert_string_equal(statement->account, "12345678/90");
    assert_int_equal(statement->count, 2);
    assert_int_equal(statement->line[0].amount_minor, 1050);
    assert_int_equal(statement->line[1].amount_minor, -500);
    assert_string_equal(statement->line[0].payer_account, "ACC1");
    assert_string_equal(statement->line[0].payer_name, "Acme");
    assert_non_null(strstr(statement->line[0].text, "INV2026"));
    assert_int_equal(statement->sum, BANK_SUM_HOLDS);
    reading_end(&reading);
}

// RC takes a credit back, RD a debit.
static void mt940_reversals_count_on_the_other_side(void **state)
{
    (void)state;
    struct reading reading = read_text("mt940", mt940_parse,
                                       MT940_HEAD ":61:260102RC30,00NTRF\n:61:260102RD5,00NTRF\n"
                                                  ":62F:C260131EUR75,00\n");
    const struct bank_file_statement *statement = &reading.file.statement[0];
    assert_int_equal(statement->debit_minor, 3000);
    assert_int_equal(statement->credit_minor, 500);
    assert_int_equal(statement->sum, BANK_SUM_HOLDS);
    reading_end(&reading);
}

static void an_mt940_line_without_a_mark_is_refused(void **state)
{
    (void)state;
    refused("mt940", mt940_parse, MT940_HEAD ":61:260102X30,00NTRF\n:62F:C260131EUR75,00\n");
    refused("mt940", mt940_parse, MT940_HEAD ":61:260102C\n");
}

static void what_does_not_add_up_is_said_and_not_mended(void **state)
{
    (void)state;
    struct reading reading =
        read_text("mt940", mt940_parse, MT940_HEAD ":61:260102C10,00NTRF\n:62F:C260131EUR120,00\n");
    assert_int_equal(reading.file.statement[0].sum, BANK_SUM_DIFFERS);
    assert_int_equal(reading.file.statement[0].difference_minor, 1000);
    assert_int_equal(reading.file.statement[0].line[0].amount_minor, 1000);
    reading_end(&reading);
}

static void equal_lines_of_a_day_are_counted(void **state)
{
    (void)state;
    struct reading reading =
        read_text("mt940", mt940_parse,
                  MT940_HEAD ":61:260102C1,00NTRF\n:86:ABC\n:61:260102C1,00NTRF\n:86:abc\n"
                             ":61:260103C1,00NTRF\n:86:abc\n:62F:C260131EUR103,00\n");
    const struct bank_file_line *line = reading.file.statement[0].line;
    assert_int_equal(line[0].occurrence, 1);
    assert_int_equal(line[1].occurrence, 2);
    assert_int_equal(line[2].occurrence, 1);
    reading_end(&reading);
}

#define CAMT_HEAD                                                                                \
    "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\">" \
    "<BkToCstmrStmt>"
#define CAMT_TAIL "</BkToCstmrStmt></Document>"
#define CAMT_BALANCE(code, side, amount)                                             \
    "<Bal><Tp><CdOrPrtry><Cd>" code "</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">" amount \
    "</Amt><CdtDbtInd>" side "</CdtDbtInd><Dt><Dt>2026-01-02</Dt></Dt></Bal>"

static void camt053_gives_entries_and_balances(void **state)
{
    (void)state;
    struct reading reading = read_text(
        "camt053", camt_parse,
        CAMT_HEAD
        "<Stmt><Id>1</Id><Acct><Id><IBAN>NL1</IBAN></Id><Ccy>EUR</Ccy></Acct>" CAMT_BALANCE(
            "OPBD", "DBIT", "1.00")
            CAMT_BALANCE(
                "CLBD", "CRDT",
                "7.85") "<Ntry><Amt "
                        "Ccy=\"EUR\">8.85</Amt><CdtDbtInd>CRDT</CdtDbtInd><BookgDt><Dt>2026-01-02</Dt></BookgDt>"
                        "<ValDt><Dt>2026-01-02</Dt></ValDt></Ntry></Stmt>" CAMT_TAIL);
    const struct bank_file_statement *statement = &reading.file.statement[0];
    assert_string_equal(statement->account, "NL1");
    assert_int_equal(statement->opening_minor, -100);
    assert_int_equal(statement->line[0].amount_minor, 885);
    assert_int_equal(statement->sum, BANK_SUM_HOLDS);
    reading_end(&reading);
}

static void camt053_without_a_statement_is_refused(void **state)
{
    (void)state;
    refused("camt053", camt_parse, CAMT_HEAD CAMT_TAIL);
    refused("camt053", camt_parse, CAMT_HEAD "<Stmt>");
}

#define OFX(amount)                                                                            \
    "OFXHEADER:100\nDATA:OFXSGML\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>CAD"         \
    "<BANKACCTFROM><ACCTID>1</BANKACCTFROM><BANKTRANLIST><STMTTRN><TRNTYPE>DEBIT"              \
    "<DTPOSTED>20260102<TRNAMT>" amount "<FITID>1<NAME>Shop<MEMO>x</STMTTRN></BANKTRANLIST>"   \
    "<LEDGERBAL><BALAMT>10.00<DTASOF>20260103</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1>" \
    "</OFX>\n"

static void ofx_is_read_without_closing_tags(void **state)
{
    (void)state;
    struct reading reading = read_text("ofx", ofx_parse, OFX("-5.10"));
    const struct bank_file_statement *statement = &reading.file.statement[0];
    assert_string_equal(statement->currency, "CAD");
    assert_int_equal(statement->line[0].amount_minor, -510);
    assert_true(statement->has_closing);
    assert_int_equal(statement->closing_minor, 1000);
    reading_end(&reading);
}

static void an_amount_that_is_none_is_a_problem_and_no_guess(void **state)
{
    (void)state;
    struct reading reading = read_text("ofx", ofx_parse, OFX("$120"));
    assert_int_equal(reading.file.problem_count, 1);
    assert_string_equal(reading.file.problem[0].field, "amount");
    assert_int_equal(reading.file.statement[0].count, 0);
    reading_end(&reading);
}

static void a_table_is_known_by_the_words_of_its_header(void **state)
{
    (void)state;
    struct reading reading =
        read_text("csv", NULL,
                  "something before\n\n记账日期,货币,交易金额,联机余额,交易摘要,对手信息,客户摘要\n"
                  "2026-01-02,人民币,\"1,234.00\",\"2,000.00\",转账,Acme,October\n"
                  "2026-01-03,人民币,-5.10,\"1,994.90\",费用,,\n");
    const struct bank_file_statement *statement = &reading.file.statement[0];
    assert_string_equal(reading.file.profile, "cmb");
    assert_int_equal(statement->count, 2);
    assert_int_equal(statement->line[0].amount_minor, 123400);
    assert_string_equal(statement->line[0].payer_name, "Acme");
    assert_int_equal(statement->line[1].amount_minor, -510);
    reading_end(&reading);
}

static void what_is_neither_in_nor_out_is_left_out(void **state)
{
    (void)state;
    struct reading reading =
        read_text("csv", NULL,
                  "交易时间,交易类型,交易对方,商品,收/支,金额(元),交易单号,备注\n"
                  "2026-01-02 10:00:00,转账,Acme,x,收入,¥28.16,\"1\t\",/\n"
                  "2026-01-02 10:00:00,转账,Acme,x,/,¥1.00,\"2\t\",/\n");
    const struct bank_file_statement *statement = &reading.file.statement[0];
    assert_int_equal(statement->count, 1);
    assert_int_equal(statement->credit_minor, 2816);
    assert_int_equal(statement->neither_count, 1);
    assert_int_equal(statement->neither_minor, 100);
    reading_end(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mt940_gives_lines_with_their_details),
        cmocka_unit_test(mt940_reversals_count_on_the_other_side),
        cmocka_unit_test(an_mt940_line_without_a_mark_is_refused),
        cmocka_unit_test(what_does_not_add_up_is_said_and_not_mended),
        cmocka_unit_test(equal_lines_of_a_day_are_counted),
        cmocka_unit_test(camt053_gives_entries_and_balances),
        cmocka_unit_test(camt053_without_a_statement_is_refused),
        cmocka_unit_test(ofx_is_read_without_closing_tags),
        cmocka_unit_test(an_amount_that_is_none_is_a_problem_and_no_guess),
        cmocka_unit_test(a_table_is_known_by_the_words_of_its_header),
        cmocka_unit_test(what_is_neither_in_nor_out_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
