#!/usr/bin/env bash
# What is kept on paper: a witness says years later whether the journal is still the one that it was; verify computes it all anew.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

add() { as "$1" customer add --kind organisation --name "$2" >/dev/null; }
seal() { as zhang audit export "$place/trail.$1" >/dev/null; } # an export has the journal signed up to it

book CNY cn-small
add zhang "公司 1"
seal 1
stop_server
cp -a "$place/book" "$place/yesterday"
serve
for i in 2 3 4 5 6 7 8 9; do add zhang "公司 $i"; done
seal 2

# The witness: for people and for programs.
exits 0 as zhang audit witness --output "$place/witness"
claim "it is a private file" 600 "$(stat -c %a "$place/witness")"
records=$(awk '$1 == "Records" { print $2 }' "$place/witness")
claim "its root as eight words" 8 "$(awk '$1 == "Root" { print NF - 1 }' "$place/witness")"
claim "the signed note says the same size" "$records" "$(sed -n '/^kontor\//{n;p}' "$place/witness")"
exits 0 as zhang audit witness
claim "without a file it is printed" "$(cat "$place/witness")" "$(cat "$place/out")"
exits 0 as zhang audit verify
says "whole: "
exits 0 as zhang audit verify --witness "$place/witness" --json
claim "all marks hold" "the witness" "$(jq -r '.data.holds[0].what' "$place/out")"
claim "as many records as the witness had, and more" yes "$([ "$(jq .data.records "$place/out")" -ge "$records" ] && echo yes)"

# An export is whole, and only as long as nobody touches it.
exits 0 kontord audit verify --export "$place/trail.2"
exits 0 kontord audit verify --export "$place/trail.2" --checkpoint "$place/witness"
cp "$place/trail.2" "$place/bent"
printf 'x' | dd of="$place/bent" bs=1 seek=2000 conv=notrunc 2>/dev/null
exits 20 kontord audit verify --export "$place/bent"
exits 74 as zhang audit export "$place/trail.2"
says 'none is replaced'

# What is no witness, or one that was touched.
exits 22 as zhang audit verify --witness "$place/zhang.invitation"
sed "/^kontor\//{n;s/$records/$((records - 1))/}" "$place/witness" >"$place/touched"
exits 20 as zhang audit verify --witness "$place/touched"
says 'not signed by a key of this book'
exits 74 as zhang audit verify --witness "$place/nothing"

# Yesterday's store again. A person who joins only now knows nothing of what was lost, but the paper does.
stop_server
rm -rf "$place/book"
cp -a "$place/yesterday" "$place/book"
serve
exits 21 as zhang audit verify
mv "$place/home-zhang/contexts/ledger.seen" "$place/kept"  # as on a new machine: nothing was ever seen
exits 0 as zhang audit verify
exits 21 as zhang audit verify --witness "$place/witness"
says "expected +$records records"
for i in $(seq "$records"); do add zhang "另一家 $i"; done
exits 20 as zhang audit verify --witness "$place/witness"
says 'does not hold +the witness'
claim "a report of it is kept" yes "$(grep -lq 'does not hold' "$place"/home-zhang/reports/* && echo yes)"

seal 3
exits 20 kontord audit verify --export "$place/trail.3" --checkpoint "$place/witness"

# Only who may.
person li sales
exits 5 as li audit verify
exits 5 as li audit export "$place/stolen"
claim "and leaves nothing behind" 0 "$(find "$place" -maxdepth 1 -name 'stolen*' | wc -l)"
