#!/usr/bin/env bash
# The admin console, played at a terminal: in two sizes and two languages, with the screens that the manual shows.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
PATH=$build/tests/terminal:$PATH

# Without pseudo-terminals there is nobody to play.
printf 'size 80x24\n' | kontor-play || { [ $? -ne 77 ] || { echo "skipped: no pseudo-terminals here"; exit 77; }; exit 1; }

device=office-pc
as() { # a device of one name on every machine that runs this test
    local login=$1
    shift
    [ "$1" != join ] || set -- "$@" --device "$device"
    KONTOR_HOME=$place/home-$login kontor "$@"
}
book CNY cn-small
device=li-laptop person lina sales
device=wang-laptop person wangfang finance
as zhang user edit zhang --name 张伟 >/dev/null 2>&1 || test $? -eq 10
as zhang user edit lina --name 李娜 >/dev/null
as zhang user edit wangfang --name 王芳 >/dev/null

# play LANGUAGE TERM: the lines of stdin, as zhang
play() {
    claims=$((claims + 1))
    unset KONTOR_NO_INPUT
    KONTOR_LANG=$1 TERM=$2 KONTOR_HOME=$place/home-zhang kontor-play || exit 1
    export KONTOR_NO_INPUT=1
}

# What differs from run to run is masked with as many signs: times, days, eight words of keys, ports, hashes.
masked() {
    sed -E -e 's/[0-9]{2}:[0-9]{2}:[0-9]{2}/##:##:##/g' -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}/####-##-##/g' \
        -e 's/ [0-9]{2}:[0-9]{2}/ ##:##/g' -e 's/\b[bdfghjklmnprstvz][aiou][bdfghjklmnprstvz][aiou][bdfghjklmnprstvz]\b/#####/g' \
        -e 's/##### [a-z]{1,4}…/##### ###…/g' -e 's/127\.0\.0\.1:[0-9]+ ?/127.0.0.1:#####/g' -e 's/\b[0-9a-f]{32,64}\b/################################/g' "$1"
}

# screen NAME: the block of the manual behind its name
screen() {
    awk -v name="<!-- screen: $1 -->" '
        $0 == name { under = 1; next }
        under && /^```/ { if (open) exit; open = 1; next }
        under && open { print }' "$top/client/admin.md"
}

same() { # NAME: the shot of that name is what the manual shows, if it does
    grep -qF "<!-- screen: $1 -->" "$top/client/admin.md" || [ -n "${KONTOR_SHOTS:-}" ] || return 0
    masked "$place/$1" >"$place/$1.masked"
    if [ -n "${KONTOR_SHOTS:-}" ]; then
        cp "$place/$1.masked" "$KONTOR_SHOTS/$1"
        return
    fi
    claim "the manual shows the screen $1" "" "$(diff <(screen "$1") "$place/$1.masked" || test $? -eq 1)"
}

for size in 80x24 100x30; do
    for lang in en zh-CN; do
        [ $lang = en ] && users=Users devices=Devices audit=Audit || users=用户 devices=设备 audit=审计
        play $lang xterm-256color <<END
size $size
start kontor admin
within 3000 [1 $users]
wait lina
wait wangfang
type jj
shot $place/users-$size-$lang
type 2
wait [2 $devices]
wait li-laptop
shot $place/devices-$size-$lang
type 3
wait [3 $audit]
wait user invite
shot $place/audit-$size-$lang
type Qy
ends 0
END
        same users-$size-$lang
        same devices-$size-$lang
        same audit-$size-$lang
    done
done

# A change is watched as it arrives: nothing is written by a letter, only by the word.
play en xterm-256color <<END
size 80x24
start kontor admin
wait wangfang
type j
type d
wait Disable a person
caret reason
paste left	us
wait left us
key Enter
type lin
key Enter
wait not confirmed
type a
key Enter
wait disabled
type 3
wait user disable
type :users
caret : users
key Enter
wait [1 Users]
type y
copied $(printf 'kontor user list' | base64)
wait copied: kontor user list
burst nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn
wait faster than anybody types
paste dddd
wait what was pasted was ignored
size 100x30
wait [1 Users]
wait lina
type Qn
type Qy
ends 0
END
claim "she is disabled" disabled "$(as zhang user show lina --json | jq -r .data.state)"
claim "for the reason that was pasted" 1 "$(as zhang audit list -q 'action:user status:done' --json | jq '[.data[] | select(.action == "user disable")] | length')"

# Other terminals.
for term in linux vt100; do
    play en $term <<END
start kontor admin
wait wangfang
key Down
type Qy
ends 0
END
done
play en dumb <<END
start kontor admin
wait kontor admin --a11y
ends 78
END

# The server goes away and comes back: what was shown stays, grey and with its age, and goes on.
play en xterm-256color <<END
start kontor admin
wait wangfang
wait online
do kill -TERM $server
wait offline, shown as of
wait wangfang
type d
wait Disable a person
key Esc
type Qy
ends 0
END
wait "$server" || test $? -eq 143
server=
serve

# The same pages in lines, for people who hear them.
exits 0 as zhang admin --a11y <<<$'2\n:audit\n:nothing\nQ'
says 'Users'
says '^2\. login: lina'
says 'user invite'
says 'no page of that name'
claim "no box art, nothing is drawn over" no "$(grep -q $'[─│\033]' "$place/out" && echo yes || echo no)"
exits 0 as zhang admin --a11y --lang zh-CN </dev/null
says '用户'
exits 2 as zhang admin --sideways
exits 78 as zhang admin
