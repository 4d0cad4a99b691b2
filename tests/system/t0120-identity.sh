#!/usr/bin/env bash
# Who one is: one-time codes, step-up, sessions, a new password, a reset, approval of a device, the notice; and that rights end at once.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

code() { "$build/tests/system/code" "$@"; }

book CNY cn-small
person li finance
person wang sales

# ---- one-time codes ----
exits 0 as li user totp --json
secret=$(figure .data.secret "$place/out")
claim "the link names firm and login" "otpauth://totp/%E7%A4%BA%E4%BE%8B%E5%95%86%E8%B4%B8:li?secret=$secret" \
    "$(figure .data.uri "$place/out" | sed 's/&.*//')"
exits 4 as li user totp-confirm --code 000000
says 'E-CODE-WRONG'
first=$(code "$secret") # kept: half a minute later it would be another
exits 0 as li user totp-confirm --code "$first"
claim "ten recovery codes of four groups" 10 "$(grep -cE '^  [A-Z2-7]{4}(-[A-Z2-7]{4}){3}$' "$place/out")"
recovery=$(sed -nE 's/^  ([A-Z2-7-]{19})$/\1/p' "$place/out" | head -n 1)
exits 0 as li whoami
says '^Codes .*10'
exits 0 as li logout
exits 4 as li login --password-stdin <<<'correct horse battery li'
says 'E-CODE-NEEDED'
says 'kontor login --code CODE'
exits 4 as li login --password-stdin --lang zh-CN <<<'correct horse battery li'
says '需要动态码'
exits 4 as li login --code "$first" --password-stdin <<<'correct horse battery li'
says 'E-CODE-WRONG'  # it confirmed the set-up already
second=$(code "$secret" 30)
exits 0 as li login --code "$second" --password-stdin <<<'correct horse battery li'
exits 4 as li login --code "$second" --password-stdin <<<'correct horse battery li'
exits 0 as li login --code "$recovery" --password-stdin <<<'correct horse battery li'
exits 4 as li login --code "$recovery" --password-stdin <<<'correct horse battery li'
says 'E-CODE-WRONG'
exits 0 as li user codes
claim "ten new recovery codes" 10 "$(grep -cE '^  [A-Z2-7]{4}(-[A-Z2-7]{4}){3}$' "$place/out")"

# ---- passwords ----
exits 2 as wang user password --password-stdin <<<$'correct horse battery wang\nwang0123456789'
says 'made of your name'
exits 2 as wang user password --password-stdin --lang zh-CN <<<$'correct horse battery wang\nwoaini1314520'
says '最先会被猜到'
exits 4 as wang user password --password-stdin <<<$'not the password at all\ntwelve green candles'
exits 0 as wang user password --password-stdin <<<$'correct horse battery wang\ntwelve green candles'
exits 4 as wang login --password-stdin <<<'correct horse battery wang'
exits 0 as wang login --password-stdin <<<'twelve green candles'
says 'Wrong passwords since the last login: 1'

# ---- sessions ----
exits 0 as wang login --password-stdin <<<'twelve green candles'
exits 0 as wang session list --json
claim "own sessions" 3 "$(figure .page.count "$place/out")"
exits 5 as wang session list --everybody
exits 0 as wang session end --others
says 'Sessions ended: 2'
session=$(as zhang session list wang --json | jq -r '.data[0].id')
exits 0 as zhang session end "#$session"
exits 4 as wang customer list
exits 0 as wang login --password-stdin <<<'twelve green candles'

# ---- a right that is taken away is gone for the very next request, a disabled user's connection within a second ----
exits 0 as wang customer list
exits 0 as zhang user edit wang --role auditor --yes
exits 5 as wang customer add --kind organisation --name "too late" --yes
says 'E-PERM-DENIED'
as wang audit tail --count 100000 >"$place/tail.out" 2>"$place/tail.err" &
follower=$!
for _ in $(seq 100); do [ -s "$place/tail.out" ] && break; sleep 0.05; done
exits 0 as zhang user disable wang --reason left --yes
ended=no
for _ in $(seq 20); do
    kill -0 "$follower" 2>/dev/null || { ended=yes; break; }
    sleep 0.05
done
claim "the open connection of a disabled user ends within a second" yes "$ended"
exits 0 as zhang user enable wang

# ---- a reset ----
exits 0 as zhang user reset li --output "$place/li.again"
exits 4 as li customer list
exits 4 as li login --code "$(code "$secret" 30)" --password-stdin <<<'correct horse battery li'
exits 0 as li2 join "@$place/li.again" --password-stdin <<<'nine yellow umbrellas'
exits 0 as li2 customer list
claim "one-time codes are void" false "$(as li2 whoami --json | jq -r '.data.totp // false')"

# ---- approval of devices, and who must have one-time codes ----
stop_server
cat >"$place/strict.conf" <<'END'
new_device = "approve"
totp = "required-for: finance, manager"
END
serve --config "$place/strict.conf"
exits 0 as zhang user invite chen --role manager --output "$place/chen.invitation"
exits 0 as chen join "@$place/chen.invitation" --password-stdin --device chen-phone <<<'correct horse battery chen'
says 'waits for its approval'
words=$(as chen whoami --json | jq -r .data.words)
claim "eight words" 8 "$(wc -w <<<"$words")"
exits 17 as chen customer list
says 'E-DEVICE-PENDING'
claim "the list has the same words" "$words" "$(as zhang device list --json | jq -r '.data[] | select(.name == "chen-phone") | .words')"
exits 15 as zhang device approve chen-phone
exits 10 as zhang device approve chen-phone --words "apple river"
says 'E-WORDS'
exits 0 as zhang device approve chen-phone --words "$words"
exits 4 as chen customer list
says 'E-TOTP-NEEDED'
exits 0 as chen user totp --json
exits 0 as chen user totp-confirm --code "$(code "$(figure .data.secret "$place/out")")"
exits 0 as chen customer list
exits 4 as chen user totp-remove
says 'E-TOTP-NEEDED'

# ---- the confidentiality notice ----
printf '客户资料不得外传。\nNothing about customers leaves this house.\n' >"$place/notice.txt"
exits 0 as zhang notice set "@$place/notice.txt"
exits 5 as chen customer list
says 'E-NOTICE'
exits 0 as chen notice show
says '^Nothing about customers'
exits 15 as chen notice accept
exits 0 as chen notice accept --yes
exits 0 as chen customer list
exits 5 as zhang customer list
exits 0 as zhang notice accept --version 1
claim "version and date stand with the user" 1 "$(as zhang user show chen --json | jq -r .data.notice_version)"

# ---- five minutes later a proof is wanted ----
stop_server
for faketime in /usr/lib/*/faketime/libfaketimeMT.so.1; do
    if [ -e "$faketime" ] && ! grep -q __asan_init "$build/server/kontord"; then
        LD_PRELOAD=$faketime FAKETIME=+6m DONT_FAKE_MONOTONIC=1 serve
        exits 4 as zhang user invite guo --role sales --output "$place/guo.invitation"
        says 'E-STEP-UP'
        says 'password-stdin'
        exits 4 as zhang user invite guo --role sales --output "$place/guo.invitation" --password-stdin <<<'not the password at all'
        exits 0 as zhang user invite guo --role sales --output "$place/guo.invitation" --password-stdin <<<'correct horse battery zhang'
        exits 0 as zhang user disable guo --reason "not needed" --yes
        stop_server
    fi
done

# All of it replays to the same state: no clock and no secret is needed again.
exits 0 kontord verify --dir "$place/book" --replay
