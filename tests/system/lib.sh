# shellcheck shell=bash
# What the system tests share: a book of their own in a private directory, people with homes of their own, and claims.
# A test sources this file, opens a book, makes claims and ends; the trap cleans up whatever happens.
#
#   book CURRENCY CHART            init and serve an empty book; the owner joins as "zhang"
#   person LOGIN ROLE              invites a person and joins in a home of their own
#   as LOGIN words…                runs kontor as that person
#   claim TEXT WANTED GOT          one claim; the test fails at the first that does not hold
#   exits CODE words…              runs the words and claims their exit code; output in $place/out and $place/err
#   need FILE…                     skips the whole test when shared test data is absent
#   block FILE HEADING             the command lines of a manual, to be run as they stand

set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${KONTOR_BUILD:-$top/build/dev}
data=$top/../shared/data
PATH=$build/server:$build/client:$PATH
place=$(mktemp -d "${TMPDIR:-/tmp}/kontor-system.XXXXXX")
chmod 700 "$place"
server=
claims=0
export KONTOR_LANG=en KONTOR_NO_INPUT=1
export LC_ALL=C.UTF-8  # of the tools around kontor: hledger, grep and iconv read names with it

stop_server() {
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || test $? -eq 1
        wait "$server" || test $? -eq 143
    fi
    server=
}

cleanup() {
    local status=$?
    if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then
        echo "FAILED after $claims claims, in $(basename "$0") line ${BASH_LINENO[0]}" >&2
        for file in out err kontord.log; do
            [ ! -s "$place/$file" ] || { echo "--- $file" >&2; tail -n 15 "$place/$file" >&2; }
        done
    fi
    if [ -n "$server" ] && kill -KILL "$server" 2>/dev/null; then
        wait "$server" 2>/dev/null || test $? -eq 137
    fi
    rm -rf "$place"
    [ "$status" -ne 0 ] || echo "$claims claims hold"
    exit "$status"
}
trap cleanup EXIT

need() {
    for file in "$@"; do
        [ -e "$file" ] || { echo "skipped: $file is not here"; exit 77; }
    done
}

serve() { # [more options of serve]
    local listen=127.0.0.1:0  # a restart takes the same address again: the clients know it
    [ ! -s "$place/address" ] || listen=$(cat "$place/address")
    rm -f "$place/address"
    kontord serve --dir "$place/book" --listen "$listen" --address-file "$place/address" "$@" 2>>"$place/kontord.log" &
    server=$!
    for _ in $(seq 400); do
        [ -s "$place/address" ] && return 0
        kill -0 "$server"
        sleep 0.025
    done
    echo "the server did not start" >&2
    return 1
}

book() { # CURRENCY CHART
    kontord init --dir "$place/book" --company "示例商贸" --currency "$1" --chart "$2" --time-zone Asia/Shanghai \
        --owner zhang --invitation "$place/zhang.invitation"
    serve
    echo 'correct horse battery zhang' | as zhang join "@$place/zhang.invitation" --password-stdin >/dev/null
}

as() {
    local login=$1
    shift
    KONTOR_HOME=$place/home-$login kontor "$@"
}

person() { # LOGIN ROLE
    as zhang user invite "$1" --role "$2" --output "$place/$1.invitation" >/dev/null
    echo "correct horse battery $1" | as "$1" join "@$place/$1.invitation" --password-stdin >/dev/null
}

claim() { # TEXT WANTED GOT
    claims=$((claims + 1))
    if [ "$2" != "$3" ]; then
        printf 'NOT SO: %s\n  wanted %s\n  got    %s\n' "$1" "$2" "$3" >&2
        exit 1
    fi
}

exits() { # CODE words…
    local wanted=$1 status=0
    shift
    "$@" >"$place/out" 2>"$place/err" || status=$?
    claim "exit code of: $*" "$wanted" "$status"
}

says() { # PATTERN: the last output of exits matches
    claims=$((claims + 1))
    grep -qE -- "$1" "$place/out" "$place/err" || { echo "NOT SO: output matches: $1" >&2; exit 1; }
}

rows() { # LOGIN words…: every row of a list, one JSON object a line, page by page
    local login=$1 next=
    shift
    while :; do
        as "$login" "$@" --json -n 1000 ${next:+--cursor "$next"} >"$place/page"
        jq -c '.data[]' "$place/page"
        next=$(jq -r '.page.next // empty' "$place/page")
        [ -n "$next" ] || return 0
    done
}

# block FILE HEADING: the lines of the first code block, fenced or indented, under that heading; words behind two spaces and
# behind # are said to the reader. A backslash joins lines.
block() {
    awk -v heading="$2" '
        $0 == heading { under = 1; next }
        under && /^#/ { exit }
        under && /^```/ { fence = !fence; if (!fence) exit; next }
        under && fence { print }
        under && !fence && /^    [^ ]/ { print substr($0, 5); seen = 1; next }
        under && !fence && seen { exit }' "$1" |
        sed -e ':a' -e '/\\$/{N;s/\\\n */ /;ba' -e '}' -e 's/  \+.*$//' -e 's/ \+#.*$//'
}

figure() { # JQ-PATH FILE
    jq -r "$1" "$2"
}
