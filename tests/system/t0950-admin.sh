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
device=li-laptop person lina cashier
device=wang-laptop person wangfang cashier
device=sun-laptop person sunlei finance
as zhang user edit lina --name 李娜 >/dev/null
# Right-to-left override, a joiner, a heap of marks: on the screen the name is what it is without them.
marks=$(printf '\u0301%.0s' $(seq 30))
as zhang user edit wangfang --name "$(printf '王\u202e\u200d芳')" >/dev/null
exits 0 as zhang customer add --kind organisation --name "$(printf '恒\u202e通a%s' "$marks")"
as zhang user edit sunlei --name 孙磊 --role finance --role cashier >/dev/null

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
        -e 's/##### [a-z]{1,4}…/##### ###…/g' -e 's/(####-##-## )[0-9]{2}…/\1##…/g' -e 's/(####-##-## )[0-9]…/\1#…/g' \
        -e ':a; s/^(│[ ▸][ #]*)[0-9]([0-9]*  ##:##:##)/\1#\2/; ta' -e ':b; s/^(│ ##*)[0-9]/\1#/; tb' \
        -e ':c; s/(  #*)[0-9]([0-9]* records| 条记录)/\1#\2/; tc' -e 's/127\.0\.0\.1:[0-9]+ ?/127.0.0.1:#####/g' -e 's/\b[0-9a-f]{32,64}\b/################################/g' "$1"
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

# Something waits for a second person.
exits 0 as zhang rule set payment --over 100
exits 11 as lina payment add C-0001 500 --yes

# A right is changed with its consequences in people, applied by the word, and seen to arrive in the tail.
for size in 80x24 100x30; do
    for lang in en zh-CN; do
        if [ $lang = en ]; then
            roles=Roles users=Users devices=Devices audit=Audit machine=Server sessions=Sessions approvals=Approvals
            cashier=cashier affected='People affected: 3' gains='李娜 gains payment.reverse (all)' anyway='孙磊 has payment.reverse anyway'
            applied='Applied: 3 people' confirm='not confirmed'
        else
            roles=权限 users=用户 devices=设备 audit=审计 machine=服务器 sessions=会话 approvals=审批
            cashier=出纳 affected='影响 3 人' gains='李娜 会得到 payment.reverse（all）' anyway='孙磊 本来就有 payment.reverse'
            applied='已应用：影响 3 人' confirm='未确认'
        fi
        play $lang xterm-256color <<END
size $size
start kontor admin
within 1500 customer.add
wait [1 $roles]
repaint 160 j
type gglllll
type /reverse
caret / reverse
key Enter
wait payment.reverse
gone customer.add
type j
key Space Space Space
wait →region
key Space
wait →all
wait $affected
wait $gains
wait $anyway
shot $place/roles-$size-$lang
type a
wait $cashier
type cashie
key Enter
wait $confirm
type r
caret cashier
shot $place/apply-$size-$lang
key Enter
wait $applied
gone →all
type 5
wait [5 $audit]
wait role apply
shot $place/audit-$size-$lang
type 2
wait [2 $users]
wait lina
type jj
shot $place/users-$size-$lang
type 3
wait [3 $devices]
wait li-laptop
shot $place/devices-$size-$lang
type 6
wait [6 $machine]
wait 示例商贸 · CNY
shot $place/server-$size-$lang
type 7
wait [7 $sessions]
wait wang-laptop
shot $place/sessions-$size-$lang
type 4
wait [4 $approvals]
wait AP-000
wait 500.00
shot $place/approvals-$size-$lang
type Qy
ends 0
END
        for name in roles apply audit users devices server sessions approvals; do same $name-$size-$lang; done
        claim "the right was given" all "$(as zhang role show cashier --json | jq -r '.data.grant[] | select(.permission == "payment.reverse") | .scope')"
        exits 0 as zhang role revoke cashier payment.reverse
    done
done

