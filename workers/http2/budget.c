/* SPDX-License-Identifier: BSD-2-Clause */
/* The bucket of budget.h. Leaves to session.c which frames cost what. Workers, unprivileged; pure.
 * Rule: who does nothing useful gets H2_BUDGET_MAX at once and H2_BUDGET_PER_S from then on,
 * whatever the frames are called. Shown by test_budget.c. */
#include "workers/http2/budget.h"

void
h2_budget_init(struct h2_budget *budget, int64_t now_ms)
{
	budget->left = H2_BUDGET_MAX;
	budget->filled_mono_ms = now_ms;
}

static void
add(struct h2_budget *budget, int64_t gain)
{
	budget->left = gain > H2_BUDGET_MAX - budget->left ? H2_BUDGET_MAX : budget->left + gain;
}

bool
h2_budget_spend(struct h2_budget *budget, unsigned cost, int64_t now_ms)
{
	int64_t gain = (now_ms - budget->filled_mono_ms) * H2_BUDGET_PER_S / 1000;

	if (gain > 0) {             /* less than one goes on to count */
		budget->filled_mono_ms = now_ms;
		add(budget, gain);
	}
	budget->left -= cost;
	if (budget->left >= 0)
		return true;
	budget->left = 0;
	return false;
}

void
h2_budget_earn(struct h2_budget *budget, unsigned gain)
{
	add(budget, gain);
}
