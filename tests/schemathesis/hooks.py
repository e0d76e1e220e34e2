"""Puts names that the gateway knows in the place of drawn ones, else most requests would end at an unknown name."""

import collections
import os

import schemathesis

# Operations whose answers are transactions take about a second each.
JOBS = {"POST /v1/jobs": 5}
# The scripted engine embeds nothing.
LEFT = {"POST /v1/embeddings", "POST /api/embed", "POST /api/embeddings"}

seen = collections.Counter()


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.label
    seen[operation] += 1
    # Every second one, so that unknown names are tried as well.
    if operation in LEFT or seen[operation] % 2 or seen[operation] > 2 * JOBS.get(operation, 10**9):
        return
    if isinstance(case.body, dict) and isinstance(case.body.get("model"), str):
        case.body["model"] = os.environ["MILLRACE_MODEL"]
    for name, value in {"id": os.environ["MILLRACE_JOB"], "name": os.environ["MILLRACE_MODEL"]}.items():
        if case.path_parameters and name in case.path_parameters:
            case.path_parameters[name] = value
