#!/usr/bin/env bash
# A server that forgot or rewrote its past is refused by the next client, with a report and without a way to go on.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

seen() { jq -r .tree_size "$place/home-$1/contexts/ledger.seen"; }
add() { as "$1" customer add --kind organisation --name "$2" >/dev/null; }
shelf() { # NAME: puts the whole store away as it is
    stop_server
    cp -a "$place/book" "$place/$1"
    serve
}
go_back() { # NAME: the store as it was then
    stop_server
    mv "$place/book" "$place/rewritten.$RANDOM"
    cp -a "$place/$1" "$place/book"
    serve
}

book CNY cn-small
person li finance
add zhang "公司 1"
add li "公司 2"
shelf yesterday
for i in 3 4 5 6 7 8 9 10 11 12; do add zhang "公司 $i"; done
exits 0 as zhang customer list
held=$(seen zhang)

# The whole store of yesterday: shorter than what this device has seen.
go_back yesterday
exits 21 as zhang customer list
says 'shorter than what this device has seen'
says 'expected +'"$held records"
says 'do not go on working'
claim "what was expected and what was shown as eight words each" 2 "$(grep -cE '^  their root +[a-z]+( [a-z]+){7}$' "$place/err")"
claim "not a word of data" 0 "$(wc -c <"$place/out")"
exits 21 as zhang customer add --kind organisation --name refused
claim "the refused change is not kept for later" "Every write has its answer." "$(as zhang retry)"
exits 21 as zhang login --password-stdin <<<'correct horse battery zhang'
exits 21 as zhang whoami --json
claim "the same as JSON" "21 E-INCOMPLETE" "$(jq -r '.error | "\(.exit) \(.code)"' "$place/err")"
claim "with what was expected" "$held records" "$(jq -r .error.details.expected "$place/err")"
report=$(jq -r .error.details.report "$place/err")
claim "the report is a private file" 600 "$(stat -c %a "$report")"
claim "with the root that is held" "$(jq -r .tree_root "$place/home-zhang/contexts/ledger.seen")" "$(sed -n 's/^held.root //p' "$report")"
claim "and the signing key that was checked" 1 "$(grep -c '^held.epoch_key [0-9a-f]*$' "$report")"
claim "one report for each refusal" 4 "$(find "$place/home-zhang/reports" -type f | wc -l)"
exits 21 env KONTOR_LANG=zh-CN KONTOR_HOME="$place/home-zhang" kontor customer list
says '服务器的审计链比本设备见过的短'
claim "nothing of it was taken for true" "$held" "$(seen zhang)"

# Who has seen no more than yesterday notices nothing, and goes on: as long as what was lost, and longer.
while [ "$(seen li)" -lt $((held - 1)) ]; do add li "另一家 $(seen li)"; done
exits 20 as zhang customer list
says 'is not the one that this device has seen'
add li "另一家"
add li "再一家"
exits 20 as zhang customer list
says 'cannot prove that its journal goes on'
exits 20 as zhang customer add --kind organisation --name refused
claim "and the other person works on" 0 "$(as li customer list >/dev/null; echo $?)"

# The true store again: believed, as if nothing had been.
stop_server
rm -rf "$place/book"
mv "$place"/rewritten.* "$place/book"
serve
exits 0 as zhang customer list
add zhang "公司 13"
exits 0 as zhang customer list
claim "the anchor moves on" yes "$([ "$(seen zhang)" -gt "$held" ] && echo yes)"
refused=0
as li customer list >/dev/null 2>&1 || refused=$?
claim "and now it is the other one who is refused" yes "$([ "$refused" = 20 ] || [ "$refused" = 21 ] && echo yes)"

# Twenty processes of one home, reading and writing: none is refused, and none takes the anchor back.
before=$(seen zhang)
for i in $(seq 20); do
    if [ $((i % 2)) -eq 0 ]; then
        as zhang customer add --kind organisation --name "并发 $i" >"$place/run.$i" 2>&1 &
    else
        as zhang customer list >"$place/run.$i" 2>&1 &
    fi
    pids[i]=$!
done
for i in $(seq 20); do
    wait "${pids[$i]}" || { cat "$place/run.$i" >&2; claim "process $i of 20 succeeds" 0 1; }
done
claim "the anchor did not go back" yes "$([ "$(seen zhang)" -ge "$before" ] && echo yes)"
exits 0 as zhang whoami

# The evidence itself: what somebody else wrote is not believed, and what is gone is told.
person mei sales
exits 0 as mei customer list
file=$place/home-mei/contexts/ledger.seen
cp "$file" "$place/mei.seen"
jq -c '.tree_size -= 1' "$place/mei.seen" >"$file"
exits 20 as mei customer list
says 'was not written by this device'
cp "$place/home-li/contexts/ledger.seen" "$file"
exits 20 as mei customer list
rm "$file"
exits 0 as mei customer list
says 'WARNING: what this device held of the journal is gone'
exits 0 as mei customer list
claim "it is told once" 0 "$(grep -c WARNING "$place/err" || test $? -eq 1)"
