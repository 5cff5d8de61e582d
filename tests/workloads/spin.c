/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spin [CPU_MS]: computes until it has used that much CPU time.
 * Proves on-CPU and runqueue time of one thread against the kernel's own account.
 */
#include "truth.h"

int main(int argc, char **argv)
{
	truth_init(&argc, argv);
	truth_spin_cpu_ns((uint64_t)truth_argument(argc, argv, 1, 500) * TRUTH_MS);
	return truth_finish();
}
