#!/bin/sh
# Crystal Studio @VERSION@ (@FLAVOUR@) for Linux on x86_64 with Python @PYTHON@: a self-extracting installer.
# Needs neither root nor a network. `sh FILE --help` tells the options; a tar archive follows the last line.
set -eu
umask 022

version='@VERSION@'
flavour='@FLAVOUR@'
python_wanted='@PYTHON@'
header_bytes=@HEADER_BYTES@
payload_bytes=@PAYLOAD_BYTES@
payload_sha256='@PAYLOAD_SHA256@'
disk_kb=@DISK_KB@ # what is needed while installing: the packed and the installed files

say() { printf 'crystal-studio installer: %s\n' "$*" >&2; }

give_up() {
    say "$@"
    exit 1
}

usage() {
    cat <<EOF
Installs Crystal Studio $version ($flavour) for one person, without root and without a network.

  sh $0 [--prefix DIR] [--bin DIR] [--share DIR] [--python FILE]
  sh $0 --verify

  --prefix DIR   folder of the program (\$HOME/.local/share/crystal-studio-app)
  --bin DIR      folder of the command crystal-studio (\$HOME/.local/bin)
  --share DIR    folder of the desktop's entries, icons and file types (\$HOME/.local/share)
  --python FILE  the Python $python_wanted to use (the python$python_wanted or python3 on the PATH)
  --verify       only check this file against its SHA-256

An older version is replaced once the new one has passed its own check; projects and settings are kept.
To take it away again: DIR/uninstall
EOF
}

main() {
    file=$0
    prefix=${XDG_DATA_HOME:-${HOME:?}/.local/share}/crystal-studio-app
    python=''
    verify_only=''
    while [ $# -gt 0 ]; do
        case $1 in
            --help | -h) usage && exit 0 ;;
            --verify) verify_only=yes && shift ;;
            --prefix | --bin | --share | --python)
                if [ $# -lt 2 ] || [ -z "$2" ]; then give_up "$1 needs a name."; fi
                case $1 in
                    --prefix) prefix=$(absolute "$2") ;;
                    --bin) bin=$(absolute "$2") ;;
                    --share) share=$(absolute "$2") ;;
                    --python) python=$2 ;;
                esac
                shift 2
                ;;
            *) give_up "There is no option $1. See: sh $0 --help" ;;
        esac
    done
    verify
    [ -z "$verify_only" ] || { say "The file is whole." && exit 0; }
    [ "$(uname -s) $(uname -m)" = "Linux x86_64" ] || give_up "This bundle is for Linux on x86_64, not $(uname -sm)."
    find_python
    made=''
    unpacking=''
    trap tidy_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    make_prefix
    check_disk
    unpack
    set -- --prefix "$prefix"
    [ -z "${bin:-}" ] || set -- "$@" --bin "$bin"
    [ -z "${share:-}" ] || set -- "$@" --share "$share"
    # Not exec: what was unpacked is removed at the end.
    MADE_FOLDERS=$made "$python" -E -s -B "$unpacking/install.py" "$@"
}

absolute() {
    case $1 in
        /*) printf '%s\n' "$1" ;;
        *) printf '%s/%s\n' "$(pwd -P)" "$1" ;;
    esac
}

payload() { tail -c "+$((header_bytes + 1))" "$file"; }

# Before anything is unpacked or run: a file that was cut short or changed is refused.
verify() {
    [ -r "$file" ] || give_up "This file cannot be read. Start it as: sh FILE"
    command -v sha256sum >/dev/null || give_up "The program sha256sum is needed (on Debian: apt-get install coreutils)."
    bytes=$(($(wc -c <"$file") - header_bytes))
    [ "$bytes" -eq "$payload_bytes" ] ||
        give_up "This file is damaged: its archive has $bytes bytes, not $payload_bytes. Copy it again."
    say "Checking the file ($((payload_bytes / 1048576)) MB)."
    found=$(payload | sha256sum | cut -d ' ' -f 1)
    [ "$found" = "$payload_sha256" ] || give_up "This file is damaged: its SHA-256 is wrong. Copy it again."
}

fits() {
    "$1" -E -s -c "import sys, bz2, ctypes, lzma, sqlite3, ssl, venv, zlib
sys.exit('%d.%d' % sys.version_info[:2] != '$python_wanted' or sys.maxsize < 2**32)" >/dev/null 2>&1
}

find_python() {
    if [ -n "$python" ]; then
        fits "$python" || give_up "$python is not a whole Python $python_wanted."
        return
    fi
    for python in "python$python_wanted" python3 "/usr/bin/python$python_wanted" /usr/bin/python3; do
        ! fits "$python" || return 0
    done
    give_up "Python $python_wanted is needed, as the packages in this bundle are built for it, and none was found." \
        "Debian 12: apt-get install python3; elsewhere take the bundle made for the Python you have, or name one with --python."
}

make_prefix() {
    missing=$prefix
    while [ ! -d "$missing" ]; do
        made=$missing'
'$made
        missing=$(dirname "$missing")
    done
    mkdir -p "$prefix" || give_up "The folder $prefix cannot be made. Name another with --prefix."
    [ -w "$prefix" ] || give_up "You may not write to $prefix. Name another folder with --prefix."
}

check_disk() {
    free=$(df -Pk "$prefix" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$disk_kb" ] ||
        give_up "$prefix has $((free / 1024)) MB free; $((disk_kb / 1024)) MB are needed. Name a folder on another disk with --prefix."
}

unpack() {
    unpacking=$prefix/.unpacking-$$
    mkdir -m 700 "$unpacking"
    payload | tar -x -f - -C "$unpacking" || give_up "The archive could not be unpacked into $prefix. Is the disk full?"
}

# Runs at every end: only a whole installation is left.
# shellcheck disable=SC2317 # by the trap
tidy_up() {
    [ -z "$unpacking" ] || rm -rf "$unpacking"
    printf '%s' "$made" | sort -r | while IFS= read -r folder; do
        rmdir "$folder" 2>/dev/null || :
    done
}

# One command line, so that the shell reads nothing of the archive that follows.
main "$@"; exit
