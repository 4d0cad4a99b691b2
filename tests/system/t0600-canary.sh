#!/usr/bin/env bash
# Names, phones, amounts and passwords appear nowhere in the bytes of the store, the client's files, the log or a core dump.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
canary=$build/tests/canary/canary

cat >"$place/words" <<'EOW'
金丝雀贸易有限公司
Kanarienvogel Handels
13855502046
canary@songbird.example
songbird street 77
84,713.29
8471329
84713.29
correct horse battery zhang
correct horse battery li
EOW

# The detector finds what is planted, in every form.
while read -r word; do
    printf 'x%s' "$word" >"$place/planted.1"
    printf '%s' "$word" | iconv -t UTF-16LE >"$place/planted.2"
    printf '%s' "$word" | base64 -w0 >"$place/planted.3"
    printf 'ab%s--' "$word" | base64 -w0 >"$place/planted.4"
    printf '%s' "$word" | od -An -tx1 | tr -d ' \n' >"$place/planted.5"
    for form in 1 2 3 4 5; do
        printf '%s\n' "$word" >"$place/word"
        exits 1 "$canary" "$place/word" "$place/planted.$form"
    done
done <"$place/words"

book CNY cn-small
person li finance
exits 0 as li customer add --kind organisation --name "金丝雀贸易有限公司" --company "Kanarienvogel Handels" --phone 13855502046 \
    --email canary@songbird.example --address "songbird street 77" --yes
exits 0 as li invoice issue --customer C-0001 --amount 84713.29 --date 2026-01-05 --yes
exits 0 as li payment add C-0001 84713.29 --date 2026-01-06 --yes
exits 0 as li payment reverse PAY-2026-0001 --reason "wrong" --yes
exits 0 as li customer edit C-0001 --version 1 --phone 13900000000 --yes
exits 0 as li customer list -q 金丝雀 --json
exits 0 as li report aging --json
for n in $(seq 30); do
    as li customer add --kind person --name "甲乙丙 $n" --yes >/dev/null
done
kill -STOP "$server"
KONTOR_HOME=$place/home-li kontor payment add C-0001 84713.29 --date 2026-01-07 --yes >/dev/null 2>&1 &
client=$!
sleep 1
for process in "$client" "$server"; do
    claim "no core dump of $(cat "/proc/$process/comm")" "0 0" \
        "$(awk '/^Max core file size/ {print $5, $6}' "/proc/$process/limits")"
done
kill -KILL "$client"
wait "$client" || test $? -eq 137
kill -CONT "$server"

# A crash leaves no core that could tell.
ulimit -c unlimited
kill -SEGV "$server"
wait "$server" || test $? -ne 0  # by the signal, or as the sanitizer ends it
server=
find "$place" -name 'core*' -size +0 >"$place/cores"
claim "the server leaves no core dump" "" "$(cat "$place/cores")"

find "$place/book" "$place/home-zhang" "$place/home-li" "$place/kontord.log" -type f >"$place/files"
claim "the store is among what is searched" yes "$(grep -q 'data.mdb' "$place/files" && echo yes || echo no)"
mapfile -t files <"$place/files"
exits 0 "$canary" "$place/words" "${files[@]}"
