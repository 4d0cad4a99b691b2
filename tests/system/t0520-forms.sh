#!/usr/bin/env bash
# Forms of an answer: all pages, lines for programs, narrow screens, the commit line, colour; and errors that name the way out.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

book CNY cn-small
exits 0 as zhang invoice list
says 'No invoices here yet'
says 'kontor invoice issue'
for i in 1 2 3 4 5; do as zhang customer add --kind organisation --name "客户$i" --phone "+86 138 0000 000$i" --region "+$i" >/dev/null; done

# Pages.
exits 0 as zhang customer list -n 2
says 'the next ones: --cursor'
exits 0 as zhang customer list -n 2 --all --json
claim "all pages are one answer" 5 "$(figure '.data | length' "$place/out")"
claim "whose customers differ" 5 "$(figure '[.data[].number] | unique | length' "$place/out")"
claim "and after which nothing comes" null "$(figure .page.next "$place/out")"
exits 0 as zhang customer list -n 2 --all
claim "a table of five, its head, rule and sums" 9 "$(wc -l <"$place/out")"
exits 2 as zhang customer show C-0001 --all
exits 0 as zhang customer list --jsonl --all -n 3
claim "a line for each row and one at the end" 6 "$(wc -l <"$place/out")"
claim "each a row" C-0005 "$(sed -n 5p "$place/out" | jq -r .number)"
claim "the last one with the schema" kontor.customer.list/1 "$(tail -n 1 "$place/out" | jq -r .schema)"
exits 0 as zhang customer show C-0002 --jsonl
claim "an object is one line" 1 "$(wc -l <"$place/out")"
exits 6 as zhang customer show C-0099 --jsonl
claim "an error too is JSON, on the other stream" E-NOT-FOUND "$(figure .error.code "$place/err")"
exits 0 as zhang customer list --tsv -c number,region,phone --all
claim "tabs between, nothing added" $'C-0003\t+3\t138****0003' "$(sed -n 4p "$place/out")"
exits 0 as zhang customer list --csv -c number,region
claim "no formula for a spreadsheet" "C-0003,'+3" "$(sed -n 4p "$place/out" | tr -d '\r')"

# The screen.
exits 0 as zhang customer list --width 40
says '^NUMBER +C-0001'
exits 0 as zhang customer list --color always
claim "colour when it is asked for" yes "$(grep -q $'\033' "$place/out" && echo yes || echo no)"
exits 0 env NO_COLOR=1 CLICOLOR_FORCE=1 "KONTOR_HOME=$place/home-zhang" kontor customer list
claim "NO_COLOR is heard first" no "$(grep -q $'\033' "$place/out" && echo yes || echo no)"
exits 0 env NO_COLOR= CLICOLOR_FORCE=1 "KONTOR_HOME=$place/home-zhang" kontor customer list
claim "an empty one is none" yes "$(grep -q $'\033' "$place/out" && echo yes || echo no)"
exits 2 as zhang customer list --width 10
says '^ +width +"10"'
exits 2 as zhang customer list --color sometimes
says 'auto, always, never'

# A terminal: long answers go through the pager, and are not lost when there is none.
if script -qec true /dev/null >/dev/null 2>&1; then
    terminal() { KONTOR_HOME=$place/home-zhang TERM=xterm script -qec "stty rows 5 cols 100; $1" /dev/null; }
    exits 0 terminal "KONTOR_PAGER='sed s/客户4/PAGED/' kontor customer list"
    says 'PAGED'
    exits 0 terminal "KONTOR_PAGER='sed s/客户4/PAGED/' kontor customer list --no-pager"
    says '客户4'
    exits 0 terminal "KONTOR_PAGER=no-such-pager kontor customer list"
    says '客户4'
    exits 0 terminal "stty cols 40; kontor customer list --no-pager"
    says '^NUMBER +C-0001'
else
    echo "not checked: the pager, since this machine has no pseudo-terminals"
fi

