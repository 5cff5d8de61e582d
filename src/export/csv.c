/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of system calls as comma-separated values (RFC 4180), times in ns. */
#include "export/exporter.h"

#include <inttypes.h>

/* A field that could not be measured is empty. */
static void number_or_empty(FILE *out, bool known, uint64_t value)
{
	if (known)
		fprintf(out, ",%" PRIu64, value);
	else
		fputc(',', out);
}

/* What was lost is a row too, or a reader of this format alone would not know. Its count stands in
 * the column of counts; everything else is empty. */
static void write_losses(const struct profile *profile, FILE *out)
{
	for (unsigned i = 0; i < LOSS_CLASS_COUNT; i++) {
		if (profile->losses[i].count)
			fprintf(out, "(lost: %s),loss,%" PRIu64 ",,,,,,,,,,,,\r\n",
				loss_class_name(i), profile->losses[i].count);
	}
}

static int csv_write(const struct profile *profile, const struct export_style *style, FILE *out)
{
	char name[CALL_NAME_SIZE];

	(void)style;
	fputs("name,category,count,errors,in_flight,timed,wall_ns,on_cpu_ns,runqueue_ns,blocked_ns,"
	      "min_ns,max_ns,p50_ns,p90_ns,p99_ns\r\n",
	      out);
	for (size_t i = 0; i < profile->call_count; i++) {
		struct call_row row = call_row_of(profile->calls[i]);

		fprintf(out, "%s,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64,
			call_name(row.call, name, sizeof(name)),
			syscall_category_name(call_category(row.call)), row.count, row.errors,
			row.in_flight, row.timed);
		fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, row.wall_ns,
			row.on_cpu_ns, row.runqueue_ns, row.blocked_ns);
		number_or_empty(out, row.timed, row.min_ns);
		number_or_empty(out, row.timed, row.max_ns);
		number_or_empty(out, row.timed, row.p50_ns);
		number_or_empty(out, row.timed, row.p90_ns);
		number_or_empty(out, row.timed, row.p99_ns);
		fputs("\r\n", out);
	}
	write_losses(profile, out);
	return 0;
}

const struct exporter_ops EXPORTER_CSV = {
	.name = "csv",
	.write = csv_write,
};
