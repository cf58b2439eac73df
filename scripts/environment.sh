# Sourced by the scripts: makes a virtual environment with the pinned versions, once, and puts it on the path.
#
#   environment FOLDER [EXTRAS]    e.g. environment .venv-test dev,minilm
#
# PYTHON names the interpreter (3.11 or newer). Where there is no GPU, the CPU build of torch is enough and much smaller than the
# default one: set TORCH_INDEX to the address of PyTorch's CPU wheel index if your package index serves the large one.

environment() {
    local folder=$1 extras=${2:-} python=${PYTHON:-python3}
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        echo "Python 3.11 or newer is needed; $python is $("$python" --version). Set PYTHON to name another." >&2
        return 1
    }
    local wanted
    wanted=$(cat pyproject.toml constraints.txt <(echo "$extras") <("$python" --version) | cksum)
    if [ "$(cat "$folder/.made" 2>/dev/null)" != "$wanted" ]; then
        echo "installing into $folder (once; some minutes on a slow connection)" >&2
        rm -rf "$folder"
        "$python" -m venv "$folder"
        # torch first and alone: any later package would ask for the newest one, with several GB of GPU libraries.
        "$folder/bin/pip" install -qq --disable-pip-version-check --constraint constraints.txt torch \
            ${TORCH_INDEX:+--index-url "$TORCH_INDEX"}
        "$folder/bin/pip" install -qq --disable-pip-version-check --constraint constraints.txt --editable ".${extras:+[$extras]}"
        echo "$wanted" > "$folder/.made"
    fi
    PATH="$PWD/$folder/bin:$PATH"
}
