#!/usr/bin/env bash
# Scheduled reports: the server writes what is due, signs it, writes the same bytes again when a file is gone, catches up what
# was due while it did not run, and says so when the books of a period are others by then.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

reports=$place/reports
mkdir "$reports"
printf 'reports_dir = "%s"\n' "$reports" >"$place/kontord.conf"
chmod 600 "$place/kontord.conf"

month() { date -d "$(date +%Y-%m-01) $1 month" +%Y-%m; }
last() { date -d "$(month "$1")-01 1 month -1 day" +%F; }
first=$(last -2)
second=$(last -1)

appears() { # FILE
    for _ in $(seq 200); do
        [ ! -e "$1" ] || return 0
        sleep 0.1
    done
    echo "no $1" >&2
    return 1
}

book CNY cn-small
exits 0 as zhang customer add --kind organisation --name 恒通
exits 0 as zhang invoice issue C-0001 --line 'goods; 1; 100.00; 13%' --date "$(month -2)-05"
exits 0 as zhang invoice issue C-0001 --line 'goods; 1; 50.00; 13%' --date "$(month -1)-05"
exits 0 as zhang report schedule trial trial-balance --every month --from "$(month -2)-01"
exits 0 as zhang report schedule result contribution --every month --from "$(month -1)-01"
sleep 2
claim "without a directory nothing is written" 0 "$(find "$reports" -type f | wc -l)"

# ---- both months are over: both are written, the missed one first ----
stop_server
serve --config "$place/kontord.conf"
appears "$reports/trial-$second.json"
appears "$reports/result-$second.json"
claim "two trial balances, one contribution, a note each" 6 "$(find "$reports" -type f | wc -l)"
for day in "$first" "$second"; do
    as zhang report trial-balance --from "${day%-*}-01" --as-of "$day" --json | jq -S .data >"$place/asked"
    claim "the file of $day is the report" "$(cat "$place/asked")" "$(jq -S .data "$reports/trial-$day.json")"
    claim "its note names its hash" "sha256 $(sha256sum <"$reports/trial-$day.json" | cut -d' ' -f1)" \
        "$(grep ^sha256 "$reports/trial-$day.json.note")"
    claim "and its file" "file trial-$day.json" "$(grep ^file "$reports/trial-$day.json.note")"
done
claim "receivables of the first month" 113.00 "$(jq -r '.data.row[] | select(.account == 1122) | .closing' "$reports/trial-$first.json")"
exits 0 as zhang report schedules --json
claim "the next one is due behind this month" "$(date -d "$(last 0) 1 day" +%F)" "$(figure '.data[0].due' "$place/out")"
claim "the list knows the hash" "$(sha256sum <"$reports/trial-$second.json" | cut -d' ' -f1)" "$(figure '.data[0].digest' "$place/out")"

# ---- what is gone is written again, byte for byte; nothing is written twice ----
cp -r "$reports" "$place/kept"
rm "$reports"/*
appears "$reports/trial-$first.json"
appears "$reports/trial-$second.json"
appears "$reports/result-$second.json"
exits 0 diff -r "$place/kept" "$reports"
stop_server
rm "$reports"/*
serve --config "$place/kontord.conf"
appears "$reports/trial-$second.json"
appears "$reports/result-$second.json"
exits 0 diff -r "$place/kept" "$reports"
exits 0 as zhang audit list --limit 100 --json
claim "each was noted once" 3 "$(jq '[.data[] | select(.action == "report note")] | length' "$place/out")"

# ---- the signature, by the keys of the store ----
stop_server
exits 0 kontord audit verify --dir "$place/book" --report "$reports/trial-$first.json"
says '^signed: '
sed 's/113.00/112.00/' "$reports/trial-$first.json" >"$place/forged.json"
cp "$reports/trial-$first.json.note" "$place/forged.json.note"
exits 20 kontord audit verify --dir "$place/book" --report "$place/forged.json"
hash=$(sha256sum <"$place/forged.json" | cut -d' ' -f1)
sed "s/^sha256 .*/sha256 $hash/" "$reports/trial-$first.json.note" >"$place/forged.json.note"
exits 20 kontord audit verify --dir "$place/book" --report "$place/forged.json"
rm "$place/forged.json.note"
exits 74 kontord audit verify --dir "$place/book" --report "$place/forged.json"
serve --config "$place/kontord.conf"

# ---- the books of a period are others by then: it stays away, and the schedule says so ----
exits 0 as zhang invoice issue C-0001 --line 'forgotten; 1; 1.00; 13%' --date "$(month -2)-06"
rm "$reports"/*
for _ in $(seq 100); do
    as zhang report schedules --json >"$place/out"
    [ "$(figure '.data[0].lost' "$place/out")" != 2 ] || break
    sleep 0.1
done
claim "two trial balances cannot be written again" 2 "$(figure '.data[0].lost' "$place/out")"
claim "the contribution of the later month can" 0 "$(figure '.data[1].lost // 0' "$place/out")"
appears "$reports/result-$second.json"
exits 0 cmp "$place/kept/result-$second.json" "$reports/result-$second.json"
[ ! -e "$reports/trial-$first.json" ]

# ---- paused, and taken off ----
exits 0 as zhang report pause trial
exits 0 as zhang report unschedule trial
exits 6 as zhang report pause trial
