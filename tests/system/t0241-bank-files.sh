#!/usr/bin/env bash
# Every bank file of the shared data is loaded or refused as its table in README.md says, each of them three times: again as it
# is, and saved anew. Nothing doubles.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need "$data/bank"
bank=$data/bank

fresh() { # CURRENCY: the next book
    stop_server
    rm -rf "$place/book"* "$place/home-zhang" "$place/address" "$place/zhang.invitation"
    book "$1" international >"$place/init"
    next=0
}

sums() { # BANKS…: statements, lines, money in and out of what is in the book
    local each
    for each in "$@"; do
        as zhang bank show "$each" --json -n 100 | jq -r '.data.row[] | [.number, .lines, .credit, .debit] | @tsv'
    done | awk -F'\t' '{ n++; l += $2; c += $3; d += $4 } END { printf "%d %d %.2f %.2f", n, l, c, d }'
}

waiting() { # lines that wait in all accounts
    as zhang bank list --json -n 100 | jq '[.data[].waiting] | add'
}

file() { # NAME EXIT STATEMENTS LINES IN OUT LEFT-OUT ACCOUNT…: into accounts of its own, found by their numbers
    local name=$1 code=$2 wanted="$3 $4 $5 $6" lines=$4 left=$7 account banks=() before after to=()
    shift 7
    for account in "$@"; do
        next=$((next + 1))
        banks+=("$(printf '1010%02d' "$next")")
        # A file that names no account is told where it goes.
        [ "$account" != - ] || to=(--bank "${banks[0]}")
        as zhang bank add "${banks[-1]}" "A$next" ${account:+--number "${account#-}"} --yes >"$place/add"
    done
    exits "$code" as zhang bank import "$bank/$name" "${to[@]}" --yes
    says "^$lines lines new, 0 known, 0 booked"
    [ "$left" = 0 ] || says "^$left of [0-9]+ statements are of other accounts and are left out$"
    claim "$name: statements, lines, in, out" "$wanted" "$(sums "${banks[@]}")"
    before=$(waiting)

    exits "$code" as zhang bank import "$bank/$name" "${to[@]}" --yes
    says "^0 lines new, $lines known, 0 booked"
    claim "$name again: no statement more" "$wanted" "$(sums "${banks[@]}")"
    claim "$name again: no line more" "$before" "$(waiting)"

    # Another file with the same lines: saved anew, with a blank line at its end.
    { cat "$bank/$name"; printf '\n'; } >"$place/again.${name##*.}"
    after=0
    as zhang bank import "$place/again.${name##*.}" "${to[@]}" --yes >"$place/out" 2>"$place/err" || after=$?
    claim "$name saved anew is read as well" yes "$([ "$after" -le 1 ] && echo yes)"
    says "^0 lines new, $lines known, 0 booked"
    claim "$name saved anew: no line more" "$before" "$(waiting)"
    printf '%-40s exit %d, statements/lines/in/out %-32s again and saved anew: 0 new\n' "$name" "$code" "$wanted"
}

refused() { # NAME WORDS: nothing of it is taken
    local before after
    before=$(waiting)
    for _ in 1 2; do
        exits 2 as zhang bank import "$bank/$1" --bank 101001 --yes
        says "$2"
    done
    after=$(waiting)
    claim "nothing of $1" "$before" "$after"
    printf '%-40s refused twice: %s\n' "$1" "$2"
}

fresh EUR
file mt940/abnamro.sta 1 2 10 0.00 345.93 0 517852257
file mt940/ing.sta 1 1 7 4.68 50.27 0 0001234567
file mt940/rabobank-iban.sta 0 2 4 0.00 70.00 0 NL71RABO0123456789
file mt940/generic.sta 0 2 2 0.00 20.00 0 -
file mt940/cmxl-three-accounts.sta 0 1 2 3000.00 800.00 2 10020030/1234567
mapfile -t accounts < <(sed -n 's/\r$//; s/^:25://p' "$bank/mt940/sepa-26-statements.sta" | sort -u)
claim "accounts of sepa-26-statements.sta" 20 "${#accounts[@]}"
file mt940/sepa-26-statements.sta 0 26 97 5188474.94 14457610.84 0 "${accounts[@]}"
file mt940/overly-long-details.sta 1 1 1 0.00 233.15 0 12345678/1020304050
file camt053/camt053.v2.multi.statement.xml 0 2 2 8.85 7.00 0 NL26VAYB8060476890
file camt053/camt053.v2.minimal.xml 0 1 1 8.85 0.00 0 -
file camt053/camt053.v4.xml 0 1 1 8.85 0.00 0 -
refused camt053/camt053.v2.wrong.xml E-IMPORT-FILE

fresh PLN
file mt940/mbank.sta 0 1 3 0.03 0.00 0 PL29114010810000267002001002
file mt940/cmxl-three-accounts.sta 0 1 3 20040.00 10000.00 2 BPHKPLPK/320000546101

fresh CAD
file ofx/bank_medium.ofx 0 1 3 0.00 345.27 0 -
refused ofx/bad-decimal_error.ofx 'amount.*\$120'
file csv/bmo-debit.csv 0 1 4 0.01 158.32 0 5678653123124124

fresh USD
file ofx/checking.ofx 0 1 3 0.01 59.51 0 -
file ofx/multiple_accounts2.ofx 0 2 0 0.00 0.00 0 9100 9200

fresh AUD
file ofx/suncorp.ofx 0 1 1 0.00 16.85 0 123456789

fresh CNY
file csv/alipay-gb18030.csv 0 1 6 222228.50 211.64 0 -
file csv/wechat-pay.csv 0 1 16 28.49 2904.53 0 -
file csv/icbc-debit.csv 0 1 11 2841.74 4241.08 0 -
file csv/bocom-debit.csv 0 1 6 11.25 114.00 0 -
file csv/cmb-debit.csv 0 1 5 1234.00 2013.14 0 -
exits 10 as zhang bank import "$bank/mt940/rabobank-iban.sta" --yes
says 'E-BANK-OTHER'
exits 2 as zhang bank import "$bank/csv/cmb-debit.csv" --yes
says 'E-FIELD-MISSING'
