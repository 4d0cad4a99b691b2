#!/usr/bin/env bash
# Foreign files: character sets, preambles, customers and payments, doubtful dates, doubtful rows, and going on after a kill.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

book CNY cn-small
person li finance
cd "$place"

# GB18030 with a preamble, Chinese header and semicolons is what it says it is.
printf '示例银行导出\n\n客户编号;客户名称;电话;客户类型\nK1;深圳市恒通贸易有限公司;13812342046;单位\nK2;𠮷田商店;;单位\n' |
    iconv -t GB18030 >customers.csv
exits 15 as li import run customers.csv --as customers
says 'GB18030'
says 'reference=客户编号,name=客户名称,kind=客户类型,phone=电话|reference=客户编号.*name=客户名称'
claim "without --yes nothing is there" 0 "$(as li customer list --json | jq -r .page.count)"
exits 0 as li import run customers.csv --as customers --yes
claim "both customers are there" 2 "$(as li customer list --json | jq -r .page.count)"
claim "with their names" 𠮷田商店 "$(as li customer list -q 𠮷田 --json | jq -r '.data[0].name')"

# UTF-8 with a byte order mark, quotes and a line break in a cell.
printf '\xef\xbb\xbfreference,customer,date,amount,description\nA1,K1,2026-01-02,"1,234.50","运维\n服务"\nA2,K2,2026-01-31,80,x\n' >invoices.csv
exits 0 as li import run invoices.csv --as invoices --yes --json
claim "two documents" 2 "$(figure .data.added "$place/out")"
claim "their sum" 1314.50 "$(figure .data.total "$place/out")"
exits 0 as li import run invoices.csv --as invoices --yes
says 'nothing changed'

# A longer file that contains known documents adds only the others.
printf 'reference,customer,date,amount\nA2,K2,2026-01-31,80\nA3,K2,2026-02-01,20\n' >more.csv
exits 0 as li import run more.csv --as invoices --yes --json
claim "one is new" 1 "$(figure .data.added "$place/out")"
claim "one is known" 1 "$(figure .data.known "$place/out")"

# Payments by customer and by invoice.
printf '收款单号,客户编号,收款日期,收款金额\nP1,K1,2026-02-03,1000\n' >payments.csv
exits 0 as li import run payments.csv --as payments --yes
claim "the payment is there" 1000.00 "$(as li payment list --json | jq -r '.data[0].amount')"

# Dates that can be read in two ways are refused with both readings; saying the format decides.
printf 'reference,customer,date,amount\nB1,K1,03/04/2026,10\nB2,K1,05/06/2026,10\n' >doubtful.csv
exits 7 as li import run doubtful.csv --as invoices --yes
says 'DD/MM/YYYY / MM/DD/YYYY'
exits 0 as li import run doubtful.csv --as invoices --date-format MM/DD/YYYY --yes
claim "read as said" 2026-03-04 "$(as li invoice list --json | jq -r '.data[] | select(.reference == "B1") | .date')"

# What is not a table, not there, or not meant.
head -c 3000 /dev/urandom >noise.bin
exits 2 as li import run noise.bin --as invoices --yes
exits 2 as li import run invoices.csv --as invoices --map reference=Nowhere,customer=customer,date=date,amount=amount --yes
exits 74 as li import run missing.csv --as invoices --yes
exits 2 as li import run invoices.csv --as nonsense --yes

# Killed on the way: the same command goes on, and nothing is doubled.
{
    echo 'reference,customer,date,amount'
    for i in $(seq 20000); do echo "Z$i,K$((i % 50)),2026-01-15,1.00"; done
} >long.csv
KONTOR_HOME=$place/home-li kontor import run long.csv --as invoices --yes >/dev/null 2>&1 &
client=$!
for _ in $(seq 200); do
    [ "$(as li import list --json | jq -r '[.data[] | select(.file_name == "long.csv")][0].rows_done // 0')" -gt 0 ] && break
done
kill -KILL "$client"
wait "$client" || test $? -eq 137
exits 0 as li import run long.csv --as invoices --yes --json
claim "all of it, once" 20000 "$(figure .data.added "$place/out")"
claim "in the books as well, with the five of before" 20005 "$(as li invoice list --json -n 1 | jq -r .page.count)"
exits 0 as li report aging --as-of 2026-12-31 --json
claim "the books tie" 0.00 "$(figure .data.control.difference "$place/out")"
