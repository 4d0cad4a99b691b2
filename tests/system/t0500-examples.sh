#!/usr/bin/env bash
# Help: every command explains itself in both languages, and every example that it gives works, in order, on a fresh book.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
table=$top/client/cli.def
year=$(TZ=Asia/Shanghai date +%Y)

book CNY cn-small
cd "$place"
while IFS='|' read -r command line; do
    case $command in
    user_codes)  # only who has one-time codes has recovery codes
        as zhang user totp --json >totp.json
        as zhang user totp-confirm --code "$("$build/tests/system/code" "$(jq -r .data.secret totp.json)")" >totp.out
        ;;
    bank_show)  # a statement with what the examples speak of
        cat >january.sta <<MT940
:20:1
:25:6225880212340001
:28C:1
:60F:C${year:2}0101CNY100,00
:61:${year:2}0102C300,00NTRFNONREF//T1
:86:166?00TRANSFER?20October?32HENG TONG
:61:${year:2}0102D5,00NMSCNONREF//T2
:86:808?00FEE?20account fee
:61:${year:2}0103C7,00NTRFNONREF//T3
:86:166?00TRANSFER?20by mistake
:62F:C${year:2}0103CNY402,00
MT940
        as zhang bank import january.sta --bank 1002 --yes >bank.out
        ;;
    checklist_list)  # something that is to be done for the month before this one
        as zhang checklist set report 月报 --from-period "$(date -d "$(date +%Y-%m-01) -1 month" +%Y-%m)" --yes >list.out
        for _ in $(seq 200); do
            [ "$(as zhang checklist list --json | jq '.data | length')" = 0 ] || break
            sleep 0.05
        done
        ;;
    device_approve)  # a device that joins while the server wants approval
        stop_server
        echo 'new_device = "approve"' >approve.conf
        serve --config approve.conf
        as zhang user invite shop --role sales --output shop.invitation >shop.out
        as shop join @shop.invitation --password-stdin --device shop-till <<<'correct horse battery shop' >shop.out
        ;;
    esac
    # A small enterprise keeps no allowance: its book says so.
    [[ $command = provision_* || $command = revaluation_run || $command = tax_exempt ]] && wanted=10 || wanted=0
    exits "$wanted" env "KONTOR_HOME=$place/home-zhang" bash -c "exec ${line//@Y/$year} --yes"
    claim "$command says something" yes "$([ -s "$place/out" ] || [ -s "$place/err" ] && echo yes || echo no)"
    # What waits for a second person takes two: each asks for something that the other approves.
    if [ "$command" = rule_set ] && [[ $line = *--over* ]]; then
        exits 11 as zhang payment add C-0001 60000 --yes
        says 'AP-0001'
        exits 11 as lina payment add C-0001 20000 --yes
        exits 11 as lina payment add C-0001 30000 --yes
    fi
    if [ "$command" = user_invite ]; then
        exits 0 as lina join @lina.invitation --password-stdin --device lina-laptop <<<'correct horse battery lina'
    fi
done < <(sed -nE 's/^EXAMPLE\(([a-z_]+), "([^"]*)", .*/\1|\2/p' "$table")
claim "more than forty examples were run" yes "$([ "$claims" -gt 80 ] && echo yes || echo no)"

while read -r name; do
    noun=${name%%_*} verb=${name#*_}
    for lang in en zh-CN; do
        exits 0 kontor --lang $lang "$noun" "${verb//_/-}" --help
        says "^kontor $noun ${verb//_/-}"
        claim "numbers of $name are of this year" no "$(grep -q '@Y' "$place/out" && echo yes || echo no)"
        cp "$place/out" "$place/help.$lang"
    done
    claim "$name has help in Chinese" yes "$(cmp -s "$place/help.en" "$place/help.zh-CN" && echo no || echo yes)"
done < <(sed -nE 's/^COMMAND\(([a-z_]+),.* USER, .*/\1/p' "$top/proto/commands.def")

exits 0 kontor customer add --help
says '^  --tax-id TEXT +tax id$'
exits 0 kontor payment add --help
says "INV-$year-0002=250"
says '^  DATE +a date: 2026-11-21, today'

# Completion comes from the same tables.
exits 0 kontor __complete -- customer ''
says '^archive$'
exits 0 kontor __complete -- customer add --kind ''
says '^organisation$'
exits 0 kontor completion bash
says '__complete'
