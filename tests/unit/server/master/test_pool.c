/* SPDX-License-Identifier: BSD-2-Clause */
/* server/master/pool.c: what is started and retired for each census. A policy that starts more
 * than there is room for, waits for a tick to grow, or shrinks by more than one, breaks it. */
#include <check.h>
#include <stdlib.h>

#include "server/master/pool.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define TICK true
#define NO_TICK false
#define KNOWN true
#define UNKNOWN false

static const struct pool_limits sample_limits = { 4, 8 };

/* Of a fresh pool. */
static const struct {
	struct pool_census census; /* starting, idle, busy, queued; turnover; room, is_tick */
	struct pool_plan plan;     /* spawn, retire, is_holding, is_short */
} looks[] = {
	/* calm */
	{ { 0, 4, 0, 0, 0, KNOWN, 100, TICK }, { 0, 0, false, false } },
	{ { 4, 0, 0, 0, 0, KNOWN, 100, TICK }, { 0, 0, false, false } },
	{ { 1, 3, 90, 0, 0, KNOWN, 100, NO_TICK }, { 0, 0, false, false } },
	{ { 2, 5, 0, 3, 0, KNOWN, 100, NO_TICK }, { 0, 0, false, false } },
	{ { 0, 4, 0, 0, 0, KNOWN, 0, TICK }, { 0, 0, false, false } },
	/* growth does not wait for a tick, and begins with one */
	{ { 0, 3, 1, 0, 0, KNOWN, 100, NO_TICK }, { 1, 0, false, false } },
	{ { 0, 3, 1, 0, 0, KNOWN, 100, TICK }, { 1, 0, false, false } },
	{ { 0, 0, 4, 0, 0, KNOWN, 100, NO_TICK }, { 1, 0, false, true } },
	{ { 1, 1, 9, 0, 0, KNOWN, 100, NO_TICK }, { 1, 0, false, true } },
	/* each client that waits is worth a worker at once */
	{ { 0, 0, 4, 3, 0, KNOWN, 100, NO_TICK }, { 3, 0, false, true } },
	{ { 0, 0, 4, 1, 0, KNOWN, 100, NO_TICK }, { 1, 0, false, true } },
	{ { 3, 0, 4, 3, 0, KNOWN, 100, NO_TICK }, { 3, 0, false, true } },
	{ { 5, 0, 4, 3, 0, KNOWN, 100, NO_TICK }, { 2, 0, false, false } },
	{ { 0, 0, 4, 64, 0, KNOWN, 100, NO_TICK }, { 64, 0, false, true } },
	{ { 0, 0, 4, 65, 0, KNOWN, 100, NO_TICK }, { 64, 0, false, true } },
	{ { 0, 0, 4, 100000, 0, KNOWN, 100000, NO_TICK }, { 64, 0, false, true } },
	/* never more than the room */
	{ { 0, 0, 4, 10, 0, KNOWN, 7, NO_TICK }, { 7, 0, false, true } },
	{ { 0, 3, 4, 0, 0, KNOWN, 0, NO_TICK }, { 0, 0, false, true } },
	{ { 0, 0, 512, 900, 0, KNOWN, 0, TICK }, { 0, 0, false, true } },
	/* holding: those that are there work the shortage off within a window */
	{ { 0, 0, 8, 0, 4, KNOWN, 100, NO_TICK }, { 0, 0, true, false } },
	{ { 0, 0, 8, 0, 3, KNOWN, 100, NO_TICK }, { 1, 0, false, true } },
	{ { 0, 2, 8, 0, 2, KNOWN, 100, NO_TICK }, { 0, 0, true, false } },
	{ { 0, 0, 8, 10, 14, KNOWN, 100, NO_TICK }, { 0, 0, true, false } },
	{ { 0, 0, 8, 10, 13, KNOWN, 100, NO_TICK }, { 10, 0, false, true } },
	{ { 0, 0, 8, 10, 100000, KNOWN, 0, NO_TICK }, { 0, 0, true, false } },
	/* a turnover that nobody watched: the first look only starts the watch */
	{ { 0, 0, 8, 0, 0, UNKNOWN, 100, NO_TICK }, { 0, 0, true, false } },
	{ { 0, 0, 8, 10, 0, UNKNOWN, 100, TICK }, { 0, 0, true, false } },
	{ { 0, 0, 8, 10, 14, UNKNOWN, 100, NO_TICK }, { 0, 0, true, false } },
	{ { 0, 4, 8, 0, 0, UNKNOWN, 100, NO_TICK }, { 0, 0, false, false } },
	{ { 0, 9, 8, 0, 0, UNKNOWN, 100, TICK }, { 0, 1, false, false } },
	/* held or not, what leaves is replaced: twice min_idle are kept, or recycling at a time of
	 * high turnover ends with none */
	{ { 0, 0, 5, 10, 1000, KNOWN, 100, NO_TICK }, { 3, 0, false, false } },
	{ { 1, 0, 5, 10, 1000, KNOWN, 100, NO_TICK }, { 2, 0, false, false } },
	{ { 0, 0, 7, 0, 1000, KNOWN, 100, NO_TICK }, { 1, 0, false, false } },
	{ { 0, 0, 0, 20, 0, UNKNOWN, 100, NO_TICK }, { 8, 0, false, false } },
	{ { 0, 0, 5, 10, 1000, KNOWN, 2, NO_TICK }, { 2, 0, false, true } },
	/* shrinking: one a tick, whatever is too much; those that start are not idle yet */
	{ { 0, 8, 0, 0, 0, KNOWN, 100, TICK }, { 0, 0, false, false } },
	{ { 0, 9, 0, 0, 0, KNOWN, 100, TICK }, { 0, 1, false, false } },
	{ { 0, 400, 0, 0, 0, KNOWN, 100, TICK }, { 0, 1, false, false } },
	{ { 0, 400, 0, 0, 0, KNOWN, 0, TICK }, { 0, 1, false, false } },
	{ { 0, 400, 0, 0, 0, KNOWN, 100, NO_TICK }, { 0, 0, false, false } },
	{ { 60, 8, 0, 0, 0, KNOWN, 100, TICK }, { 0, 0, false, false } },
	{ { 0, 9, 0, 5, 0, KNOWN, 100, TICK }, { 0, 1, false, false } },
	{ { 0, 9, 0, 6, 0, KNOWN, 100, TICK }, { 1, 0, false, false } },
};

