#!/usr/bin/env bash
# Once, when Gradescope builds the autograder's image: what labbench needs, and the weights.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

apt-get update
apt-get install -y --no-install-recommends python3 python3-venv
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "labbench needs Python 3.11 or newer; choose a newer Ubuntu (24.04) as the autograder's base image." >&2
    exit 1
fi
python3 -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --no-cache-dir -r "$here/requirements.txt"

# Built once, not by each grading.
export PYTHONPATH="$here" LABBENCH_CACHE="$here/cache"
"$here/venv/bin/python" -m labbench weights build
"$here/venv/bin/python" -m labbench doctor || echo "Hand-ins are locked in less well here; see the table above."
