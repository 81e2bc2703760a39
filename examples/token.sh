#!/usr/bin/env bash
# A token with bash alone: examples/token.sh [account]
# NATS is a line protocol, and /dev/tcp speaks TCP (without TLS). With the nats command: nats request token.get.demo ''
set -euo pipefail
export LC_ALL=C # a character is a byte

account=${1:-demo}
url=${TOKENBUS_NATS_URL:-$(sed -n 's/.*"nats": "\([^"]*\)".*/\1/p' "${TOKENBUS_DATA_DIR:-.tokenbus}/dev.json")}
[[ $url =~ ^nats://(([^:@]+):([^@]+)@)?([^:/]+)(:([0-9]+))? ]] || { echo "no NATS URL: nats://user:password@host:4222" >&2; exit 2; }
user=${BASH_REMATCH[2]} password=${BASH_REMATCH[3]} host=${BASH_REMATCH[4]} port=${BASH_REMATCH[6]:-4222}

id=
for ((i = 0; i < ${#account}; i++)); do
  byte=${account:i:1}
  case $byte in
    [A-Za-z0-9_@+=:,\;\(\)\!~-]) id+=$byte ;;
    *) id+=$(printf '%%%02X' $(($(printf %d "'$byte") & 255))) ;;
  esac
done

inbox=_INBOX${user:+_$user}.$$$RANDOM
exec 3<>"/dev/tcp/$host/$port"
printf 'CONNECT {"user":"%s","pass":"%s","verbose":false,"headers":true,"no_responders":true}\r\n' "$user" "$password" >&3
printf 'SUB %s 1\r\nPUB token.get.%s %s 0\r\n\r\n' "$inbox" "$id" "$inbox" >&3

while read -r -t 6 -u 3 line; do
  read -r -a words <<<"${line%$'\r'}"
  case ${words[0]} in
    PING) printf 'PONG\r\n' >&3 ;;
    -ERR) echo "${line%$'\r'}" >&2 && exit 1 ;;
    MSG)
      read -r -N "${words[-1]}" -u 3 token
      sed 's/.*"accessToken":"\([^"]*\)".*/\1/' <<<"$token"
      exit 0 ;;
    HMSG) # a failure: after its headers, a body that says why
      read -r -N "${words[-1]}" -u 3 failure
      failure=${failure:${words[-2]}}
      echo "${failure:-no tokenbus listens}" >&2
      exit 1 ;;
  esac
done
echo 'no answer' >&2
exit 1
