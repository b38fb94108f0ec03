// SPDX-License-Identifier: GPL-2.0
/*
 * An index by address of the entries of .eh_frame, made in one pass over them.
 * Its own, and not libdw's: that one executes whatever lies at any offset which
 * a file names, and a few bytes make it take gigabytes (a register's number, or
 * states remembered without end). .eh_frame_hdr, which a file may fill with
 * anything, is not believed for the same reason.
 */
#include "stack_frames.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

#include "stack_elf.h"
#include "util/sort.h"

#define CIES_MAX 65536
#define BACK_MAX 8 /* entries that may lie before an address and not hold it */

struct cie {
	uint64_t offset;
	struct bytes initial;
	uint64_t code_align, return_register;
	int64_t data_align;
	uint8_t encoding; /* of addresses in its FDEs */
	bool sized, signal;
};

struct fde {
	uint64_t start; /* first: sort__by_number() */
	uint32_t len, cie;
	uint32_t at, end; /* of its instructions, in the section */
};

struct frames {
	const uint8_t *data;
	size_t size;
	uint64_t addr; /* of the section */
	struct cie *cies;
	struct fde *fdes;
	size_t n_cies, n_fdes, cies_room, fdes_room;
};

void frames__free(struct frames *f)
{
	if (!f)
		return;
	free(f->cies);
	free(f->fdes);
	free(f);
}

size_t frames__footprint(const struct frames *f)
{
	return f ? sizeof(*f) + f->size + f->cies_room * sizeof(*f->cies) +
			   f->fdes_room * sizeof(*f->fdes) : 0;
}

/* The Linux Standard Base, 10.5: how pointers are written. False for those that need more. */
static bool read_encoded(const struct frames *f, struct bytes *b, uint8_t encoding, uint64_t *ret)
{
	uint64_t here = f->addr + (uint64_t)(b->at - f->data);

	switch (encoding & 0x0f) {
	case DW_EH_PE_absptr: case DW_EH_PE_udata8: case DW_EH_PE_sdata8:
		*ret = bytes__uint(b, 8);
		break;
	case DW_EH_PE_udata4: *ret = bytes__uint(b, 4); break;
	case DW_EH_PE_sdata4: *ret = (uint64_t)bytes__sint(b, 4); break;
	case DW_EH_PE_udata2: *ret = bytes__uint(b, 2); break;
	case DW_EH_PE_sdata2: *ret = (uint64_t)bytes__sint(b, 2); break;
	case DW_EH_PE_uleb128: *ret = bytes__uleb(b); break;
	case DW_EH_PE_sleb128: *ret = (uint64_t)bytes__sleb(b); break;
	default: return false;
	}
	if ((encoding & 0x70) == DW_EH_PE_pcrel)
		*ret += here;
	return !b->beyond && (!(encoding & 0x70) || (encoding & 0x70) == DW_EH_PE_pcrel);
}

bool frame_program__address(const struct frame_program *p, struct bytes *b, uint64_t *ret)
{
	return read_encoded(p->of, b, p->encoding, ret);
}

/* What "zPLRS" and the like mean; false for what is not known and has no size. */
static bool read_augmentation(const struct frames *f, const Dwarf_CIE *in, struct cie *cie)
{
	struct bytes b = { .at = in->augmentation_data };
	const char *letter = in->augmentation;
	uint64_t ignored;
	uint8_t encoding;

	cie->encoding = DW_EH_PE_absptr;
	if (!*letter)
		return true;
	if (*letter != 'z' || !b.at)
		return false;
	b.end = b.at + in->augmentation_data_size;
	cie->sized = true;
	while (*++letter && !b.beyond) {
		switch (*letter) {
		case 'L':
			bytes__uint(&b, 1);
			break;
		case 'R':
			cie->encoding = (uint8_t)bytes__uint(&b, 1);
			break;
		case 'P':
			encoding = (uint8_t)bytes__uint(&b, 1);
			if (!read_encoded(f, &b, encoding & 0x0f, &ignored))
				return false;
			break;
		case 'S':
			cie->signal = true;
			break;
		default: /* its size is known, its meaning does not matter: 'B' of arm64 */
			return !b.beyond;
		}
	}
	return !b.beyond;
}

