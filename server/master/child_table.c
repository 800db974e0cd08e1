/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of children: dense, so that a look at all of them is short, and found by pid in
 * a few steps however many there are. Leaves forking to child.c. Master only. Rule: whatever
 * is not in it is not signalled. Shown by test_child_table.c. */
#include "server/master/child.h"

#include <string.h>

#include "server/base/log.h"
#include "server/base/unforked.h"

/* Pids come one after the other: multiplied, neighbours land far apart. */
static size_t
home_of(const struct child_table *table, pid_t pid)
{
	uint32_t hash = (uint32_t)pid * 2654435769u;

	return (hash ^ hash >> 16) & (table->bucket_count - 1);
}

/* Where the pid is, or would be. */
static size_t
find_bucket(const struct child_table *table, pid_t pid)
{
	size_t at = home_of(table, pid);

	while (table->buckets[at] != 0 && table->children[table->buckets[at] - 1].pid != pid)
		at = (at + 1) & (table->bucket_count - 1);
	return at;
}

static void
free_arrays(struct child_table *table)
{
	unforked_free(table->children, table->cap * sizeof *table->children);
	unforked_free(table->buckets, table->bucket_count * sizeof *table->buckets);
}

int
child_table_reserve(struct child_table *table, size_t cap)
{
	size_t bucket_count = 64, i;
	struct child *grown;
	uint32_t *buckets;

	if (cap <= table->cap)
		return 0;
	while (bucket_count < cap * 2)
		bucket_count *= 2;
	buckets = unforked_new(bucket_count * sizeof *buckets);
	if (buckets == NULL)
		return -1;
	grown = unforked_new(cap * sizeof *grown);
	if (grown == NULL) {
		unforked_free(buckets, bucket_count * sizeof *buckets);
		return -1;
	}
	if (table->count > 0)
		memcpy(grown, table->children, table->count * sizeof *grown);
	free_arrays(table);
	table->children = grown;
	table->cap = cap;
	table->buckets = buckets;
	table->bucket_count = bucket_count;
	for (i = 0; i < table->count; i++)
		table->buckets[find_bucket(table, grown[i].pid)] = (uint32_t)i + 1;
	return 0;
}

void
child_table_fini(struct child_table *table)
{
	free_arrays(table);
	memset(table, 0, sizeof *table);
}

struct child *
child_table_add(struct child_table *table, pid_t pid, enum inherit_role role)
{
	struct child *child;
	size_t at;

	if (table->count >= table->cap)
		return NULL;
	at = find_bucket(table, pid);
	bug_if(table->buckets[at] != 0, "a pid twice in the table of children");
	child = &table->children[table->count++];
	memset(child, 0, sizeof *child);
	child->pid = pid;
	child->role = role;
	table->role_counts[role]++;
	table->buckets[at] = (uint32_t)table->count;
	return child;
}

struct child *
child_table_find(struct child_table *table, pid_t pid)
{
	size_t at;

	if (table->count == 0)
		return NULL;
	at = find_bucket(table, pid);
	return table->buckets[at] == 0 ? NULL : &table->children[table->buckets[at] - 1];
}

/* Who stood behind it in a row of taken buckets moves up, where that brings them closer to
 * their home: a gap would end the search for them. */
static void
empty_bucket(struct child_table *table, size_t gap)
{
	size_t mask = table->bucket_count - 1, at = gap;

	for (;;) {
		size_t home;

		at = (at + 1) & mask;
		if (table->buckets[at] == 0)
			break;
		home = home_of(table, table->children[table->buckets[at] - 1].pid);
		if (((at - home) & mask) >= ((at - gap) & mask)) {
			table->buckets[gap] = table->buckets[at];
			gap = at;
		}
	}
	table->buckets[gap] = 0;
}

void
child_table_remove(struct child_table *table, struct child *child)
{
	struct child *last = &table->children[table->count - 1];

	table->role_counts[child->role]--;
	empty_bucket(table, find_bucket(table, child->pid));
	if (child != last) {
		table->buckets[find_bucket(table, last->pid)] =
		    (uint32_t)(child - table->children) + 1;
		*child = *last;
	}
	table->count--;
}
