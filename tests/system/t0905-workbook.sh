#!/usr/bin/env bash
# Workbooks (--xlsx): lists, cards, reports and statements; sums as in CSV; both languages; nothing is overwritten or left half done.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$place"
part() { unzip -p "$1" "$2" | sed 's/<row/\n<row/g'; }          # FILE PART
sheets() { part "$1" xl/workbook.xml | grep -oE '<sheet name="[^"]*"' | sed 's/<sheet name="//; s/"$//'; }
cells() { part "$1" xl/worksheets/sheet"$2".xml; }                # FILE SHEET
amounts() { # FILE SHEET COLUMN: the numbers of a column in hundredths, added up
    cells "$1" "$2" | grep -oE "<c r=\"$3[0-9]+\"[^>]*><v>[^<]*" | sed 's/.*<v>//' |
        awk '{ sum += $1 * 100 } END { printf "%.0f\n", sum }'
}
places() { find "$place" -maxdepth 1 -name '*.xlsx.*' | wc -l; }

book CNY cn-small
for i in 1 2 3 4 5; do
    as zhang customer add --kind organisation --name "深圳市恒通贸易有限公司$i" --phone "+86 138 0000 000$i" >/dev/null
    as zhang invoice issue "C-000$i" --line "运维服务; $i; 30.01; 13%" --date 2026-01-0"$i" --due 2026-02-0"$i" >/dev/null
done
as zhang payment add C-0001 12.34 --date 2026-01-09 >/dev/null

# A list.
exits 0 as zhang customer list --xlsx customers.xlsx
says '^customers.xlsx is written, rows: 5'
claim "the file is its user's alone" 600 "$(stat -c %a customers.xlsx)"
claim "the sheet is called by the command" "customer list" "$(sheets customers.xlsx | head -1)"
exits 0 cells customers.xlsx 1
says 'inlineStr"><is><t>number</t>'
says 'inlineStr"><is><t>138\*\*\*\*0003</t>'
says 'ySplit="1"'
exits 0 as zhang customer list --csv
csv=$(tr -d '\r' <"$place/out" | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "open") c = i; next } { sum += $c * 100 } END { printf "%.0f\n", sum }')
claim "the sum of CSV and of the workbook" "$csv" "$(amounts customers.xlsx 1 G)"
claim "no formula is in it" 0 "$(cells customers.xlsx 1 | grep -c '<f>' || test $? -eq 1)"
exits 0 as zhang customer list --lang zh-CN --xlsx 客户.xlsx -n 2 --all -c number,name,open
says '^已写出 客户.xlsx，5 行'
claim "heads in Chinese, columns as chosen" "编号 名称 未收" \
    "$(cells 客户.xlsx 1 | grep '^<row r="1"' | grep -oE '<t>[^<]*' | sed 's/<t>//' | tr '\n' ' ' | sed 's/ $//')"
claim "all pages" 6 "$(cells 客户.xlsx 1 | grep -c '^<row')"
claim "the width of a Chinese name" 25.28515625 "$(cells 客户.xlsx 1 | grep -oE '<col min="2"[^>]*' | grep -oE '[0-9]+\.[0-9]+' || test $? -eq 1)"

# A card, a report, a statement: what stands beside the rows has sheets of its own.
exits 0 as zhang invoice show INV-2026-0002 --xlsx invoice.xlsx
claim "the card and its lines" "invoice show" "$(sheets invoice.xlsx | head -1)"
claim "lines, parts and tax by rate" 4 "$(sheets invoice.xlsx | wc -l)"
exits 0 as zhang report aging --as-of 2026-03-01 --xlsx aging.xlsx
claim "days of one customer" 1 "$(cells aging.xlsx 1 | grep -c 'C-0001')"
exits 0 cells aging.xlsx 2
says '<t>total · open</t>'
says '<t>as of</t>.*<v>46082</v>'
says '<t>control · difference</t></is></c><c r="B[0-9]+" s="[0-9]+"><v>0</v>'
exits 0 as zhang --json report aging --as-of 2026-03-01
claim "the report's sum" "$(figure '.data.total.balance' "$place/out" | tr -d .)" "$(amounts aging.xlsx 1 U)"
exits 0 as zhang statement show C-0001 --from 2026-01-01 --to 2026-01-31 --xlsx statement.xlsx
exits 0 cells statement.xlsx 1
says '<v>46023</v>.*INV-2026-0001'  # 2026-01-01 as a date
says '<v>12.34</v>'
exits 0 as zhang report trial-balance --xlsx trial.xlsx
claim "words as they are typed" "report trial-balance" "$(sheets trial.xlsx | head -1)"
exits 0 as zhang audit list --xlsx audit.xlsx
exits 0 as zhang payment add C-0002 1 --dry-run --xlsx preview.xlsx
for file in *.xlsx; do
    exits 0 unzip -tq "$file"
done

# Nothing is overwritten, nothing half done stays.
sum=$(sha256sum customers.xlsx)
exits 15 as zhang customer list --xlsx customers.xlsx
says 'a file of that name exists'
says 'hint +--yes'
claim "and it is as it was" "$sum" "$(sha256sum customers.xlsx)"
exits 0 as zhang customer list --xlsx customers.xlsx -n 1 --yes
says 'rows: 1$'
mkdir directory.xlsx
exits 74 as zhang customer list --xlsx directory.xlsx --yes
exits 74 as zhang customer list --xlsx nowhere/customers.xlsx
exits 74 as zhang customer list --xlsx=-
exits 2 as zhang customer list --xlsx new.xlsx --csv
says 'exclude each other'
exits 2 as zhang customer list --xlsx new.xlsx -c nothing
exits 2 as zhang whoami --xlsx new.xlsx
exits 2 as zhang audit verify --xlsx new.xlsx
exits 6 as zhang customer show C-0099 --xlsx new.xlsx
exits 2 as zhang customer list --xlsx
claim "no file of a failure" no "$([ -e new.xlsx ] && echo yes || echo no)"
claim "and no place of work" 0 "$(places)"
exits 0 as zhang customer list --help
exits 0 kontor help
says '--xlsx FILE'

# The library is in no process but the writer.
claim "kontor itself does not bear it" 0 "$(ldd "$(command -v kontor)" | grep -cE 'xlsxwriter|crypto' || test $? -eq 1)"
