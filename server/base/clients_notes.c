/* SPDX-License-Identifier: BSD-2-Clause */
/* Notes in the table of clients: how fast one asks, how often one failed. Leaves the memory to
 * clients.c. Workers, unprivileged; the rules are those of clients.c. Shown by
 * test_clients_notes.c.
 *
 * A note is two words. The tag says whose it is, the state
 *   of a rate:    the time in ns, even, at which all that was let through is paid for;
 *   of failures:  (the time in ms of the first one while they are free, of the last one after
 *                 that) << 16 | whose password it was << 5 | their number << 1 | 1.
 * It is taken over in this order: state to 0, then the tag (release). Who sees the new tag
 * (acquire) therefore sees nothing of the state before it; who has read a state (acquire)
 * looks at the tag once more. What is left is that one call of one client, at most, is put
 * down to another that takes over the same note in this moment. */
#include "server/base/clients_table.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_1000S UINT64_C(1000000000000)
#define BURST_MAX 1000000u          /* times the longest interval, it is 31 years of ns */
#define FAILURE_WINDOW_MS 60000
#define FAILURES_MAX 11u            /* 1 s doubled so often is more than the longest wait */
#define FAILURES_BITS 15u           /* as a mask, 11 fits in */
#define USERS_COUNT 2047u           /* that are told apart, as 1 .. 2047 */
#define SEVERAL_USERS 0u

static unsigned
failure_wait_ms(unsigned count)
{
	unsigned wait_ms;

	if (count < CLIENTS_FREE_FAILURES)
		return 0;
	wait_ms = count < FAILURES_MAX ? 1000u << (count - CLIENTS_FREE_FAILURES) :
	    CLIENTS_FAILURE_WAIT_MAX_MS;
	return wait_ms < CLIENTS_FAILURE_WAIT_MAX_MS ? wait_ms : CLIENTS_FAILURE_WAIT_MAX_MS;
}

struct failures {
	uint64_t time_ms;           /* see above */
	unsigned user;              /* or SEVERAL_USERS */
	unsigned count;
};

static unsigned
count_of(uint64_t state)
{
	return (unsigned)(state >> 1) & FAILURES_BITS;
}

/* Those that still matter now. */
static struct failures
read_failures(uint64_t state, uint64_t now_ms)
{
	struct failures failures = { state >> 16, (unsigned)(state >> 5) & USERS_COUNT,
		count_of(state) };

	if (state % 2 == 0)
		failures.count = 0;
	if (failures.time_ms > now_ms) /* another worker looked at the clock later */
		failures.time_ms = now_ms;
	if (now_ms - failures.time_ms > failure_wait_ms(failures.count) + FAILURE_WINDOW_MS)
		failures.count = 0;
	return failures;
}

static uint64_t
write_failures(struct failures failures)
{
	return failures.time_ms << 16 | (uint64_t)failures.user << 5 |
	    (uint64_t)failures.count << 1 | 1;
}

static unsigned
short_user(uint64_t user)
{
	return 1 + (unsigned)(user % USERS_COUNT);
}

/* When a note will say nothing any more. */
static uint64_t
note_end_ms(uint64_t state)
{
	if (state % 2 == 0)
		return state / NS_PER_MS;
	return (state >> 16) + failure_wait_ms(count_of(state)) + FAILURE_WINDOW_MS;
}

/* NULL: there is none. */
static struct clients_note *
find_note(struct clients *clients, uint64_t tag)
{
	struct clients_note *set = clients_notes_of(clients, tag);
	unsigned i;

	for (i = 0; i < CLIENTS_SET_NOTES; i++)
		if (atomic_load_explicit(&set[i].tag, memory_order_acquire) == tag)
			return &set[i];
	return NULL;
}

/* Takes over the note of the set that ends first: the least recently used one, but that what
 * is held against a client outlives what is said of many that came once; so nobody can wash
 * away a debt with other addresses. Others may be faster: the caller looks again. */
static void
claim_note(struct clients *clients, uint64_t tag, uint64_t now_ms)
{
	struct clients_note *set = clients_notes_of(clients, tag);
	struct clients_note *first = NULL;
	uint64_t first_end_ms = 0, first_tag = 0, first_state = 0;
	unsigned i;

	for (i = 0; i < CLIENTS_SET_NOTES; i++) {
		uint64_t other = atomic_load_explicit(&set[i].tag, memory_order_acquire);
		uint64_t state = atomic_load_explicit(&set[i].state, memory_order_acquire);
		uint64_t end_ms = note_end_ms(state);

		if (first == NULL || end_ms < first_end_ms) {
			first = &set[i];
			first_end_ms = end_ms;
			first_tag = other;
			first_state = state;
		}
	}
	if (!atomic_compare_exchange_strong_explicit(&first->state, &first_state, 0,
	    memory_order_acq_rel, memory_order_relaxed))
		return;
	if (atomic_compare_exchange_strong_explicit(&first->tag, &first_tag, tag,
	    memory_order_acq_rel, memory_order_relaxed) && first_end_ms > now_ms)
		clients_note_overflow(clients);
}

/* The note with that tag, and its state, which is of no other client. NULL: look again. */
static struct clients_note *
open_note(struct clients *clients, uint64_t tag, uint64_t *state_out)
{
	struct clients_note *note = find_note(clients, tag);

	if (note == NULL)
		return NULL;
	*state_out = atomic_load_explicit(&note->state, memory_order_acquire);
	return atomic_load_explicit(&note->tag, memory_order_relaxed) == tag ? note : NULL;
}

