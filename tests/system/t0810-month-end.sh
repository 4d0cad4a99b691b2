#!/usr/bin/env bash
# Month end as an accountant: the commands of the manual as they stand there, from the bank's file to the sealed month, with
# statements for the customers and the three financial statements; every figure worked out by hand.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

book CNY cn-small
person lina finance

# What October brought: documents as the firm wrote them.
#   Alpha  10-05  1,000.00 + 13 %             = 1,130.00  paid into the bank, named
#   Beta   10-08  2,000.00 +  6 %             = 2,120.00  of it 600.00 paid, without a word
#   Gamma  10-12    500.00 + 13 %             =   565.00  less a credit note of 113.00 (100.00 + 13.00)
for name in Alpha Beta Gamma; do
    exits 0 as lina customer add "$name" --kind organisation --terms 30 --yes
done
exits 0 as lina bank add 1002 招商银行 --number 62220001 --yes
exits 0 as lina invoice issue C-0001 --line 'a; 10; 100; 13%' --date 2026-10-05 --yes
exits 0 as lina invoice issue C-0002 --line 'b; 1; 2000; 6%' --date 2026-10-08 --yes
exits 0 as lina invoice issue C-0003 --line 'c; 5; 100; 13%' --date 2026-10-12 --yes
exits 0 as lina invoice credit INV-2026-0003 --line 1=1 --reason 退货 --date 2026-10-18 --yes

# What the bank says of it: 50,000.00 of capital, two receipts, rent, a fee, interest.
cat >"$place/october.sta" <<'MT940'
:20:1
:25:62220001
:28C:10/1
:60F:C260930CNY0,00
:61:2610021002C50000,00NTRFNONREF//B-1
:86:166?00TRANSFER?20capital?31CN1000?32WANG
:61:2610151015C1130,00NTRFNONREF//B-2
:86:166?00TRANSFER?20INV20260001?31CN2000?32ALPHA
:61:2610201020C600,00NTRFNONREF//B-3
:86:166?00TRANSFER?20part?31CN3000?32B LTD
:61:2610251025D1200,00NTRFNONREF//B-4
:86:177?00TRANSFER?20rent October?31CN4000?32LANDLORD
:61:2610311031D10,00NMSCNONREF//B-5
:86:808?00FEE?20account fee
:61:2610311031C3,50NMSCNONREF//B-6
:86:808?00INTEREST?20interest
:62F:C261031CNY50523,50
-
MT940

# What has to be done for October besides; the server makes the item of it, once.
exits 0 as lina checklist set bank 银行对账单已核对 --user lina --days 5 --from-period 2026-10 --yes
for _ in $(seq 200); do
    [ "$(as lina checklist list 2026-10 --json | jq '.data | length')" = 0 ] || break
    sleep 0.05
done

# A month with a draft, a bank statement or a task open is not sealed.
exits 0 as lina invoice draft C-0003 --line 'late; 1; 7; 0%' --date 2026-10-30 --yes
exits 11 as lina period seal 2026-10 --yes
says 'drafts'
says 'checklist'
exits 1 as lina check documents 2026-10
says '^draft .*2026-10-30 +7.00'
exits 0 as lina invoice list --json
draft=$(jq -r '.data[] | select(.state == "draft") | .id' "$place/out")
exits 0 as lina invoice edit "#$draft" --discard --yes

# A reversal would be of the document's own day while its month is open, and of the next month when it is closed: what was
# looked at is committed or nothing is. Closed and opened again, the month is what it was.
plan=$(as lina invoice reverse INV-2026-0001 --reason wrong --dry-run --json | jq -r .plan)
pays=$(as lina payment add C-0002 5 --date 2026-10-20 --dry-run --json | jq -r .plan)
exits 0 as lina period close 2026-10 --reason check --yes
exits 8 as lina invoice reverse INV-2026-0001 --reason wrong --plan "$plan" --yes
says 'E-PLAN-CHANGED'
exits 11 as lina payment add C-0002 5 --date 2026-10-20 --plan "$pays" --yes
says 'E-PERIOD-CLOSED'
exits 0 as lina period reopen 2026-10 --reason 'go on' --yes
exits 0 as lina invoice reverse INV-2026-0001 --reason wrong --plan "$plan" --dry-run

