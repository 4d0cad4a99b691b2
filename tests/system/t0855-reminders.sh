#!/usr/bin/env bash
# Reminders of more customers than one call takes: the client goes from group to group until all are done, and a second run has nothing to do.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

book CNY cn-small
as zhang dunning procedure --from 2020-01-01 --level '10; text: 请付款。' >/dev/null
for number in $(seq 70); do
    as zhang customer add "客户 $number" --kind organisation >/dev/null
    as zhang invoice issue "C-$(printf %04d "$number")" --amount 100 --date 2020-03-01 --due 2020-03-31 >/dev/null
done

# What one call drafts is a group, which is all that a preview shows.
exits 0 as zhang dunning run --dry-run --json
claim "a preview is of the first group" 64 "$(jq '.data.drafts' <"$place/out")"

exits 0 as zhang dunning run
says '70 reminders drafted'
claim "with a row for each" 70 "$(grep -c '^DN-' "$place/out")"
exits 0 as zhang dunning issue --every
says '70 reminders issued'
claim "none is left" 0 "$(as zhang dunning list --state draft --json | jq '.data | length')"
claim "each reached its level once" 70 "$(as zhang dunning list --state issued --all --json | jq '.data | length')"
exits 10 as zhang dunning issue --every
