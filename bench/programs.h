/* SPDX-License-Identifier: BSD-2-Clause */
/* What fathom costs a whole program from its start to its end, seen on programs that people run. */
#ifndef FATHOM_BENCH_PROGRAMS_H
#define FATHOM_BENCH_PROGRAMS_H

#include "measure.h"

/* Measures and prints. 0 or a negative errno when nothing could be measured. */
int programs_compare(const struct plan *plan);

/* `fathom-bench --clock FILE CPU COMMAND…`: runs a command on a CPU and writes the seconds that it
 * lasted, and the CPU seconds that it and its children used, into a file. Returns the exit status.
 */
int programs_clock(int argc, char **argv);

#endif
