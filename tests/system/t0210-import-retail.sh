#!/usr/bin/env bash
# Real data: 209,029 invoice lines of 10,783 documents; figures from the README of the data.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
file=$data/retail/online-retail-2010-12_2011-05.csv.gz
need "$file"

book GBP international
person li finance
exits 0 as li import run "$file" --as invoice-lines --yes
cat "$place/out"
says '10,?783'
exits 0 as li import list --json
claim "no row is refused" 0 "$(figure '.data[0].refused' "$place/out")"
claim "documents" 10783 "$(as li invoice list --json -n 1 | jq -r .page.count)"
claim "customers, with the one for sales without a name" 2768 "$(as li customer list --json -n 1 | jq -r .page.count)"

exits 0 as li report revenue --by month --from 2010-12-01 --to 2011-05-31 --json
claim "net" 3706827.64 "$(figure .data.total.net "$place/out")"
month() { claim "net of $1" "$2" "$(jq -r --arg m "$1" '.data.row[] | select(.key == $m) | .net' "$place/out")"; }
month 2010-12 748957.02
month 2011-01 560000.26
month 2011-02 498062.65
month 2011-03 683267.08
month 2011-04 493207.12
month 2011-05 723333.51

exits 0 as li report revenue --by customer --from 2010-12-01 --to 2011-05-31 --json
top() { # RANK REFERENCE NET DOCUMENTS; the customer without a name is not in the README's list
    local row
    row=$(jq -c --argjson i "$1" '[.data.row[] | select(.name != "Walk-in")][$i - 1]' "$place/out")
    claim "customer $1" "$2 $3 $4" "$(jq -r '"\(.name) \(.net) \(.documents)"' <<<"$row")"
}
top 1 14646 110668.12 26
top 2 18102 64483.90 16
top 3 17450 54602.44 16
top 4 12415 50290.20 9
top 5 14156 41345.98 21
top 6 17511 35476.42 22
top 7 14911 34073.96 74
top 8 15061 30538.12 34
top 9 15311 29039.62 58
top 10 15769 27889.72 13

# The README's aging is of documents with a customer; ours also has the walk-in customer, which is taken off.
exits 0 as li report aging --as-of 2011-05-31 --json
less_walk_in() { # FIELD
    jq -r --arg f "$1" '[(.data.total[$f]), ([.data.row[] | select(.name == "Walk-in") | .[$f]][0] // "0")]
        | map(tostring | gsub("[.]"; "") | tonumber) | .[0] - .[1]' "$place/out"
}
claim "not due" 67859456 "$(less_walk_in not_due)"
claim "not due documents" 1555 "$(less_walk_in not_due_count)"
claim "1 to 30" 46920036 "$(less_walk_in d1_30)"
claim "1 to 30 documents" 1149 "$(less_walk_in d1_30_count)"
claim "31 to 60" 57186889 "$(less_walk_in d31_60)"
claim "31 to 60 documents" 1265 "$(less_walk_in d31_60_count)"
claim "61 to 90" 48958730 "$(less_walk_in d61_90)"
claim "61 to 90 documents" 1110 "$(less_walk_in d61_90_count)"
claim "91 and more" 112334085 "$(($(less_walk_in d91_180) + $(less_walk_in d181_365) + $(less_walk_in d366_up)))"
claim "91 and more documents" 2330 "$(($(less_walk_in d91_180_count) + $(less_walk_in d181_365_count) + $(less_walk_in d366_up_count)))"
claim "credits" 21210387 "$(less_walk_in on_account)"
claim "credit documents" 1588 "$(less_walk_in on_account_count)"
claim "sum" 312048809 "$(less_walk_in balance)"
claim "ties to the control account" 0.00 "$(figure .data.control.difference "$place/out")"
