#!/usr/bin/env bash
# The second person: what a rule stops waits, and runs when somebody else approves it; over the wire, by hand and in JSON.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

book CNY cn-small
person li finance
# Who enters payments approves none: wang sees everything, enters nothing, and decides.
as zhang role add checker --like auditor >/dev/null
as zhang role grant checker approval.decide --scope all >/dev/null
exits 10 as zhang role grant finance approval.decide --scope all
says 'E-CONFLICT'
person wang checker
as zhang customer add 恒通 --kind organisation >/dev/null

# A rule, and a payment above it. The preview says what it will need; the answer says under which number it waits.
exits 0 as zhang rule set payment --over 10000
exits 0 as zhang rule list
says 'payment +over +10,000\.00'
exits 0 as li payment add C-0001 10000 --yes
exits 0 as li payment add C-0001 20000 --dry-run
says 'Second person +needed \(payment\)'
exits 0 as li payment add C-0001 20000 --dry-run --json
claim "the preview names the kind in JSON" payment "$(figure .control "$place/out")"
claim "and would not be committed" false "$(figure .committed "$place/out")"
key=$(printf '01a1fff4d3aa%020d' 7)
exits 11 as li payment add C-0001 20000 --yes --key "$key"
says '^waiting: a second person must approve this'
says 'number +AP-0001'
says 'E-APPROVAL-PENDING'
exits 11 as li payment add C-0001 30000 --yes --json
claim "an error in JSON has the number" AP-0002 "$(figure .error.approval "$place/err")"
claim "and the kind" payment "$(figure .error.control "$place/err")"
exits 11 as li --lang zh-CN payment add C-0001 40000 --yes
says '等待中：需要第二人批准'
claim "what waits is no write without an answer" "Every write has its answer." "$(as li retry)"

# Nobody approves what they asked for, whatever they try.
exits 5 as li approval approve AP-0001
says 'E-PERM-DENIED'
exits 5 as li approval decline AP-0001 --reason x
exits 11 as zhang payment add C-0001 30000 --yes
exits 10 as zhang approval approve AP-0004
says 'E-APPROVAL-OWN'
exits 0 as zhang approval withdraw AP-0004
exits 0 as wang approval list
says 'AP-0001.*payment add +20,000\.00 +C-0001'
exits 0 as wang approval show AP-0001
says 'created by +li'
says 'amount +20,000\.00'
exits 0 as wang approval approve AP-0001 --dry-run
exits 0 as wang approval approve AP-0001
says 'AP-0001 approved: payment add PAY-'
exits 10 as wang approval approve AP-0001
says 'E-APPROVAL-DECIDED'
exits 0 as zhang payment list --json
claim "two payments stand in the books" 2 "$(figure '.data | length' "$place/out")"
exits 0 as wang approval decline AP-0002 --reason '没有合同'
exits 0 as li approval withdraw AP-0003 --reason '金额打错'
exits 0 as li approval list
says 'Nothing waits'

# The same request id answers as it did: it waits under that number, and nothing is entered twice.
exits 11 as li payment add C-0001 20000 --yes --key "$key"
says 'AP-0001'
exits 0 as zhang payment list --json
claim "still two" 2 "$(figure '.data | length' "$place/out")"

# The log has both persons.
exits 0 as zhang audit list -q 'action:approve status:done' --json
claim "who asked for it" li "$(figure '.data[0].actor' "$place/out")"
claim "who approved it" wang "$(figure '.data[0].approved_by' "$place/out")"

# Roles by two: an invitation is handed out at once and opens nothing before it is approved.
person chen admin
exits 0 as zhang rule set roles --always
exits 11 as zhang user invite zhao --role sales --output "$place/zhao.invitation"
claim "the invitation is there" yes "$([ -s "$place/zhao.invitation" ] && echo yes)"
join() { echo 'correct horse battery zhao' | as zhao join "@$place/zhao.invitation" --password-stdin; }
if join >"$place/out" 2>"$place/err"; then
    claim "an invitation that waits opens nothing" no yes
fi
exits 0 as chen approval list
says 'AP-0005 .*user invite'
exits 0 as chen approval approve AP-0005
exits 0 join
exits 0 as zhao whoami
exits 11 as zhang rule set payment --off
exits 10 as zhang approval approve AP-0006
exits 0 as chen approval approve AP-0006

# A reset waits as well: the invitation is handed out at once, voids nothing and opens nothing before it is approved.
exits 11 as chen user reset li --output "$place/li.again"
claim "the invitation of the reset is there" yes "$([ -s "$place/li.again" ] && echo yes)"
again() { echo 'nine yellow umbrellas' | as li2 join "@$place/li.again" --password-stdin; }
if again >"$place/out" 2>"$place/err"; then
    claim "a reset that waits opens nothing" no yes
fi
exits 0 as li customer list
exits 0 as zhang approval approve AP-0007
exits 4 as li customer list
exits 0 again
exits 0 as li2 whoami
exits 4 as li login --password-stdin <<<'correct horse battery li'
exits 0 as li2 customer list

# Bank details count a day later; until then both are shown, by their last digits.
exits 0 as li2 customer bank C-0001 --bank-name 招商银行 --bank-account 6225880212345678
exits 0 as li2 customer show C-0001
says '5678'
exits 0 as zhang audit verify

# What was approved comes out the same when the journal runs again.
stop_server
exits 0 kontord verify --dir "$place/book" --replay
