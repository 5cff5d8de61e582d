/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The fixed-width integers of the wire structs, on either side. Nothing else belongs here. */
#ifndef FATHOM_WIRE_TYPES_H
#define FATHOM_WIRE_TYPES_H

#ifdef __bpf__
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
/* Byte-order tagged types that libbpf's helper declarations mention. */
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
#else
#include <linux/types.h>
#endif

#endif
