#!/usr/bin/env bash
# Real data: what a credit limit for everybody would have stopped among 2,466 invoices; figures from the README of the data.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
file=$data/ar/accounts-receivable.csv
need "$file"

book USD international
person li finance
exits 0 as li import run "$file" --as invoices --date-format DD/MM/YYYY \
    --map reference=invoiceNumber,customer=customerID,date=InvoiceDate,due=DueDate,amount=InvoiceAmount,settled=SettledDate,disputed=Disputed \
    --yes

replay() { # LIMIT BREACHES CUSTOMERS
    exits 0 as li report credit-replay --limit "$1" --json
    claim "$1: breaches" "$2" "$(figure .data.breaches "$place/out")"
    claim "$1: customers" "$3" "$(figure .data.customers "$place/out")"
    claim "$1: documents" 2466 "$(figure .data.documents "$place/out")"
    claim "$1: highest balance" 440.75 "$(figure .data.highest "$place/out")"
    claim "$1: of" 4460-ZXNDN "$(figure .data.highest_name "$place/out")"
    claim "$1: on" 2012-10-25 "$(figure .data.reached "$place/out")"
}
replay 200 296 71
replay 250 103 37
replay 300 42 19

# The customers behind it, and a look at the figures by hand.
exits 0 as li report credit-replay --limit 200 --rows --json
claim "a row for each customer with a breach" 71 "$(figure '.data.worst | length' "$place/out")"
claim "their breaches are all of them" 296 "$(figure '[.data.worst[].breaches | tonumber] | add' "$place/out")"
exits 0 as li report credit-replay --limit 200
says 'breaches +296'
