# SPDX-License-Identifier: GPL-2.0
# The call model against kernel truth, where there is tier truth: a case for each
# program. What may differ, and why, is in tests/model/differences.md.

model_programs()
{
	local workload
	for workload in "$WORKLOADS"/*; do
		# Two go on until they are ended.
		[[ ! -x $workload || $workload = *.d || $workload = */fuzz || $workload = */under_way ]] ||
			printf '%s\t%s >/dev/null\n' "${workload##*/}" "$workload"
	done
	printf 'gcc\techo "int main(void) { return 0; }" >%s/a.c; gcc -O2 -o %s/a %s/a.c\n' \
		"$KERNEL_TMP" "$KERNEL_TMP" "$KERNEL_TMP"
	printf 'python\tpython3 %s/threads.py\n' "$KERNEL_TESTS/../model"
	! command -v node >/dev/null || printf 'node\tnode %s/workers.js >/dev/null\n' "$KERNEL_TESTS"
	printf 'shell\ti=0; while [ $i -lt 60 ]; do echo $i | sed s/1/2/; ls /; i=$((i+1)); done >/dev/null\n'
	for seed in 1 2 3; do
		printf 'random calls %d\t%s 2500 %d >/dev/null\n' "$seed" "$FUZZ" "${seed}3"
	done
	# Half a second each, so that a sanitized model-truth does not fall behind by a ring.
	for seed in 5 6 7 8; do
		printf 'fuzz %d\ttimeout -s KILL 0.5 %s/fuzz 1 %d >/dev/null; true\n' "$seed" "$WORKLOADS" "$seed"
	done
	printf 'under_way\ttimeout -s KILL 0.5 %s/under_way; true\n' "$WORKLOADS"
}

programs=$(model_programs | sed 's/^/model: /' | grep -F -- "$FILTER")
if [ -n "$programs" ] && "$MEMTRACE" --tier truth -q -o /dev/null -- true 2>/dev/null; then
	"$MODEL_TRUTH" "$KERNEL_TESTS/../model/differences.md" <<<"$programs" ||
		echo "FAILED model: model-truth ended with status $?"
fi
