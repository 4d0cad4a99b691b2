#!/usr/bin/env bash
# Bad input: a clear error with a stable code in both languages, all of it at once, nothing half done, no crash.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

book CNY cn-small
exits 0 as zhang customer add --kind organisation --name "深圳市恒通贸易有限公司" --yes

exits 2 as zhang customer list --qery x
says '--query'
exits 2 as zhang invoice issue --customer C-0001 --amount 1.005 --yes
says 'E-FIELD-AMOUNT'
exits 2 as zhang invoice issue --customer C-0001 --amount 10 --date 2026-13-45 --yes
says 'E-FIELD-DATE'
exits 2 as zhang customer add --kind organisation --name "$(printf 'x%.0s' $(seq 300))" --yes
says 'E-FIELD-LONG'
exits 2 as zhang customer add --kind organisation --name A --phone 12 --email nobody --tax-id 91350100M000100Y44 --yes --json
claim "three bad fields are reported together" 3 "$(figure '.error.problems | length' "$place/err")"
claim "stdout stays empty" "" "$(cat "$place/out")"
exits 0 as zhang customer add --kind organisation --name A --tax-id 91350100M000100Y43 --yes
exits 10 as zhang customer add --kind organisation --name B --tax-id 91350100M000100Y43 --yes
says 'E-FIELD-TAKEN'

for lang in en zh-CN; do
    exits 2 as zhang --lang $lang payment add C-0001 12,34.5 --yes
    says 'E-FIELD-AMOUNT'
    cp "$place/err" "$place/$lang"
done
claim "the two languages differ" yes "$(cmp -s "$place/en" "$place/zh-CN" && echo no || echo yes)"
claim "the Chinese one is Chinese" yes "$(grep -qP '[\x{4e00}-\x{9fff}]' "$place/zh-CN" && echo yes || echo no)"

head -c 10485760 /dev/zero | tr '\0' x >"$place/ten-megabytes"
exits 2 as zhang customer add --kind organisation --name "@$place/ten-megabytes" --yes
printf 'a\0b' >"$place/nul"
exits 2 as zhang customer add --kind organisation --name "@$place/nul" --yes
says 'E-FIELD-TEXT'

printf 'reference,customer,date,amount\nA1,K1,2026-01-02,10.00\nA2,"K2,2026-01-02,10.00\n' >"$place/cut.csv"
exits 2 as zhang import run "$place/cut.csv" --as invoices --yes
says 'E-IMPORT-FILE'
claim "nothing of it is there" 0 "$(as zhang invoice list --json | jq -r .page.count)"

printf 'reference,customer,date,amount\nA1,K1,2026-01-02,10.00\nA2,K2,2026-02-30,10.00\nA3,K3,2026-01-02,ten\n' >"$place/bad.csv"
exits 3 as zhang import run "$place/bad.csv" --as invoices --yes
says '2026-02-30'
says 'ten'
claim "the good row is there" 1 "$(as zhang invoice list --json | jq -r .page.count)"

exits 6 as zhang customer show C-0099
exits 2 as zhang customer frobnicate
exits 2 as zhang 客户 list
exits 0 as zhang customer add --kind organisation --name "恒通物流" --yes
exits 7 as zhang customer show 恒通
exits 8 as zhang customer edit C-0001 --region 华南 --version 7 --yes
says 'E-STALE'
