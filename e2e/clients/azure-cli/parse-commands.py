"""Parses commands of az, one a line, and prints exit code and messages of each as a line of JSON. None of them is run."""

import io
import json
import logging
import shlex
import sys

from azure.cli.core import get_default_cli
from azure.cli.core.commands import AzCliCommandInvoker


def end_after_validation(*_):
    raise SystemExit(0)


AzCliCommandInvoker._run_jobs_serially = end_after_validation

for line in sys.stdin:
    sys.stderr = io.StringIO()
    for name in ("cli", "az"):  # their handlers write to an earlier stderr
        logging.getLogger(name).handlers.clear()
    try:
        code = get_default_cli().invoke(shlex.split(line)[1:], out_file=io.StringIO())
    except SystemExit as end:
        code = end.code
    print(json.dumps({"code": code, "messages": sys.stderr.getvalue()}), flush=True)
