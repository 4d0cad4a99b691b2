// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/entry_words.h"

#define BROUGHT_IN N_("brought in from before the books")

struct phrase {
    const char *english;
    const char *chinese;
};

static const struct phrase PHRASES[] = {
    [ENTRY_KIND__ENTRY_KIND_UNSET] = {"", ""},
    [ENTRY_KIND__ENTRY_KIND_INVOICE] = {N_("sale"), "销售"},
    [ENTRY_KIND__ENTRY_KIND_PAYMENT] = {N_("receipt"), "收款"},
    [ENTRY_KIND__ENTRY_KIND_ALLOCATION] = {N_("money on account applied"), "预收款核销"},
    [ENTRY_KIND__ENTRY_KIND_FINANCE] = {N_("journal entry"), "记账凭证"},
    [ENTRY_KIND__ENTRY_KIND_REVERSAL] = {N_("reversal of an entry"), "冲销凭证"},
    [ENTRY_KIND__ENTRY_KIND_CLOSING] = {N_("year end"), "年末结转"},
    [ENTRY_KIND__ENTRY_KIND_OPENING] = {N_("opening balances"), "期初余额"},
    [ENTRY_KIND__ENTRY_KIND_WRITE_OFF] = {N_("receivable written off"), "核销坏账"},
    [ENTRY_KIND__ENTRY_KIND_REFUND] = {N_("refund to the customer"), "退款"},
    [ENTRY_KIND__ENTRY_KIND_ROUNDING] = {N_("small difference"), "尾差"},
    [ENTRY_KIND__ENTRY_KIND_PROVISION] = {N_("allowance for bad debts set"), "计提坏账准备"},
    [ENTRY_KIND__ENTRY_KIND_CHARGE] = {N_("fee and interest of a reminder"), "催收费及逾期利息"},
    [ENTRY_KIND__ENTRY_KIND_COST] = {N_("cost entered"), "费用入账"},
    [ENTRY_KIND__ENTRY_KIND_SETTLEMENT] = {N_("bank line booked"), "银行流水入账"},
    [ENTRY_KIND__ENTRY_KIND_REVALUATION] = {N_("open items at the rate of the day"), "期末调汇"},
    [ENTRY_KIND__ENTRY_KIND_EXCHANGE] = {N_("exchange difference"), "汇兑差额"},
    [ENTRY_KIND__ENTRY_KIND_DISCOUNT] = {N_("discount for early payment"), "现金折扣"},
    [ENTRY_KIND__ENTRY_KIND_WAIVER] = {N_("charge waived"), "减免收费"},
    [ENTRY_KIND__ENTRY_KIND_RECOVERY] = {N_("recovery of a write-off"), "收回已核销坏账"},
};

static const struct phrase CREDIT_NOTE = {N_("credit note"), "红字冲销"};

// What is stored in English because the machine wrote it.
static const struct phrase STORED[] = {
    {ENTRY_WORDS_YEAR, "结转本年损益"},
    {ENTRY_WORDS_RESULT, "结转本年利润"},
    {BROUGHT_IN, "期初转入"},
};

// A document of sale debits the customer first; a note takes that back, in red or on the other
// side.
static bool takes_back(const EntryRecord *entry)
{
    return entry->kind == ENTRY_KIND__ENTRY_KIND_INVOICE && entry->n_line > 0 &&
           entry->line[0]->debit_minor <= 0;
}

static const struct phrase *phrase_of(const EntryRecord *entry)
{
    const size_t kind = (size_t)entry->kind;
    if (takes_back(entry)) {
        return &CREDIT_NOTE;
    }
    assert(kind < COUNT_OF(PHRASES) && PHRASES[kind].english != NULL);
    return &PHRASES[kind];
}

bool entry_words_brought_in(struct books *books, EntryRecord *entry)
{
    entry->text = arena_copy(books->arena, BROUGHT_IN, strlen(BROUGHT_IN));
    return entry->text != NULL;
}

char *entry_words(const EntryRecord *entry)
{
    return entry->text[0] != '\0' ? entry->text : (char *)(uintptr_t)phrase_of(entry)->english;
}

const char *entry_words_kept(const struct chart *chart, const EntryRecord *entry)
{
    if (!chart_is_chinese(chart)) {
        return entry_words(entry);
    }
    for (size_t i = 0; i < COUNT_OF(STORED); i++) {
        if (strcmp(entry->text, STORED[i].english) == 0) {
            return STORED[i].chinese;
        }
    }
    return entry->text[0] != '\0' ? entry->text : phrase_of(entry)->chinese;
}
