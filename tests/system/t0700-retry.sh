#!/usr/bin/env bash
# A write that never got its answer is kept, sealed, and sent again with the same id: one effect.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

book CNY cn-small
exits 0 as zhang customer add --kind organisation --name "恒通" --yes
exits 0 as zhang invoice issue --customer C-0001 --amount 500.00 --date 2026-01-05 --yes

key=00112233445566778899aabbccddeeff
exits 0 as zhang payment add C-0001 100 --date 2026-01-06 --key $key --yes --json
first=$(figure .data.number "$place/out")
exits 0 as zhang payment add C-0001 100 --date 2026-01-06 --key $key --yes --json
claim "the same id gives the same payment" "$first" "$(figure .data.number "$place/out")"
claim "and says so" true "$(figure .replayed "$place/out")"
exits 14 as zhang payment add C-0001 101 --date 2026-01-06 --key $key --yes
says 'E-KEY-REUSED'
claim "one payment" 1 "$(as zhang payment list --json | jq -r .page.count)"

# The server freezes, the client is killed between send and answer.
kill -STOP "$server"
as zhang payment add C-0001 60 --date 2026-01-07 --yes >/dev/null 2>&1 &
client=$!
sleep 1
kill -KILL "$client"
wait "$client" || test $? -eq 137
kill -CONT "$server"
exits 0 as zhang retry
claim "one effect" 2 "$(as zhang payment list --json | jq -r .page.count)"
exits 0 as zhang retry
claim "nothing is left to send" 2 "$(as zhang payment list --json | jq -r .page.count)"
