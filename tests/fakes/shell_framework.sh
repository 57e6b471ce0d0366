#!/bin/sh
# Trains a network that is a shell script: a whole worker in shell, to show what a framework of its own has to do
# (docs/formats/worker-protocol.md). Usage: shell_framework.sh TASK_DIR
#
# The job's folder has network.sh, which defines `step` (changes $weight, sets $loss), and plan.sh with iterations,
# per_epoch and snapshot_interval.
set -u
trap '' PIPE HUP
task=$1
job=$(cd "$task/../.." && pwd) || exit 1

exec 9>>"$task/worker.lock"
flock -w 1 9 || exit 5
set -- $(sed 's/.*) //' "/proc/$$/stat")
shift 19
printf '{"pid": %d, "start_time": %s}\n' $$ "$1" >"$task/worker.lock"

touch "$task/events.jsonl"
seq=$(sed -n 's/.*"seq":\([0-9]*\).*/\1/p' "$task/events.jsonl" | tail -n 1)
seq=${seq:-0}
attempt=$(($(grep -c '"event":"started"' "$task/events.jsonl") + 1))
emit() {
    seq=$((seq + 1))
    line="{\"seq\":$seq,\"time\":$(date +%s.%N),$1}"
    echo "$line" >>"$task/events.jsonl"
    echo "$line"
}
epoch() { awk "BEGIN { printf \"%.6g\", $1 / $per_epoch }"; }

aborted=0 wanted=0
trap 'aborted=1' TERM INT
trap 'wanted=1' USR1
# Commands come down standard input as long as the server that started this is there, later as signals.
exec 3<&0
while read -r command; do
    case $command in
        *'"abort"'*) kill -TERM $$ ;;
        *'"snapshot"'*) kill -USR1 $$ ;;
    esac
done <&3 9>&- >/dev/null &
exec 3<&-
emit "\"event\":\"started\",\"pid\":$$,\"version\":\"shell\",\"attempt\":$attempt,\"device\":\"cpu\""

. "$job/plan.sh"
. "$job/network.sh"
iteration=0 weight=1 saved=-1
newest=$(ls "$job" | sed -n 's/^shell_\([0-9]*\)\.state$/\1/p' | sort -n | tail -n 1)
if [ -n "$newest" ]; then
    . "$job/shell_$newest.state"
    . "$job/shell_$newest.weights"
    saved=$iteration
    emit "\"event\":\"log\",\"level\":\"info\",\"text\":\"Resuming at iteration $iteration\""
fi
emit "\"event\":\"network\",\"outputs\":[{\"name\":\"loss\",\"type\":\"loss\"}],\"parameters\":1,\"memory_bytes\":0"

save() {
    [ "$saved" -eq "$iteration" ] && return
    for file in weights state; do
        case $file in
            weights) text="weight=$weight" ;;
            state) text="iteration=$iteration" ;;
        esac
        echo "$text" >"$job/.shell.$$" && mv "$job/.shell.$$" "$job/shell_$iteration.$file"
    done
    saved=$iteration
    emit "\"event\":\"snapshot\",\"iteration\":$iteration,\"epoch\":$(epoch "$iteration"),\"weights\":\"shell_$iteration.weights\",\"state\":\"shell_$iteration.state\""
}

while [ "$iteration" -lt "$iterations" ]; do
    if [ "$aborted" -eq 1 ]; then
        save
        emit '"event":"aborted"'
        exit 0
    fi
    step 9>&-
    emit "\"event\":\"metrics\",\"iteration\":$iteration,\"epoch\":$(epoch "$iteration"),\"phase\":\"train\",\"values\":{\"loss\":$loss,\"lr\":1}"
    iteration=$((iteration + 1))
    emit "\"event\":\"progress\",\"step\":\"train\",\"unit\":\"iterations\",\"done\":$iteration,\"total\":$iterations,\"elapsed_s\":0"
    if [ $((iteration % snapshot_interval)) -eq 0 ] || [ "$wanted" -eq 1 ]; then
        wanted=0
        save
        emit "\"event\":\"metrics\",\"iteration\":$iteration,\"epoch\":$(epoch "$iteration"),\"phase\":\"val\",\"values\":{\"loss\":$loss}"
    fi
done
save
emit "\"event\":\"result\",\"data\":{\"iterations\":$iterations}"
emit '"event":"done"'
