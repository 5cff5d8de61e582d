/* SPDX-License-Identifier: BSD-2-Clause */
/* Which system calls get a row of their own: `--syscall read,%network,!poll`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/syscall_table.h"
#include "session/session.h"

/* Every ABI's call of this name. */
static bool mark_call(const char *name, uint8_t value, uint8_t *selected)
{
	bool found = false;

	for (unsigned abi = 0; abi < CALL_ABI_COUNT; abi++) {
		int nr = syscall_find(syscall_arch_of(abi), name);

		if (nr < 0 || nr >= (int)CALL_TABLE_SIZE)
			continue;
		selected[abi * CALL_TABLE_SIZE + (unsigned)nr] = value;
		found = true;
	}
	return found;
}

static bool mark_category(const char *name, uint8_t value, uint8_t *selected)
{
	int category = syscall_category_find(name);

	if (category < 0)
		return false;
	for (unsigned i = 0; i < CALL_ABI_COUNT * CALL_TABLE_SIZE; i++) {
		unsigned id = CALL_ID(i / CALL_TABLE_SIZE, i % CALL_TABLE_SIZE);

		if (call_category(id) == (enum syscall_category)category)
			selected[i] = value;
	}
	return true;
}

static int mark(const char *item, uint8_t *selected, struct error *error)
{
	uint8_t value = item[0] != '!';
	const char *name = item + !value;
	bool found;

	/* %network is surely a category; a bare word is a call first, since `ipc` is both. */
	if (name[0] == '%')
		found = mark_category(name + 1, value, selected);
	else
		found = mark_call(name, value, selected) || mark_category(name, value, selected);
	if (!found)
		return error_set(
			error, -EINVAL,
			"unknown system call or category '%.80s' (categories: file_io, memory, "
			"process, network, time, ipc, security, signal, system)",
			item);
	return 0;
}

int session_select_calls(const char *list, uint8_t *selected, struct error *error)
{
	char *words = strdup(list), *rest = words, *item;
	int result = 0;

	if (!words)
		return error_set_errno(error, -ENOMEM, "reading --syscall");
	/* A list that begins by taking away takes away from all. */
	memset(selected, list[0] == '!', CALL_ABI_COUNT * CALL_TABLE_SIZE);
	while (!result && (item = strsep(&rest, ",")))
		result = mark(item, selected, error);
	free(words);
	return result;
}
