#!/usr/bin/env bash
# Hostile text in every field that takes text (formulas, bidi controls, floods of marks, noncharacters, escapes) is harmless in tables, records,
# CSV, JSON, workbooks, errors and the server's log, and whole for programs.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# hostile BYTES: as bad as fits
hostile() {
    local text=$'=1+1\u202e𠮷\uffff_x001B_e'
    local room=$((($1 - $(printf %s "$text" | wc -c)) / 2)) i
    for ((i = 0; i < room; i++)); do
        text+=$'\u0301'
    done
    printf %s "$text"
}

bidi='[\x{061C}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2066}-\x{2069}]'
control='[\x00-\x08\x0B-\x1F\x7F-\x{9F}]'
flood='\p{Mn}{17,}|[\x{FFFE}\x{FFFF}]'
cell='(?:^|,)\K("(?:[^"]|"")*"|[^",]+)'
formula='^"? *[=+@＝＋－＠-](?!(\d|\.)+%?$)'
has() { # WHAT PATTERN FILE: has it not; neither is what grep cannot read
    local found=0
    claims=$((claims + 1))
    grep -aqP -- "$2" "$3" || found=$?
    if [ "$found" -ne 1 ]; then
        echo "NOT SO: no $1 in: $shown" >&2
        grep -aP -m 3 -- "$2" "$3" | cat -v | cut -c 1-300 >&2
        exit 1
    fi
}
calm() { # FILE: nothing that deceives a terminal
    has "bidi control" "$bidi" "$1"
    has "control character" "$control" "$1"
}
status=0
show() { # words…: in all forms, for people and programs
    local form=
    for form in "" "--width 30" "--lang zh-CN" --csv --tsv --json --jsonl "--xlsx $place/book.xlsx --yes"; do
        shown="$* $form"
        status=0
        # shellcheck disable=SC2086
        as zhang "$@" $form >"$place/out" 2>"$place/err" || status=$?
        [ "$status" -ne 70 ] && [ "$status" -lt 128 ]
        tr -d '\r' <"$place/out" >"$place/lines"
        calm "$place/lines"
        calm "$place/err"
        has "flood of marks" "$flood" "$place/err"
        case $form in
        *json*) continue ;;
        *xlsx*)
            [ "$status" -eq 0 ] || continue
            unzip -p "$place/book.xlsx" 'xl/*' >"$place/parts"
            calm "$place/parts"
            has "formula" '<f>|<hyperlink' "$place/parts"
            has "escape" '_x001[bB]_(?<!_x005F_x001[bB]_)' "$place/parts"
            has "noncharacter" '[\x{FFFE}\x{FFFF}]' "$place/parts"
            continue
            ;;
        --csv)
            grep -oP -- "$cell" "$place/lines" >"$place/cells" || test $? -eq 1
            has "formula" "$formula" "$place/cells"
            ;;
        esac
        has "flood of marks" "$flood" "$place/lines"
    done
}

book CNY cn-small

# Store it wherever text is taken.
customer=(--industry "$(hostile 60)" --region "$(hostile 60)" --class "$(hostile 40)" --tag "$(hostile 40)" --tag '@@tag' --company "$(hostile 200)"
    --address "$(hostile 390)"$'\n=2+2' --notes "$(hostile 4000)" --contact-name "$(hostile 100)" --contact-position "$(hostile 100)")
exits 0 as zhang customer add --kind organisation --name "$(hostile 200)" --reference "$(hostile 100)" --phone "+86 138 0000 0001" --email "=x@example.org" "${customer[@]}" --yes
exits 0 as zhang customer add --kind person --name '  =1+1|cmd' --notes $'\t=1+1' --yes
exits 0 as zhang customer add --kind person --name $'＝1+1,"\u2067' --notes $'a\n=1+1\n\u202e' --yes
exits 0 as zhang customer edit C-0001 --name "$(hostile 199)" --notes $'\u2068'"@$(hostile 300)" --yes
exits 0 as zhang customer bank C-0001 --bank-name "$(hostile 100)" --bank-holder "$(hostile 100)" --bank-account 6222020000001234 --yes
exits 0 as zhang invoice issue C-0001 --line "=$(hostile 300); 2; 300.05; 13%" --date 2026-01-05 --due 2026-02-05 --reference "$(hostile 90)" --notes "$(hostile 2000)" --yes
exits 0 as zhang invoice draft C-0001 --amount 5 --reference "$(hostile 80)" --notes "$(hostile 400)" --yes
exits 0 as zhang payment add C-0001 10 --date 2026-01-06 --reference "$(hostile 100)" --notes "$(hostile 2000)" --yes
exits 0 as zhang payment reverse PAY-2026-0001 --reason "$(hostile 400)" --yes
exits 0 as zhang invoice credit INV-2026-0001 --amount 1 --reason "$(hostile 400)" --yes
exits 0 as zhang entry add "$(hostile 400)" --line '5602 debit 80' --line '1001 credit 80' --date 2026-01-07 --reference "$(hostile 100)" --yes --json
entry=$(figure .data.number "$place/out")
exits 0 as zhang entry reverse "$entry" --reason "$(hostile 300)" --yes
exits 0 as zhang user invite li --name "$(hostile 100)" --team "$(hostile 60)" --role finance --output "$place/li.invitation"
echo 'correct horse battery li' | as li join "@$place/li.invitation" --password-stdin --device "$(hostile 64)" >/dev/null
exits 0 as zhang user edit li --region "$(hostile 60)" --yes
exits 0 as zhang role add --word odd --name "$(hostile 100)" --yes
exits 0 as zhang customer add --kind person --name gone --yes
exits 0 as zhang customer archive gone --reason "$(hostile 400)" --yes
printf '名称,备注\n"%s","%s"\n' "$(hostile 150)" "$(hostile 1000)" >"$place/"$'\u202evsc.csv'
exits 10 as zhang import run "$place/"$'\u202evsc.csv' --as customers --yes
shown="import run, likely the same" && calm "$place/out" && calm "$place/err"
exits 0 as zhang import run "$place/"$'\u202evsc.csv' --as customers --as-new --yes
shown="import run" && calm "$place/out" && has "flood of marks" "$flood" "$place/out"

