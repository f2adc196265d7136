# Installs PostgreSQL from Debian without starting a system server. Runs as root.
set -eu
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.conf

restore() {
    if [ -e "$policy.before-xtask" ]; then mv -f "$policy.before-xtask" "$policy"; else rm -f "$policy"; fi
    if [ -e "$clusters.before-xtask" ]; then mv -f "$clusters.before-xtask" "$clusters"; fi
}
trap restore EXIT
trap 'exit 130' INT TERM HUP

# While this file says 101, Debian's packages start no service.
if [ -e "$policy" ]; then mv -f "$policy" "$policy.before-xtask"; fi
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends postgresql-common
# And with this line it makes no database of its own.
if [ -e "$clusters" ]; then cp -p "$clusters" "$clusters.before-xtask"; fi
echo 'create_main_cluster = false' >>"$clusters"
apt-get install -y --no-install-recommends postgresql
