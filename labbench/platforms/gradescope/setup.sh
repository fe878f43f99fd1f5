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
# 5: hand-ins are locked in less well here, as the table says; where they are graded it may be otherwise.
"$here/venv/bin/python" -m labbench doctor || [ $? = 5 ]

# What keeps grading from working shows now, and not to every student.
trial=$(mktemp -d)
"$here/venv/bin/python" -m labbench init {{ lab }} --dir "$trial"
"$here/venv/bin/python" -m labbench score --lab {{ lab }} --{{ profile }} --submission "$trial" \
{%- if pack %}
    --pack "$here/pack" \
{%- endif %}
{%- if allow_weak %}
    --allow-weak \
{%- endif %}
    --format gradescope="$trial/results.json" || [ $? = 5 ]
rm -rf "$trial"
echo "labbench is ready to grade lab {{ lab }}."
