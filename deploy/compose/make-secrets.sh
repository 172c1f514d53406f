#!/bin/bash
# Makes the secrets of the cluster once, each where only the service that needs it may read it.
set -euo pipefail
umask 077
root=${SECRETS_ROOT:-/secrets}
[ -e "$root/node/tessera.config.json" ] && exit 0

random() { head -c 32 /dev/urandom | base64 | tr -d '/+=\n'; }
postgres=$(random)
redis=$(random)

printf '%s' "$postgres" >"$root/postgres/password"
cat >"$root/redis/redis.conf" <<END
requirepass $redis
dir /data
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
END
cat >"$root/node/partial" <<END
{
  "secret": "$(random)",
  "databaseUrl": "postgres://tessera:$postgres@postgres:5432/tessera",
  "redisUrl": "redis://:$redis@redis:6379/0"
}
END
# The users of the images: node is 1000, postgres and redis are 999.
if [ "$(id -u)" = 0 ]; then
  chown -R 1000:1000 "$root/node" "$root/files"
  chown -R 999:999 "$root/postgres" "$root/redis"
fi
# Last: it says that all is there.
mv "$root/node/partial" "$root/node/tessera.config.json"
