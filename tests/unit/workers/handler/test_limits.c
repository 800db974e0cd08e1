/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/limits.c: which requests share a limit, who has none, and what the answer to
 * one too many says. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/network.h"
#include "server/base/clients.h"
#include "tests/lib/addresses.h"
#include "workers/handler/limits.h"

#define START_MS 5000000

static struct arena arena;
static struct config config;
static struct config_settings settings, other_settings;
static struct exchange exchange;
static struct answer answer;
static char rate[] = "1/s", other_rate[] = "1/s";

static void
begin(void)
{
	ck_assert_int_eq(arena_init(&arena, 65536), 0);
	memset(&config, 0, sizeof config);
	memset(&settings, 0, sizeof settings);
	memset(&exchange, 0, sizeof exchange);
	settings.request_rate.text = rate;
	settings.request_rate.per_1000s = 1000;
	settings.request_burst = 1;
	other_settings = settings;
	exchange.config = &config;
	exchange.arena = &arena;
	exchange.clients = clients_new(1024);
	exchange.client = address_of("192.0.2.1");
	exchange.route.settings = &settings;
	exchange.now_mono_ms = START_MS;
	answer_init(&answer);
}

static void
end(void)
{
	answer_fini(&answer);
	clients_free(&exchange.clients);
	arena_fini(&arena);
}

static void
assert_allowed(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ck_assert(limits_allow(&exchange, &answer));
	ck_assert_uint_eq(answer.status, 0);
	ck_assert_uint_eq(answer.field_count, 0);
}

/* The value of Retry-After. */
static const char *
assert_refused(void)
{
	static char value[16];
	unsigned found = 0;

	ck_assert(!limits_allow(&exchange, &answer));
	ck_assert_uint_eq(answer.status, 429);
	ck_assert(!answer.must_close);
	for (unsigned i = 0; i < answer.field_count; i++)
		if (slice_equal_nocase(answer.fields[i].name, SLICE_LITERAL("Retry-After"))) {
			snprintf(value, sizeof value, "%.*s", (int)answer.fields[i].value.len,
			    answer.fields[i].value.data);
			found++;
		}
	ck_assert_uint_eq(found, 1);
	answer_restart(&answer);
	return value;
}

START_TEST(one_too_many_is_told_when_to_come_back)
{
	assert_allowed(2);
	ck_assert_str_eq(assert_refused(), "1");
	exchange.now_mono_ms += 999;
	ck_assert_str_eq(assert_refused(), "1"); /* never 0 */
	exchange.now_mono_ms += 1;
	assert_allowed(1);
	exchange.now_mono_ms += 100000;
	settings.request_rate.per_1000s = 16; /* one in 62.5 s */
	assert_allowed(2);
	ck_assert_str_eq(assert_refused(), "63");
}
END_TEST

START_TEST(who_inherits_a_limit_shares_it)
{
	assert_allowed(1);
	exchange.route.settings = &other_settings; /* the same text: it was copied */
	assert_allowed(1);
	assert_refused();
	other_settings.request_rate.text = other_rate; /* the same once more, written again */
	assert_allowed(2);
	assert_refused();
}
END_TEST

START_TEST(no_limit_is_none)
{
	settings.request_rate.per_1000s = 0;
	assert_allowed(100);
	settings.request_rate.per_1000s = 1000;
	assert_allowed(2);          /* and nothing was counted */
	assert_refused();
}
END_TEST

START_TEST(who_has_no_address_has_no_limit)
{
	struct network network;
	struct config_access proxy = { .network = &network };

	exchange.client = address_of("unix:");
	assert_allowed(100);
	ck_assert_ptr_null(network_parse("192.0.2.0/24", &network));
	config.trusted_proxies = &proxy;
	config.trusted_proxy_count = 1;
	exchange.client = address_of("192.0.2.1"); /* it speaks for nobody in particular */
	assert_allowed(100);
	exchange.client = address_of("203.0.113.1");
	assert_allowed(2);
	assert_refused();
}
END_TEST

/* A keeper has counted it, and then a worker makes the same steps. */
START_TEST(who_declined_a_request_has_paid_for_it)
{
	assert_allowed(2);
	ck_assert_uint_eq(exchange.counted_rate_count, 2);
	exchange.paid_rate_count = exchange.counted_rate_count;
	exchange.counted_rate_count = 0;
	assert_allowed(2);          /* the same two steps */
	assert_refused();           /* and one that was not made before */
	exchange.counted_rate_count = 0;
	assert_allowed(2);
	settings.request_rate.per_1000s = 0;
	assert_allowed(1);
	ck_assert_uint_eq(exchange.counted_rate_count, 2); /* no limit is not paid for */
}
END_TEST

START_TEST(without_a_table_there_is_no_limit)
{
	clients_free(&exchange.clients);
	assert_allowed(100);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("limits");
	TCase *tcase = tcase_create("limits");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, one_too_many_is_told_when_to_come_back);
	tcase_add_test(tcase, who_inherits_a_limit_shares_it);
	tcase_add_test(tcase, no_limit_is_none);
	tcase_add_test(tcase, who_has_no_address_has_no_limit);
	tcase_add_test(tcase, who_declined_a_request_has_paid_for_it);
	tcase_add_test(tcase, without_a_table_there_is_no_limit);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
