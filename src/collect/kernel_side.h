/* SPDX-License-Identifier: BSD-2-Clause */
/* The generated skeleton of the kernel side. It is not held to this project's warnings. */
#ifndef FATHOM_COLLECT_KERNEL_SIDE_H
#define FATHOM_COLLECT_KERNEL_SIDE_H

#include "wire/ledger.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "fathom.skel.h"
#pragma GCC diagnostic pop

#endif
