#!/usr/bin/env bash
# The READMEs and manual pages: every command line in them works as it stands, and they name the options that there are.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# run LOGIN LINE: as a person types it; the answers that a person would give are given beforehand.
run() {
    local line=$2
    case $line in
    'kontor join '*) line="$line --password-stdin" ;;
    'kontor login --password-stdin <file') line='kontor login --password-stdin' ;;
    esac
    case $line in *'|'*) ;; *) line="$line --yes" ;; esac
    exits 0 env "KONTOR_HOME=$place/home-$1" bash -c "$line" <<<'correct horse battery zhang'
    ran=$((ran + 1))
}

lines_of() { # FILE HEADING LOGIN AT-LEAST
    ran=0
    while IFS= read -r line; do
        run "$3" "$line"
    done < <(block "$1" "$2")
    claim "$2 of $(basename "$(dirname "$1")")/README has at least $4 lines" yes "$([ "$ran" -ge "$4" ] && echo yes || echo no)"
}

cd "$place"
printf '名称,电话\n上海云帆科技有限公司,021-62046002\n' >客户.csv
cp 客户.csv customers.csv

# Install, then the first day, as in README.md.
mapfile -t install < <(block "$top/README.md" "## Install" && sed -n '/^kontord init/,/^```/p' "$top/README.md" |
    sed -e ':a' -e '/\\$/{N;s/\\\n */ /;ba' -e '}' | grep '^kontord')
claim "the build's line and two of the server" 3 "${#install[@]}"
mkdir srv
exits 0 bash -c "${install[1]//\/srv\/kontor/$place\/srv}"
listen=${install[2]//\/srv\/kontor/$place\/srv}
listen=${listen/0.0.0.0:7443/127.0.0.1:0}
read -ra words <<<"$listen --address-file $place/address"
"${words[@]}" 2>kontord.log &
server=$!
for _ in $(seq 400); do
    [ ! -s address ] || break
    sleep 0.025
done
lines_of "$top/README.md" "## First day for staff" zhang 10
exits 0 as zhang report aging --json
claim "what is still owed" 2065.00 "$(figure .data.total.balance "$place/out")"
stop_server

# The user's manual, on a book of its own.
rm -rf home-zhang zhang.invitation
kontord init --dir "$place/book" --company "示例商贸" --currency CNY --chart cn-small --time-zone Asia/Shanghai \
    --owner zhang --invitation "$place/zhang.invitation" >/dev/null
rm -f address
serve
printf '名称\n王芳\n' >customers.csv
lines_of "$top/client/README.md" "## The first day" zhang 8
exits 0 as zhang report aging --json
claim "what is still owed" 600.00 "$(figure .data.total.balance "$place/out")"
lines_of "$top/client/README.md" "## Reading" zhang 5
lines_of "$top/client/README.md" "## The bank" zhang 1
lines_of "$top/client/README.md" "## Export" zhang 3
lines_of "$top/client/README.md" "## Do the books hold?" zhang 3
lines_of "$top/client/README.md" "## Statements and reports" zhang 8
lines_of "$top/client/README.md" "## Questions and reviews" zhang 7
lines_of "$top/client/README.md" "## What takes two people" zhang 3
lines_of "$top/client/README.md" "## Personal data" zhang 9
lines_of "$top/client/README.md" "## What happened, and whether it is still true" zhang 7
# Words for dates and amounts that the manual names.
for date in $(sed -nE 's/^- \*\*Dates\*\*: (.*)/\1/p' "$top/client/README.md" | grep -oE '`[^`]+`' | tr -d '`' | grep -v -- '--'); do
    exits 0 as zhang customer balance C-0001 "--as-of=$date"
done
exits 2 as zhang customer balance C-0001 --as-of 03/04
for amount in $(sed -nE 's/^- \*\*Amounts\*\*: (.*)/\1/p' "$top/client/README.md" | grep -oE '`[^`]+`' | tr -d '`'); do
    exits 0 as zhang payment add C-0001 "$amount" --dry-run
done

# The operator's manual.
stop_server
ran=0
while IFS= read -r line; do
    case $line in 'kontord serve'*) continue ;; esac
    line=${line//NEWDIR/$place/again}
    line=${line//--key-file K/--key-file $place/book.key}
    line=${line//FILE/$place/copy}
    exits 0 bash -c "${line// DIR/ $place/book}"
    ran=$((ran + 1))
done < <(block "$top/deploy/README.md" "## Every day")
claim "verify, replay, audit, backup and restore were run" 5 "$ran"

# Manual pages name the options that there are, and no others.
named() { sed 's/\\-/-/g' "$1" | grep -oE -- '--[a-z0-9]+(-[a-z]+)*' | sort -u; }
{ sed -nE 's/^GLOBAL\("([a-z-]+)".*/--\1/p' "$top/client/options.def"; printf -- '--%s\n' count witness output cursor as map date-format currency source help a11y; } | sort -u >options
named "$top/client/kontor.1" >manual
claim "kontor(1)" "" "$(comm -3 options manual)"
{ sed -nE 's/^OPTION\(([a-z_]+),.*/--\1/p' "$top/server/options.def" | tr _ -; printf -- '--help\n--version\n'; } | sort -u >options
named "$top/server/kontord.8" >manual
claim "kontord(8)" "" "$(comm -3 options manual)"
for option in $(cat options); do
    [ "$option" = --help ] || [ "$option" = --version ] || { exits 0 kontord --help; says "  $option "; }
done
for page in "$top/client/kontor.1" "$top/server/kontord.8"; do
    ! command -v groff >/dev/null || claim "$page is clean roff" "" "$(groff -man -Tutf8 -ww "$page" 2>&1 >/dev/null)"
done
while read -r tool; do
    claim "kontor(1) has $tool" yes "$(grep -q "$tool" "$top/client/kontor.1" && echo yes || echo no)"
done < <(sed -nE 's/^TOOL\("([a-z]+)".*/\1/p' "$top/client/tools.def")

# Links lead somewhere.
for readme in "$top"/README.md "$top"/*/README.md "$top"/*/*/README.md; do
    while read -r link; do
        claim "$readme: $link" yes "$([ -e "$(dirname "$readme")/$link" ] && echo yes || echo no)"
    done < <(grep -oE '\]\([^)#:]+\)' "$readme" | sed 's/^](//; s/)$//')
done

# An installed program finds its words and its manual.
exits 0 env "DESTDIR=$place/root" cmake --install "$build"
installed=$(find "$place/root" -path '*/bin/kontor')
exits 0 "$installed" --lang zh-CN customer --help
says '客户'
for file in kontor.1 kontord.8 kontord.service sysusers.d/kontord.conf tmpfiles.d/kontord.conf; do
    claim "$file is installed" 1 "$(find "$place/root" -path "*/$file" | wc -l)"
done
