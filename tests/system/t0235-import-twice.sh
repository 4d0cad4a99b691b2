#!/usr/bin/env bash
# A file makes no second one of a customer who is here already under another reference, unless somebody says that it is another.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

book CNY cn-small
exits 0 as zhang customer add 恒通商贸有限公司 --kind organisation --phone '0592-5551234' --tax-id 91350100M000100Y43
exits 0 as zhang customer add 远山 --kind organisation --reference K2
{
    echo "reference,customer,customer_name,date,amount"
    echo "R1,K9,恒通商贸有限公司,2026-10-01,100.00"
    echo "R2,K9,恒通商贸有限公司,2026-10-02,50.00"
    echo "R3,K2,远山,2026-10-03,7.00"
    echo "R4,K4,白云,2026-10-04,1.00"
} >"$place/invoices.csv"

# Shown before anything is written; the one with the same reference is no question.
exits 0 as zhang import run "$place/invoices.csv" --as invoices --dry-run
says '1 of 3 customers of the file may be here already:'
says 'K9  恒通商贸有限公司  =  C-0001  恒通商贸有限公司  \(name\)'
exits 10 as zhang import run "$place/invoices.csv" --as invoices --yes
says 'E-REVIEW'
says -- "--same 'K9=C-0001'"
claim "nothing was imported" 2 "$(as zhang customer list --json -n 1 | jq -r .page.count)"
exits 2 as zhang import run "$place/invoices.csv" --as invoices --yes --same K9
exits 6 as zhang import run "$place/invoices.csv" --as invoices --yes --same K8=C-0001
exits 6 as zhang import run "$place/invoices.csv" --as invoices --yes --same K9=C-0099
exits 0 as zhang import run "$place/invoices.csv" --as invoices --yes --same K9=C-0001
says '4 invoices added.* 1 new customers'
claim "the invoices are the known customer's" 150.00 "$(as zhang customer show C-0001 --json | jq -r .data.open)"
exits 0 as zhang import run "$place/invoices.csv" --as invoices --yes --same K9=C-0001
says 'nothing changed'

# Money of a source that calls him otherwise.
{
    echo "reference,customer,date,amount"
    echo "P1,K9,2026-10-20,150.00"
} >"$place/payments.csv"
exits 0 as zhang import run "$place/payments.csv" --as payments --yes --same K9=C-0001
claim "paid" 0.00 "$(as zhang customer show C-0001 --json | jq -r .data.open)"

# A list of customers: by phone however it is written, and by tax id; what is the same is left out, and the rest may be new.
{
    echo "name,phone,taxid"
    echo "恒通,05925551234,"
    echo "HT Trading,,91350100M000100Y43"
    echo "白云,,"
    echo "青山,,"
} >"$place/customers.csv"
exits 10 as zhang import run "$place/customers.csv" --as customers --yes
says '3 of 4 customers'
says '恒通  恒通  =  C-0001 .*\(phone\)'
says 'HT Trading  HT Trading  =  C-0001 .*\(tax id\)'
exits 10 as zhang import run "$place/customers.csv" --as customers --yes --same 恒通=C-0001 --same 'HT Trading=C-0001'
says '1 of 2 customers'
exits 0 as zhang import run "$place/customers.csv" --as customers --yes --same 恒通=C-0001 --same 'HT Trading=C-0001' --as-new
says '2 customers added'
claim "customers" 5 "$(as zhang customer list --json -n 1 | jq -r .page.count)"
# The same file again is the same import: it asks nothing.
exits 0 as zhang import run "$place/customers.csv" --as customers --yes --same 恒通=C-0001 --same 'HT Trading=C-0001'
says 'nothing changed'
stop_server
exits 0 kontord verify --dir "$place/book" --replay
