# shellcheck shell=bash
# The settlements of the real receivables as a bank statement, for the tests that match them: $place/paid has what was paid,
# $place/truth what each line of the bank is. Sourced behind lib.sh.

file=$data/ar/accounts-receivable.csv
need "$file"

# What was paid: day, invoice, customer, amount; in the order of the bank.
tr -d '\r' <"$file" | awk -F, 'NR > 1 { split($9, d, "/"); printf "%s-%s-%s\t%s\t%s\t%.2f\n", d[3], d[2], d[1], $4, $2, $7 }' |
    sort >"$place/paid"
claim "payments" 2466 "$(wc -l <"$place/paid")"
total=$(awk -F'\t' '{ s += $4 } END { printf "%.2f", s }' "$place/paid")
claim "what was paid" 147703.18 "$total"

start() { # MORE-MAP: a book with all invoices and none of the payments, and $place/truth: line, day, customer, invoice, amount
    book USD international >"$place/init"
    exits 0 as zhang import run "$file" --as invoices --date-format DD/MM/YYYY \
        --map reference=invoiceNumber,customer=customerID,date=InvoiceDate,due=DueDate,amount=InvoiceAmount$1 --yes
    exits 0 as zhang bank add 1010 House --yes
    rows zhang invoice list | jq -r '[.reference, .customer, .number] | @tsv' | sort >"$place/issued"
    awk -F'\t' -v OFS='\t' 'NR == FNR { c[$1] = $2; i[$1] = $3; next }
        { printf "BL-%04d\t%s\t%s\t%s\t%s\n", ++n, $1, c[$2], i[$2], $4 }' "$place/issued" "$place/paid" >"$place/truth"
    claim "every payment has its invoice" 0 "$(awk -F'\t' '$3 == "" || $4 == ""' "$place/truth" | wc -l)"
}

sign_off() { # every line is decided: the books and the bank agree to the cent
    exits 0 as zhang reconcile status 1010 --json
    claim "books, bank, difference" "$total $total 0.00 0 2466" \
        "$(jq -r '.data | [.book, .closing, .difference, .waiting, .matched] | map(tostring) | join(" ")' "$place/out")"
    exits 0 as zhang reconcile finish BS-2014-0001 --yes
    says 'difference 0.00'
    exits 0 as zhang report aging --as-of 2014-01-31 --json
    claim "nothing is owed" "0.00 0.00" "$(jq -r '.data | [.total.open, .control.difference] | join(" ")' "$place/out")"
    claim "every invoice is paid by its own customer on its own day" 0 "$(rows zhang payment list |
        jq -r '[.date, .customer, .amount, .open // "0.00"] | @tsv' | sort |
        diff - <(awk -F'\t' -v OFS='\t' '{ print $2, $3, $5, "0.00" }' "$place/truth" | sort) | wc -l)"
    # Each payment went to its own invoice: what was open on these days is what the README of the data says.
    for day in 2012-06-30:5504.09:98 2012-12-31:5725.06:99 2013-06-30:5119.85:84 2013-12-31:761.90:13; do
        exits 0 as zhang report aging --as-of "${day%%:*}" --json
        claim "open on ${day%%:*}" "${day#*:}" "$(jq -r '.data.total | "\(.open):\(.count)"' "$place/out")"
    done
    exits 0 as zhang check books
}
