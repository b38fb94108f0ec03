/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes one region, and the name of what backs it, into the scratch record.
 * bpf_d_path() is refused in tracing programs, so dentries and mounts are
 * walked here (fs/d_path.c).
 */
#ifndef MEMTRACE_NAME_BPF_H
#define MEMTRACE_NAME_BPF_H

#include "kernel.bpf.h"

#define PATH_DEPTH 64
#define COMPONENT_LEN 256 /* NAME_MAX and its NUL */

/* include/uapi/linux/magic.h */
#define ANON_INODE_FS_MAGIC 0x09041934
#define HUGETLBFS_MAGIC 0x958458f6

/* Appends a string to the record; false when there is no room. */
static __always_inline bool put_string(struct scratch *s, const void *str)
{
	__u32 off = s->len;
	long n;

	if (off > RECORD_LEN - COMPONENT_LEN)
		return false;
	n = bpf_probe_read_kernel_str(&s->rec[off], COMPONENT_LEN, str);
	if (n <= 0)
		return false;
	s->len = off + n;
	return true;
}

enum path_step { PATH_MORE, PATH_END, PATH_CUT };

/*
 * One component, or one mount, up from s->dentry. Not static: so the verifier
 * looks at it once and not at each step (51c39bb1d5d1, 5.6); pointers to memory
 * may be given to such functions since 5.12 only (e5069b9c23b3).
 */
__noinline int path_step(void)
{
	struct scratch *s = scratch_of_cpu();
	struct dentry *dentry, *parent;
	struct mount *mnt, *up;

	if (!s)
		return PATH_CUT;
	dentry = (void *)s->dentry;
	mnt = (void *)s->mnt;
	if (s->dentry == self.root_dentry &&
	    s->mnt + bpf_core_field_offset(struct mount, mnt) == self.root_mnt)
		return PATH_END;
	parent = READ(struct dentry, dentry, d_parent);
	if (dentry == READ(struct mount, mnt, mnt.mnt_root) || dentry == parent) {
		up = READ(struct mount, mnt, mnt_parent);
		if (up == mnt || !up)
			return PATH_END;
		s->dentry = (__u64)READ(struct mount, mnt, mnt_mountpoint);
		s->mnt = (__u64)up;
		return PATH_MORE;
	}
	if (s->len - s->path_at > MT_PATH_LEN - COMPONENT_LEN ||
	    !put_string(s, READ(struct dentry, dentry, d_name.name)))
		return PATH_CUT;
	s->dentry = (__u64)parent;
	return PATH_MORE;
}

/* d_unlinked(): not hashed and not a root */
static __always_inline bool is_unlinked(struct dentry *dentry)
{
	return !READ(struct dentry, dentry, d_hash.pprev) &&
	       READ(struct dentry, dentry, d_parent) != dentry;
}

/*
 * Appends the path's components, leaf first, up to the root of the tracing
 * user or of the mount namespace: /proc/PID/maps prints a path as the reader
 * sees it. Returns enum mt_name_flags.
 */
static __always_inline __u32 put_path(struct scratch *s, struct vfsmount *vfsmnt,
				      struct dentry *dentry)
{
	__u32 flags = 0;
	int i, step;

	s->dentry = (__u64)dentry;
	s->mnt = (__u64)vfsmnt - bpf_core_field_offset(struct mount, mnt);
	s->path_at = s->len;
	if (is_unlinked(dentry))
		flags = MT_NAME_DELETED;
	for (i = 0; i < PATH_DEPTH; i++) {
		step = path_step();
		if (step == PATH_END)
			return flags;
		if (step != PATH_MORE)
			break;
	}
	return flags | MT_NAME_TRUNCATED;
}

/* fs/d_path.c: d_path() asks ->d_dname() first, but not for a mounted root. */
static __always_inline void put_file_name(struct scratch *s, struct mt_region *r, struct path *path)
{
	struct dentry *dentry = path->dentry;
	const struct dentry_operations *op = READ(struct dentry, dentry, d_op);

	if (op && READ(struct dentry_operations, op, d_dname) &&
	    (READ(struct dentry, dentry, d_parent) != dentry ||
	     READ(struct vfsmount, path->mnt, mnt_root) != dentry)) {
		r->name_class = dentry_magic(dentry) == ANON_INODE_FS_MAGIC ? MT_NAME_ANON_INODE :
									      MT_NAME_PSEUDO;
		put_string(s, READ(struct dentry, dentry, d_name.name));
		return;
	}
	r->name_class = MT_NAME_PATH;
	r->name_flags = put_path(s, path->mnt, dentry);
}

