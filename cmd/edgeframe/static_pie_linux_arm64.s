// This is static_pie_linux_amd64.s for arm64; the comments are there. The source of the relocation is
// ELF for the Arm 64-bit Architecture, "Dynamic relocations".

#include "textflag.h"

TEXT _static_pie_linux(SB),NOSPLIT|NOFRAME,$0
	MOVD	0(RSP), R0
	ADD	$16, RSP, R1
	ADD	R0<<3, R1, R1
environment:
	MOVD.P	8(R1), R0
	CBNZ	R0, environment

auxiliary:
	LDP.P	16(R1), (R0, R2)
	CMP	$3, R0		// AT_PHDR
	CSEL	EQ, R2, R8, R8
	CMP	$5, R0		// AT_PHNUM
	CSEL	EQ, R2, R9, R9
	CBNZ	R0, auxiliary

	// R10 becomes the address of loading, R11 PT_DYNAMIC, R12 and R13 PT_GNU_RELRO and its size.
	MOVD	R8, R10
	MOVD	$0x6474e552, R5	// PT_GNU_RELRO
segment:
	MOVWU	0(R8), R0	// p_type
	MOVD	16(R8), R2	// p_vaddr
	MOVD	40(R8), R3	// p_memsz
	CMP	$2, R0		// PT_DYNAMIC
	CSEL	EQ, R2, R11, R11
	CMP	R5, R0
	CSEL	EQ, R2, R12, R12
	CSEL	EQ, R3, R13, R13
	CMP	$6, R0		// PT_PHDR, which is where the loop began
	BNE	next
	SUB	R2, R10, R10
next:
	ADD	$56, R8
	SUBS	$1, R9, R9
	BNE	segment

	ADD	R10, R11
dynamic:
	LDP.P	16(R11), (R0, R2)
	CMP	$7, R0		// DT_RELA
	CSEL	EQ, R2, R1, R1
	CMP	$8, R0		// DT_RELASZ
	CSEL	EQ, R2, R3, R3
	CBNZ	R0, dynamic	// DT_NULL

	ADD	R10, R1
	ADD	R1, R3
relocation:			// all are R_AARCH64_RELATIVE: base + r_addend
	MOVD	0(R1), R0	// r_offset
	MOVD	16(R1), R2	// r_addend
	ADD	R10, R2
	MOVD	R2, (R0)(R10)
	ADD	$24, R1
	CMP	R3, R1
	BNE	relocation

	ADD	R10, R12, R0
	MOVD	R13, R1
	MOVD	$1, R2		// PROT_READ
	MOVD	$226, R8	// mprotect
	SVC

	JMP	_rt0_arm64_linux(SB)
