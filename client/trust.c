// SPDX-License-Identifier: Apache-2.0
#include "client/trust.h"

#include "shared/wire.h"

#define TRIES_MAX 3

// The answer to a proof as a proof; anything else is none. A server that is busy may be asked
// again.
static enum status proof_of(const Reply *reply, const AuditProofReply **out)
{
    *out = NULL;
    if (reply->status == STATUS_OK && reply->result_case == REPLY__RESULT_AUDIT_PROOF) {
        *out = reply->audit_proof;
        return STATUS_OK;
    }
    const bool is_passing = reply->status == STATUS_BUSY || reply->status == STATUS_DEVICE_UNKNOWN;
    return is_passing ? (enum status)reply->status : STATUS_OK;
}

enum status trust_question(struct client *client, struct link *link, const AuditProof *question,
                           const AuditProofReply **out)
{
    AuditProof copy = *question;
    Request request;
    request__init(&request);
    request.command_case = REQUEST__COMMAND_AUDIT_PROOF;
    request.audit_proof = &copy;
    Reply *reply = NULL;
    const enum status status = link_call(link, &request, client->arena, &reply);
    return status == STATUS_OK ? proof_of(reply, out) : status;
}

enum status trust_greet(struct client *client, struct link *link, bool *due)
{
    const struct greeting *greeting = link_greeting(link);
    const enum finding finding = anchor_greeted(&client->seen.anchor, greeting);
    *due = anchor_needs_proof(&client->seen.anchor, greeting);
    return finding == ANCHOR_GOOD ? STATUS_OK : trust_report(client, finding, greeting, NULL);
}

enum status trust_ask(struct client *client, struct link *link, uint64_t *id)
{
    AuditProof question;
    anchor_ask(&client->seen.anchor, link_greeting(link), &question);
    Request request;
    request__init(&request);
    request.command_case = REQUEST__COMMAND_AUDIT_PROOF;
    request.audit_proof = &question;
    return link_send(link, &request, id);
}

// What comes of an answer to the question that anchor_ask makes.
static enum status judge(struct client *client, struct link *link, const AuditProofReply *proof,
                         bool *due)
{
    const struct greeting *greeting = link_greeting(link);
    enum finding finding = ANCHOR_NOT_PROVEN;
    if (proof != NULL) {
        struct anchor next;
        finding = anchor_check(&client->seen.anchor, greeting, client->context.house_key, proof,
                               client_now_ms(), &next);
        if (finding == ANCHOR_GOOD || finding == ANCHOR_MORE) {
            client->seen.anchor = next;
        }
    }
    *due = finding == ANCHOR_MORE;
    return finding_status(finding) == STATUS_OK ? STATUS_OK
                                                : trust_report(client, finding, greeting, proof);
}

enum status trust_hear(struct client *client, struct link *link, const Reply *reply, bool *due)
{
    const AuditProofReply *proof = NULL;
    const enum status status = proof_of(reply, &proof);
    return status == STATUS_OK ? judge(client, link, proof, due) : status;
}

enum status trust_prove(struct client *client, struct link *link)
{
    bool due = false;
    enum status status = trust_greet(client, link, &due);
    while (status == STATUS_OK && due) {
        AuditProof question;
        const AuditProofReply *proof = NULL;
        anchor_ask(&client->seen.anchor, link_greeting(link), &question);
        status = trust_question(client, link, &question, &proof);
        if (status == STATUS_OK) {
            status = judge(client, link, proof, &due);
        }
    }
    return status;
}

// ---- what other processes of this user saw ----

static enum status agree(struct client *client, struct link *link, const struct anchor *kept)
{
    const struct anchor *own = &client->seen.anchor;
    AuditProof question;
    audit_proof__init(&question);
    question.size = own->size < kept->size ? own->size : kept->size;
    question.to_size = own->size < kept->size ? kept->size : own->size;
    question.epochs = UINT64_MAX;
    const AuditProofReply *proof = NULL;
    const enum status status = trust_question(client, link, &question, &proof);
    if (status != STATUS_OK) {
        return status;
    }
    const enum finding finding = proof != NULL ? anchor_agree(own, kept, proof) : ANCHOR_NOT_PROVEN;
    if (finding == ANCHOR_GOOD) {
        return STATUS_OK;
    }
    client->seen.anchor = *kept; // what the report says was expected
    return trust_report(client, finding, link_greeting(link), proof);
}

enum status trust_keep(struct client *client, struct link *link)
{
    for (unsigned i = 0; i < TRIES_MAX; i++) {
        struct anchor kept = {0};
        const enum seen_saved saved = client_seen_save(client, client->arena, &kept);
        if (saved == SEEN_SAVED) {
            client->seen.anchor = anchor_join(&client->known, &client->seen.anchor);
            client->known = client->seen.anchor;
        }
        const bool can_ask =
            link != NULL && link_status(link) == STATUS_OK && link_in_flight(link) == 0;
        if (saved != SEEN_CHANGED || !can_ask) {
            return STATUS_OK; // what cannot be kept is only less to compare with next time
        }
        const enum status status = agree(client, link, &kept);
        if (status != STATUS_OK) {
            const bool is_finding = status == STATUS_TAMPERED || status == STATUS_INCOMPLETE;
            return is_finding ? status : STATUS_OK;
        }
        client->known = kept;
    }
    return STATUS_OK;
}