/* Makes room for one more. */
static bool make_room(void **list, size_t n, size_t *room, size_t each)
{
	size_t more = *room ? *room * 2 : 64;
	void *bigger;

	if (n < *room)
		return true;
	bigger = realloc(*list, more * each);
	if (!bigger)
		return false;
	*list = bigger;
	*room = more;
	return true;
}

static bool add_cie(struct frames *f, uint64_t offset, const Dwarf_CIE *in)
{
	struct cie cie = {
		.offset = offset,
		.initial = { .at = in->initial_instructions, .end = in->initial_instructions_end },
		.code_align = in->code_alignment_factor,
		.data_align = in->data_alignment_factor,
		.return_register = in->return_address_register,
	};

	/* One that is not understood has no FDEs that are. */
	if (!read_augmentation(f, in, &cie) || cie.initial.end < cie.initial.at ||
	    (size_t)(cie.initial.end - cie.initial.at) > FRAMES_PROGRAM_MAX)
		return true;
	if (f->n_cies == CIES_MAX ||
	    !make_room((void **)&f->cies, f->n_cies, &f->cies_room, sizeof(cie)))
		return false;
	f->cies[f->n_cies++] = cie;
	return true;
}

static int cie_by_offset(const void *key, const void *item)
{
	uint64_t a = *(const uint64_t *)key, b = ((const struct cie *)item)->offset;

	return a < b ? -1 : a > b;
}

/* One that has been seen, as what it is: they come in the order of their offsets. */
static const struct cie *find_cie(const struct frames *f, uint64_t offset)
{
	const struct cie *last = f->n_cies ? &f->cies[f->n_cies - 1] : NULL;

	if (!last || last->offset == offset)
		return last;
	return bsearch(&offset, f->cies, f->n_cies, sizeof(*f->cies), cie_by_offset);
}

static bool add_fde(struct frames *f, const Dwarf_FDE *in)
{
	struct bytes b = { .at = in->start, .end = in->end };
	const struct cie *cie = find_cie(f, in->CIE_pointer);
	uint64_t start, len;

	/* The length is written as the address is, but is no address. */
	if (!cie || !read_encoded(f, &b, cie->encoding, &start) ||
	    !read_encoded(f, &b, cie->encoding & 0x0f, &len))
		return true;
	if (cie->sized)
		bytes__part(&b, bytes__uleb(&b));
	/* Those of functions that the linker left out have no length. */
	if (b.beyond || !len || len > UINT32_MAX || start + len < start ||
	    (size_t)(b.end - b.at) > FRAMES_PROGRAM_MAX)
		return true;
	if (!make_room((void **)&f->fdes, f->n_fdes, &f->fdes_room, sizeof(*f->fdes)))
		return false;
	f->fdes[f->n_fdes++] = (struct fde){
		.start = start,
		.len = (uint32_t)len,
		.cie = (uint32_t)(cie - f->cies),
		.at = (uint32_t)(b.at - f->data),
		.end = (uint32_t)(b.end - f->data),
	};
	return true;
}

/* Entries that are broken are left out, as far as the next one can be found. */
static bool index_entries(struct frames *f, const unsigned char *ident, bool eh)
{
	Elf_Data data = { .d_buf = (void *)f->data, .d_size = f->size, .d_type = ELF_T_BYTE };
	Dwarf_Off offset = 0, next;
	Dwarf_CFI_Entry entry;
	bool ok = true;
	int err;

	while (ok && offset < f->size) {
		next = offset;
		err = dwarf_next_cfi(ident, &data, eh, offset, &next, &entry);
		if (err > 0 || next <= offset)
			break;
		if (!err)
			ok = dwarf_cfi_cie_p(&entry) ? add_cie(f, offset, &entry.cie)
						      : add_fde(f, &entry.fde);
		offset = next;
	}
	return ok && f->n_fdes && !sort__by_number(f->fdes, f->n_fdes, sizeof(*f->fdes));
}

