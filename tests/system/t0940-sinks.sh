#!/usr/bin/env bash
# Second places of the journal: each record's open part as a line; a sink that is stuck, full or gone stops nobody, and is seen.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

again() { # CONFIGURATION
    stop_server
    printf '%s\n' "$1" >"$place/kontord.conf"
    serve --config "$place/kontord.conf"
}
add() { as zhang customer add --kind organisation --name "$1" --phone 13912349876 >/dev/null; }
await_number() { # FILE NUMBER
    for _ in $(seq 400); do
        ! grep -q "\"number\":\"$2\"\|number=$2 " "$1" 2>/dev/null || return 0
        sleep 0.025
    done
    claim "$1 gets record $2" yes no
}
newest() { as zhang audit list -n 1 --json | jq -r '.data[0].number'; }
adds_ms() { # how long ten changes take
    local began
    began=$(date +%s%N)
    for i in $(seq 10); do add "公司 $1 $i"; done
    echo $((($(date +%s%N) - began) / 1000000))
}

book CNY cn-small
plain=$(adds_ms a)

# A sink has a thread of its own: what it found out is known a little later.
await_sink() { # NAME STATE
    for _ in $(seq 400); do
        exits 0 as zhang whoami
        ! grep -qE "Sink +$1: $2" "$place/out" || return 0
        sleep 0.025
    done
    says "Sink +$1: $2"
}

# A file, as JSON.
again "$(printf 'sink_file = "%s/journal.log"\nsink_form = "json"' "$place")"
add "恒通"
last=$(newest)
await_number "$place/journal.log" "$last"
claim "every line is JSON" "$(wc -l <"$place/journal.log")" "$(jq -c . "$place/journal.log" | wc -l)"
claim "numbers are dense" "$(jq -r .number "$place/journal.log" | wc -l)" \
    "$(($(jq -r .number "$place/journal.log" | tail -n 1) - $(jq -r .number "$place/journal.log" | head -n 1) + 1))"
line=$(jq -c "select(.number == \"$last\")" "$place/journal.log")
claim "who did what, about what, and how it ended" "zhang customer add done" "$(jq -r '"\(.actor) \(.action) \(.status)"' <<<"$line")"
claim "the leaf of the signed tree" "$(as zhang audit show "$last" --json | jq -r .data.leaf)" "$(jq -r .leaf <<<"$line")"
claim "no name and no phone" 0 "$(awk '/恒通|13912349876/ { n++ } END { print n + 0 }' "$place/journal.log")"
claim "the log is private" 600 "$(stat -c %a "$place/journal.log")"
exits 0 as zhang whoami --json
claim "whoami says that it has all" "file ok" "$(jq -r '.data.sink[0] | "\(.name) \(.state)"' "$place/out")"

# What happens while the server is away from its sink comes later, once.
again "$(printf 'sink_file = "%s/journal.log"' "$place")"
add "云帆"
await_number "$place/journal.log" "$(newest)"
claim "nothing came twice" "" "$(sed -E 's/.*number"?[=:]"?([0-9]+).*/\1/' "$place/journal.log" | sort | uniq -d)"

# A pipe that nobody reads, and a disk that is full.
mkfifo "$place/pipe"
again "$(printf 'sink_file = "%s/pipe"\nsink_syslog = "%s/nobody"' "$place" "$place")"
stuck=$(adds_ms b)
claim "ten changes take as long as before ($plain ms, now $stuck ms)" yes "$([ "$stuck" -lt $((3 * plain + 500)) ] && echo yes)"
await_sink file failed
await_sink syslog failed
claim "the log says so once for each" 2 "$(grep -c 'sink of the journal cannot be written' "$place/kontord.log")"
last=$(newest)
timeout 20 cat "$place/pipe" >"$place/read" &
reader=$!
await_number "$place/read" "$last"
kill "$reader"
wait "$reader" 2>/dev/null || test $? -gt 128
claim "a reader that comes later gets what was waiting" "$last" "$(sed -E 's/^number=([0-9]+) .*/\1/' "$place/read" | tail -n 1)"
again 'sink_file = "/dev/full"'
full=$(adds_ms c)
claim "a full disk is no matter either ($full ms)" yes "$([ "$full" -lt $((3 * plain + 500)) ] && echo yes)"
await_sink file failed
began=$(date +%s)
stop_server
claim "and the server stops as ever" yes "$([ $(($(date +%s) - began)) -le 3 ] && echo yes)"

# A word that is none.
printf 'sink_form = "xml"\n' >"$place/kontord.conf"
exits 78 kontord serve --dir "$place/book" --config "$place/kontord.conf"