START_TEST(plan_fits_the_census)
{
	const struct pool_plan *wanted = &looks[_i].plan;
	struct pool_plan got;
	struct pool pool;

	pool_init(&pool, &sample_limits);
	got = pool_next_plan(&pool, &looks[_i].census);
	ck_assert_uint_eq(got.spawn_count, wanted->spawn_count);
	ck_assert_uint_eq(got.retire_count, wanted->retire_count);
	ck_assert_int_eq(got.is_holding, wanted->is_holding);
	ck_assert_int_eq(got.is_short, wanted->is_short);
}
END_TEST

static const struct pool_limits wide_limits = { 1000, 1000 };
static const struct pool_census shortage = { 0, 0, 9, 0, 0, KNOWN, 5000, NO_TICK };
static const struct pool_census calm = { 0, 1000, 9, 0, 0, KNOWN, 5000, NO_TICK };
static const struct pool_census held = { 0, 0, 2000, 0, 1000, KNOWN, 5000, NO_TICK };
static const struct pool_census full = { 0, 0, 9, 0, 0, KNOWN, 0, NO_TICK };

static void
assert_next_batch(struct pool *pool, const struct pool_census *census, unsigned wanted)
{
	ck_assert_uint_eq(pool_next_plan(pool, census).spawn_count, wanted);
}

START_TEST(each_shortage_doubles_the_batch)
{
	static const unsigned batches[] = { 1, 2, 4, 8, 16, 32, 64, 64, 64 };
	struct pool pool;

	pool_init(&pool, &wide_limits);
	for (int i = 0; i < COUNT_OF(batches); i++)
		assert_next_batch(&pool, &shortage, batches[i]);
}
END_TEST

START_TEST(calm_look_resets_the_batch)
{
	struct pool pool;

	pool_init(&pool, &wide_limits);
	assert_next_batch(&pool, &shortage, 1);
	assert_next_batch(&pool, &shortage, 2);
	assert_next_batch(&pool, &shortage, 4);
	assert_next_batch(&pool, &calm, 0);
	assert_next_batch(&pool, &shortage, 1);
	assert_next_batch(&pool, &shortage, 2);
}
END_TEST

