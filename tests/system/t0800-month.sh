#!/usr/bin/env bash
# A month of an accountant in each of the three charts, every figure worked out by hand beside it: tax, parts, over-payment,
# allocation by name, taking back, reversals, credit notes, entries; hledger, beancount and ledger agree at every month's end; and the import of a
# Chinese program's files.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
root=$place

balances() { # DAY "account=closing …": the trial balance, and that hledger says the same
    local got theirs
    as zhang report trial-balance --as-of "$1" --json >"$place/trial"
    got=$(jq -r '[.data.row[] | select(.closing != "0.00") | "\(.account)=\(.closing)"] | sort | join(" ")' "$place/trial")
    claim "trial balance of $1" "$2" "$got"
    claim "it sums to nothing on $1" 0.00 "$(figure .data.total.closing "$place/trial")"
    if command -v hledger >/dev/null; then
        theirs=$(hledger -f "$place/book.journal" balance --flat -N -e "$(date -d "$1 +1 day" +%F)" -O csv |
            tail -n +2 | tr -d '"' | sed -E 's/^([0-9]+)[^,]*,(-?[0-9.]+) .*/\1=\2/' | sort | paste -sd' ')
        claim "hledger on $1" "$2" "$theirs"
    fi
    if command -v bean-query >/dev/null; then
        theirs=$(bean-query -f csv "$place/book.beancount" "SELECT account, sum(number) WHERE date <= $1 GROUP BY account" |
            tail -n +2 | tr -d ' \r' | sed -E 's/^[A-Z][a-z]+:([0-9]+)[^,]*,(-?[0-9.]+)$/\1=\2/' | grep -v '=0.00$' | sort | paste -sd' ')
        claim "beancount on $1" "$2" "$theirs"
    fi
    if command -v ledger >/dev/null; then
        theirs=$(ledger --strict -f "$place/book.ledger" balance --flat --no-total -e "$(date -d "$1 +1 day" +%F)" --balance-format '%(account),%(quantity(total))\n' |
            awk -F'[ ,]' '$NF != 0 { printf "%s=%.2f\n", $1, $NF }' | sort | paste -sd' ')
        claim "ledger on $1" "$2" "$theirs"
    fi
}

owes() { # CUSTOMER DAY BALANCE
    as zhang customer balance "$1" --as-of "$2" --json >"$place/owed"
    claim "$1 on $2" "$3" "$(figure .data.balance "$place/owed")"
}

