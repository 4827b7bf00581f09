#!/usr/bin/env bash
# Build the image without Docker and run it as a cluster would: as user 10001, with a read-only root
# and only the results folder writable.
#
#   apt-get install buildah debootstrap
#   scripts/image_check.sh                     everything; about three minutes, 4 GB below /var/tmp
#   WORK=/var/tmp/image scripts/image_check.sh keep the base, the image and the results in WORK
#
# Needs root on Debian (or Ubuntu, with SUITE and MIRROR). The base is a minimal Debian with its own
# python3 made on this machine, in place of the Dockerfile's default: this proves the Dockerfile's
# steps and the run, not that other base. What pip and apt need to reach their indexes here (a
# proxy, a private CA in /etc/ssl/certs, /etc/pip.conf) is lent to the build and is not in the image.
set -euo pipefail
cd "$(dirname "$0")/.."

SUITE=${SUITE:-bookworm}
MIRROR=${MIRROR:-}
USER_ID=10001

say() { printf '\n== %s\n' "$*"; }
die() { printf 'image_check: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || die "needs root: debootstrap and buildah's chroot isolation do"
for program in buildah debootstrap unshare python3; do
  command -v "$program" >/dev/null || die "needs $program: apt-get install buildah debootstrap util-linux python3"
done

if [ -n "${WORK:-}" ]; then KEEP=1; mkdir -p "$WORK"; else KEEP=; WORK=$(mktemp -d /var/tmp/canarygate-image.XXXXXX); fi
RESULTS=$(mktemp -d "$WORK/results.XXXXXX")
started=()
container=

# Storage of its own: no image, container or mount of this machine is touched or left behind.
bud() { buildah --root "$WORK/storage" --runroot "$WORK/run" --storage-driver vfs "$@"; }

clean_up() {
  # Process 1 of an image ends all in it; unshare's own way to end it does not outlive a change of user.
  for process in "${started[@]}"; do pkill -KILL -P "$process" || true; done
  wait 2>/dev/null || true
  [ -z "$container" ] || bud rm "$container" >/dev/null || true
  [ -n "$KEEP" ] || rm -rf "$WORK"
}
trap clean_up EXIT

say "a base: Debian $SUITE with its own python3"
if [ ! -e "$WORK/base/.made" ]; then
  rm -rf "$WORK/base"
  # shellcheck disable=SC2086 # no mirror means no argument
  debootstrap --variant=minbase --include=python3,python3-venv "$SUITE" "$WORK/base" $MIRROR >"$WORK/debootstrap.log" \
    || { tail -5 "$WORK/debootstrap.log"; die "debootstrap failed"; }
  rm -rf "$WORK"/base/var/cache/apt/* "$WORK"/base/var/lib/apt/lists/*
  # What the official base does: no bytecode of the standard library.
  find "$WORK/base/usr/lib" -name '*.pyc' -delete
  touch "$WORK/base/.made"
fi
if ! bud inspect --type image localhost/base >/dev/null 2>&1; then
  scratch=$(bud from scratch)
  bud add --quiet "$scratch" "$WORK/base" / >/dev/null
  bud commit --quiet "$scratch" localhost/base >/dev/null
  bud rm "$scratch" >/dev/null
fi

say "the Dockerfile's steps"
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' canarygate/__init__.py)
lent=(--volume /etc/ssl/certs:/etc/ssl/certs:ro)
[ ! -e /etc/pip.conf ] || lent+=(--volume /etc/pip.conf:/etc/pip.conf:ro)
bud bud --isolation chroot --pull-never --build-arg BASE=localhost/base --build-arg "VERSION=$version" \
  "${lent[@]}" --tag localhost/canarygate . >"$WORK/build.log" 2>&1 || { tail -30 "$WORK/build.log"; die "the build failed"; }
bud images --format '{{.Name}} {{.Size}}' localhost/canarygate

# What the image itself says about how to be run is what is run.
config() {
  bud inspect --type image localhost/canarygate \
    | python3 -c 'import json, sys; print(*(json.load(sys.stdin)["OCIv1"]["config"].get(sys.argv[1]) or []), sep="\n" if sys.argv[1] != "User" and sys.argv[1] != "WorkingDir" else "")' "$1"
}
[ "$(config User)" = "$USER_ID:$USER_ID" ] || die "the image's user is '$(config User)'"
[ "$(config WorkingDir)" = /app ] || die "the image's working directory is '$(config WorkingDir)'"
mapfile -t environment < <(config Env)
mapfile -t entrypoint < <(config Entrypoint)
mapfile -t command < <(config Cmd)
[ "${entrypoint[*]} ${command[*]}" = "canarygate gate" ] || die "the image runs '${entrypoint[*]} ${command[*]}'"

container=$(bud from --pull-never localhost/canarygate)
root=$(bud mount "$container")
chown "$USER_ID:$USER_ID" "$RESULTS"

# Run a command in the image, with more variables in front: `inside A=1 B=2 -- command...`. Read-only
# all through but for /results; process 1 of its own process namespace; no /tmp to write to.
inside() {
  local variables=()
  while [ "$1" != -- ]; do variables+=("$1"); shift; done
  shift
  # shellcheck disable=SC2016 # the inner shell expands
  exec unshare --mount --pid --fork -- bash -euc '
    root=$1 results=$2 user=$3; shift 3
    mount --bind "$root" "$root"
    mount --bind "$results" "$root/results"
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount -o remount,bind,ro "$root"
    exec chroot --userspec="$user:$user" "$root" env -i --chdir=/app "$@"
  ' bash "$root" "$RESULTS" "$USER_ID" "${environment[@]}" "${variables[@]}" "$@"
}

say "user, file system and imports"
(inside -- python -c '
import errno, os, pathlib
assert (os.getpid(), os.getuid(), os.getgid(), os.getcwd()) == (1, 10001, 10001, "/app"), "who and where"
for place in ("/", "/app", "/tmp", "/opt/venv", "/etc"):
    try:
        pathlib.Path(place, "written").touch()
    except OSError as error:
        assert error.errno in (errno.EROFS, errno.EACCES), error
    else:
        raise SystemExit(f"{place} can be written to")
pathlib.Path("/results/written").touch()
pathlib.Path("/results/written").unlink()
import importlib.util, json.decoder, locust
for module in (json.decoder, locust):
    bytecode = importlib.util.cache_from_source(module.__file__)
    assert pathlib.Path(bytecode).exists(), f"no bytecode of {module.__name__}"
')
(inside -- python -c '
import locust, requests, rich.table, prometheus_client
import numpy.testing, pandas, scipy.special, scipy.stats
import canarygate, push_metrics, importlib.metadata
assert canarygate.__version__ == importlib.metadata.version("canarygate")
assert abs(scipy.special.betainc(2, 3, 0.5) - 0.6875) < 1e-12
assert pandas.read_csv("/etc/passwd", sep=":", header=None).shape[0] > 5
print("canarygate", canarygate.__version__, "locust", locust.__version__)
')
(inside -- locust -f locustfiles/checkout_flow.py --list)

# The network is this machine's own, so loopback is shared by the shops and the gates.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start_shop() { # port, version, faults
  (inside -- canarygate serve shop --port "$1" --version-label "$2" --faults "$3") >"$WORK/shop-$2.log" 2>&1 &
  started+=("$!")
  for _ in $(seq 50); do
    python3 -c 'import sys, urllib.request as u; u.build_opener(u.ProxyHandler({})).open(sys.argv[1], timeout=1)' \
      "http://127.0.0.1:$1/healthz" 2>/dev/null && return 0
    sleep 0.2
  done
  tail -20 "$WORK/shop-$2.log"
  die "the $2 shop did not start"
}

stable=$(free_port); start_shop "$stable" stable ''
healthy=$(free_port); start_shop "$healthy" healthy ''
faulty=$(free_port); start_shop "$faulty" faulty 'latency=200-800ms'

# The image's own entry point and command, told by the environment only, as a Job tells it.
gate() { # run id, canary's port, run time
  inside "RUN_ID=$1" "TARGET_HOST=http://127.0.0.1:$2" "STABLE_HOST=http://127.0.0.1:$stable" SERVICE=checkout \
    "RUN_TIME=$3" USERS=40 SPAWN_RATE=20 WARM_UP=5s -- "${entrypoint[@]}" "${command[@]}"
}

expect() { # what, wanted exit code, actual one
  [ "$3" -eq "$2" ] || die "$1: exit code $3 where $2 was expected"
  echo "$1: exit code $3, as it should be"
}

outcome() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["outcome"])' "$RESULTS/$1/run.json"; }

say "a gate of a healthy canary"
status=0; (gate healthy "$healthy" 25s) || status=$?
expect "healthy canary" 0 "$status"

say "a gate of a canary that is 200-800 ms slow"
status=0; (gate faulty "$faulty" 25s) || status=$?
expect "faulty canary" 10 "$status"

say "SIGTERM to process 1 in the middle of a gate"
(gate ended "$healthy" 60s) >"$WORK/ended.log" 2>&1 &
gate_pid=$!
started+=("$gate_pid")
sleep 10
before=$SECONDS
pkill -TERM -P "$gate_pid" # the one child of unshare is process 1 of the image
status=0; wait "$gate_pid" || status=$?
expect "ended gate, after $((SECONDS - before)) s" 143 "$status"
[ "$(outcome ended)" = interrupted ] || die "the ended gate's outcome is '$(outcome ended)'"

say "what the runs left, and whose it is"
find "$RESULTS" -mindepth 2 -printf '%P %u\n' | sort
[ -z "$(find "$RESULTS" -mindepth 1 ! -uid "$USER_ID")" ] || die "a file of somebody else's in the results"
say "all of it holds"
