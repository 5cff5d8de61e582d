/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes the profiles of cases.c by every exporter and compares the results, byte for byte, with
 * the files CASE.FORMAT of a directory.
 *
 *     golden DIRECTORY              compare
 *     golden --update DIRECTORY     write the files anew: after a change that was meant; read the
 * diff golden --list                 the names of all files
 *
 * Through Meson: meson compile -C build update-golden
 *
 * What the files cannot show is checked too: colours add nothing but colours, and lines keep to the
 * width that is given. The version of fathom stands in the files as @VERSION@.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "export/exporter.h"
#include "export/words.h"

#define PATH_SIZE 4096
#define VERSION	  "\"fathom_version\": \"" FATHOM_VERSION "\""
#define ANONYMOUS "\"fathom_version\": \"@VERSION@\""

struct variant {
	const char *extension;
	const struct exporter_ops *exporter;
	struct export_style style;
};

static const struct variant VARIANTS[] = {
	{"text", &EXPORTER_TEXT, {.utf8 = true, .columns = 80}},
	{"ascii", &EXPORTER_TEXT, {.utf8 = false, .columns = 80}},
	{"json", &EXPORTER_JSON, {.utf8 = true, .columns = 80}},
	{"csv", &EXPORTER_CSV, {.utf8 = true, .columns = 80}},
};

#define VARIANT_COUNT (sizeof(VARIANTS) / sizeof(*VARIANTS))

static void need(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(2);
}

/* The exporter's output, which the caller frees. */
static char *write_profile(const struct profile *profile, const struct exporter_ops *exporter,
			   const struct export_style *style)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	need(stream, "open_memstream");
	need(exporter->write(profile, style, stream) == 0, exporter->name);
	need(fclose(stream) == 0 && strlen(text) == size, exporter->name);
	return text;
}

/* Replaces the version, which has the same length or not. Takes the text. */
static char *without_version(char *text_take)
{
	char *at = strstr(text_take, VERSION), *changed = NULL;

	if (!at)
		return text_take;
	need(asprintf(&changed, "%.*s%s%s", (int)(at - text_take), text_take, ANONYMOUS,
		      at + strlen(VERSION)) >= 0,
	     "asprintf");
	free(text_take);
	return changed;
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	need(getdelim(&text, &size, '\0', file) >= 0 || feof(file), path);
	fclose(file);
	return text;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	need(file && fputs(text, file) >= 0 && fclose(file) == 0, path);
}

/* Shows the first line that differs. */
static int differ(const char *path, const char *expected, const char *found)
{
	unsigned line = 1;
	size_t at = 0, start = 0;

	for (; expected[at] && expected[at] == found[at]; at++) {
		if (expected[at] == '\n') {
			line++;
			start = at + 1;
		}
	}
	if (!expected[at] && !found[at])
		return 0;
	printf("%s:%u differs\n  expected: %.*s\n  found:    %.*s\n", path, line,
	       (int)strcspn(expected + start, "\n"), expected + start,
	       (int)strcspn(found + start, "\n"), found + start);
	return 1;
}

static int compare_or_update(const char *directory, bool update, const char *name,
			     const struct variant *variant, const char *found)
{
	char path[PATH_SIZE], *expected;
	int wrong;

	snprintf(path, sizeof(path), "%s/%s.%s", directory, name, variant->extension);
	if (update) {
		write_file(path, found);
		return 0;
	}
	expected = read_file(path);
	if (!expected) {
		printf("%s is missing\n", path);
		return 1;
	}
	wrong = differ(path, expected, found);
	free(expected);
	return wrong;
}

/* Takes the terminal's colours out, in place. */
static void strip_colors(char *text)
{
	char *into = text;

	while (*text) {
		if (text[0] == '\033' && text[1] == '[')
			text = strchr(text, 'm') + 1;
		else
			*into++ = *text++;
	}
	*into = '\0';
}

static int check_colors(const char *name, const struct profile *profile, bool utf8)
{
	struct export_style style = {.utf8 = utf8, .columns = 80};
	char *plain = write_profile(profile, &EXPORTER_TEXT, &style), *colored;
	int wrong;

	style.color = true;
	colored = write_profile(profile, &EXPORTER_TEXT, &style);
	wrong = strcmp(plain, colored) == 0;
	if (wrong)
		printf("%s: colours change nothing\n", name);
	strip_colors(colored);
	wrong |= differ(name, plain, colored);
	free(plain);
	free(colored);
	return wrong;
}

static int check_width(const char *name, const struct profile *profile, unsigned columns)
{
	const struct export_style style = {.utf8 = true, .columns = columns};
	char *text = write_profile(profile, &EXPORTER_TEXT, &style), *rest = text, *line;
	int wrong = 0;

	while ((line = strsep(&rest, "\n"))) {
		if (word_columns(line) <= columns)
			continue;
		printf("%s: wider than %u columns: %s\n", name, columns, line);
		wrong = 1;
	}
	free(text);
	return wrong;
}

static int run_case(const struct golden_case *golden, const char *directory, bool update)
{
	struct profile *profile = profile_new();
	int wrong = 0;

	need(profile, "profile_new");
	golden->fill(profile);
	profile_sort(profile);
	for (size_t i = 0; i < VARIANT_COUNT; i++) {
		char *found = without_version(
			write_profile(profile, VARIANTS[i].exporter, &VARIANTS[i].style));

		wrong |= compare_or_update(directory, update, golden->name, &VARIANTS[i], found);
		free(found);
	}
	wrong |= check_colors(golden->name, profile, true);
	wrong |= check_colors(golden->name, profile, false);
	for (unsigned columns = 80; columns <= 160; columns += 5)
		wrong |= check_width(golden->name, profile, columns);
	profile_free(profile);
	return wrong;
}

static void list_files(void)
{
	for (const struct golden_case *golden = GOLDEN_CASES; golden->name; golden++) {
		for (size_t i = 0; i < VARIANT_COUNT; i++)
			printf("%s.%s\n", golden->name, VARIANTS[i].extension);
	}
}

int main(int argc, char **argv)
{
	bool update = argc == 3 && strcmp(argv[1], "--update") == 0;
	int wrong = 0;

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		list_files();
		return 0;
	}
	if (argc != 2 && !update) {
		fprintf(stderr, "usage: golden [--update] DIRECTORY | --list\n");
		return 2;
	}
	for (const struct golden_case *golden = GOLDEN_CASES; golden->name; golden++)
		wrong |= run_case(golden, argv[argc - 1], update);
	if (wrong)
		printf("If the change was meant: meson compile -C BUILD update-golden; read the "
		       "diff.\n");
	return wrong;
}
