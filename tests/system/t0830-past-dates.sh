#!/usr/bin/env bash
# What a report said of a past date it says for ever: byte for byte, after a month of every kind of later business.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

past=$(date -d "$(date +%Y-%m-01) -2 months" +%Y-%m)  # the month that is looked back at
next=$(date -d "$(date +%Y-%m-01) -1 month" +%Y-%m)   # the month of later business
eom=$(date -d "$past-01 +1 month -1 day" +%F)
mid=$past-15

# Questions about the past, by words; the answer in every form is a file.
questions=(
    "report aging --as-of $eom" "report aging --as-of $mid"
    "report trial-balance --as-of $eom" "report trial-balance --from $past-01 --as-of $mid"
    "statement show C-0001 --from $past-01 --to $eom" "statement show C-0002 --from $past-01 --to $eom"
    "statement show C-0003 --to $eom --form open" "statement show C-0001 --from $past-10 --to $mid"
    "statement show ST-$(date +%Y)-0001"
    "report profit-loss --from $past-01 --to $eom" "report balance-sheet --as-of $eom" "report cash-flow --from $past-01 --to $eom"
    "report contribution --from $past-01 --to $eom" "report ledger 1122 --from $past-01 --to $eom"
    "report revenue --by customer --from $past-01 --to $eom" "report payments --by month --from $past-01 --to $eom"
    "customer balance C-0001 --as-of $eom" "customer balance C-0003 --as-of $mid"
)

ask() { # DIRECTORY
    local i form
    mkdir "$1"
    for i in "${!questions[@]}"; do
        for form in '' --csv --json --markdown; do
            # shellcheck disable=SC2086 # words
            as zhang ${questions[$i]} $form >"$1/$i$form" || { echo "asked: ${questions[$i]} $form" >&2; return 1; }
            [ -s "$1/$i$form" ]
        done
    done
    as zhang report aging --as-of "$eom" --lang zh-CN >"$1/aging-zh"
    as zhang export journal --format hledger --to "$eom" >"$1/book.journal"
}

done_on() { # DAY words…: a write of that day that succeeds
    local day=$1
    shift
    exits 0 as zhang "$@" --date "$day" --yes
}

book CNY cn-small
for name in Alpha Beta Gamma; do
    exits 0 as zhang customer add "$name" --kind organisation --terms 30 --yes
done

# A month of business of every kind, with a rest of everything that can be settled later.
done_on "$past-01" entry add capital --line '1002 debit 50000' --line '3001 credit 50000'
done_on "$past-03" invoice issue C-0001 --line 'a; 10; 100; 13%' --line 'b; 1; 500; 6%'
done_on "$past-05" invoice issue C-0001 --amount 700
done_on "$past-06" invoice issue C-0002 --amount 2000 --terms '30%@0,70%@30'
done_on "$past-07" invoice issue C-0003 --amount 300 --terms receipt
done_on "$past-08" payment add C-0001 1000
done_on "$past-09" payment add C-0002 2600
done_on "$past-10" invoice credit INV-"${past%-*}"-0002 --amount 100 --reason less --keep-open
done_on "$past-12" invoice issue C-0003 --amount 80
done_on "$past-14" entry add rent --line '5602 debit 1200' --line '1002 credit 1200'
done_on "$past-20" payment add C-0003 120
done_on "$past-21" refund add C-0002 100 --reason back
done_on "$past-22" writeoff add INV-"${past%-*}"-0005 10 --reason little
exits 0 as zhang statement issue C-0001 --from "$past-01" --to "$eom" --yes
exits 0 as zhang period close "$past" --reason 月结 --yes

ask "$place/before"
as zhang report aging --as-of "$eom" --json >"$place/out"
# 1,130 + 530 + 700 - 1,000 - 100; 2,000 - 2,600 + 100; 300 + 80 - 120 - 10
claim "what was owed then" '1260.00 -500.00 250.00 1010.00' \
    "$(jq -r '[.data.row[].balance, .data.total.balance] | join(" ")' "$place/out")"

# The month after it: what was open is paid, credited, given up, netted, put off and disputed; what was settled is
# taken back; documents of the closed month are reversed; customers change; and the month is sealed.
year=${past%-*}
done_on "$next-02" payment add C-0001 500 --allocate "INV-$year-0002=500"
done_on "$next-03" invoice issue C-0001 --amount 900
done_on "$next-03" invoice issue C-0002 --amount 450.55
done_on "$next-04" payment unallocate "PAY-$year-0001" --reason wrong
done_on "$next-05" payment allocate "PAY-$year-0001" "INV-$year-0001=800"
done_on "$next-05" invoice apply "CN-$year-0001" "INV-$year-0001=20"
done_on "$next-06" invoice credit "INV-$year-0001" --line 1=2 --reason returned
done_on "$next-07" payment reverse "PAY-$year-0003" --reason bounced
done_on "$next-08" refund reverse "RF-$year-0001" --reason 'came back'
done_on "$next-09" writeoff reverse "WO-$year-0001" --reason paid
done_on "$next-10" writeoff add "INV-$year-0004" 50 --reason gone
done_on "$next-11" customer net C-0002
done_on "$next-12" invoice reverse "INV-$year-0005" --reason 'wrong customer'
exits 0 as zhang invoice reschedule "INV-$year-0001" --terms 60 --reason asked --date "$next-13" --yes
exits 0 as zhang invoice dispute "INV-$year-0004" --reason 'never came' --yes
done_on "$next-14" entry reverse "$(as zhang entry list -q rent --json | jq -r '.data[0].number')" --reason twice
done_on "$next-15" entry add fee --line '5603 debit 12.34' --line '1002 credit 12.34'
exits 0 as zhang settlement set --profile fifo --yes
exits 0 as zhang customer add Delta --kind organisation --yes
done_on "$next-16" invoice issue C-0004 --amount 5000
done_on "$next-20" payment add C-0004 6000
exits 0 as zhang statement issue C-0001 --from "$next-01" --yes
exits 0 as zhang period seal "$past" --yes

ask "$place/after"
claim "the books have gone on" yes "$(cmp -s <(as zhang report aging --as-of "$eom") <(as zhang report aging) || echo yes)"
claim "every answer about the past is the same bytes" "" "$(diff -rq "$place/before" "$place/after")"
claim "answers compared" $((${#questions[@]} * 4 + 2)) "$(find "$place/after" -type f | wc -l)"

# A server that starts anew builds its views from the rows: the same bytes too.
stop_server
serve
ask "$place/anew"
claim "also after a restart" "" "$(diff -rq "$place/before" "$place/anew")"
exits 0 as zhang period verify
exits 0 as zhang check books --yes
echo "$(find "$place/after" -type f | wc -l) answers about $past, $(cat "$place"/after/* | wc -c) bytes, the same before and after $next"