month() { # CURRENCY CHART BANK TRANSIT RECEIVABLES ADVANCES TAX CAPITAL SALES RENT FEE
    place=$root/$2
    mkdir -m 700 "$place"
    book "$1" "$2"
    as zhang customer add --kind organisation --name Alpha --terms 'net 30' >/dev/null
    as zhang customer add --kind organisation --name Beta --terms '30%@0,70%@30' >/dev/null

    # October. 99.99 at 13 % and 90.00 at 6 %: 189.99 + 13.00 + 5.40. 1,999.99 at 6 %: 119.9994 is 120.00; 30 % is 636.00.
    exits 0 as zhang entry add capital --date 2026-10-01 --line "$3 debit 50000" --line "$8 credit 50000"
    exits 0 as zhang invoice draft C-0001 --date 2026-10-03 --line 'a; 3; 33.33; 13%' --line 'b; 1; 100; 6%; 10%' --reference HT-1
    exits 0 as zhang invoice list
    draft=$(grep -oE '#[0-9]+' "$place/out")
    exits 0 as zhang invoice issue --invoice "$draft"
    says 'INV-2026-0001 issued: 208.39'
    exits 0 as zhang invoice issue C-0002 --date 2026-10-10 --line 'c; 1; 1999.99; 6%' --json
    claim "parts of 30 and 70 %" '636.00 2026-10-10 1483.99 2026-11-09' \
        "$(jq -r '[.data.part[] | .amount, .due] | join(" ")' "$place/out")"
    exits 0 as zhang invoice issue C-0001 --date 2026-10-15 --amount 500 --terms 60
    exits 0 as zhang payment add C-0001 300 --date 2026-10-20 --fee 5 --dry-run --json
    cp "$place/out" "$place/trial-run"
    plan=$(jq -r .plan "$place/out")
    exits 0 as zhang payment add C-0001 300 --date 2026-10-20 --fee 5 --plan "$plan" --json
    claim "a trial run and its commit say the same" "$(jq -c '.data | del(.id, .line[].id)' "$place/trial-run")" \
        "$(jq -c '.data | del(.id, .line[].id)' "$place/out")"
    claim "the plan was kept" true "$(jq .committed "$place/out")"
    exits 8 as zhang payment add C-0001 300 --date 2026-10-20 --fee 5 --plan "$plan"
    exits 0 as zhang payment add C-0002 3000 --date 2026-10-25 --method card
    says 'INV-2026-0002 due 2026-10-10 closed, INV-2026-0002 due 2026-11-09 closed, 880.01 on account'
    exits 10 as zhang entry add direct --line "$5 debit 80" --line "$3 credit 80"
    exits 10 as zhang entry add direct --line "$5 debit 80 C-0001" --line "$3 credit 80"
    exits 0 as zhang entry add rent --date 2026-10-31 --line "${10} debit 1200.50" --line "$3 credit 1200.50"
    exits 0 as zhang entry reverse JE-2026-0007 --reason twice
    says 'Reversed by JE-2026-0008'
    exits 0 as zhang invoice issue C-0001 --date 2026-10-20 --amount 88
    exits 0 as zhang invoice reverse INV-2026-0004 --reason 'wrong customer'
    says 'Reversed by CN-2026-0001'

    # November: 90.00 by name, taken back, 50.00 of it given again, and it never came.
    exits 10 as zhang payment add C-0001 1000 --date 2026-11-01 --allocate INV-2026-0003=408.39 --rest refuse
    exits 10 as zhang payment add C-0001 90 --date 2026-11-01 --allocate INV-2026-0003=90.01
    exits 0 as zhang payment add C-0001 90 --date 2026-11-01 --allocate INV-2026-0003=90 --rest refuse
    owes C-0001 2026-11-03 318.39
    exits 10 as zhang payment unallocate PAY-2026-0003 --reason wrong --date 2026-10-31
    exits 0 as zhang payment unallocate PAY-2026-0003 --reason wrong --date 2026-11-05
    exits 0 as zhang payment allocate PAY-2026-0003 INV-2026-0003=50 --date 2026-11-07
    exits 0 as zhang payment reverse PAY-2026-0003 --reason bounced --json
    claim "the reversal is of the day of what it reverses" 2026-11-07 "$(jq -r '.data.line[0].effective' "$place/out")"
    owes C-0001 2026-11-03 318.39
    owes C-0001 2026-11-07 408.39
    exits 0 as zhang invoice credit INV-2026-0002 --amount 100 --reason less --date 2026-11-03 --json
    claim "100.00 hold 5.66 of tax" '-94.34 -5.66 -100.00' "$(jq -r '.data | "\(.net) \(.tax) \(.gross)"' "$place/out")"
    exits 0 as zhang invoice credit INV-2026-0003 --amount 100 --reason less --date 2026-11-03 --keep-open
    exits 10 as zhang invoice reverse INV-2026-0003 --reason late
    says '"91.61"'
    exits 0 as zhang invoice issue C-0002 --date 2026-11-10 --amount 1000
    exits 0 as zhang payment allocate PAY-2026-0002 INV-2026-0005 --date 2026-11-10 --json
    claim "what was on account closes the first part, the rest goes to the second" '300.00 0.00 580.01 119.99' \
        "$(jq -r '[.data.line[] | .apply, .left] | join(" ")' "$place/out")"
    exits 10 as zhang customer archive C-0001 --reason gone
    says 'open items'

    as zhang export journal --format hledger >"$place/book.journal"
    as zhang export journal --format beancount >"$place/book.beancount"
    as zhang export journal --format ledger >"$place/book.ledger"
    ! command -v hledger >/dev/null || exits 0 hledger -f "$place/book.journal" check
    ! command -v bean-check >/dev/null || exits 0 bean-check "$place/book.beancount"
    balances 2026-10-31 "$(printf '%s\n' "$3=50295.00" "$4=3000.00" "$5=408.39" "$6=-880.01" "$7=-138.40" "$8=-50000.00" \
        "$9=-2689.98" "${11}=5.00" | sort | paste -sd' ')"
    balances 2026-11-30 "$(printf '%s\n' "$3=50295.00" "$4=3000.00" "$5=328.38" "$7=-132.74" "$8=-50000.00" \
        "$9=-3495.64" "${11}=5.00" | sort | paste -sd' ')"

    as zhang report aging --as-of 2026-11-15 --json >"$place/out"
    claim "aging" '528.38 200.00 328.38 0.00' \
        "$(jq -r '"\(.data.total.not_due) \(.data.total.on_account) \(.data.total.balance) \(.data.control.difference)"' "$place/out")"
    as zhang statement show C-0001 --from 2026-11-01 --to 2026-11-30 --json >"$place/out"
    claim "a statement goes on where October ended" '408.39 90.00 190.00 308.39' \
        "$(jq -r '.data | "\(.opening) \(.debit) \(.credit) \(.closing)"' "$place/out")"
    # Red entries stay on their side, the others change it.
    as zhang entry show JE-2026-0010 --json >"$place/out"
    claim "the style of a reversal" "$([ "$2" = international ] && echo '0.00 88.00' || echo '-88.00 0.00')" \
        "$(jq -r ".data.line[] | select(.account == $5) | \"\(.debit) \(.credit)\"" "$place/out")"
}

