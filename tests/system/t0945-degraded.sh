#!/usr/bin/env bash
# A disk that fills up: nothing acknowledged is lost, no change and no login is taken but on the machine itself, reads go on and say
# so, and the server recovers by itself and writes it down.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

disk=$place/disk
mkdir "$disk"
if ! mount -t tmpfs -o size=96m,mode=700 tmpfs "$disk" 2>/dev/null; then
    echo "skipped: no file system of a known size can be mounted here"
    trap - EXIT
    rm -rf "$place"
    exit 77
fi
unmount() {
    local status=$?
    [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || test $? -eq 1
    wait 2>/dev/null || test $? -gt 128
    umount -l "$disk"
    (exit "$status")
    cleanup
}
trap unmount EXIT

fill() { dd if=/dev/zero of="$disk/filler" bs=1M count="$1" status=none 2>/dev/null || test $? -eq 1; }
await() { # STATE: what whoami says
    for _ in $(seq 200); do
        [ "$(as zhang whoami --json | jq -r .data.state)" != "$1" ] || return 0
        sleep 0.05
    done
    claim "the state" "$1" "$(as zhang whoami --json | jq -r .data.state)"
}

kontord init --dir "$disk/book" --company "示例商贸" --currency CNY --chart cn-small --time-zone Asia/Shanghai --owner zhang \
    --invitation "$place/zhang.invitation" >/dev/null
ln -s "$disk/book" "$place/book"
listen() {
    kontord serve --dir "$disk/book" --listen 127.0.0.1:0 --socket "$place/socket" --address-file "$place/address" \
        2>>"$place/kontord.log" &
    server=$!
    for _ in $(seq 400); do [ -s "$place/address" ] && return 0; sleep 0.025; done
}
listen
echo 'correct horse battery zhang' | as zhang join "@$place/zhang.invitation" --password-stdin >/dev/null
person li finance
exits 0 as zhang customer add --kind organisation --name "公司 1"
exits 0 as li logout

for round in 1 2 3; do
    fill 60 # below 64 MiB of free disk
    status=0
    as zhang customer add --kind organisation --name "公司 voll $round" >"$place/out" 2>"$place/err" || status=$?
    claim "a change is refused" yes "$([ $status -ne 0 ] && grep -qE 'E-STORE-FULL|E-DEGRADED' "$place/err" && echo yes)"
    await degraded
    exits "$status" as zhang customer add --kind organisation --name "公司 voll $round"
    says 'E-DEGRADED|E-STORE-FULL'
    exits 0 as zhang customer list --json
    claim "reads go on" "$round" "$(jq '.data | length' "$place/out")"
    status=0
    as li login --password-stdin <<<'correct horse battery li' >"$place/out" 2>"$place/err" || status=$?
    claim "nobody logs in" yes "$([ $status -ne 0 ] && grep -qE 'E-STORE-FULL|E-DEGRADED' "$place/err" && echo yes)"
    rm "$disk/filler"
    await ok
    exits 0 as zhang customer add --kind organisation --name "公司 $((round + 1))"
    exits 0 as li login --password-stdin <<<'correct horse battery li'
    exits 0 as li logout
done
exits 0 as zhang audit list -q 'action:note' --json
claim "each of them stands in the journal" 3 "$(jq '[.data[] | select(.object == "full")] | length' "$place/out")"
exits 0 as zhang customer list --json
claim "what was acknowledged is there, what was refused is not" 4 "$(jq '.data | length' "$place/out")"

# Full to the last block, and killed there.
fill 96
status=0
as zhang customer add --kind organisation --name "公司 voll" >"$place/out" 2>"$place/err" || status=$?
claim "a change is refused" yes "$([ $status -ne 0 ] && echo yes)"
kill -KILL "$server"
wait "$server" 2>/dev/null || test $? -gt 128
server=
rm "$disk/filler"
exits 0 kontord audit verify --dir "$disk/book" --replay
