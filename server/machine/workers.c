// SPDX-License-Identifier: Apache-2.0
#include "server/machine/workers.h"

#include <pthread.h>

#define THREADS_MAX 16

struct list {
    struct work *first;
    struct work *last;
    size_t count;
};

struct workers {
    uv_async_t wake; // the loop; its data is the workers
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct list waiting;
    struct list finished;
    size_t waiting_max;
    size_t unfinished; // submitted and not yet handed to `done`; of the loop
    bool ends;
    pthread_t thread[THREADS_MAX];
    size_t thread_count;
    void (*stopped)(void *context);
    void *stopped_context;
};

static void list_add(struct list *list, struct work *work)
{
    work->next = NULL;
    if (list->last != NULL) {
        list->last->next = work;
    } else {
        list->first = work;
    }
    list->last = work;
    list->count++;
}

static struct work *list_take(struct list *list)
{
    struct work *work = list->first;
    if (work != NULL) {
        list->first = work->next;
        list->last = list->first != NULL ? list->last : NULL;
        list->count--;
    }
    return work;
}

static void *work_loop(void *context)
{
    struct workers *workers = context;
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        struct work *work = list_take(&workers->waiting);
        if (work == NULL && workers->ends) {
            break;
        }
        if (work == NULL) {
            pthread_cond_wait(&workers->more, &workers->lock);
            continue;
        }
        pthread_mutex_unlock(&workers->lock);
        work->run(work);
        pthread_mutex_lock(&workers->lock);
        list_add(&workers->finished, work);
        uv_async_send(&workers->wake);
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

static void on_closed(uv_handle_t *handle)
{
    struct workers *workers = handle->data;
    if (workers->stopped != NULL) {
        workers->stopped(workers->stopped_context);
    }
}

static void end_threads(struct workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->ends = true;
    pthread_cond_broadcast(&workers->more);
    pthread_mutex_unlock(&workers->lock);
    for (size_t i = 0; i < workers->thread_count; i++) {
        pthread_join(workers->thread[i], NULL);
    }
    workers->thread_count = 0;
}

static void end_when_idle(struct workers *workers)
{
    if (workers->stopped != NULL && workers->unfinished == 0 &&
        !uv_is_closing((uv_handle_t *)&workers->wake)) {
        end_threads(workers);
        uv_close((uv_handle_t *)&workers->wake, on_closed);
    }
}

static void on_wake(uv_async_t *wake)
{
    struct workers *workers = wake->data;
    pthread_mutex_lock(&workers->lock);
    struct work *work = workers->finished.first;
    workers->finished = (struct list){0};
    pthread_mutex_unlock(&workers->lock);
    while (work != NULL) {
        struct work *next = work->next;
        workers->unfinished--;
        work->done(work);
        work = next;
    }
    end_when_idle(workers);
}

enum status workers_make(uv_loop_t *loop, size_t thread_count, size_t waiting_max,
                         struct workers **out)
{
    assert(thread_count > 0 && thread_count <= THREADS_MAX);
    struct workers *workers = calloc(1, sizeof *workers);
    if (workers == NULL) {
        return STATUS_ENVIRONMENT;
    }
    workers->waiting_max = waiting_max;
    if (uv_async_init(loop, &workers->wake, on_wake) != 0) {
        free(workers);
        return STATUS_ENVIRONMENT;
    }
    workers->wake.data = workers;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->more, NULL);
    for (size_t i = 0; i < thread_count; i++) {
        if (pthread_create(&workers->thread[i], NULL, work_loop, workers) != 0) {
            return STATUS_ENVIRONMENT; // the program ends
        }
        workers->thread_count++;
    }
    *out = workers;
    return STATUS_OK;
}

enum status workers_submit(struct workers *workers, struct work *work)
{
    assert(work->run != NULL && work->done != NULL);
    enum status status = STATUS_BUSY;
    pthread_mutex_lock(&workers->lock);
    if (workers->waiting.count < workers->waiting_max) {
        list_add(&workers->waiting, work);
        pthread_cond_signal(&workers->more);
        status = STATUS_OK;
    }
    pthread_mutex_unlock(&workers->lock);
    if (status == STATUS_OK) {
        workers->unfinished++;
    }
    return status;
}

void workers_stop(struct workers *workers, void (*stopped)(void *context), void *context)
{
    assert(stopped != NULL && workers->stopped == NULL);
    workers->stopped = stopped;
    workers->stopped_context = context;
    end_when_idle(workers);
}

void workers_free(struct workers *workers)
{
    if (workers == NULL) {
        return;
    }
    assert(workers->thread_count == 0);
    pthread_cond_destroy(&workers->more);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}
