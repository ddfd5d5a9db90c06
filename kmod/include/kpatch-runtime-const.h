/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for asm/runtime-const.h where code that uses its constants is patched. There the
 * value is an immediate that the kernel writes into its own code while it boots, by way of
 * tables that the module loader does not read. Here it is read from its variable, which is what
 * processors without such a header do too. Included before everything else, so that the guards
 * below keep the processor's own header out.
 */
#ifndef KPATCH_RUNTIME_CONST_H
#define KPATCH_RUNTIME_CONST_H

#define _ASM_RUNTIME_CONST_H
#define _ASM_S390_RUNTIME_CONST_H
#define _ASM_RISCV_RUNTIME_CONST_H

#define runtime_const_ptr(sym) (sym)
#define runtime_const_shift_right_32(val, sym) ((u32)(val) >> (sym))
#define runtime_const_mask_32(val, sym) ((u32)(val) & (sym))
#define runtime_const_init(type, sym) do { } while (0)

#endif
