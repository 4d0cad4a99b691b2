#!/usr/bin/env bash
# Bank files are read as shared/data/README.md says, loaded once, matched where it is certain, and signed off with nothing left over.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need "$data/bank"
bank=$data/bank

exits 1 kontor bank read "$bank/mt940/abnamro.sta"
says '^517852257 +19321/1 +EUR +8 +3,236.28 +0 +0.00 +8 +321.44 +876.84 +no: -2,038.00$'
says '^517852257 +19322/1 +EUR +2 +2,876.84 +0 +0.00 +2 +24.49 +1,849.75 +no: -1,002.60$'
exits 1 kontor bank read "$bank/mt940/ing.sta"
says 'EUR +7 +0.00 +2 +4.68 +5 +50.27 +3.47 +no: 49.06$'
exits 0 kontor bank read "$bank/mt940/rabobank-iban.sta"
says 'EUR +2 +1,000.00 +0 +0.00 +2 +35.00 +965.00 +yes$'
says 'EUR +2 +965.00 +0 +0.00 +2 +35.00 +930.00 +yes$'
exits 0 kontor bank read "$bank/mt940/generic.sta"
says 'EUR +1 +90.00 +0 +0.00 +1 +10.00 +80.00 +yes$'
exits 0 kontor bank read "$bank/mt940/cmxl-three-accounts.sta"
says 'DEM +11 +84,349.74 +4 +49,396.74 +7 +49,309.44 +84,437.04 +yes$'
says 'EUR +2 +2,187.95 +1 +3,000.00 +1 +800.00 +4,387.95 +yes$'
says 'PLN +3 +40,000.00 +2 +20,040.00 +1 +10,000.00 +50,040.00 +yes$'
exits 0 kontor bank read "$bank/mt940/sepa-26-statements.sta"
claim "26 statements, all add up" 26 "$(grep -c ' yes$' "$place/out")"
claim "97 lines, 41 in, 56 out" "97 41 5188474.94 56 14457610.84" "$(awk '/ yes$/ { gsub(/,/, "")
    l += $4; c += $6; cs += $7; d += $8; ds += $9 } END { printf "%d %d %.2f %d %.2f", l, c, cs, d, ds }' "$place/out")"
exits 0 kontor bank read "$bank/mt940/mbank.sta"
says 'PLN +3 +0.40 +3 +0.03 +0 +0.00 +0.43 +yes$'
exits 1 kontor bank read "$bank/mt940/overly-long-details.sta"
says 'EUR +1 +12,345.12 +0 +0.00 +1 +233.15 +12,345.98 +no: 234.01$'

exits 0 kontor bank read "$bank/camt053/camt053.v2.multi.statement.xml"
says 'EUR +1 +18.15 +1 +8.85 +0 +0.00 +27.00 +yes$'
says 'EUR +1 +27.00 +0 +0.00 +1 +7.00 +20.00 +yes$'
for file in camt053.v2.minimal.xml camt053.v4.xml; do
    exits 0 kontor bank read "$bank/camt053/$file"
    says 'EUR +1 +18.15 +1 +8.85 +0 +0.00 +- +-$'
    says 'the closing balance is in another currency'
done
exits 2 kontor bank read "$bank/camt053/camt053.v2.wrong.xml"
says 'E-IMPORT-FILE'

exits 0 kontor bank read "$bank/ofx/bank_medium.ofx"
says 'CAD +3 +- +0 +0.00 +3 +345.27 +382.34 +-$'
exits 0 kontor bank read "$bank/ofx/checking.ofx"
says 'USD +3 +- +1 +0.01 +2 +59.51 +100.99 +-$'
exits 0 kontor bank read "$bank/ofx/suncorp.ofx"
says 'AUD +1 +- +0 +0.00 +1 +16.85 +1,234.12 +-$'
exits 0 kontor bank read "$bank/ofx/multiple_accounts2.ofx"
says '^9100 +USD +0 .* 111.00 +-$'
says '^9200 +USD +0 .* 222.00 +-$'
exits 2 kontor bank read "$bank/ofx/bad-decimal_error.ofx"
says 'amount.*\$120'