static bool
change_note(struct clients_note *note, uint64_t old, uint64_t new)
{
	return atomic_compare_exchange_strong_explicit(&note->state, &old, new,
	    memory_order_acq_rel, memory_order_relaxed);
}

/* The generic cell rate algorithm: state is the time when the bucket will be empty. Returns the
 * milliseconds to wait, or 0 and the state after. */
static unsigned
fill_bucket(uint64_t state, uint64_t interval_ns, uint64_t burst_ns, uint64_t now_ns,
    uint64_t *state_out)
{
	uint64_t empty_ns = state % 2 == 0 && state > now_ns ? state : now_ns;

	/* Left by a burst that a reload has lowered, or by a liar: it can't be worse than full. */
	if (empty_ns - now_ns > burst_ns + interval_ns)
		empty_ns = now_ns + burst_ns + interval_ns;
	if (empty_ns - now_ns > burst_ns)
		return (unsigned)((empty_ns - now_ns - burst_ns + NS_PER_MS - 1) / NS_PER_MS);
	*state_out = empty_ns + interval_ns;
	return 0;
}

unsigned
clients_take(struct clients *clients, const struct sockaddr_storage *address, uint64_t scope,
    uint64_t rate_per_1000s, unsigned burst, int64_t now_mono_ms)
{
	uint64_t tag = clients_hash(clients, address, CLIENTS_RATE, scope);
	uint64_t now_ms = (uint64_t)now_mono_ms, interval_ns, burst_ns;
	int tries;

	if (tag == 0 || rate_per_1000s == 0)
		return 0;
	/* Even, as the time is: so is every sum of them, and a burst to the last is exact. */
	interval_ns = rate_per_1000s < NS_PER_1000S / 2 ?
	    (NS_PER_1000S / rate_per_1000s) & ~UINT64_C(1) : 2;
	burst_ns = (burst < BURST_MAX ? burst : BURST_MAX) * interval_ns;
	for (tries = 0; tries < CLIENTS_TRIES_MAX; tries++) {
		uint64_t old, new = 0;
		struct clients_note *note = open_note(clients, tag, &old);
		unsigned wait_ms;

		if (note == NULL) {
			claim_note(clients, tag, now_ms);
			continue;
		}
		wait_ms = fill_bucket(old, interval_ns, burst_ns, now_ms * NS_PER_MS, &new);
		if (wait_ms > 0 || change_note(note, old, new))
			return wait_ms;
	}
	return 0;
}

unsigned
clients_failure_wait(struct clients *clients, const struct sockaddr_storage *address,
    int64_t now_mono_ms)
{
	uint64_t tag = clients_hash(clients, address, CLIENTS_FAILURES, 0);
	uint64_t now_ms = (uint64_t)now_mono_ms;
	int tries;

	for (tries = 0; tag != 0 && tries < CLIENTS_TRIES_MAX; tries++) {
		uint64_t old;
		struct clients_note *note = open_note(clients, tag, &old);
		struct failures failures;
		uint64_t end_ms;

		if (note == NULL)
			return 0;
		failures = read_failures(old, now_ms);
		if (failures.count < CLIENTS_FREE_FAILURES)
			return 0;
		end_ms = failures.time_ms + failure_wait_ms(failures.count);
		if (end_ms > now_ms)
			return (unsigned)(end_ms - now_ms);
		failures.time_ms = now_ms;
		if (change_note(note, old, write_failures(failures)))
			return 0;
	}
	return 0;
}

void
clients_note_failure(struct clients *clients, const struct sockaddr_storage *address,
    uint64_t user, int64_t now_mono_ms)
{
	uint64_t tag = clients_hash(clients, address, CLIENTS_FAILURES, 0);
	uint64_t now_ms = (uint64_t)now_mono_ms;
	int tries;

	for (tries = 0; tag != 0 && tries < CLIENTS_TRIES_MAX; tries++) {
		uint64_t old;
		struct clients_note *note = open_note(clients, tag, &old);
		struct failures failures;

		if (note == NULL) {
			claim_note(clients, tag, now_ms);
			continue;
		}
		failures = read_failures(old, now_ms);
		if (failures.count == 0)
			failures.user = short_user(user);
		else if (failures.user != short_user(user))
			failures.user = SEVERAL_USERS;
		if (failures.count < FAILURES_MAX)
			failures.count++;
		if (failures.count == 1 || failures.count >= CLIENTS_FREE_FAILURES)
			failures.time_ms = now_ms;
		if (change_note(note, old, write_failures(failures)))
			return;
	}
}

/* Who has a password of his own could else log in now and then, and guess another's for ever.
 * So somebody else's failures stay; the try that was right only costs no wait. */
static uint64_t
forgive(struct failures failures, unsigned user, uint64_t now_ms)
{
	uint64_t wait_ms = failure_wait_ms(failures.count);

	if (failures.count == 0 || failures.user == user)
		return 0;
	if (failures.count >= CLIENTS_FREE_FAILURES && now_ms >= wait_ms)
		failures.time_ms = now_ms - wait_ms;
	return write_failures(failures);
}

void
clients_clear_failures(struct clients *clients, const struct sockaddr_storage *address,
    uint64_t user, int64_t now_mono_ms)
{
	uint64_t tag = clients_hash(clients, address, CLIENTS_FAILURES, 0);
	uint64_t now_ms = (uint64_t)now_mono_ms;
	int tries;

	for (tries = 0; tag != 0 && tries < CLIENTS_TRIES_MAX; tries++) {
		uint64_t old;
		struct clients_note *note = open_note(clients, tag, &old);

		if (note == NULL || old == 0 || change_note(note, old,
		    forgive(read_failures(old, now_ms), short_user(user), now_ms)))
			return;
	}
}
