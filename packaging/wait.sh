# How scripts wait. It is sourced by those that do; their logs are in $scratch.
# shellcheck shell=sh disable=SC2154  # they have set it

# wait_for SECONDS COMMAND... tries the command until it succeeds. Where it does not, the end of each log is printed.
wait_for() {
	tries=$(($1 * 5))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || {
			echo "${0##*/}: gave up waiting for: $*" >&2
			tail -n 20 "$scratch"/*.log >&2
			return 1
		}
		sleep 0.2
	done
}
