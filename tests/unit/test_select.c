/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of session/select.c: what `--syscall LIST` selects. */
#include <errno.h>
#include <string.h>

#include "session/session.h"
#include "model/syscall_table.h"
#include "testing.h"

#define TABLE_SIZE (CALL_ABI_COUNT * CALL_TABLE_SIZE)

static uint8_t selected[TABLE_SIZE];

static void select_calls(const char *list)
{
	struct error error = {0};

	/* Whatever was there before must not matter. */
	memset(selected, 0xa5, sizeof(selected));
	if (session_select_calls(list, selected, &error))
		fail_msg("'%s': %s", list, error.text);
	for (size_t i = 0; i < TABLE_SIZE; i++)
		assert_true(selected[i] <= 1);
}

static void assert_refused(const char *list, const char *item)
{
	struct error error = {0};

	assert_int_equal(session_select_calls(list, selected, &error), -EINVAL);
	assert_non_null(strstr(error.text, item));
}

static bool has(const char *name)
{
	int nr = syscall_find(syscall_arch_of(CALL_ABI_NATIVE), name);

	if (nr < 0)
		fail_msg("no call %s", name);
	return selected[nr];
}

static size_t total(void)
{
	size_t count = 0;

	for (size_t i = 0; i < TABLE_SIZE; i++)
		count += selected[i];
	return count;
}

static unsigned id_at(size_t index)
{
	return CALL_ID(index / CALL_TABLE_SIZE, index % CALL_TABLE_SIZE);
}

/* Exactly the calls of this category, in every ABI. */
static void assert_only_category(enum syscall_category category)
{
	for (size_t i = 0; i < TABLE_SIZE; i++)
		assert_int_equal(selected[i], call_category(id_at(i)) == category);
}

static void test_names(void **state)
{
	(void)state;
	select_calls("openat");
	assert_true(has("openat"));
	assert_false(has("read"));
	select_calls("openat,read,write");
	assert_true(has("openat") && has("read") && has("write"));
	assert_false(has("close"));
}

/* One name selects the call of that name in every ABI, under each one's own number, and nothing
 * else. */
static void test_every_abi(void **state)
{
	char room[CALL_NAME_SIZE];

	(void)state;
	select_calls("read");
	for (size_t i = 0; i < TABLE_SIZE; i++) {
		const char *name = call_name(id_at(i), room, sizeof(room));

		assert_int_equal(selected[i], strcspn(name, "@") == 4 && !strncmp(name, "read", 4));
	}
	assert_true(total() >= 1);
}

static void test_categories(void **state)
{
	(void)state;
	for (enum syscall_category i = 0; i < CATEGORY_COUNT; i++) {
		char list[32] = "%";

		strcat(list, syscall_category_name(i));
		select_calls(list);
		assert_only_category(i);
	}
	select_calls("network");
	assert_only_category(CATEGORY_NETWORK);
	select_calls("%network,%memory,read");
	assert_true(has("connect") && has("mmap") && has("read"));
	assert_false(has("write"));
}

/* `%ipc` and `%time` are surely categories, though some ABIs have calls of these names. */
static void test_percent_means_category(void **state)
{
	(void)state;
	select_calls("%ipc");
	assert_only_category(CATEGORY_IPC);
	select_calls("%time");
	assert_only_category(CATEGORY_TIME);
	assert_refused("%read", "%read");
}

static void test_negation(void **state)
{
	(void)state;
	select_calls("!read");
	assert_false(has("read"));
	assert_true(has("write") && has("openat") && has("connect"));
	select_calls("!%network,!futex");
	assert_false(has("connect") || has("futex"));
	assert_true(has("read"));
	for (size_t i = 0; i < TABLE_SIZE; i++) {
		if (call_category(id_at(i)) == CATEGORY_NETWORK)
			assert_int_equal(selected[i], 0);
	}
}

static void test_order(void **state)
{
	(void)state;
	select_calls("%file_io,!read");
	assert_true(has("write"));
	assert_false(has("read") || has("futex"));
	select_calls("!%file_io,read");
	assert_true(has("read") && has("futex"));
	assert_false(has("write"));
	select_calls("read,!read");
	assert_int_equal(total(), 0);
	select_calls("!read,read");
	assert_int_equal(total(), TABLE_SIZE);
	/* Taking away first is what makes a list begin with all, not taking away anywhere. */
	select_calls("read,!write");
	assert_true(has("read"));
	assert_false(has("close"));
}

static void test_unknown(void **state)
{
	(void)state;
	assert_refused("raed", "'raed'");
	assert_refused("read,raed", "'raed'");
	assert_refused("!raed", "'!raed'");
	assert_refused("%files", "'%files'");
	assert_refused("READ", "'READ'");
	assert_refused("read ", "'read '");
	assert_refused("read@i386", "'read@i386'");
	assert_refused("0", "'0'");
	assert_refused("read;write", "'read;write'");
}

static void test_empty_items(void **state)
{
	(void)state;
	assert_refused("", "''");
	assert_refused(",", "''");
	assert_refused("read,", "''");
	assert_refused(",read", "''");
	assert_refused("read,,write", "''");
	assert_refused("!", "'!'");
	assert_refused("%", "'%'");
	assert_refused("!%", "'!%'");
	assert_refused("!!read", "'!!read'");
}

static void test_long_nonsense_is_cut(void **state)
{
	char list[5000];

	(void)state;
	memset(list, 'x', sizeof(list));
	list[sizeof(list) - 1] = '\0';
	assert_refused(list, "xxxxxxxx'");
	assert_int_equal(session_select_calls(list, selected, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_every_abi),
		cmocka_unit_test(test_categories),
		cmocka_unit_test(test_percent_means_category),
		cmocka_unit_test(test_negation),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_empty_items),
		cmocka_unit_test(test_long_nonsense_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