chinese_words() { # what people read in Chinese is what is meant
    exits 0 as zhang customer add --kind organisation --name 恒信 --credit-limit 5000 --reference W-1
    exits 0 as zhang customer show W-1 --lang zh-CN
    says '信用方式 +限额'
    says '信用额度 +5,000.00'
    exits 0 as zhang customer show C-0001 --lang zh-CN
    claim "a limit that was never given is not shown" 0 "$(grep -c 信用额度 "$place/out" || test $? -eq 1)"
    exits 0 as zhang payment add W-1 10 --method cash --lang zh-CN
    exits 0 as zhang payment list -n 1 --lang zh-CN
    says ' 现金 '
    exits 8 as zhang customer edit C-0001 --region 华南 --version 99
    exits 0 as zhang audit list -n 1 --lang zh-CN
    says 'customer edit +C-0001 +E-STALE'
    number=$(as zhang audit list -n 1 --json | jq -r '.data[0].number')
    exits 0 as zhang audit show "$number"
    says 'E-STALE'
    claim "codes are words in JSON too" E-STALE "$(as zhang audit show "$number" --json | jq -r '.data.problem[0].code')"
    claim "a refusal does not say that it was done" 0 "$(grep -c 'changed a customer' "$place/out" || test $? -eq 1)"
}

close_book() {
    exits 0 as zhang audit verify
    stop_server
    exits 0 kontord verify --dir "$place/book" --replay
}

chinese() { # files of a Chinese program: GB18030, the sign of the currency, dates in three forms, methods in words
    cat >"$place/customers" <<'X'
客户编号,名称,类型,电话,备注
K001,上海云帆科技有限公司,企业,021-55551234,老客户
K002,李雷,个人,13800138000,
K003,广州老王五金店,企业,020-88881234,"有逗号,的备注"
X
    cat >"$place/invoices" <<'X'
发票号,客户,日期,到期日,金额
F-1,K001,2026年10月5日,2026-11-04,"1,130.00"
F-2,K003,2026-10-08,2026/11/07,￥880.5
F-3,K002,2026/10/12,2026年11月11日,¥99.99
F-4,K001,2026-10-20,2026-11-19,abc
X
    cat >"$place/payments" <<'X'
流水号,客户,日期,金额,收款方式,发票号
L-1,K001,2026-10-30,1000,转账,F-1
L-2,K003,2026-11-10,900.00,现金,
L-3,K002,2026-11-12,50,微信支付,
L-3,K002,2026-11-12,50,微信支付,
L-4,K002,2026-11-12,1,贝壳,
X
    for file in customers invoices payments; do
        iconv -f UTF-8 -t GB18030 "$place/$file" >"$place/$file.csv"
    done
    exits 0 as zhang import run "$place/customers.csv" --as customers --yes --lang zh-CN
    exits 3 as zhang import run "$place/invoices.csv" --as invoices --yes --lang zh-CN
    says 'GB18030'
    says 'abc  这不是金额'
    exits 3 as zhang import run "$place/payments.csv" --as payments --yes --lang zh-CN
    says '贝壳'
    says '新增 3 个收款，已有 1 个，拒绝 1 个'
    claim "methods" 'L-1 transfer 0.00, L-2 cash 19.50, L-3 wallet 0.00' \
        "$(as zhang payment list -q 'L-' --json | jq -r '[.data[] | "\(.reference) \(.method) \(.on_account)"] | sort | join(", ")')"
    owes K001 2026-11-15 130.00
    owes K003 2026-11-15 -19.50
    owes K002 2026-11-15 49.99
    exits 0 as zhang import run "$place/invoices.csv" --as invoices --yes --lang zh-CN
    says '没有变化'
}

month CNY cn-small 1002 1012 1122 2203 2221 3001 5001 5602 5603
chinese
chinese_words
close_book
month CNY cn-enterprise 1002 1012 1122 2203 2221 4001 6001 6602 6603
close_book
month USD international 1010 1050 1100 2100 2300 3000 4000 6100 6200
close_book
place=$root
