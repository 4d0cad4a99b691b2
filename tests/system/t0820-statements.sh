#!/usr/bin/env bash
# Statements of account for everybody: one run writes them into files, a second run none, and what was issued stays as it was.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

book CNY cn-small
as zhang customer add 恒通 --kind organisation >/dev/null
as zhang customer add 远山 --kind organisation >/dev/null
as zhang customer add 空谷 --kind organisation >/dev/null
as zhang invoice issue C-0001 --amount 1000 --reference A-1 >/dev/null
as zhang invoice issue C-0002 --amount 300 >/dev/null
as zhang payment add C-0001 400 --yes >/dev/null
as zhang statement setup --bank-name 招商银行 --bank-holder 恒通贸易 --bank-account 755900000001 >/dev/null

# One run for all; who has nothing gets none.
exits 0 as zhang statement run --from y --output "$place/statements" --yes
says '2 statements issued; 1 customers have nothing on theirs, 0 had one'
year=$(date +%Y)
first=$place/statements/ST-$year-0001.txt
claim "a file for each" 2 "$(find "$place/statements" -name 'ST-*.txt' | wc -l)"
claim "it says what is owed" 1 "$(grep -c 'closing balance.*600.00' "$first")"
claim "where to pay" 1 "$(grep -c '755900000001' "$first")"
claim "and has a slip to send back" 1 "$(grep -c 'the balance is right' "$first")"

# Again: nothing doubles.
exits 0 as zhang statement run --from y --output "$place/statements" --yes
says '0 statements issued; 1 customers have nothing on theirs, 2 had one'

# A month of business later the issued one reads byte for byte the same.
as zhang payment add C-0001 600 --yes >/dev/null
as zhang invoice issue C-0001 --amount 77 >/dev/null
as zhang customer edit C-0001 --name 恒通集团 --yes >/dev/null
exits 0 as zhang statement show "ST-$year-0001"
claim "the same bytes" "$(cat "$first")" "$(cat "$place/out")"
exits 0 as zhang statement show C-0001 --from y --json
claim "the books have gone on" 77.00 "$(figure .data.closing "$place/out")"

# By hand for one customer, and the answer.
exits 0 as zhang statement issue C-0001 --form open
says "ST-$year-0003 issued"
exits 0 as zhang statement reply "ST-$year-0001" --reason '少记一笔付款' --theirs 0.01
says 'disputed. F-0001'
exits 0 as zhang finding show F-0001
says "ST-$year-0001: the customer disputes the balance"
exits 0 as zhang statement reply "ST-$year-0001" --agreed
exits 10 as zhang statement reply "ST-$year-0001" --agreed
says 'E-STATEMENT-AGREED'
exits 0 as zhang check books --yes
exits 2 as zhang statement run --output "$place/statements" C-0001

# The statements as Markdown, and as people read them.
exits 0 as zhang report profit-loss --markdown
says '^\| revenue \|'
exits 0 as zhang report dashboard
claim "the key figures fit on a screen" yes "$([ "$(wc -l <"$place/out")" -le 24 ] && echo yes)"
exits 0 as zhang report balance-sheet --compare year
says 'difference 0: the report ties'
exits 0 as zhang --lang zh-CN report cash-flow
says '销售商品、提供劳务收到的现金'

# Revenue that was posted by hand is said beside what the documents made, so that the lines tie for whoever adds them up.
as zhang entry add scrap --line '1001 debit 15' --line '5051 credit 15' --yes >/dev/null
exits 0 as zhang report revenue --by month
says '15.00 posted beside the documents'
says 'difference 0: the report ties'
