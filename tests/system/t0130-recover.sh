#!/usr/bin/env bash
# A lost owner: invited anew on the server itself, while it runs and while it does not; written down, told to everybody, open to nobody else.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

book CNY cn-small
person li sales
claim "the local socket is private" 600 "$(stat -c %a "$place/book/local.sock")"

exits 6 kontord recover-admin --dir "$place/book" --login li --output "$place/li.new"
says 'E-NOT-FOUND'
exits 6 kontord recover-admin --dir "$place/book" --login nobody --output "$place/li.new"
exits 2 kontord recover-admin --dir "$place/book" --output "$place/li.new"
exits 0 kontord recover-admin --dir "$place/book" --login zhang --output "$place/zhang.new"
claim "the invitation is private" 600 "$(stat -c %a "$place/zhang.new")"
exits 78 kontord recover-admin --dir "$place/book" --login zhang --output "$place/zhang.new"
exits 4 as zhang customer list
exits 4 as zhang login --password-stdin <<<'correct horse battery zhang'
exits 0 as zhang2 join "@$place/zhang.new" --password-stdin <<<'seven quiet harbours'
exits 0 as zhang2 user list
claim "it is written down" 1 "$(as zhang2 audit list --json | tee "$place/out" | jq '[.data[] | select(.action == "user recover" and .status == "done")] | length')"

exits 0 kontord recover-admin --dir "$place/book" --login zhang --output "$place/zhang.third"

# Without a server, on the stopped store; its device needs no approval by somebody who is not there.
stop_server
exits 0 kontord recover-admin --dir "$place/book" --login zhang --output "$place/zhang.fourth" --address "$(cat "$place/address")"
echo 'new_device = "approve"' >"$place/approve.conf"
serve --config "$place/approve.conf"
exits 19 as zhang3 join "@$place/zhang.third" --password-stdin <<<'seven quiet harbours'
exits 0 as zhang4 join "@$place/zhang.fourth" --password-stdin <<<'eight quiet harbours'
exits 0 as zhang4 user list

# Another user of this machine, even where the socket's mode would let him, is hung up on: the kernel says who it is.
if [ "$(id -u)" = 0 ] && setpriv --reuid 65534 --clear-groups "$build/server/kontord" --version >/dev/null 2>&1; then
    chmod 711 "$place" "$place/book"
    chmod 666 "$place/book/local.sock"
    exits 5 setpriv --reuid 65534 --clear-groups "$build/server/kontord" recover-admin --dir "$place/book" --login zhang \
        --output "$place/zhang.fifth"
    chmod 700 "$place" "$place/book"
fi
stop_server
exits 0 kontord verify --dir "$place/book" --replay
exits 0 kontord audit verify --dir "$place/book"