# Who am I, in the words of the person.
exits 0 as zhang whoami
says '^Device .* logged in until 20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}'
exits 0 as zhang --lang zh-CN whoami
says '所有者'
exits 0 as zhang whoami --json
claim "whoami as JSON" zhang "$(figure .data.login "$place/out")"
exits 0 as zhang context
says '^\* '
exits 4 as nobody customer list
says 'kontor join @FILE'

# Whoever stops reading is no error of ours; a full disk is.
closed() { local codes; { sleep 0.5; as zhang customer list --all; } | :; codes=("${PIPESTATUS[@]}"); return "${codes[0]}"; }
exits 141 closed
claim "and nothing is said about it" "" "$(cat "$place/err")"
full() { as zhang customer list --all >/dev/full; }
exits 74 full
says 'E-FILE'

# A preview says how to commit it, with the days that it meant.
yesterday=$(TZ=Asia/Shanghai date -d yesterday +%F)
as zhang invoice issue C-0001 --amount 500 --date -1d >/dev/null
exits 0 as zhang payment add C-0001 100 --date -1d --dry-run
commit=$(sed -n 's/^Commit *//p' "$place/out")
claim "the day, not its word" yes "$([[ $commit == *"--date $yesterday --plan "* ]] && echo yes || echo no)"
exits 0 as zhang invoice issue C-0001 --amount 7 --date=-1d --due +30d --dry-run
says "^Commit .*--date $yesterday --due 20..-..-.. --plan "
exits 0 as zhang invoice list --json
claim "nothing was written" 1 "$(figure .page.count "$place/out")"
exits 0 env "KONTOR_HOME=$place/home-zhang" bash -c "$commit"
says '^PAY-'
exits 8 env "KONTOR_HOME=$place/home-zhang" bash -c "$commit"

exits 2 as zhang customer archive C-0001
says 'required field is missing: --reason'
exits 0 kontor help
says '--json\[=FIELDS\]'
says '-n, --limit LIMIT'

# What is not understood, and what was meant.
exits 2 as zhang custmer list
says 'kontor customer list'
exits 2 as zhang --lang zh-CN 客户 list
says '名词用英文'
says 'kontor customer list'
exits 6 as zhang context use nowhere
says 'kontor context list'
exits 2 as zhang customer lst
says 'kontor customer list'
exits 2 as zhang customer list --jsn
says '"--jsn": there is no such option'
says '^ +hint +--json'
exits 2 as zhang customer list --frobnicate
says 'kontor customer list --help'
exits 2 as zhang --lang zh-CN customer list --jsn
says '没有这个选项'
exits 2 as zhang payment add C-0001 1.005
says 'at most 2 decimals'
exits 7 as zhang payment add 户1 5
says 'C-0001  客户1'
exits 0 as zhang payment add 户1 5 --yes

# Every code is explained in both languages, every noun and tool has help in both.
while read -r code; do
    for lang in en zh-CN; do
        exits 0 kontor --lang $lang explain "$code"
        says "^$code"
        cp "$place/out" "$place/explain.$lang"
    done
    claim "$code in Chinese" yes "$(cmp -s "$place/explain.en" "$place/explain.zh-CN" && echo no || echo yes)"
done < <(sed -nE 's/^STATUS\(.*"(E-[A-Z-]+)".*/\1/p' "$top/proto/status.def")
for noun in $(sed -nE 's/^NOUN\("([a-z]+)".*/\1/p' "$top/client/cli.def"); do
    exits 0 kontor "$noun" --help
    says "^kontor $noun "
    exits 0 kontor --lang zh-CN "$noun" --help
done
for tool in $(sed -nE 's/^TOOL\("([a-z]+)".*/\1/p' "$top/client/tools.def"); do
    exits 0 kontor "$tool" --help
    says "^kontor $tool"
done
exits 6 kontor explain E-NO-SUCH-THING
exits 0 kontor explain invoice.due
says 'kontor invoice issue --due'
