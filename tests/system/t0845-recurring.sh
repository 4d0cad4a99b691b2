#!/usr/bin/env bash
# Recurring invoices are issued by the server itself, each period exactly once, whatever kills it and when.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
if grep -q __asan_init "$build/server/kontord"; then
    echo "skipped: a sanitized server cannot be cut off at a commit"
    exit 77
fi
shim=$build/tests/crash/libcrash_shim.so
schedules=8 periods=5
points=(before-commit inside-commit after-commit)
book CNY cn-small
as zhang item add RENT 租金 --price 1000 --tax 9% >/dev/null
as zhang customer add --kind organisation --name 租户 --yes >/dev/null

# Five periods of each lie behind: weekly from 30 days ago, and the first one ends today.
start=$(date -d '28 days ago' +%F)
for i in $(seq $schedules); do
    as zhang recurring add C-0001 --every week --line "=RENT; $i" --start "$start" --until "$(date +%F)" >/dev/null
done

done_periods() { rows zhang recurring list | jq -s 'map(.done | tonumber) | add'; }

# It is killed again and again while it makes up for them: around a commit, and inside one.
kills=0
for round in $(seq 12); do
    stop_server
    rm -f "$place/mark"
    LD_PRELOAD=$shim KONTOR_CRASH_POINT=${points[$((round % ${#points[@]}))]} KONTOR_CRASH_AFTER=$((round % 5 + 1)) \
        KONTOR_CRASH_MARK=$place/mark serve || server=
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
    serve
    [ "$(done_periods)" -lt $((schedules * periods)) ] || break
done
claim "it was killed at its commits more than once" yes "$([ "$kills" -gt 1 ] && echo yes)"

for _ in $(seq 240); do
    [ "$(done_periods)" -lt $((schedules * periods)) ] || break
    sleep 0.25
done
claim "every period of every schedule is done" $((schedules * periods)) "$(done_periods)"
rows zhang invoice list >"$place/invoices"
claim "as many invoices, no more" $((schedules * periods)) "$(wc -l <"$place/invoices")"
claim "each period has one, by its reference" "" "$(jq -r .reference "$place/invoices" | sort | uniq -d)"
claim "all of them are issued" "$((schedules * periods))" "$(jq -r .state "$place/invoices" | grep -c '^issued$')"
# 1000 at 9 %, times 1 + 2 + … + 8, five times.
claim "what they come to" 196200.00 "$(jq -r .gross "$place/invoices" | awk '{s += $1} END {printf "%.2f", s}')"
claim "each on its own day" "5 8" "$(jq -r .date "$place/invoices" | sort | uniq -c | awk '{print $1}' | sort | uniq -c | awk '{print $1, $2}')"
claim "they are over" $schedules "$(rows zhang recurring list --state ended | wc -l)"
claim "the server did it" "$((schedules * periods))" \
    "$(for i in $(seq $schedules); do as zhang recurring show "RE-000$i" --json; done | jq -r '.data.row[] | select((.run_by // "") == "") | .ordinal' | wc -l)"

# A month that is closed, and a schedule of a customer on hold: drafts and findings, once each.
as zhang credit policy --check block --credit unlimited --yes >/dev/null
as zhang credit hold C-0001 --reason 退票 --yes >/dev/null
as zhang recurring add C-0001 --every month --amount 70 >/dev/null
stop_server
serve
for _ in $(seq 120); do
    [ "$(rows zhang recurring list | jq -s 'map(.left_over | tonumber) | add')" = 0 ] || break
    sleep 0.25
done
claim "a draft waits" 1 "$(rows zhang invoice list -q state:draft | wc -l)"
claim "and a finding says why" "RE-0009 E-CREDIT-HOLD" \
    "$(rows zhang finding list | jq -r '.object + " " + (.title | capture("(?<code>E-[A-Z-]+)").code)')"

stop_server
exits 0 kontord verify --dir "$place/book" --replay
echo "$kills kills at a commit, $((schedules * periods)) periods, each once"
