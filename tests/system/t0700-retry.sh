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

# The server freezes; the client is killed while it waits. The write was on disk before its first byte left.
customer=$(as zhang customer list --json | jq -r '.data[0].id')
kill -STOP "$server"
KONTOR_HOME=$place/home-zhang kontor payment add "#$customer" 60 --date 2026-01-07 --yes >/dev/null 2>&1 &
client=$!
sleep 1
kill -KILL "$client"
wait "$client" || test $? -eq 137
exits 0 as zhang retry --list
says 'payment_add'
claim "what is kept is sealed" 0 "$(grep -rlaE 'payment|transfer' "$place/home-zhang/outbox" | wc -l)"
kill -CONT "$server"
exits 0 as zhang retry
says 'done'
claim "one effect" 2 "$(as zhang payment list --json | jq -r .page.count)"
exits 0 as zhang retry
claim "nothing is left to send" 2 "$(as zhang payment list --json | jq -r .page.count)"

# Killed after it was sent and done: the server's stored outcome answers.
kill -STOP "$server"
KONTOR_HOME=$place/home-zhang kontor payment add "#$customer" 61 --date 2026-01-07 --yes >/dev/null 2>&1 &
client=$!
sleep 1
kill -CONT "$server"
wait "$client"
claim "an answered write leaves nothing behind" "Every write has its answer." "$(as zhang retry)"

# No server at all: the write is kept and the exit code says that it is safe to retry.
stop_server
exits 12 as zhang payment add "#$customer" 62 --date 2026-01-07 --yes --timeout 2s
says 'kontor retry'
serve
claim "the kept write" 1 "$(as zhang retry --list | grep -c payment_add)"
