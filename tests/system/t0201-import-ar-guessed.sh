#!/usr/bin/env bash
# The same file without --map and --date-format: kontor guesses the same and says so.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
file=$data/ar/accounts-receivable.csv
need "$file"

book USD international
exits 0 as zhang import run "$file" --as invoices --yes
says 'DD/MM/YYYY'
says 'reference=invoiceNumber'
exits 0 as zhang report aging --as-of 2012-12-31 --json
claim "open" 5725.06 "$(figure .data.total.open "$place/out")"
claim "open items" 99 "$(figure .data.total.count "$place/out")"
claim "invoiced" 147703.18 "$(as zhang invoice list --json -n 1 | jq -r .sums.gross)"
