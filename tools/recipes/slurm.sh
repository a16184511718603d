#!/bin/bash
#SBATCH --job-name=viamillipede
#SBATCH --ntasks-per-node=1
#
# sbatch --nodes=8 slurm.sh SOURCE TARGET: the first half of the nodes sends the file SOURCE of each, on a disk of its own, to the file TARGET of a
# node of the second half: one pair of tx and rx for each pair of nodes, all at the same time. The job fails if one of them does.
# A node has its other networks as NODE-SUFFIX: SUFFIXES="ib0 ib1" has each pair use both, in that order.
set -euo pipefail
source=$1 target=$2 port=${PORT:-8834}
program=${PROGRAM:-viamillipede}

mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
half=$((${#nodes[@]} / 2))
if ((half == 0)); then
	echo "slurm.sh: expected two nodes or more" >&2
	exit 1
fi

on() { srun --nodes=1 --ntasks=1 --exact --nodelist="$1" "${@:2}"; }

running=()
for ((i = 0; i < half; i++)); do
	from=${nodes[i]} to=${nodes[half + i]}
	paths=()
	for suffix in ${SUFFIXES:-}; do
		paths+=(tx "$to-$suffix" "$port")
	done
	[[ ${paths[*]-} ]] || paths=(tx "$to" "$port")
	on "$to" "$program" rx "$port" file "$target" sync connect 120 verbose 1 &
	running+=($!)
	on "$from" "$program" "${paths[@]}" file "$source" connect 120 verbose 1 &
	running+=($!)
done
status=0
for _ in "${running[@]}"; do
	if ! wait -n; then
		status=1
		kill "${running[@]}" 2>/dev/null || true # none waits for one that will not come
	fi
done
exit "$status"
