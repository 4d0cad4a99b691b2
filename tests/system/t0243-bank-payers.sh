#!/usr/bin/env bash
# The same statement with the account that each payment came from: once a person has said whose an account is, the rest is booked
# without one, what fits in two ways excepted; none of it wrongly, and the difference is 0.00.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/ar_bank.sh
. "$(dirname "$0")/ar_bank.sh"

start ''
awk -F'\t' 'BEGIN { print "day,sum,from" } { print $1 "," $4 ",ACC-" $3 }' "$place/paid" >"$place/bank.csv"
import=(bank import "$place/bank.csv" --map 'date=day,amount=sum,payer-account=from' --opening 0 --closing "$total" --bank 1010 --yes)
exits 0 as zhang "${import[@]}"
says '^2466 lines new, 0 known, 0 booked \(0.00'

booked=0 taken=0 asked=0
# The first payment of each customer is said by a person.
while IFS=$'\t' read -r line _ customer invoice _; do
    exits 0 as zhang reconcile match "$line" "$customer" "$invoice" --yes
    asked=$((asked + 1))
done < <(sort -t "$(printf '\t')" -k 3,3 -k 1,1 "$place/truth" | awk -F'\t' '!seen[$3]++' | sort)
claim "payers that a person named" 100 "$asked"

# The same file again books what is certain now, as long as something is; then a person takes the first line that is left.
left=0
while :; do
    exits 0 as zhang "${import[@]}"
    taken=$(sed -nE 's/^0 lines new, 2466 known, ([0-9]+) booked.*/\1/p' "$place/out")
    booked=$((booked + taken))
    [ "$taken" = 0 ] || continue
    as zhang reconcile next 1010 -n 1 --json >"$place/next"
    line=$(jq -r '.data[0].number // empty' "$place/next")
    [ -n "$line" ] || break
    claim "$line is not certain" 0 "$(jq '[.data[0].proposal[] | select(.certain)] | length' "$place/next")"
    IFS=$'\t' read -r _ _ customer invoice _ < <(grep "^$line" "$place/truth")
    exits 0 as zhang reconcile match "$line" "$customer" "$invoice" --yes
    left=$((left + 1))
done
printf 'by known accounts: %s said by a person, %s booked without one, %s left for one\n' "$asked" "$booked" "$left"
claim "all lines are decided" 2466 $((asked + booked + left))
sign_off
stop_server
exits 0 kontord verify --dir "$place/book" --replay
