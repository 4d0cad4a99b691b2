#!/usr/bin/env bash
# Joining: by invitation only, in under five seconds, each person in a home of their own; what can go wrong has its exit code.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

began=$(date +%s%N)
book CNY cn-small
took=$((($(date +%s%N) - began) / 1000000))
claim "init, serve and join take under 5 s (took $took ms)" yes "$([ "$took" -lt 5000 ] && echo yes || echo no)"
claim "the key file is private" 600 "$(stat -c %a "$place/book.key")"
claim "the house key is private" 600 "$(stat -c %a "$place/book.house")"
claim "the invitation is private" 600 "$(stat -c %a "$place/zhang.invitation")"

exits 0 as zhang whoami --json
claim "the owner is the owner" owner "$(figure '.data.role[0]' "$place/out")"

exits 0 as zhang user invite li --role finance --output "$place/li.invitation"
exits 0 as li join "@$place/li.invitation" --password-stdin <<<'correct horse battery li'
claim "the second person has the invited role" finance "$(as li whoami --json | jq -r '.data.role[0]')"

# A used invitation: the same device may repeat, another may not.
exits 0 as li join "@$place/li.invitation" --password-stdin <<<'correct horse battery li'
exits 18 as mallory join "@$place/li.invitation" --password-stdin <<<'correct horse battery mallory'
says 'E-INVITATION-USED'

# Wrong password, then the right one.
exits 0 as li logout
exits 4 as li customer list
exits 4 as li login --login li --password-stdin <<<'not the password at all'
says 'E-LOGIN-WRONG'
exits 0 as li login --login li --password-stdin <<<'correct horse battery li'

# Twenty processes at once with one home.
for i in $(seq 20); do
    as li customer add --kind organisation --name "并发公司 $i" --yes >"$place/run.$i" 2>&1 &
    pids[i]=$!
done
for i in $(seq 20); do
    wait "${pids[$i]}" || { cat "$place/run.$i" >&2; claim "process $i of 20 succeeds" 0 1; }
done
claim "all twenty customers are there" 20 "$(as li customer list --json | jq -r .page.count)"

# A revoked device and a disabled user.
device=$(as zhang device list --json | jq -r '.data[] | select(.login == "li") | .id')
exits 0 as zhang device revoke "#$device" --reason "lost" --yes
exits 17 as li customer list
person wang sales
exits 0 as wang customer list
exits 0 as zhang user disable wang --reason "left" --yes
exits 4 as wang customer list
exits 5 as wang login --password-stdin <<<'correct horse battery wang'
says 'E-USER-DISABLED'

# A server with another key is not the pinned one.
stop_server
mv "$place/book" "$place/first"
mv "$place/book.key" "$place/first.key"
mv "$place/book.house" "$place/first.house"
kontord init --dir "$place/book" --company other --currency CNY --chart cn-small --time-zone Asia/Shanghai \
    --owner eve --invitation "$place/eve.invitation"
address=$(cat "$place/address")
rm -f "$place/address"
kontord serve --dir "$place/book" --listen "$address" --address-file "$place/address" 2>>"$place/kontord.log" &
server=$!
for _ in $(seq 400); do [ ! -s "$place/address" ] || break; kill -0 "$server"; sleep 0.025; done
exits 16 as zhang whoami
says 'E-SERVER-KEY'
stop_server
exits 12 as zhang whoami
says 'E-UNREACHABLE'