exits 0 kontor bank read "$bank/csv/alipay-gb18030.csv"
says 'CNY +6 +- +1 +222,228.50 +5 +211.64 +- +-$'
says '4 lines of 247.37 are neither in nor out'
exits 0 kontor bank read "$bank/csv/wechat-pay.csv"
says 'CNY +16 +- +5 +28.49 +11 +2,904.53 +- +-$'
says '11 lines of 26,100.89 are neither in nor out'
exits 0 kontor bank read "$bank/csv/icbc-debit.csv"
says 'CNY +11 +- +5 +2,841.74 +6 +4,241.08 +- +-$'
says 'the last row is no record: 人民币合计'
exits 0 kontor bank read "$bank/csv/bocom-debit.csv"
says 'CNY +6 +- +3 +11.25 +3 +114.00 +- +-$'
says 'the balances of the file do not follow from its lines'
exits 0 kontor bank read "$bank/csv/cmb-debit.csv"
says 'CNY +5 +- +1 +1,234.00 +4 +2,013.14 +- +-$'
exits 0 kontor bank read "$bank/csv/bmo-debit.csv"
says '^5678653123124124 +CAD +4 +- +1 +0.01 +3 +158.32 +- +-$'

# Into a book: twice, and nothing doubles.
book CNY cn-small
exits 0 as zhang bank add 1012 微信 --yes
exits 0 as zhang bank add 1002 工商银行 --number 6222-0001 --yes
for file in alipay-gb18030:6 wechat-pay:16; do
    exits 0 as zhang bank import "$bank/csv/${file%:*}.csv" --bank 1012 --yes
    says "${file#*:} lines, ${file#*:} of them new"
    exits 0 as zhang bank import "$bank/csv/${file%:*}.csv" --bank 1012 --yes
    says "^0 lines new, ${file#*:} known"
done
exits 0 as zhang bank list --json
claim "every line waits once" 22 "$(jq '.data[] | select(.account == "1012") | .waiting' "$place/out")"
exits 10 as zhang bank import "$bank/mt940/rabobank-iban.sta" --bank 1002 --yes
says 'E-CURRENCY|E-BANK-OTHER'

# A month: one receipt names its invoice, one comes from a payer who is known by then, one is a fee.
exits 0 as zhang customer add --kind organisation --name 恒通 --yes
exits 0 as zhang invoice issue C-0001 --amount 1000 --date 2026-01-05 --yes
exits 0 as zhang invoice issue C-0001 --amount 250 --date 2026-01-06 --yes
cat >"$place/january.sta" <<'MT940'
:20:1
:25:62220001
:28C:1/1
:60F:C260101CNY0,00
:61:2601100110C1000,00NTRFNONREF//B-1
:86:166?00GUTSCHRIFT?20INV20260001 thanks?31CN7788?32HENG TONG
:61:2601150115D5,00NMSCNONREF//B-2
:86:808?00FEE?20account fee
:62F:C260131CNY995,00
-
MT940
sed 's/:28C:1/:28C:2/; s/C260101CNY0,00/C260131CNY995,00/; /:61:260115/,/account fee/d
    s/2601100110C1000,00NTRFNONREF..B-1/2602100210C250,00NTRFNONREF\/\/B-3/; s/INV20260001 thanks/second/; s/C260131CNY995,00/&/
    s/:62F:C260131CNY995,00/:62F:C260228CNY1245,00/' "$place/january.sta" >"$place/february.sta"
exits 0 as zhang bank import "$place/january.sta" --bank 1002 --yes
says '^2 lines new, 0 known, 1 booked \(1,000.00'
exits 10 as zhang reconcile finish BS-2026-0001 --yes
says 'E-BANK-LINES'
line=$(as zhang reconcile next 1002 --json | jq -r '.data[0].number')
exits 0 as zhang reconcile match "$line" --account 5603 --text fee --yes
exits 0 as zhang bank import "$place/february.sta" --bank 1002 --yes
says '^1 lines new, 0 known, 0 booked'
line=$(as zhang reconcile next 1002 --json | jq -r '.data[0].number')
exits 0 as zhang reconcile match "$line" C-0001 --yes
for statement in BS-2026-0001 BS-2026-0002; do
    exits 0 as zhang reconcile finish "$statement" --yes
    says 'difference 0.00'
done
exits 0 as zhang reconcile status 1002 --json
claim "book and bank agree" "1245.00 1245.00 0.00" "$(jq -r ".data | [.book, .closing, .difference] | join(\" \")" "$place/out")"
stop_server
exits 0 kontord verify --dir "$place/book" --replay
