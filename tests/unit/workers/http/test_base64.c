/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64 of RFC 4648 10 and what looks like it. A decoder that puts up with two texts for the same
 * bytes, or that writes beyond its room, breaks it. */
#include "tests/unit/workers/http/asserts.h"
#include "workers/http/base64.h"

static const struct {
	struct slice text, want;
} good[] = {
	{ TEXT(""), TEXT("") },
	{ TEXT("Zg=="), TEXT("f") },
	{ TEXT("Zm8="), TEXT("f" "o") },
	{ TEXT("Zm9v"), TEXT("foo") },
	{ TEXT("Zm9vYg=="), TEXT("foob") },
	{ TEXT("Zm9vYmE="), TEXT("fooba") },
	{ TEXT("Zm9vYmFy"), TEXT("foobar") },
	{ TEXT("AAAA"), TEXT("\0\0\0") },
	{ TEXT("////"), TEXT("\xff\xff\xff") },
	{ TEXT("+/+/"), TEXT("\xfb\xff\xbf") },
	{ TEXT("dGVzdDoxMjPCow=="), TEXT("test:123\xc2\xa3") }, /* RFC 7617 2.1 */
};

START_TEST(good_text_is_decoded)
{
	char out[64];
	long bytes = base64_decode(good[_i].text, out, sizeof out);

	ck_assert_int_eq(bytes, (long)good[_i].want.len);
	ck_assert(slice_equal(slice_make(out, (size_t)bytes), good[_i].want));
	/* Exactly so much room will do, and nothing behind it is touched. */
	memset(out, '#', sizeof out);
	ck_assert_int_eq(base64_decode(good[_i].text, out, good[_i].want.len), bytes);
	ck_assert_int_eq(out[bytes], '#');
	if (bytes > 0)
		ck_assert_int_eq(base64_decode(good[_i].text, out, (size_t)bytes - 1), -1);
}
END_TEST

static const struct slice bad[] = {
	TEXT("Z"), TEXT("Zg"), TEXT("Zg="), TEXT("Zm8"), TEXT("Zm9vY"), TEXT("===="), TEXT("="),
	TEXT("Z==="), TEXT("Zm9v===="), TEXT("Zg==Zg=="), TEXT("Zm8=Zm8="), TEXT("=m9v"),
	TEXT("Z=9v"), TEXT("Zm=v"), TEXT("Zm9v\n"), TEXT("Zm 9"), TEXT(" Zm9v"), TEXT("Zm9\0"),
	TEXT("Zm9-"), TEXT("Zm9_"), TEXT("Zm9\xff"), TEXT("Zh=="), TEXT("Zm9="), TEXT("Zv=="),
};

START_TEST(bad_text_is_refused)
{
	char out[64];

	ck_assert_int_eq(base64_decode(bad[_i], out, sizeof out), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("base64");
	TCase *tcase = tcase_create("base64");

	tcase_add_loop_test(tcase, good_text_is_decoded, 0, COUNT_OF(good));
	tcase_add_loop_test(tcase, bad_text_is_refused, 0, COUNT_OF(bad));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
