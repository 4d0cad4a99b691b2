#!/usr/bin/env bash
# Real data: 2,466 invoices of 100 customers with their settlements; figures from the README of the data.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
file=$data/ar/accounts-receivable.csv
need "$file"

book USD international
person li finance

exits 0 as li import run "$file" --as invoices --date-format DD/MM/YYYY \
    --map reference=invoiceNumber,customer=customerID,date=InvoiceDate,due=DueDate,amount=InvoiceAmount,settled=SettledDate,disputed=Disputed \
    --yes
cat "$place/out"
claim "invoices" 2466 "$(as li invoice list --json -n 1 | jq -r .page.count)"
claim "customers" 100 "$(as li customer list --json -n 1 | jq -r .page.count)"
claim "total invoiced" 147703.18 "$(as li invoice list --json -n 1 | jq -r .sums.gross)"

aging() { # DAY OPEN COUNT CUSTOMERS NOT-DUE COUNT D1-30 COUNT DISPUTED COUNT
    exits 0 as li report aging --as-of "$1" --json
    claim "$1 open" "$2" "$(figure .data.total.open "$place/out")"
    claim "$1 open items" "$3" "$(figure .data.total.count "$place/out")"
    claim "$1 customers" "$4" "$(figure .data.total.customers "$place/out")"
    claim "$1 not due" "$5" "$(figure .data.total.not_due "$place/out")"
    claim "$1 not due items" "$6" "$(figure .data.total.not_due_count "$place/out")"
    claim "$1 1 to 30 days" "$7" "$(figure .data.total.d1_30 "$place/out")"
    claim "$1 1 to 30 days items" "$8" "$(figure .data.total.d1_30_count "$place/out")"
    claim "$1 disputed" "$9" "$(figure .data.total.disputed "$place/out")"
    claim "$1 disputed items" "${10}" "$(figure .data.total.disputed_count "$place/out")"
    for bucket in d31_60 d61_90 d91_180 d181_365 d366_up; do
        claim "$1 $bucket" 0.00 "$(figure .data.total.$bucket "$place/out")"
    done
    claim "$1 ties to the control account" 0.00 "$(figure .data.control.difference "$place/out")"
}
aging 2012-06-30 5504.09 98 55 4594.36 83 909.73 15 2006.82 33
aging 2012-12-31 5725.06 99 61 4936.32 86 788.74 13 1700.31 28
aging 2013-06-30 5119.85 84 52 4284.29 72 835.56 12 1806.84 27
aging 2013-12-31 761.90 13 11 206.25 3 555.65 10 310.66 5

exits 0 as li customer balance 1080-NDGAE --as-of 2012-03-31 --json
claim "1080-NDGAE owed on 2012-03-31" 85.82 "$(figure .data.balance "$place/out")"

# Again: nothing changes, and it says so.
exits 0 as li import run "$file" --as invoices --date-format DD/MM/YYYY \
    --map reference=invoiceNumber,customer=customerID,date=InvoiceDate,due=DueDate,amount=InvoiceAmount,settled=SettledDate,disputed=Disputed \
    --yes
says 'nothing changed'
claim "still" 2466 "$(as li invoice list --json -n 1 | jq -r .page.count)"

# hledger accepts the books and agrees.
if command -v hledger >/dev/null; then
    as li export journal --format hledger >"$place/book.journal"
    exits 0 hledger -f "$place/book.journal" check
    claim "hledger's receivables at the end of 2012" 5725.06 \
        "$(hledger -f "$place/book.journal" balance 1100 -e 2013-01-01 -O csv | tail -n 1 | grep -oE '[0-9]+\.[0-9]{2}')"
else
    echo "skipped: hledger is not installed"
fi
stop_server
exits 0 kontord verify --dir "$place/book" --replay
