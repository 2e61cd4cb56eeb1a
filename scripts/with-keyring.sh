#!/bin/sh
# Runs a command with a real Secret Service: a D-Bus session of its own and an unlocked, throw-away GNOME keyring.
#   scripts/with-keyring.sh npx vitest run test/auth/credential-stores.test.ts
# Needs the packages dbus, gnome-keyring and libsecret-1-0.
set -eu

for program in dbus-run-session gnome-keyring-daemon; do
  command -v "$program" >/dev/null || { echo "with-keyring: $program is not installed" >&2; exit 2; }
done

if [ "${FITGLUE_KEYRING_HOME:-}" = "" ]; then
  FITGLUE_KEYRING_HOME=$(mktemp -d)
  export FITGLUE_KEYRING_HOME
  status=0
  dbus-run-session -- "$0" "$@" || status=$?
  rm -rf "$FITGLUE_KEYRING_HOME"
  exit "$status"
fi

# Inside the session: the keyring lives in the temporary folder, never in the caller's own.
eval "$(printf 'test\n' | XDG_DATA_HOME="$FITGLUE_KEYRING_HOME/data" XDG_RUNTIME_DIR="$FITGLUE_KEYRING_HOME" \
  XDG_CACHE_HOME="$FITGLUE_KEYRING_HOME/cache" \
  gnome-keyring-daemon --unlock --components=secrets 2>"$FITGLUE_KEYRING_HOME/log")"
unset FITGLUE_KEYRING_HOME
export FITGLUE_TEST_KEYCHAIN=1
"$@"
