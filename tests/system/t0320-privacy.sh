#!/usr/bin/env bash
# A person's data: what is held goes into one file, looks and rows are counted, an erasure by two leaves a tombstone that no restart brings back.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
canary=$build/tests/canary/canary

book CNY cn-small
person li finance
exits 0 as li customer add --kind person --name 金丝雀王芳 --phone 13855502046 --email canary@songbird.example --tag vip --yes
exits 0 as li customer add --kind organisation --name 恒通 --yes
exits 0 as li invoice issue C-0001 --amount 100 --date 2026-01-05 --yes
exits 0 as li payment add C-0001 100 --date 2026-01-06 --yes
exits 0 as li customer consent C-0001 marketing --source "门店登记表" --yes

# What is held, in one file that only its writer may read.
exits 0 as li customer subject C-0001 --reason "letter" --output "$place/person.json" --yes
claim "nobody else reads the file" 600 "$(stat -c %a "$place/person.json")"
claim "with the phone in full" 13855502046 "$(figure '.card.phone[0]' "$place/person.json")"
claim "and what was agreed to" 门店登记表 "$(figure '.consent[0].consent_source' "$place/person.json")"
claim "its invoice with its line" "100.00" "$(figure '.invoices[0].gross' "$place/person.json")"
claim "its payment with what it settled" 1 "$(figure '.payments[0].line | length' "$place/person.json")"
claim "its history" "customer consent" "$(figure '[.history[] | select(.field == "consent")][0].action' "$place/person.json")"
exits 0 as zhang audit list -n 20
says 'customer subject +C-0001'
exits 0 as zhang quota list
says 'user +li .* 1 '

# Rows that were shown are counted by the server, and end with the day's.
for n in $(seq 120); do
    as li customer add --kind organisation --name "Firm $n" --yes >/dev/null
done
exits 0 as zhang quota set --user li --rows 200 --yes
for n in 1 2; do as li customer list --all --json >/dev/null; done
sleep 0.5
exits 5 as li customer list
says 'E-QUOTA'
exits 0 as li customer show C-0001
exits 0 as zhang quota set --user li --rows 100000 --yes

# Data that rest are in no list.
exits 0 as li customer restrict C-0002 --reason "objection" --yes
exits 0 as li customer list -q 恒通 --json
claim "what rests is not listed" 0 "$(figure '.data | length' "$place/out")"
exits 10 as li invoice issue C-0002 --amount 10 --yes
says 'E-RESTRICTED'

# The law first, then two people.
exits 10 as li customer erase C-0001 --reason "asked" --yes
says 'E-RETENTION'
says '2056-12-31'
exits 0 as zhang privacy retention --years 1 --yes
exits 10 as li customer erase C-0001 --reason "asked" --yes
exits 0 as li customer add --kind person --name 金丝雀李雷 --phone 13855509999 --yes
exits 11 as li customer erase C-0123 --reason "asked" --yes
exits 0 as zhang approval approve AP-0001 --yes
exits 0 as zhang customer show C-0123
says 'erased'
exits 6 as zhang customer show 金丝雀李雷
exits 0 as zhang customer list -q state:erased
says 'C-0123'

# Nothing brings it back: no restart, no replay, no backup.
stop_server
exits 0 kontord verify --dir "$place/book" --replay
printf '金丝雀李雷\n13855509999\n' >"$place/words"
exits 0 kontord backup --dir "$place/book" --to "$place/backup"
exits 0 kontord restore "$place/backup" --into "$place/again" --key-file "$place/book.key"
exits 0 "$canary" "$place/words" "$place/backup" "$place/again/data.mdb" "$place/book/data.mdb"
serve
exits 0 as zhang customer show C-0123
says 'erased'
exits 6 as zhang customer show 金丝雀李雷
exits 0 as zhang customer show C-0001
says '金丝雀王芳'