/*
 * In tier truth a name is sent once and then stood for by a number; a walk of
 * everything, from which user space starts anew, has all names. A number is given
 * where records of the space come in order only, under its lock: elsewhere another
 * CPU could send it before the name.
 */
static __always_inline void put_file(struct scratch *s, struct mt_region *r, struct path *path,
				     struct inode *inode)
{
	struct dentry *dentry = path->dentry;
	struct file_key *key = &s->file; /* the stack is short */
	__u32 *known = NULL, number;

	if (!tier_truth || !s->space) {
		put_file_name(s, r, path);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->space = s->space;
	key->inode = (__u64)inode;
	key->ino = r->ino;
	key->dentry = (__u64)dentry;
	key->parent = (__u64)READ(struct dentry, dentry, d_parent);
	key->hash_len = READ(struct dentry, dentry, d_name.hash_len);
	key->mnt = (__u64)path->mnt;
	key->deleted = is_unlinked(dentry);
	key->generation = files_generation;
	if (!s->piecewise)
		known = bpf_map_lookup_elem(&files, key);
	if (known) {
		r->file = *known;
		r->name_class = MT_NAME_KNOWN;
		return;
	}
	/* No two CPUs give the same: an atomic that tells what it added up to came with 5.12. */
	number = ++s->files * nr_cpus + bpf_get_smp_processor_id();
	r->file = number;
	bpf_map_update_elem(&files, key, &number, BPF_ANY);
	s->names++;
	put_file_name(s, r, path);
}

/* mm/mmap.c, special_mapping_name(); include/linux/mm_inline.h, anon_vma_name(). */
static __always_inline void put_special_name(struct scratch *s, struct mt_region *r,
					     struct vm_area_struct *vma)
{
	const struct vm_operations_struct *op = READ(struct vm_area_struct, vma, vm_ops);
	struct vm_special_mapping *special;

	if (op) {
		special = READ(struct vm_area_struct, vma, vm_private_data);
		if (special && READ(struct vm_operations_struct, op, name) &&
		    put_string(s, READ(struct vm_special_mapping, special, name)))
			r->name_class = MT_NAME_LITERAL;
		return;
	}
	if (bpf_core_field_exists(vma->anon_name)) {
		struct anon_vma_name *name = READ(struct vm_area_struct, vma, anon_name);

		if (name && put_string(s, &name->name))
			r->name_class = MT_NAME_ANON_VMA;
	}
}

/*
 * Appends the region [start, end) of vma, and its name, padded to 8 bytes. The
 * caller has seen to it that there is room for the longest name.
 */
static __always_inline int put_region(struct scratch *s, struct vm_area_struct *vma, __u64 start,
				      __u64 end)
{
	__u32 at = s->len, len;
	struct inode *inode;
	struct mt_region *r;
	struct path path;
	struct file *file;

	r = scratch_room(s, sizeof(*r));
	if (!r)
		return -1;
	__builtin_memset(r, 0, sizeof(*r));
	r->start = start;
	r->end = end;
	r->vm_flags = READ(struct vm_area_struct, vma, vm_flags);
	r->pgoff = READ(struct vm_area_struct, vma, vm_pgoff);
	file = READ(struct vm_area_struct, vma, vm_file);
	if (file) {
		struct super_block *sb;

		file_shown(file, &path, &inode);
		sb = READ(struct inode, inode, i_sb);
		r->ino = READ(struct inode, inode, i_ino);
		r->dev = READ(struct super_block, sb, s_dev);
		if (READ(struct super_block, sb, s_magic) == HUGETLBFS_MAGIC)
			r->page_shift = READ(struct super_block, sb, s_blocksize_bits);
		if ((__u64)file == s->last_file)
			r->name_class = MT_NAME_SAME;
		else
			put_file(s, r, &path, inode);
	} else {
		put_special_name(s, r, vma);
	}
	s->last_file = (__u64)file;
	len = s->len - at - sizeof(*r);
	r->name_len = len;
	s->len = (s->len + 7) & ~7u;
	s->found++;
	return 0;
}

#endif
