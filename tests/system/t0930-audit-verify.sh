#!/usr/bin/env bash
# Offline: the journal of a book, a backup and an export is whole, tampered, incomplete or unreadable, by exit code; a crash and a
# lost signing key leave it whole.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

add() { as zhang customer add --kind organisation --name "$1" >/dev/null; }
flip() { # FILE OFFSET: one bit
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf "%b" "\\x$(printf '%02x' $((byte ^ 4)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

book CNY cn-small
for i in 1 2 3 4 5; do add "公司 $i"; done

# A stop leaves all of it signed, and says so in the journal.
stop_server
exits 0 kontord audit verify --dir "$place/book"
says '^whole: 9 records in [0-9]+ commits, 0 replayed, 1 epochs, [0-9]+ checkpoints; 0 records lie behind the last checkpoint$'
words=$(sed -n 's/^house  *//p' "$place/out")
claim "the house key as eight words" 8 "$(wc -w <<<"$words")"
exits 0 kontord audit verify --dir "$place/book" --house-words "$words"
exits 20 kontord audit verify --dir "$place/book" --house-words "one two three four five six seven eight"
exits 0 kontord audit verify --dir "$place/book" --replay
says ' 9 replayed'
exits 0 kontord verify --dir "$place/book" --replay

# A crash is found and noted; what was acknowledged is there.
serve
exits 0 as zhang audit list -q 'action:note' --json
claim "start, stop, start" "start stop start" "$(jq -r '[.data[].object] | join(" ")' "$place/out")"
add "公司 6"
kill -KILL "$server"
wait "$server" 2>/dev/null || test $? -gt 128
server=
exits 0 kontord audit verify --dir "$place/book"
serve
exits 0 as zhang audit list -q 'action:note' --json
claim "the crash stands in the journal" "start crash" "$(jq -r '[.data[0:2][].object] | join(" ")' "$place/out")"
stop_server

# A backup has the journal with it, and a restored book is whole and can go on.
exits 0 kontord backup --dir "$place/book" --to "$place/copy"
exits 0 kontord audit verify --backup "$place/copy" --key-file "$place/book.key"
says '^whole: 14 records'
exits 0 kontord restore "$place/copy" --into "$place/again" --key-file "$place/book.key"
exits 0 kontord audit verify --dir "$place/again" --key-file "$place/book.key" --replay
mv "$place/book" "$place/first"
mv "$place/again" "$place/book"
serve
add "公司 7"
stop_server
exits 0 kontord audit verify --dir "$place/book"
says '^whole: 17 records'
flip "$place/copy" 3000
exits 20 kontord audit verify --backup "$place/copy" --key-file "$place/book.key"
truncate -s -100 "$place/copy"
exits 21 kontord audit verify --backup "$place/copy" --key-file "$place/book.key"
exits 22 kontord audit verify --backup "$place/nowhere" --key-file "$place/book.key"

# Damage in the file of the book.
cp -r "$place/book" "$place/spare"
size=$(stat -c %s "$place/book/data.mdb")
for at in $((size / 4)) $((size / 2)) $((size * 3 / 4)); do
    cmp -s -n 64 -i "$at" "$place/book/data.mdb" /dev/zero && continue
    flip "$place/book/data.mdb" "$at"
    status=0
    kontord audit verify --dir "$place/book" >"$place/out" 2>"$place/err" || status=$?
    claim "a bit at $at is found, or lies in no page that counts" yes "$([ $status -eq 20 ] || [ $status -eq 0 ] && echo yes)"
    flip "$place/book/data.mdb" "$at"
done
truncate -s $((size / 2)) "$place/book/data.mdb"
exits 20 kontord audit verify --dir "$place/book"
: >"$place/book/data.mdb"
exits 21 kontord audit verify --dir "$place/book"
rm -r "$place/book"
mv "$place/spare" "$place/book"

# A signing key that was lost: the server does not go on unsigned, the house key brings it back.
rm "$place/book/audit.key"
exits 21 kontord serve --dir "$place/book" --listen 127.0.0.1:0
exits 78 kontord audit renew --dir "$place/book" --house-key "$place/book.key"
exits 0 kontord audit renew --dir "$place/book" --house-key "$place/book.house"
serve
add "公司 8"
stop_server
exits 0 kontord audit verify --dir "$place/book" --replay
says ' 2 epochs'

# An export: checked without book and key, and against a checkpoint of an older one.
serve
exits 0 as zhang audit export "$place/older.kta"
add "公司 9"
exits 0 as zhang audit export "$place/newer.kta"
stop_server
mkdir "$place/elsewhere"
cp "$place"/*.kta "$place/elsewhere"
exits 0 kontord audit verify --export "$place/elsewhere/newer.kta"
says '; 0 records lie behind the last checkpoint$'
exits 0 kontord audit verify --export "$place/elsewhere/newer.kta" --house-words "$words"
exits 20 kontord audit verify --export "$place/elsewhere/newer.kta" --house-words "one two three four five six seven eight"
note_of() { # FILE: the last checkpoint in it
    grep -aoE 'P.{4}kontor/[0-9a-f]{32}$' "$1" | tail -n 1 | grep -aoE 'kontor/[0-9a-f]{32}'
    LC_ALL=C tr '\000' ' ' <"$1" | awk -v RS='kontor/[0-9a-f]+\n' '{ last = $0 } END { print last }' | head -n 8
}
note_of "$place/newer.kta" | head -n 9 >"$place/kept.note"
exits 0 kontord audit verify --dir "$place/book" --checkpoint "$place/kept.note"
exits 0 kontord audit verify --export "$place/elsewhere/newer.kta" --checkpoint "$place/kept.note"
exits 21 kontord audit verify --export "$place/elsewhere/older.kta" --checkpoint "$place/kept.note"
says 'shorter than the checkpoint kept outside'
truncate -s -20 "$place/elsewhere/older.kta"
exits 21 kontord audit verify --export "$place/elsewhere/older.kta"
flip "$place/elsewhere/newer.kta" 1200
exits 20 kontord audit verify --export "$place/elsewhere/newer.kta"

# Not an export.
printf 'something else' >"$place/export"
exits 22 kontord audit verify --export "$place/export"
exits 22 kontord audit verify --export "$place/nowhere"
exits 2 kontord audit verify
exits 2 kontord audit verify --dir "$place/book" --export "$place/export"
exits 2 kontord audit
