"""Ask a GGUF file the held-out questions, through llama.cpp or Ollama.

    python evaluate.py llama millrace-tiny.gguf      (needs llama-cpp-python)
    python evaluate.py ollama millrace-tiny          (needs a running Ollama)

Prints the share of right answers at temperature 0, and how much the answers
vary at temperature 0.8.
"""

import json
import os
import pathlib
import re
import sys
import urllib.request
from collections import Counter

import tokens
from corpus import WORDINGS, split

HERE = pathlib.Path(__file__).parent


def chatml(question):
    return f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"


class LlamaCpp:
    """llama.cpp; the text is tokenised by it, with special tokens parsed."""

    def __init__(self, path):
        import llama_cpp

        self.llm = llama_cpp.Llama(path, n_ctx=512, n_threads=1, n_threads_batch=1, verbose=False)
        for question in ["What is 17 plus 25?", "a  b\u00e9\u2581 <|im_end|\n\t\u4e16"]:
            got = self.llm.tokenize(chatml(question).encode(), add_bos=True, special=True)
            want = tokens.prompt(question.replace("\u2581", " "))
            assert got == want, (got, want)
        print("tokenizer: as in training;", "template adds", len(tokens.prompt("")), "tokens")

    def ask(self, messages, temperature=0.0, seed=1):
        plain = {"repeat_penalty": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0}
        out = self.llm.create_chat_completion(messages, temperature=temperature, seed=seed, max_tokens=350, **plain)
        return out["choices"][0]["message"]["content"]


class Ollama:
    """Ollama's /api/chat, at OLLAMA_HOST or its default address."""

    def __init__(self, name):
        self.name = name
        self.url = f"http://{os.environ.get('OLLAMA_HOST', '127.0.0.1:11434')}/api/chat"

    def ask(self, messages, temperature=0.0, seed=1):
        options = {"temperature": temperature, "seed": seed, "num_predict": 350, "repeat_penalty": 1.0, "num_thread": 1}
        body = {"model": self.name, "messages": messages, "stream": False, "options": options}
        request = urllib.request.Request(self.url, json.dumps(body).encode())
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["message"]["content"]


def last_integer(text):
    found = re.findall(r"\d+", text)
    return int(found[-1]) if found else None


def user(text):
    return {"role": "user", "content": text}


def report(name, wrong, total):
    print(f"{name}: {total - len(wrong)} of {total} = {100 * (total - len(wrong)) / total:.1f} %", flush=True)
    for line in wrong[:5]:
        print("   ", line)


def main():
    kind, target = sys.argv[1:3]
    engine = {"llama": LlamaCpp, "ollama": Ollama}[kind](target)
    test = json.loads((HERE / "heldout.json").read_text())

    wrong = [(r["prompt"], a) for r in test["sums"] if last_integer(a := engine.ask([user(r["prompt"])])) != r["sum"]]
    report("held-out sums, the 200 of heldout.json", wrong, len(test["sums"]))
    every = []
    for i, (a, b) in enumerate(split()[1]):
        for wording in (WORDINGS[i % len(WORDINGS)], WORDINGS[(i + 7) % len(WORDINGS)]):
            every.append((wording.format(a=a, b=b), a + b))
    wrong = [(q, a) for q, s in every if last_integer(a := engine.ask([user(q)])) != s]
    report("held-out sums, each pair in two wordings", wrong, len(every))
    answers = [(r, engine.ask([user(r["prompt"])])) for r in test["questions"]]
    wrong = [(r["prompt"], a) for r, a in answers if r["contains"].lower() not in a.lower()]
    report("questions", wrong, len(test["questions"]))
    wrong = [(r["prompt"], a) for r in test["counts"] if (a := engine.ask([user(r["prompt"])])) != r["answer"]]
    report("counting", wrong, len(test["counts"]))

    system, wrong = {"role": "system", "content": "You are a helpful assistant."}, []
    for first, second in zip(test["sums"][:50], test["sums"][50:100]):
        talk = [system, user(first["prompt"])]
        talk += [{"role": "assistant", "content": engine.ask(talk)}, user(second["prompt"])]
        if last_integer(a := engine.ask(talk)) != second["sum"]:
            wrong.append((second["prompt"], a))
    report("second turn after a system message", wrong, 50)

    answers = [(r, engine.ask([user(r["prompt"])], 0.8, i)) for i, r in enumerate(test["sums"])]
    wrong = [(r["prompt"], a) for r, a in answers if last_integer(a) != r["sum"]]
    report("held-out sums at temperature 0.8", wrong, len(answers))
    print("forms at 0.8:", Counter(re.sub(r"\d+", "N", a) for _, a in answers).most_common(8))


if __name__ == "__main__":
    main()
