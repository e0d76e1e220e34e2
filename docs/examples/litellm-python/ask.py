#!/usr/bin/env python3
"""Asks a model on Millrace with LiteLLM: only the base URL is another one.

usage: ask.py BASE_URL API_KEY QUESTION
"""

import json
import os
import sys

# Else the library fetches a list of prices when it is loaded.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm  # noqa: E402

base_url, api_key, question = sys.argv[1:]


def ask(**more):
    request = {"model": "openai/millrace-tiny", "api_base": base_url, "api_key": api_key}
    messages = [{"role": "user", "content": question}]
    return litellm.completion(**{**request, "messages": messages, "temperature": 0, "max_tokens": 32, **more})


def refused(kind, **more):
    try:
        ask(**more)
    except kind as error:
        return error.status_code
    raise SystemExit(f"{more} was not refused")


whole = ask()
streamed, usage, finish = "", None, None
for chunk in ask(stream=True, stream_options={"include_usage": True}):
    usage = getattr(chunk, "usage", None) or usage
    for choice in chunk.choices:
        streamed += choice.delta.content or ""
        finish = choice.finish_reason or finish

print(json.dumps({
    "answer": whole.choices[0].message.content,
    "finish_reason": whole.choices[0].finish_reason,
    "tokens": whole.usage.total_tokens,
    "streamed": streamed,
    "streamed_finish_reason": finish,
    "streamed_tokens": usage.total_tokens,
    "cut": ask(max_tokens=1).choices[0].finish_reason,
    "wrong_key": refused(litellm.AuthenticationError, api_key="sk-millrace-wrong"),
    "unknown_model": refused(litellm.NotFoundError, model="openai/no such model"),
    "two_answers": [choice.message.content for choice in ask(n=2).choices],
    "too_many_answers": refused(litellm.BadRequestError, n=9),
}))
