# What the other scripts share: messages, and reading the environment.
# shellcheck shell=bash

say() { printf 'entrypoint: %s\n' "$*" >&2; }
fail() {
  say "error: $*"
  exit 1
}

# env_of NAME...: the value of the first variable that is set and not empty.
env_of() {
  local name
  for name in "$@"; do
    if [[ -n ${!name-} ]]; then
      printf '%s' "${!name}"
      return
    fi
  done
}

# secret_of RESULT NAME...: put the first NAME or NAME_FILE that is set into RESULT, unchanged
# (a command substitution would drop newlines at the end; the Secret is right, whatever it holds).
secret_of() {
  local -n result=$1
  local name file
  shift
  result=
  for name in "$@"; do
    file=${name}_FILE
    if [[ -n ${!file-} ]]; then
      [[ -r ${!file} ]] || fail "$file is ${!file}, which cannot be read"
      IFS= read -r -d '' result <"${!file}" || true
    else
      result=${!name-}
    fi
    if [[ -n $result ]]; then return; fi
  done
}

is_yes() { [[ ${1,,} =~ ^(1|y|yes|true|on)$ ]]; }
