#!/usr/bin/env bash
# The admin console asks again who it is when the last proof is old, and lets an expired session log in. The server's clock is put on.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
PATH=$build/tests/terminal:$PATH

printf 'size 80x24\n' | kontor-play || { [ $? -ne 77 ] || { echo "skipped: no pseudo-terminals here"; exit 77; }; exit 1; }
# The clock is put on by a preloaded library, which the address sanitizer does not bear.
if grep -q __asan_init "$build/server/kontord"; then
    echo "skipped: a sanitized server cannot be given another clock"
    exit 77
fi
for faketime in /usr/lib/*/faketime/libfaketimeMT.so.1; do need "$faketime"; done

book CNY cn-small
person lina cashier
stop_server
LD_PRELOAD=$faketime FAKETIME=+6m DONT_FAKE_MONOTONIC=1 serve
play() {
    claims=$((claims + 1))
    env -u KONTOR_NO_INPUT TERM=xterm-256color "KONTOR_HOME=$place/home-zhang" kontor-play || exit 1
}

# Looking needs no proof, applying does: a wrong password, none, and the right one.
play <<'END'
start kontor admin
wait customer.add
type lllll
key Space Space
wait lina gains customer.add (team)
type a
type cashier
key Enter
wait Prove that it is you
type not the password
key Enter
wait E-LOGIN-WRONG
wait Prove that it is you
key Esc
wait E-STEP-UP
type a
type cashier
key Enter
wait Prove that it is you
type correct horse battery zhang
gone correct horse
key Enter
wait Applied: 1 people
type Qy
ends 0
END
claim "the scope that was shown" team "$(as zhang role show cashier --json | jq -r '.data.grant[] | select(.permission == "customer.add") | .scope')"
claim "no password is kept" 0 "$(grep -rl 'correct horse' "$place/home-zhang" | wc -l)"

# The session is over: what was on the screen stays, and the ordinary login takes the terminal for a moment.
stop_server
LD_PRELOAD=$faketime FAKETIME=+14h DONT_FAKE_MONOTONIC=1 serve
play <<'END'
start kontor admin
wait expired (L)
type L
wait Password:
type correct horse battery zhang
key Enter
wait online
wait customer.add
type Qy
ends 0
END
