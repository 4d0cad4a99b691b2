#!/usr/bin/env bash
# A year of random business (seeded: documents of all kinds, months closed, opened again and sealed, the end of the year) goes to
# hledger and beancount: both accept the books, and every account's balance at every month's end is kontor's. Every invariant holds.
#   t0850-year.sh [DOCUMENTS [SEED CHART]…]
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
command -v hledger >/dev/null && command -v bean-check >/dev/null || { echo "skipped: hledger and beancount are not here"; exit 77; }
documents=${1:-1000}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- 1 cn-enterprise
root=$place

# Every balance at every month's end as rows "month account cents", without what is nothing.
ours() {
    local month
    for month in $(seq 1 13); do
        as zhang report trial-balance --as-of "$(date -d "2025-01-01 +$month month -1 day" +%F)" --json |
            jq -r '.data | .as_of as $day | .row[] | "\($day[:7]) \(.account) \(.closing)"'
    done | cents
}

hledgers() { # all months at once: an account a row, a month a column
    hledger -f "$place/book.journal" balance --flat -N --no-elide --monthly --historical -b 2025-01-01 -e 2026-02-01 -O csv |
        tr -d '"\r' | awk -F, '
            NR == 1 { for (i = 2; i <= NF; i++) month[i] = $i; next }
            { split($1, name, " "); for (i = 2; i <= NF; i++) { split($i, amount, " "); print month[i], name[1], amount[1] } }' | cents
}

beancounts() { # what each month moved, added up
    bean-query -f csv "$place/book.beancount" \
        'SELECT year, month, account, sum(number) AS moved GROUP BY year, month, account' |
        tail -n +2 | tr -d ' \r' | sed -E 's/[A-Z][a-z]+:([0-9]+)[^,]*/\1/; s/\.//' | awk -F, '
            { moved[$1 * 12 + $2 - 1, $3] += $4; codes[$3] = 1 }
            END {
                for (code in codes) { sum = 0; for (month = 2025 * 12; month <= 2026 * 12; month++) {
                    sum += moved[month, code]
                    if (sum != 0) printf "%d-%02d %s %.0f\n", month / 12, month % 12 + 1, code, sum
                } } }' | sort
}

cents() {
    awk '{ sub(/\./, "", $3); if ($3 + 0 != 0) printf "%s %s %.0f\n", $1, $2, $3 }' | sort
}

year() { # SEED CHART
    place=$root/$1-$2
    mkdir -m 700 "$place"
    echo "== seed $1, $2"
    "$build/tests/sim/year" "$build" "$place" "$documents" "$1" "$2" >"$place/out"
    grep -vE '^(book|store key|house key|invitation) ' "$place/out"
    serve
    echo 'correct horse battery zhang' | as zhang join "@$place/zhang.invitation" --password-stdin >/dev/null
    as zhang export journal --format hledger >"$place/book.journal"
    as zhang export journal --format beancount >"$place/book.beancount"
    exits 0 hledger -f "$place/book.journal" check
    exits 0 bean-check "$place/book.beancount"

    ours >"$place/ours"
    hledgers >"$place/hledgers"
    beancounts >"$place/beancounts"
    claim "hledger's month ends" "" "$(diff "$place/ours" "$place/hledgers" | head -n 20)"
    claim "beancount's month ends" "" "$(diff "$place/ours" "$place/beancounts" | head -n 20)"
    claim "there is something to compare at each month's end" 13 "$(cut -d' ' -f1 "$place/ours" | sort -u | wc -l)"
    echo "$(grep -c '^20' "$place/book.journal") entries; $(wc -l <"$place/ours") balances of" \
        "$(cut -d' ' -f2 "$place/ours" | sort -u | wc -l) accounts at 13 month ends are the same in all three programs"

    exits 0 as zhang check books
    exits 0 as zhang period verify
    stop_server
    exits 0 kontord verify --dir "$place/book" --replay
}

while [ $# -gt 0 ]; do
    year "$1" "$2"
    shift 2
done
place=$root
