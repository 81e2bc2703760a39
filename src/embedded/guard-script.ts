/** Exit status of the script when another process runs a server for the same place. */
export const takenStatus = 75

/**
 * `sh -c <script> sh <place> <variable> <programs> <args…>`: runs a server that outlives neither its wish nor its owner.
 *
 * A Ctrl-C reaches the whole process group, and the service still needs its servers to drain: the shell is started
 * detached, and asked to end by the end of its input. That also comes when the owner is killed with -9.
 *
 * Two servers on the same files would ruin them, so `<place>.pid` says who owns the one there is. A process that
 * still writes to our log is that server, whatever else got its number since; an owned one is left alone, a left-over
 * one is ended first. USR1 ends a server that does not listen to TERM.
 *
 * Debian keeps servers in /usr/sbin, which is not on everybody's PATH.
 */
export const guardScript = `exec 3<&0
PATH="$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"
log=$1.log pidfile=$1.pid
eval "program=\\\${$2:-}"
for name in $3; do program=\${program:-$(command -v "$name")}; done
shift 3
command -v "$program" >/dev/null || exit 127

runs_here() {
  [ "$({ readlink "/proc/$1/fd/1" || lsof -a -p "$1" -d 1 -Fn | sed -n 's/^n//p'; } 2>/dev/null)" = "$log" ]
}
tries=0
[ -f "$pidfile" ] && read -r owner server <"$pidfile" && while runs_here "$server"; do
  kill -0 "$owner" 2>/dev/null && exit ${takenStatus}
  [ $((tries += 1)) -lt 50 ] && kill -TERM "$server" || kill -KILL "$server"
  sleep 0.1
done

"$program" "$@" </dev/null 3<&- & server=$!
echo "$PPID $server" >"$pidfile"
trap 'kill -TERM $server' TERM
trap 'kill -KILL $server' USR1
{ cat <&3 >/dev/null; kill -TERM $server; } 2>/dev/null & guard=$!
wait $server; code=$?
while [ $code -gt 128 ] && kill -0 $server 2>/dev/null; do wait $server; code=$?; done
rm -f "$pidfile"
kill $guard 2>/dev/null
exit $code`
