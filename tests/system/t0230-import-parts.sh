#!/usr/bin/env bash
# Documents in many parts need many ids of one journal number: groups end early, and the import goes on to its last row.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

book USD international
person li finance
parts=$(for i in $(seq 23); do printf '4%%@%d,' "$i"; done)
as li customer add --kind organisation --name Many --reference K1 --terms "${parts}8%@24"
{ echo "reference,customer,date,amount"; for i in $(seq 100); do echo "R$i,K1,2012-01-01,100.00"; done; } >"$place/invoices.csv"
exits 0 as li import run "$place/invoices.csv" --as invoices --date-format YYYY-MM-DD --yes
claim "invoices" 100 "$(as li invoice list --json -n 1 | jq -r .page.count)"

# Each payment settles some thirty parts.
{ echo "reference,customer,date,amount"; for i in $(seq 60); do echo "P$i,K1,2012-03-01,150.00"; done; } >"$place/payments.csv"
exits 0 as li import run "$place/payments.csv" --as payments --date-format YYYY-MM-DD --yes
claim "payments" 60 "$(as li payment list --json -n 1 | jq -r .page.count)"
exits 0 as li report aging --json
claim "open" 1000.00 "$(figure .data.total.open "$place/out")"
claim "ties" 0.00 "$(figure .data.control.difference "$place/out")"
stop_server
exits 0 kontord verify --dir "$place/book" --replay