# Whole for programs.
exits 0 as zhang customer show C-0001 --json
claim "JSON has every byte" "$(hostile 199)" "$(figure .data.name "$place/out")"
claim "and the notes" $'\u2068'"@$(hostile 300)" "$(figure .data.notes "$place/out")"
exits 0 as zhang customer show C-0001 --xlsx "$place/card.xlsx"
unzip -p "$place/card.xlsx" xl/worksheets/sheet1.xml >"$place/out"
says '<t>=1\+1𠮷�_x005F_x001B_e'
exits 0 as zhang customer list --csv -c name,class
says "^'=1\\+1𠮷"
says "^'  =1\\+1\\|cmd"
says "^\"'＝1\\+1,\"\"\""

# Control characters do not even come in.
exits 2 as zhang customer add --kind person --name $'\033]0;x\007'
says 'E-FIELD-TEXT'
shown="a refusal" && calm "$place/err"
exits 2 as zhang customer show $'\033[2J\u202e'
calm "$place/err"

# Every command that reads, in every form.
count=0
while IFS=_ read -r noun verb; do
    verb=${verb//_/-}
    case "$noun $verb" in
    "customer show" | "customer history" | "customer balance" | "statement show") words=(C-0001) ;;
    "invoice show") words=(INV-2026-0001) ;;
    "payment show") words=(PAY-2026-0001) ;;
    "entry show") words=("$entry") ;;
    "user show") words=(li) ;;
    "role show") words=(odd) ;;
    "audit verify") continue ;;
    "report revenue") words=(--by customer --from 2026-01-01 --to 2026-12-31) ;;
    *) words=() ;;
    esac
    show "$noun" "$verb" "${words[@]}"
    count=$((count + 1))
done < <(sed -nE 's/^COMMAND\(([a-z]+_[a-z_]+), *[A-Za-z]+, *[A-Za-z]+, *READ,.*, *USER,.*/\1/p' "$top/proto/commands.def")
claim "readers were found" yes "$([ "$count" -ge 20 ] && echo yes || echo no)"
exits 0 as zhang audit list --json -n 1000
mapfile -t records < <(figure '.data[].number' "$place/out")
claim "the journal has them all" yes "$([ "${#records[@]}" -ge 18 ] && echo yes || echo no)"
for record in "${records[@]}"; do
    for form in "" --csv --json; do
        shown="audit show $record $form"
        # shellcheck disable=SC2086
        exits 0 as zhang audit show "$record" $form
        tr -d '\r' <"$place/out" >"$place/lines"
        calm "$place/lines"
        [ -n "$form" ] || has "flood of marks" "$flood" "$place/out"
    done
done
show whoami
shown="whoami of li"
exits 0 as li whoami
calm "$place/out"
has "flood of marks" "$flood" "$place/out"

# What tools print, and what is made for another program.
for form in "" --json; do
    shown="audit tail $form"
    # shellcheck disable=SC2086
    exits 0 as zhang audit tail -n 100 --count 1 $form
    calm "$place/out"
    [ -n "$form" ] || has "flood of marks" "$flood" "$place/out"
done
shown="admin, line by line"
exits 0 as zhang admin --a11y <<<$'1\n2\n3\n4\n5\n6\nQ'
calm "$place/out"
has "flood of marks" "$flood" "$place/out"
shown="export journal"
exits 0 as zhang export journal --format hledger
calm "$place/out"
if command -v hledger >/dev/null; then
    exits 0 hledger -f "$place/out" check
fi

# Errors that name what was meant.
for words in "customer show =1" "payment add =1 5" "invoice show =1" "user show =1"; do
    shown=$words
    # shellcheck disable=SC2086
    as zhang $words >"$place/out" 2>"$place/err" || status=$?
    calm "$place/err"
    has "flood of marks" "$flood" "$place/err"
done
stop_server
shown="the server's log"
calm "$place/kontord.log"
has "hostile text" '=1\+1|𠮷|_x001B_' "$place/kontord.log"
