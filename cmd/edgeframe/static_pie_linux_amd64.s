// The program that make build makes starts here (-ldflags -E); other builds leave this out. The kernel
// loads it at any address, and the address must be added to each pointer in its data. A dynamic loader
// would do that, and nothing else. This code does it instead, so that the machine needs no loader.
// internal/staticpie checks after the link that the program is as this code expects.
//
// Sources: System V ABI, chapter 5, "Program Header" and "Dynamic Section"; its AMD64 supplement,
// "Initial Stack and Register State", "Auxiliary Vector" and "Relocation Types"; PT_GNU_RELRO is of
// the Linux Standard Base.

#include "textflag.h"

// The kernel has put on the stack: argc, argv, 0, the environment, 0, the pairs of the auxiliary vector,
// (0, 0). The code does not change the stack, and the runtime reads no register but SP. The code reads
// no pointer in data before it is relocated.
TEXT _static_pie_linux(SB),NOSPLIT|NOFRAME,$0
	MOVQ	0(SP), AX
	LEAQ	16(SP)(AX*8), SI
environment:
	MOVQ	0(SI), AX
	ADDQ	$8, SI
	TESTQ	AX, AX
	JNE	environment

auxiliary:
	MOVQ	0(SI), AX
	MOVQ	8(SI), BX
	ADDQ	$16, SI
	CMPQ	AX, $3		// AT_PHDR
	CMOVQEQ	BX, R8
	CMPQ	AX, $5		// AT_PHNUM
	CMOVQEQ	BX, R9
	TESTQ	AX, AX
	JNE	auxiliary

	// R10 becomes the address of loading, R11 PT_DYNAMIC, R12 and R13 PT_GNU_RELRO and its size.
	MOVQ	R8, R10
segment:
	MOVL	0(R8), AX	// p_type
	MOVQ	16(R8), BX	// p_vaddr
	CMPL	AX, $2		// PT_DYNAMIC
	CMOVQEQ	BX, R11
	CMPL	AX, $0x6474e552	// PT_GNU_RELRO
	CMOVQEQ	BX, R12
	CMOVQEQ	40(R8), R13	// p_memsz
	CMPL	AX, $6		// PT_PHDR, which is where the loop began
	JNE	next
	SUBQ	BX, R10
next:
	ADDQ	$56, R8
	DECQ	R9
	JNE	segment

	ADDQ	R10, R11
dynamic:
	MOVQ	0(R11), AX
	MOVQ	8(R11), BX
	ADDQ	$16, R11
	CMPQ	AX, $7		// DT_RELA
	CMOVQEQ	BX, SI
	CMPQ	AX, $8		// DT_RELASZ
	CMOVQEQ	BX, CX
	TESTQ	AX, AX		// DT_NULL
	JNE	dynamic

	ADDQ	R10, SI
	ADDQ	SI, CX
relocation:			// all are R_X86_64_RELATIVE: base + r_addend
	MOVQ	0(SI), DI	// r_offset
	MOVQ	16(SI), AX	// r_addend
	ADDQ	R10, AX
	MOVQ	AX, (DI)(R10*1)
	ADDQ	$24, SI
	CMPQ	SI, CX
	JNE	relocation

	// Nothing changes this data any more, so it becomes read-only. An error is ignored: the program
	// works without this too.
	MOVQ	$10, AX		// mprotect
	LEAQ	(R12)(R10*1), DI
	MOVQ	R13, SI
	MOVQ	$1, DX		// PROT_READ
	SYSCALL

	JMP	_rt0_amd64_linux(SB)
