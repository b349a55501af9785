#include "tests/signaling/fake_hook_calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fake_hook_calls fake_hook_calls;

void fake_hook_calls_reset(void)
{
    for (unsigned i = 0; i < fake_hook_calls.posted; i++)
        json_decref(fake_hook_calls.calls[i].body);
    fake_hook_calls = (struct fake_hook_calls){0};
}

unsigned fake_hook_calls_open(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < fake_hook_calls.posted; i++)
        count += fake_hook_calls.calls[i].body != NULL;
    return count;
}

struct fake_hook_call *fake_hook_calls_oldest(void)
{
    for (unsigned i = 0; i < fake_hook_calls.posted; i++)
        if (fake_hook_calls.calls[i].body != NULL)
            return &fake_hook_calls.calls[i];
    return NULL;
}

uint64_t fake_hook_calls_expect(const char *action)
{
    const struct fake_hook_call *call = fake_hook_calls_oldest();

    assert_non_null(call);
    assert_string_equal(json_string_value(json_object_get(call->body, "action")), action);
    return (uint64_t)json_integer_value(json_object_get(call->body, "session"));
}

static void end(const struct hook_outcome *outcome)
{
    struct fake_hook_call *call = fake_hook_calls_oldest();

    assert_non_null(call);
    json_decref(call->body);
    call->body = NULL;
    call->post.on_done(call->post.context, outcome);
}

void fake_hook_calls_answer(const char *body)
{
    const struct hook_outcome outcome = {
        .status = 200, .error = "", .body = body, .body_bytes = strlen(body)};

    end(&outcome);
}

void fake_hook_calls_fail(bool timed_out)
{
    const struct hook_outcome outcome = {.timed_out = timed_out, .error = "it failed", .body = ""};

    end(&outcome);
}

enum status hook_calls_create(void (*wake)(void *context), void *context, struct hook_calls **calls)
{
    (void)wake;
    (void)context;
    *calls = (struct hook_calls *)&fake_hook_calls;
    return STATUS_OK;
}

void hook_calls_destroy(struct hook_calls *calls)
{
    (void)calls;
}

void hook_calls_hush(struct hook_calls *calls)
{
    (void)calls;
    fake_hook_calls.hushed = true;
}

enum status hook_calls_post(struct hook_calls *calls, const struct hook_post *post)
{
    struct fake_hook_call *call = &fake_hook_calls.calls[fake_hook_calls.posted];

    (void)calls;
    if (fake_hook_calls.fails)
        return STATUS_NO_MEMORY;
    assert_true(fake_hook_calls.posted < FAKE_HOOK_CALLS_MAX);
    fake_hook_calls.posted++;
    (void)snprintf(call->url, sizeof call->url, "%s", post->url);
    call->body = json_loads(post->body, 0, NULL);
    assert_non_null(call->body);
    call->post = *post;
    return STATUS_OK;
}

void hook_calls_poll(struct hook_calls *calls)
{
    (void)calls;
}

void hook_calls_wait(struct hook_calls *calls, int64_t most_ns)
{
    (void)calls;
    (void)most_ns;
    while (fake_hook_calls.farewell != NULL && fake_hook_calls_open() > 0)
        fake_hook_calls_answer(fake_hook_calls.farewell);
}
