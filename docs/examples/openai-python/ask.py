#!/usr/bin/env python3
"""Asks a model on Millrace with OpenAI's own library: only the base URL is another one.

usage: ask.py BASE_URL API_KEY QUESTION
"""

import json
import sys

import openai
import pydantic

base_url, api_key, question = sys.argv[1:]
client = openai.OpenAI(base_url=base_url, api_key=api_key)
model = client.models.list().data[0].id
messages = [{"role": "user", "content": question}]

whole = client.chat.completions.create(model=model, messages=messages, temperature=0, max_tokens=32)
streamed, usage = "", None
options = {"include_usage": True}
for chunk in client.chat.completions.create(
    model=model, messages=messages, temperature=0, max_tokens=32, stream=True, stream_options=options
):
    usage = chunk.usage or usage
    for choice in chunk.choices:
        streamed += choice.delta.content or ""
both = client.chat.completions.create(model=model, messages=messages, temperature=0, max_tokens=32, n=2)


class Sum(pydantic.BaseModel):
    second: int
    first: int


formed = client.chat.completions.parse(
    model=model, messages=messages, response_format=Sum, temperature=0, max_tokens=200
)
number = {"type": "integer"}
add = {"name": "add", "parameters": {"type": "object", "properties": {"first": number, "second": number}}}
calling = client.chat.completions.create(
    model=model, messages=messages, tools=[{"type": "function", "function": add}], tool_choice="required",
    temperature=0, max_tokens=140,
).choices[0].message
[call] = calling.tool_calls
result = {"role": "tool", "tool_call_id": call.id, "content": str(sum(json.loads(call.function.arguments).values()))}
returned = client.chat.completions.create(
    model=model, messages=[*messages, calling, result], temperature=0, max_tokens=32
)
cut = client.completions.create(model=model, prompt="What is 1 plus", temperature=0, max_tokens=1)


def refused(kind, **request):
    try:
        client.chat.completions.create(**{"model": model, "messages": messages, **request})
    except kind as error:
        return error.param or error.code
    raise SystemExit(f"{request} was not refused")


print(json.dumps({
    "model": model,
    "answer": whole.choices[0].message.content,
    "finish_reason": whole.choices[0].finish_reason,
    "job": whole.millrace["job"],
    "fee": whole.millrace["fee"],
    "tokens": whole.usage.total_tokens,
    "streamed": streamed,
    "streamed_tokens": usage.total_tokens,
    "form": list(formed.choices[0].message.parsed.model_dump()),
    "called": call.function.name,
    "after_the_call": returned.choices[0].message.content,
    "cut": cut.choices[0].finish_reason,
    "unknown_model": refused(openai.NotFoundError, model="no such model"),
    "two_answers": [choice.message.content for choice in both.choices],
    "too_many_answers": refused(openai.BadRequestError, n=9),
}))
