#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# in_mount.sh KIND DIR PROGRAM: runs PROGRAM, its libraries and its files from a
# tmpfs or an overlay (tmpfs, overlay, chroot: an overlay for a root) that is
# mounted on DIR/m. To be called by `unshare -m`, so that nobody else sees it.
# $WORK_DIR is then a directory there with a file "data" of four pages.
set -e
kind=$1 dir=$2 program=$3
root=$dir/m lower=$dir/m

skip() {
	[ -z "$WORK_EXPECT" ] || echo "skip $*" >>"$WORK_EXPECT"
	exit 0
}

mkdir -p "$dir/m"
mount -t tmpfs tmpfs "$dir/m" || skip "tmpfs cannot be mounted"
if [ "$kind" != tmpfs ]; then
	lower=$dir/m/lower root=$dir/m/merged
	mkdir "$lower" "$dir/m/upper" "$dir/m/work" "$root"
fi
mkdir "$lower/bin" "$lower/files" "$lower/proc"
cp "$program" "$lower/bin/program"
# As ldd does it, which busybox has not.
libs=$(LD_TRACE_LOADED_OBJECTS=1 "$program" | grep -o '/[^ ]*')
for lib in $libs; do
	mkdir -p "$lower${lib%/*}"
	cp -L "$lib" "$lower$lib"
	case $lib in
	*/ld-*) loader=$lib ;;
	*/libc.*) path=${lib%/*} ;;
	esac
done
head -c 16384 /dev/zero >"$lower/files/data"
[ "$kind" = tmpfs ] ||
	mount -t overlay overlay -o "lowerdir=$lower,upperdir=$dir/m/upper,workdir=$dir/m/work" "$root" ||
	skip "overlay cannot be mounted"
export WORK_DIR="$root/files"
if [ "$kind" != chroot ]; then
	cd /
	exec "$root$loader" --library-path "$root$path" "$root/bin/program"
fi
# $WORK_EXPECT keeps its name.
mkdir -p "$root$dir"
mount --bind "$dir" "$root$dir"
mount -t proc proc "$root/proc"
export WORK_DIR=/files
exec chroot "$root" /bin/program