# Why somebody may do something, and what changed within a week.
play en xterm-256color <<END
size 80x24
start kontor admin
wait customer.add
type /payment.rev
key Enter
wait 1 Roles
gone customer.add
type w
wait login or name
type x
key Enter
wait there is nobody of that name
type lw
wait login or name
caret sunlei
key Enter
wait sunlei may payment.reverse.
wait ✓ a role grants it  finance all
key Esc
type d
wait Changed within a week
wait payment.reverse
key Esc
type Qy
ends 0
END

# What waits is approved, and carried out.
play en xterm-256color <<END
start kontor admin
type 4
wait AP-0001
type a
wait Approve a request
type AP-0001
key Enter
wait Done.
gone AP-0001
type Qy
ends 0
END
claim "the payment is entered" 500.00 "$(as zhang payment list --json | jq -r '.data[0].amount')"

# A change is watched as it arrives: nothing is written by a letter, only by the word.
play en xterm-256color <<END
size 80x24
start kontor admin
type 2
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
type 5
wait user disable
type :users
caret : users
key Enter
wait [2 Users]
type y
copied $(printf 'kontor user list' | base64)
wait copied: kontor user list
type :customer show C-0001
caret C-0001
key Enter
wait Done
wait organisation
key Esc
gone organisation
type :nothing at all
key Enter
wait Exit code 2
key Esc
type :user show 'li
key Enter
wait not understood
burst nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn
wait faster than anybody types
paste dddd
wait what was pasted was ignored
size 100x30
wait [2 Users]
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
wait customer.add
key Down Right
wait role show
key Space
wait draft
type u
type Qy
ends 0
END
done
play en dumb <<END
start kontor admin
wait kontor admin --a11y
ends 78
END

# What others do is seen without asking.
play en xterm-256color <<END
start kontor admin
wait customer.add
type /payment.rev
key Enter
gone customer.add
do kontor role grant cashier payment.reverse --scope region >$place/granted
wait       region
do kontor role revoke cashier payment.reverse >$place/granted
gone       region
type Qy
ends 0
END

# The server goes away and comes back: what was shown stays, grey and with its age, a draft too, and goes on by itself.
first=$server
(
    until [ -e "$place/again" ]; do sleep 0.05; done
    exec kontord serve --dir "$place/book" --listen "$(cat "$place/address")" --address-file "$place/address.again" 2>>"$place/kontord.log"
) &
server=$!
play en xterm-256color <<END
start kontor admin
wait [1 Roles]
wait customer.add
wait online
type lllll
key Space
wait →own
do kill -TERM $first
wait offline, shown as of
wait →own
key Space
wait →team
type a
wait not known yet
type 2
wait Nothing was heard
type 1
wait →team
do touch $place/again
wait online
wait 王芳 gains customer.add (team)
type u
gone →team
type Qy
ends 0
END
wait "$first" || test $? -eq 143
stop_server
echo 'new_device = "approve"' >"$place/strict.conf"
serve --config "$place/strict.conf"

# A device that waits stands first, and is approved by the last of the eight words that its owner reads out.
device=chen-phone person chen sales
words=$(as chen whoami --json | jq -r .data.words)
play en xterm-256color <<END
start kontor admin
type 3
wait chen-phone
wait pending
wait ▸chen-phone
type a
wait ${words##* }
type apple
key Enter
wait not confirmed
key Backspace Backspace Backspace Backspace Backspace
type ${words##* }
key Enter
wait Done.
gone pending
type a
wait does not wait
type Qy
ends 0
END
exits 0 as chen customer list

# The same pages in lines, for people who hear them.
exits 0 as zhang admin --a11y <<<$'c6\n15\nspace\n\na\nno\nu\n:users\n2\n:audit\n:nothing\nQ'
says 'Users'
says '^c6\. cashier'
says '^15\. payment.reverse: cashier own \(draft\)'
says 'not confirmed'
says '^2\. login: lina'
says 'user invite'
says 'no command named'
claim "no box art, nothing is drawn over" no "$(grep -q $'[─│\033]' "$place/out" && echo yes || echo no)"
exits 0 as zhang admin --a11y --lang zh-CN </dev/null
says '权限'
exits 2 as zhang admin --sideways
exits 78 as zhang admin