/* Holding is no calm: the shortage is still there. */
START_TEST(held_look_keeps_the_batch)
{
	struct pool pool;

	pool_init(&pool, &wide_limits);
	assert_next_batch(&pool, &shortage, 1);
	assert_next_batch(&pool, &held, 0);
	assert_next_batch(&pool, &held, 0);
	assert_next_batch(&pool, &shortage, 2);
}
END_TEST

/* A large batch must not lie in wait for the moment when room comes. */
START_TEST(full_house_starts_anew_gently)
{
	struct pool pool;

	pool_init(&pool, &wide_limits);
	assert_next_batch(&pool, &shortage, 1);
	assert_next_batch(&pool, &shortage, 2);
	assert_next_batch(&pool, &full, 0);
	assert_next_batch(&pool, &shortage, 1);
}
END_TEST

/* The queue may ask for more than the batch, but does not make the batch itself larger. */
START_TEST(queue_goes_beyond_the_batch)
{
	const struct pool_census queue = { 0, 0, 9, 20, 0, KNOWN, 5000, NO_TICK };
	struct pool pool;

	pool_init(&pool, &wide_limits);
	assert_next_batch(&pool, &queue, 20);
	assert_next_batch(&pool, &shortage, 2);
}
END_TEST

START_TEST(limits_are_copied)
{
	struct pool_limits limits = { 1, 1 };
	const struct pool_census one = { 0, 1, 0, 0, 0, KNOWN, 10, TICK };
	struct pool pool;

	pool_init(&pool, &limits);
	limits.min_idle = limits.max_idle = 5;
	assert_next_batch(&pool, &one, 0);
}
END_TEST

/* What holds of every plan, whatever the census. */
START_TEST(every_plan_keeps_the_rules)
{
	static const unsigned counts[] = { 0, 1, 3, 4, 5, 8, 9, 63, 64, 65, 100000 };
	const int count = COUNT_OF(counts);
	struct pool pool;
	int done = 0;

	pool_init(&pool, &sample_limits);
	for (int n = 0; n < count * count * count * count * 2; n++) {
		struct pool_census now = { .starting = counts[n % count],
			.idle = counts[n / count % count], .busy = 7,
			.queued_count = counts[n / count / count % count],
			.turnover_count = counts[n / count / count / count % count],
			.turnover_is_known = n % 3 > 0,
			.room_count = counts[(n * 7 + 3) % count], .is_tick = n % 2 == 0 };
		unsigned wanted = sample_limits.min_idle + now.queued_count;
		unsigned ready = now.starting + now.idle;
		unsigned kept = 2 * sample_limits.min_idle;
		unsigned missing = ready < wanted ? wanted - ready : 0;
		bool keeps_up = !now.turnover_is_known || now.turnover_count >= missing;
		struct pool_plan plan = pool_next_plan(&pool, &now);

		ck_assert_uint_le(plan.spawn_count, now.room_count);
		ck_assert_uint_le(plan.spawn_count, POOL_BATCH_MAX_COUNT);
		ck_assert_uint_le(plan.retire_count, 1);
		ck_assert(plan.spawn_count == 0 || plan.retire_count == 0);
		ck_assert(!plan.is_holding || plan.spawn_count == 0);
		ck_assert_int_eq(plan.is_holding,
		    missing > 0 && keeps_up && ready + now.busy >= kept);
		if (keeps_up && !plan.is_holding &&
		    missing > 0 && missing > kept - ready - now.busy)
			missing = kept - ready - now.busy;
		ck_assert_int_eq(plan.is_short,
		    missing > 0 && !plan.is_holding && plan.spawn_count < missing);
		ck_assert(ready < wanted || plan.spawn_count == 0);
		ck_assert(ready >= wanted || plan.is_holding || plan.spawn_count > 0 ||
		    now.room_count == 0);
		done++;
	}
	ck_assert_int_eq(done, 2 * 11 * 11 * 11 * 11);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pool");
	TCase *tcase = tcase_create("pool");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, plan_fits_the_census, 0, COUNT_OF(looks));
	tcase_add_test(tcase, each_shortage_doubles_the_batch);
	tcase_add_test(tcase, calm_look_resets_the_batch);
	tcase_add_test(tcase, held_look_keeps_the_batch);
	tcase_add_test(tcase, full_house_starts_anew_gently);
	tcase_add_test(tcase, queue_goes_beyond_the_batch);
	tcase_add_test(tcase, limits_are_copied);
	tcase_add_test(tcase, every_plan_keeps_the_rules);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
