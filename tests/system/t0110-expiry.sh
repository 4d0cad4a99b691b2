#!/usr/bin/env bash
# Time: an invitation that nobody used in time, a session that is too old, one that was idle too long. The server's clock is put on.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# The clock is put on by a preloaded library, which the address sanitizer does not bear.
if grep -q __asan_init "$build/server/kontord"; then
    echo "skipped: a sanitized server cannot be given another clock"
    exit 77
fi
for faketime in /usr/lib/*/faketime/libfaketimeMT.so.1; do need "$faketime"; done

serve_later() { # OFFSET, as "+2d": the wall clock only, as if the server came back after so long
    stop_server
    LD_PRELOAD=$faketime FAKETIME=$1 DONT_FAKE_MONOTONIC=1 serve
}

book CNY cn-small
exits 0 as zhang user invite li --role sales --output "$place/li.invitation"
exits 0 as zhang customer list

serve_later +11h
exits 0 as zhang customer list
serve_later +13h
exits 4 as zhang customer list
says 'E-LOGIN'
exits 0 as zhang login --login zhang --password-stdin <<<'correct horse battery zhang'
exits 0 as zhang customer list

# The day an invitation is good for is over: said inside the channel for a week, then nobody knows it.
serve_later +2d
exits 19 as li join "@$place/li.invitation" --password-stdin <<<'correct horse battery li'
says 'E-INVITATION-EXPIRED'
exits 19 as li join "@$place/li.invitation" --password-stdin --lang zh-CN <<<'correct horse battery li'
exits 4 as zhang customer list

# A clock that stands more than a day before the last change: somebody has to say that it may be so.
stop_server
exits 78 kontord serve --dir "$place/book" --listen 127.0.0.1:0
says 'E-CLOCK'
serve --accept-clock
exits 0 as zhang login --login zhang --password-stdin <<<'correct horse battery zhang'
exits 0 as zhang audit list -n 5
says 'clock'

# Idle: both clocks go on while the server runs.
stop_server
echo +0 >"$place/offset"
LD_PRELOAD=$faketime FAKETIME_TIMESTAMP_FILE=$place/offset FAKETIME_NO_CACHE=1 serve --accept-clock
exits 0 as zhang login --login zhang --password-stdin <<<'correct horse battery zhang'
exits 0 as zhang customer list
echo +29m >"$place/offset"
exits 0 as zhang customer list
echo +58m >"$place/offset"
exits 0 as zhang customer list
echo +89m >"$place/offset"
exits 4 as zhang customer list
says 'E-LOGIN'
exits 0 as zhang login --login zhang --password-stdin <<<'correct horse battery zhang'
exits 0 as zhang audit list
