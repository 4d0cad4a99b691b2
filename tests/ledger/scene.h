// SPDX-License-Identifier: Apache-2.0
#pragma once

// A book of one scenario, driven like the server's but without a network: stateless checks,
// sealing, the machine, the views. People join as they do in life, with an invitation each: owner,
// clerk (finance), sales and peter (sales), auditor.

#include "server/machine/machine.h"
#include "tests/unit/temporary.h"

#define SCENE_PEOPLE 9

struct scene_place {
    char dir[160];
    char key_file[160];
    struct store_options options; // of the two
    unsigned moves;
};

struct scene {
    struct temporary temporary;
    struct scene_place place;
    struct store *store;
    struct views *views;
    struct arena *arena; // of the line at hand
    struct peer person[SCENE_PEOPLE];
    uint64_t user_id[SCENE_PEOPLE];
    struct peer peer;     // who acts
    struct peer newcomer; // who joined last
    int32_t today;
    char currency[4];
    uint32_t decimals;
    int64_t later_us; // since this morning
    int32_t login_day[SCENE_PEOPLE];
    size_t actor;   // index of who acts; SCENE_PEOPLE: nobody of them
    uint32_t drawn; // counts what admission would draw
};

// A new book; ends the program when that fails.
void scene_open(struct scene *scene, const char *currency, const char *chart, int32_t today);
void scene_close(struct scene *scene);
// The store is closed, will lie somewhere new, and is opened with its views: for who does something
// with its files in between.
void scene_leave(struct scene *scene);
void scene_move(struct scene *scene);
void scene_enter(struct scene *scene);
// The whole journal runs again in an empty store and must come to the same rows, record by record.
// NULL, or a sentence about the first difference in the scene's arena.
const char *scene_replay(struct scene *scene);

// Another day: a session lasts half a day, so people log in again when they act.
void scene_set_day(struct scene *scene, int32_t today);

// Later on the same day: sessions go on.
void scene_wait(struct scene *scene, int64_t minutes);

// "owner", "clerk"…, "newcomer", "invited", "system", "nobody". false when unknown. `device` leaves
// the session out.
bool scene_act_as(struct scene *scene, const char *name, bool device);
const char *scene_person(size_t index);

// What stands around a request; all of it may be absent.
struct scene_envelope {
    const char *plan;
    uint8_t key; // of the request id, 16 times; 0: none
    bool dry_run;
};

void scene_send(struct scene *scene, const struct command *command, ProtobufCMessage *request,
                const struct scene_envelope *envelope, Reply **reply);
// Runs the command as the one who acts. *reply is in the scene's arena.
void scene_run(struct scene *scene, const struct command *command, ProtobufCMessage *request,
               bool dry_run, Reply **reply);

// Runs book_open again, as an operator by mistake would.
void scene_open_again(struct scene *scene, const char *chart, Reply **reply);
