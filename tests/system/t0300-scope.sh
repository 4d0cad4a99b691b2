#!/usr/bin/env bash
# A salesperson sees own customers only, in every list, count, sum, search, report and error; the auditor sees masks.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

book CNY cn-small
person li finance
person wang sales
person chen sales
person zhao auditor

exits 0 as wang customer add --kind organisation --name "王的客户" --phone 13800132046 --yes
exits 0 as chen customer add --kind organisation --name "陈的客户" --phone 13900132046 --yes
for n in 1 2; do
    exits 0 as li invoice issue --customer "C-000$n" --amount "$n"00.00 --date 2026-01-05 --terms 30 --yes
done

exits 0 as wang customer list --json
claim "own customers only" 1 "$(figure .page.count "$place/out")"
claim "and the sum over them" 100.00 "$(figure .sums.open "$place/out")"
exits 0 as wang customer list -q 陈 --json
claim "a search does not find the others" 0 "$(figure .page.count "$place/out")"
exits 0 as wang invoice list --json
claim "own invoices only" 1 "$(figure .page.count "$place/out")"
claim "and their sum" 100.00 "$(figure .sums.gross "$place/out")"
exits 0 as wang report aging --as-of 2026-03-31 --json
claim "aging of own customers" 100.00 "$(figure .data.total.open "$place/out")"
exits 0 as wang statement show C-0001 --from 2026-01-01 --to 2026-03-31 --json
claim "statement of the own customer" 100.00 "$(figure .data.closing "$place/out")"

# A foreign object and one that does not exist answer alike, byte for byte.
for words in "customer show" "statement show" "customer balance" "customer history"; do
    # shellcheck disable=SC2086
    exits 6 as wang $words C-0002 --json
    sed 's/C-0002/X/g; s/"request_id":"[^"]*"//' "$place/err" >"$place/foreign"
    # shellcheck disable=SC2086
    exits 6 as wang $words C-9999 --json
    sed 's/C-9999/X/g; s/"request_id":"[^"]*"//' "$place/err" >"$place/missing"
    claim "$words: foreign and missing answer alike" "$(cat "$place/missing")" "$(cat "$place/foreign")"
done
exits 6 as wang invoice show INV-2026-0002
exits 6 as wang invoice draft --customer C-0002 --amount 5

# Not permitted, and written down.
exits 5 as wang payment add C-0001 100 --yes
says 'E-PERM-DENIED'
exits 0 as zhang audit list --json -n 1
claim "the refusal stands in the journal" "payment add wang E-PERM-DENIED" \
    "$(figure '.data[0] | "\(.action) \(.actor) \(.status)"' "$place/out")"
exits 5 as zhao customer add --kind person --name X --yes
exits 5 as wang audit list

exits 0 as zhao customer show C-0001 --json
claim "the auditor sees the phone masked" '138****2046' "$(figure '.data.phone[0]' "$place/out")"
exits 5 as zhao customer reveal C-0001
exits 0 as li customer show C-0001 --json
claim "in full only by an act" '138****2046' "$(figure '.data.phone[0]' "$place/out")"
exits 0 as li customer reveal C-0001 --json --yes
claim "which shows it" 13800132046 "$(figure '.data.phone[0]' "$place/out")"
exits 0 as li customer reveal C-0001 --dry-run --json
claim "and not in a preview" '138****2046' "$(figure '.data.phone[0]' "$place/out")"
exits 0 as zhao audit list -q action:reveal --json
claim "and leaves its trace" "li C-0001" "$(figure '.data[0] | "\(.actor) \(.object)"' "$place/out")"
exits 0 as zhao customer list -q 13800132046 --json
claim "and does not find by what is masked" 0 "$(figure .page.count "$place/out")"
exits 0 as li customer list -q 13800132046 --json
claim "finance does" 1 "$(figure .page.count "$place/out")"
