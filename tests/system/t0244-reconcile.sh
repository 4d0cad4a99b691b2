#!/usr/bin/env bash
# A person goes through the bank lines that wait with keys alone: takes a proposal, names a customer, splits, books, leaves out, takes
# back; what is refused is told and the line stays; at the end the difference is 0.00 and every invariant of the books holds.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

book CNY cn-small
keys() { # LINES…: typed into the dialogue
    printf '%s\n' "$@" | as zhang reconcile start 1002 >"$place/out" 2>"$place/err"
}

exits 0 as zhang customer add --kind organisation --name 上海云帆科技有限公司
exits 0 as zhang invoice issue C-0001 --amount 302.50 --date 2026-01-02
exits 0 as zhang bank add 1002 招商银行
exits 0 as zhang reconcile start 1002
says '^0 lines decided, 0 wait$'
{
    echo 'day,sum,from,memo'
    echo '2026-01-05,302.50,云帆科技（上海）,10月服务费'
    echo '2026-01-06,100.00,恒通,货款'
    echo '2026-01-07,-5.00,,手续费'
    echo '2026-01-08,30.00,,两笔'
    echo '2026-01-09,7.00,,记错'
} >"$place/bank.csv"
exits 0 as zhang bank import "$place/bank.csv" --map 'date=day,amount=sum,payer=from,text=memo' --opening 0 --closing 434.50 --bank 1002 --yes

# Enter alone does nothing, nor does a key that is none; what these are is told; then it stops.
keys '' x 9 '?' q
claim "nothing was decided" 0 "$(grep -c matched "$place/out")"
says '^0 lines decided, 5 wait$'
says 'tier 5 of 5: amount'
says '   1  INV-2026-0001  C-0001 上海云帆科技有限公司  302.50   amount'

# The end of the input is a stop.
keys 1
says '^1 lines decided, 4 wait$'
exits 0 as zhang invoice show INV-2026-0001 --json
claim "the proposal settled the invoice" 0.00 "$(figure .data.open "$place/out")"

# One is left to wait; one is refused and stays; one is taken back and decided otherwise.
keys w a 1122 '' a 5603 手续费 u 错了 a 5602 快递费 q
says 'E-CONTROL'
says 'waits again'
says '^1 lines decided, 3 wait$'

keys n 恒通贸易 s '10 19' s '10 20' i 银行记错 a 5603 '' c C-0002 q
says 'E-BANK-PARTS'
says '^5 lines decided, 0 wait$'
exits 0 as zhang reconcile next 1002
exits 0 as zhang reconcile finish BS-2026-0001
says 'difference 0.00'
exits 0 as zhang check books
exits 15 as zhang reconcile start 1002 --no-input
stop_server
exits 0 kontord verify --dir "$place/book" --replay
