/** Exit status of the script if another process already runs a server in the same directory. */
export const takenStatus = 75

/**
 * `sh -c <script> sh <place> <variable> <programs> <args…>`: runs a server that ends on request or with its owner.
 *
 * Ctrl-C signals the whole process group, but the service needs its servers until it has drained. So the shell is started
 * detached, and ends when its standard input closes, which also happens when the owner is killed with SIGKILL.
 *
 * Two servers on the same files would corrupt them, so `<place>.pid` records the owner and the server. A process counts as
 * that server only if it writes to the same log, since its process id may have been reused. A server with a live owner is
 * left running; an orphaned one is ended first. SIGUSR1 kills a server that ignores SIGTERM.
 *
 * Debian installs servers in /usr/sbin, which may not be on the PATH.
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
