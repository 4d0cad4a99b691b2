#!/usr/bin/env bash
# The server's key changes: planned, and clients learn the next one by themselves; at once after a theft, from a file; never by a question.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

sign() { # NAME: signs NAME.txt where the house key is
    exits 0 kontord key sign --statement "$place/$1.txt" --house-key "$place/book.house" --output "$place/$1.signed"
}
pinned() { as "$1" server | sed -nE 's/^Server key +//p'; }
serial() { as "$1" server | sed -nE 's/^Serial +//p'; }
held() { kontord key list --dir "$place/book" | sed -nE "s/^$1 +//p"; }

book CNY cn-small
person li sales
person wang sales
exits 78 kontord key plan --dir "$place/book" --output "$place/one.txt"
says 'E-STORE-LOCKED'
stop_server
exits 10 kontord key finish --dir "$place/book" --output "$place/early.txt"
says 'E-KEY-PLAN'
first=$(held current)
claim "the client pins the key that the server has" "$first" "$(pinned li)"
claim "no statement was seen" 0 "$(serial li)"

# ---- planned ----
exits 0 kontord key plan --dir "$place/book" --output "$place/one.txt"
claim "the next key is private" 400 "$(stat -c %a "$place/book/server.next.key")"
exits 16 kontord key apply --dir "$place/book" --statement "$place/one.txt"
says 'E-STATEMENT'
exits 10 kontord key finish --dir "$place/book" --output "$place/early.txt"
says 'E-KEY-PLAN'
sign one
serve
exits 0 as li customer list
claim "a key that is only planned is nobody's yet" 0 "$(serial li)"
stop_server
exits 0 kontord key apply --dir "$place/book" --statement "$place/one.signed"
exits 0 kontord key apply --dir "$place/book" --statement "$place/one.signed"
claim "serial of the server" 1 "$(held serial)"
next=$(held next)
serve
exits 0 as li customer list
claim "the client learned the statement by itself" 1 "$(serial li)"
claim "and still asks for the first key" "$first" "$(pinned li)"

# ---- the first key ends; who has learned the next one does not notice, who has not stops ----
stop_server
exits 0 kontord key finish --dir "$place/book" --output "$place/two.txt"
sign two
exits 0 kontord key apply --dir "$place/book" --statement "$place/two.signed"
claim "the next key is the current one" "$next" "$(held current)"
serve
exits 0 as li customer list
claim "the client asks for the next key" "$next" "$(pinned li)"
exits 16 as wang customer list
says 'E-SERVER-KEY'
says 'kontor server accept FILE'

# ---- by hand: only what the pinned house key signed, and only forwards ----
sed 's/^serial 2/serial 9/' "$place/two.signed" >"$place/forged.signed"
exits 16 as wang server accept "$place/forged.signed"
says 'E-STATEMENT'
other=$place/other
kontord init --dir "$other" --company other --currency CNY --chart cn-small --time-zone Asia/Shanghai --owner eve \
    --invitation "$place/eve.invitation" >/dev/null
exits 0 kontord key sign --statement "$place/two.txt" --house-key "$place/other.house" --output "$place/strange.signed"
exits 16 as wang server accept "$place/strange.signed"
says 'E-STATEMENT'
exits 74 as wang server accept "$place/nothing"
exits 0 as wang server accept "$place/two.signed"
exits 0 as wang customer list
claim "serial of the client" 2 "$(serial wang)"
exits 16 as wang server accept "$place/one.signed"
says 'E-SERIAL'
exits 0 as wang server accept "$place/two.signed"

# An invitation of now carries the key of now.
exits 0 as zhang server accept "$place/two.signed"
person zhao sales
claim "a new device pins the next key" "$next" "$(pinned zhao)"
stop_server
exits 16 kontord key apply --dir "$place/book" --statement "$place/one.signed"

# ---- a theft: the thief has the directory, and so the planned key that lay beside the stolen one ----
exits 0 kontord key plan --dir "$place/book" --output "$place/three.txt"
sign three
exits 0 kontord key apply --dir "$place/book" --statement "$place/three.signed"
planned=$(held next)
serve
exits 0 as li customer list
claim "the client learned the plan" 3 "$(serial li)"
stop_server
exits 0 kontord key revoke --dir "$place/book" --output "$place/four.txt"
claim "the current, the planned and the first key are revoked" 3 "$(grep -c '^revoked ' "$place/four.txt")"
claim "one key is valid" 1 "$(grep -c '^valid ' "$place/four.txt")"
sign four
exits 0 kontord key apply --dir "$place/book" --statement "$place/four.signed"
fresh=$(held current)
claim "nothing that the thief holds is the current key" 0 "$(grep -cxF "$fresh" <<<"$next
$planned" || test $? -eq 1)"
serve
exits 16 as li customer list
says 'E-SERVER-KEY'
exits 0 as li server accept "$place/four.signed"
exits 0 as li customer list
claim "the client asks for the key that was drawn after the theft" "$fresh" "$(pinned li)"
stop_server

# Asked twice before anything was signed, it still leaves no stolen key valid.
exits 0 kontord key revoke --dir "$place/book" --output "$place/five.txt"
exits 0 kontord key revoke --dir "$place/book" --output "$place/six.txt"
claim "the key of before is not valid" 0 "$(grep -c "^$(grep '^valid ' "$place/four.txt")" "$place/six.txt" || test $? -eq 1)"
exits 0 kontord verify --dir "$place/book" --replay
