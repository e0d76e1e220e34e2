#!/usr/bin/env python3
"""Asks a model on Millrace with Ollama's own library: only the host is another one.

usage: ask.py HOST API_KEY QUESTION
"""

import json
import sys

import ollama

host, api_key, question = sys.argv[1:]
client = ollama.Client(host=host, headers={"Authorization": f"Bearer {api_key}"})
model = client.list().models[0].model
messages = [{"role": "user", "content": question}]
greedy = {"temperature": 0, "num_predict": 32}

whole = client.chat(model=model, messages=messages, options=greedy)
streamed, last = "", None
for part in client.chat(model=model, messages=messages, options=greedy, stream=True):
    streamed += part.message.content
    last = part
generated = client.generate(model=model, prompt="What is 1 plus", raw=True, options={**greedy, "num_predict": 1})
embedded = client.embed(model=model, input=[question, "Something else"])

try:
    client.chat(model="no such model", messages=messages)
    refused = None
except ollama.ResponseError as error:
    refused = error.status_code

print(json.dumps({
    "model": model,
    "answer": whole.message.content,
    "done_reason": whole.done_reason,
    "tokens": whole.prompt_eval_count + whole.eval_count,
    "total_duration": whole.total_duration,
    "streamed": streamed,
    "streamed_tokens": last.prompt_eval_count + last.eval_count,
    "cut": generated.done_reason,
    "embeddings": len(embedded.embeddings),
    "context_length": client.show(model).modelinfo["millrace.context_length"],
    "ready": [one.model for one in client.ps().models],
    "unknown_model": refused,
}))
