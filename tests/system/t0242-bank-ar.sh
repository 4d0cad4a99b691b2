#!/usr/bin/env bash
# The settlements of the real receivables as a bank statement of days and sums. By amount alone 35 of 2,466 payments are ambiguous
# (README of the data): they are proposed and nothing is booked; with the customer known all match, and the difference is 0.00.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/ar_bank.sh
. "$(dirname "$0")/ar_bank.sh"

start ,disputed=Disputed
awk -F'\t' 'BEGIN { print "day,sum" } { print $1 "," $4 }' "$place/paid" >"$place/bank.csv"
exits 0 as zhang bank import "$place/bank.csv" --map date=day,amount=sum --opening 0 --closing "$total" --bank 1010 --yes
says '^2466 lines new, 0 known, 0 booked \(0.00'
while read -r count day; do
    as zhang reconcile next 1010 -n "$count" --json >"$place/next"
    claim "what waits is of the day" "$day" "$(jq -r '[.data[].date] | unique | join(" ")' "$place/next")"
    jq -r '.data[] | [.number, (.proposal | length), ([.proposal[] | select(.certain)] | length),
        ([.proposal[] | .customer + " " + .documents] | join("|"))] | @tsv' "$place/next" >>"$place/proposed"
    # A person says whose each of them is, and takes the proposal of that customer.
    while IFS=$'\t' read -r line _ customer invoice _; do
        as zhang reconcile match "$line" "$customer" "$invoice" --yes >"$place/out" 2>"$place/err"
    done < <(grep -F "$(printf '\t')$day$(printf '\t')" "$place/truth")
done < <(cut -f 1 "$place/paid" | uniq -c)
claim "lines with a proposal" 2466 "$(awk -F'\t' '$2 > 0' "$place/proposed" | wc -l)"
claim "certain by amount alone" 0 "$(awk -F'\t' '$3 > 0' "$place/proposed" | wc -l)"
claim "ambiguous by amount alone" 35 "$(awk -F'\t' '$2 > 1' "$place/proposed" | wc -l)"
claim "with the customer known exactly one proposal is left" 2466 "$(awk -F'\t' 'NR == FNR { c[$1] = $3; i[$1] = $4; next }
    { n = split($4, p, "|"); hits = 0; right = 0
      for (k = 1; k <= n; k++) { split(p[k], w, " "); if (w[1] == c[$1]) { hits++; right += w[2] == i[$1] } }
      if (hits == 1 && right == 1) good++ } END { print good + 0 }' "$place/truth" "$place/proposed")"
printf 'by amount alone: %s lines, %s with one proposal, %s ambiguous, 0 booked by themselves\n' 2466 \
    "$(awk -F'\t' '$2 == 1' "$place/proposed" | wc -l)" "$(awk -F'\t' '$2 > 1' "$place/proposed" | wc -l)"
sign_off