# The manual's words, one by one; what each must say is worked out by hand.
declare -A figures=(
    [bank import]='6 lines new, 0 known, 1 booked \(1,130.00'
    [reconcile next]='^BL-0003 .* 600.00 '
    [reconcile finish]='signed off: CNY 50,523.50, difference 0.00'
    [reconcile status]='^the bank shows +50,523.50'
    [check documents]='^Every number has its document, and every document its entry'
    [checklist list]='^CL-0001 +2026-10 +bank +银行对账单已核对 +lina +2026-11-05'
    [checklist do]='^CL-0001 done: bank'
    [report aging]='^Ledger +control accounts 1,972.00, difference 0: the report ties'
    [statement run]='^3 statements issued; 0 customers have nothing'
    [period show]='^open-items +yes'
    [report trial-balance]='^ +0.00 +56,645.50 +56,645.50 +0.00'
    [report profit-loss]='^net profit +2,193.50'
    [report balance-sheet]='^liabilities and equity +52,495.50'
    [report cash-flow]='^change of cash +50,523.50'
    [check books]='^every invariant holds'
    [period seal]='2026-10 is sealed'
    [period verify]='2026-10 +yes +yes +yes +yes +yes'
)
cd "$place"
ran=0
while IFS= read -r line; do
    [ -n "$line" ] || continue
    case $line in
    *'reconcile finish'*)  # the bank's lines are in the books, and nobody has said that it is all of them
        exits 11 as lina period seal 2026-10 --yes
        says '^  bank +"1"'
        ;;
    *'period close'*)  # somebody has looked at what he is about to enter into October
        as lina payment add C-0002 5 --date 2026-10-31 --dry-run --json >"$place/preview"
        ;;
    esac
    exits 0 env "KONTOR_HOME=$place/home-lina" bash -c "$line --yes"
    printf '\n$ %s\n' "$line"
    cat "$place/out"
    read -r _ noun verb _ <<<"$line"
    [ -z "${figures[$noun $verb]:-}" ] || says "${figures[$noun $verb]}"
    ran=$((ran + 1))
done < <(block "$top/client/README.md" "## Month end")
claim "commands of the manual" 23 "$ran"

# The same figures for programs.
month=(--from 2026-10-01 --to 2026-10-31 --json)
as lina report trial-balance --as-of 2026-10-31 --json >"$place/trial"
claim "trial balance" '1002=50523.50 1122=1972.00 2221=-302.00 3001=-50000.00 5001=-3400.00 5602=1200.00 5603=6.50' \
    "$(jq -r '[.data.row[] | "\(.account)=\(.closing)"] | join(" ")' "$place/trial")"
as lina report profit-loss "${month[@]}" >"$place/profit"
claim "3,400.00 less 1,200.00 less 10.00 and 3.50" 'revenue=3400.00 administration=1200.00 finance=6.50 net-profit=2193.50' \
    "$(jq -r '[.data.row[] | select((.account // 0) == 0 and (.line | test("revenue|administration|finance|net"))) | "\(.line)=\(.amount)"] | join(" ")' "$place/profit")"
for number in 1:0.00 2:1,520.00 3:452.00; do
    file=$place/statements/ST-$(date +%Y)-000${number%:*}.txt
    claim "closing balance of $(basename "$file")" 1 "$(grep -cE "closing balance.* ${number#*:}$" "$file")"
done

# What was looked at before the month was closed is not what it was.
plan=$(figure .plan "$place/preview")
exits 11 as lina payment add C-0002 5 --date 2026-10-31 --plan "$plan" --yes
says 'E-PERIOD'

# Nobody posts into a sealed month, and what was signed off is not taken apart.
exits 11 as lina payment add C-0002 5 --date 2026-10-31 --yes
exits 11 as lina invoice issue C-0003 --amount 5 --date 2026-10-31 --yes
exits 11 as lina reconcile unmatch BL-0004 --reason wrong --yes