/* ---------------------------------------------------------------- where it lies */

/* To the end of the segment that an address lies in. */
static const Elf_Data *data_at(Elf *elf, uint64_t addr, uint64_t max)
{
	GElf_Phdr phdr;
	uint64_t into;
	size_t n, i;

	if (elf_getphdrnum(elf, &n))
		return NULL;
	for (i = 0; i < n; i++) {
		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_LOAD ||
		    addr < phdr.p_vaddr || addr - phdr.p_vaddr >= phdr.p_filesz)
			continue;
		into = addr - phdr.p_vaddr;
		if (phdr.p_filesz - into < max)
			max = phdr.p_filesz - into;
		return elf_getdata_rawchunk(elf, (int64_t)(phdr.p_offset + into), max, ELF_T_BYTE);
	}
	return NULL;
}

/* Of a file without sections: .eh_frame_hdr names it (the Linux Standard Base, 10.6.2). */
static const Elf_Data *find_by_header(Elf *elf, uint64_t *ret_addr)
{
	struct frames hdr = { .size = 0 };
	const Elf_Data *data = NULL;
	struct bytes b;
	GElf_Phdr phdr;
	size_t n, i;

	if (elf_getphdrnum(elf, &n))
		return NULL;
	for (i = 0; i < n && !data; i++) {
		if (gelf_getphdr(elf, (int)i, &phdr) && phdr.p_type == PT_GNU_EH_FRAME)
			data = data_at(elf, phdr.p_vaddr, 12);
	}
	if (!data || !data->d_buf || data->d_size < 12)
		return NULL;
	hdr.data = data->d_buf;
	hdr.addr = phdr.p_vaddr;
	b = (struct bytes){ .at = hdr.data + 4, .end = hdr.data + data->d_size };
	if (!read_encoded(&hdr, &b, hdr.data[1], ret_addr))
		return NULL;
	return data_at(elf, *ret_addr, FRAMES_BYTES_MAX);
}

struct frames *frames__read(Elf *elf, const char *section)
{
	bool eh = !strcmp(section, ".eh_frame");
	const char *ident = elf_getident(elf, NULL);
	struct frames *f = calloc(1, sizeof(*f));
	const Elf_Data *data = NULL;
	GElf_Shdr shdr;
	Elf_Scn *scn;

	if (!f || !ident)
		goto none;
	scn = stack_elf__named(elf, section, &shdr);
	f->addr = scn ? shdr.sh_addr : 0;
	data = scn ? stack_elf__data(scn, FRAMES_BYTES_MAX) : NULL;
	if (!scn && eh)
		data = find_by_header(elf, &f->addr);
	if (!data || !data->d_buf)
		goto none;
	f->data = data->d_buf;
	f->size = data->d_size;
	if (index_entries(f, (const unsigned char *)ident, eh))
		return f;
none:
	frames__free(f);
	return NULL;
}

/* ---------------------------------------------------------------- looking */

bool frames__find(const struct frames *f, uint64_t addr, struct frame_program *ret)
{
	size_t lo = 0, hi = f->n_fdes, mid, back;
	const struct fde *fde;
	const struct cie *cie;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (f->fdes[mid].start <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (back = 0; back < lo && back < BACK_MAX; back++) {
		fde = &f->fdes[lo - 1 - back];
		if (addr - fde->start >= fde->len)
			continue;
		cie = &f->cies[fde->cie];
		*ret = (struct frame_program){
			.initial = cie->initial,
			.rest = { .at = f->data + fde->at, .end = f->data + fde->end },
			.start = fde->start,
			.code_align = cie->code_align,
			.data_align = cie->data_align,
			.return_register = cie->return_register,
			.signal = cie->signal,
			.of = f,
			.encoding = cie->encoding,
		};
		return true;
	}
	return false;
}
