#!/usr/bin/env bash
# The server computes all credit scores anew each night, in groups, each once, whatever kills it and when. Its clock is put on.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
if grep -q __asan_init "$build/server/kontord"; then
    echo "skipped: a sanitized server can neither be given another clock nor be cut off at a commit"
    exit 77
fi
for faketime in /usr/lib/*/faketime/libfaketimeMT.so.1; do need "$faketime"; done
shim=$build/tests/crash/libcrash_shim.so
customers=300 # five groups
points=(before-commit inside-commit after-commit)
printf 'check_at = "00:00"\n' >"$place/kontord.conf"
chmod 600 "$place/kontord.conf"

book CNY cn-small
{
    echo "reference,name"
    for i in $(seq $customers); do echo "K$i,客户$i"; done
} >"$place/customers.csv"
exits 0 as zhang import run "$place/customers.csv" --as customers --yes

nights() { as zhang audit list --json -q action:credit -n 100 | jq '.data | length'; }

# A new book waits for its first night.
stop_server
serve --config "$place/kontord.conf"
sleep 2.5
claim "nothing in the first hours" 0 "$(nights)"

# Two days later it is killed again and again at its commits: around one, and inside one.
kills=0
for round in $(seq 8); do
    stop_server
    rm -f "$place/mark"
    LD_PRELOAD="$shim $faketime" FAKETIME=+2d DONT_FAKE_MONOTONIC=1 KONTOR_CRASH_POINT=${points[$((round % ${#points[@]}))]} \
        KONTOR_CRASH_AFTER=$((round % 5 + 2)) KONTOR_CRASH_MARK=$place/mark serve --config "$place/kontord.conf" || server=
    for _ in $(seq 200); do
        [ ! -e "$place/mark" ] || break
        sleep 0.025
    done
    if [ -e "$place/mark" ]; then
        kills=$((kills + 1))
    elif [ -n "$server" ]; then
        kill -KILL "$server"
    fi
    [ -z "$server" ] || wait "$server" 2>/dev/null || test $? -eq 137
    server=
done
claim "it was killed at its commits more than once" yes "$([ "$kills" -gt 1 ] && echo yes)"

LD_PRELOAD=$faketime FAKETIME=+2d DONT_FAKE_MONOTONIC=1 serve --config "$place/kontord.conf"
exits 0 as zhang login --login zhang --password-stdin <<<'correct horse battery zhang'
for _ in $(seq 120); do
    [ "$(nights)" -lt 5 ] || break
    sleep 0.25
done
sleep 2.5
claim "five groups, each once" 5 "$(nights)"
day=$(date -d '2 days' +%F)
claim "the first one and the last one have their score" "$day $day" \
    "$(as zhang credit show C-0001 --json | jq -r .data.scored) $(as zhang credit show "C-0$customers" --json | jq -r .data.scored)"
claim "and say what it is made of" 6 "$(as zhang credit explain C-0001 --json | jq '.data.part | length')"
stop_server
exits 0 kontord verify --dir "$place/book" --replay
echo "$kills kills at a commit, $customers scores, each once"
