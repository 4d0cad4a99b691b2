#!/usr/bin/env bash
# The server makes the checklist of each month that has ended exactly once, however often it is killed meanwhile.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

month() { date -d "$(date +%Y-%m-01) -$1 months" +%Y-%m; }

items() { as zhang checklist list --done --json | jq -r '[.data[] | "\(.period) \(.task)"] | sort | join(", ")'; }

book CNY cn-small
exits 0 as zhang checklist set bank 银行对账 --days 5 --from-period "$(month 3)" --yes
exits 0 as zhang checklist set stock 盘点 --from-period "$(month 2)" --yes

# Killed as soon as it serves, again and again, until nothing is missing; then once more.
for _ in $(seq 12); do
    kill -KILL "$server"
    wait "$server" 2>/dev/null || test $? -eq 137
    serve
    sleep "0.$((RANDOM % 4 + 1))"
done
wanted="$(month 3) bank, $(month 2) bank, $(month 2) stock, $(month 1) bank, $(month 1) stock"
for _ in $(seq 400); do
    [ "$(items)" != "$wanted" ] || break
    sleep 0.05
done
claim "each month has each task once" "$wanted" "$(items)"
stop_server
serve
sleep 5
claim "and no more of them after a restart" "$wanted" "$(items)"
exits 0 as zhang checklist 'do' CL-0001 'BS-2026-0001' --yes
exits 0 as zhang check books --yes
stop_server
exits 0 kontord verify --dir "$place/book" --replay
