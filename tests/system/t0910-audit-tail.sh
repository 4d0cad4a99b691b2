#!/usr/bin/env bash
# The live tail: the newest records, then each one as it is committed, once and in order, also across a restart of the server.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

add() { as zhang customer add --kind organisation --name "$1" >/dev/null; }
numbers() { awk '{ print $1 }' "$1" | tr '\n' ' '; }
await_lines() { # FILE COUNT
    for _ in $(seq 400); do
        [ "$(wc -l <"$1")" -lt "$2" ] || return 0
        sleep 0.025
    done
    claim "$1 gets $2 lines" "$2" "$(wc -l <"$1")"
}

book CNY cn-small
for i in 1 2 3; do add "公司 $i"; done

# History.
exits 0 as zhang audit tail -n 2 --count 2
claim "the two newest, in order" "5 6 " "$(numbers "$place/out")"
exits 0 as zhang audit tail -n 1000 --count 6
claim "all of them, when asked for more than there are" "1 2 3 4 5 6 " "$(numbers "$place/out")"
exits 0 as zhang audit tail -q 'action:join' --count 1
claim "what the query says" "3 " "$(numbers "$place/out")"
exits 0 as zhang audit tail -q 'noun:customer' -n 1000 --count 3
claim "of one noun" "customer customer customer " "$(awk '{ print $6 }' "$place/out" | tr '\n' ' ')"
exits 0 as zhang audit tail -q 'object:C-0002 actor:zhang' --count 1
claim "of one object" C-0002 "$(awk '{ print $8 }' "$place/out")"
claim "no other" 1 "$(as zhang audit list -q 'object:C-0002' --json | jq '.data | length')"
claim "part of a noun is none" 0 "$(as zhang audit list -q 'noun:custom' --json | jq '.data | length')"
exits 0 as zhang audit tail -n 2 --count 2 --json
claim "JSON: one object a line" "5 6" "$(jq -r '.data.number' "$place/out" | tr '\n' ' ' | sed 's/ $//')"
claim "its schema" kontor.audit.tail/1 "$(head -n 1 "$place/out" | jq -r .schema)"

# What happens from now on, with a filter, and another one without.
as zhang audit tail -n 1 >"$place/all" 2>"$place/all.err" &
all=$!
as zhang audit tail -n 1 -q 'action:customer status:done' >"$place/some" 2>"$place/some.err" &
some=$!
await_lines "$place/all" 1
await_lines "$place/some" 1
add "公司 4"
exits 10 as zhang user disable zhang --reason none --yes
exits 0 as zhang customer archive C-0001 --reason none
await_lines "$place/all" 4
await_lines "$place/some" 3

# The server goes away and comes back: the tail goes on where it was, and nothing comes twice.
stop_server
serve
add "公司 5"
await_lines "$place/some" 4
add "公司 6"
await_lines "$place/some" 5
await_lines "$place/all" 8
kill "$all" "$some"
wait "$all" "$some" 2>/dev/null || test $? -gt 128
claim "the filtered tail" "customer customer customer customer customer " "$(awk '{ print $6 }' "$place/some" | tr '\n' ' ')"
claim "in order and once" "$(sort -n "$place/all" | uniq)" "$(cat "$place/all")"
claim "it says that the connection was lost" 1 "$(grep -c 'connection was lost' "$place/all.err")"

# Only who may read the audit.
person li sales
exits 5 as li audit tail
says 'E-PERM-DENIED'
exits 2 as zhang audit tail --count 0
exits 2 as zhang audit tail --count -1

# A name that turns the writing direction around stays a name.
as zhang user invite eve --role finance --output "$place/eve.invitation" >/dev/null
as eve join "@$place/eve.invitation" --password-stdin --device $'lap\u202etop\u2066' <<<'correct horse battery eve' >/dev/null
exits 0 as eve customer add --kind organisation --name eve
exits 0 as zhang audit tail -n 1 --count 1
claim "no control of the writing direction comes through" 0 "$(grep -c $'[\u202e\u2066]' "$place/out" || test $? -eq 1)"
exits 0 as zhang audit tail -n 1 --count 1 --json
claim "nor in JSON" 0 "$(grep -c $'[\u202e\u2066]' "$place/out" || test $? -eq 1)"
