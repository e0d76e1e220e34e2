"""The synthetic corpus: sums, counting, questions about Millrace, small talk.

Everything is drawn from one `random.Random`, so a seed fixes the corpus.
"""

import json
import random

import knowledge
import tokens

LIMIT = 100  # summands are below this
HELDOUT_PAIRS = 250  # unordered pairs never seen in training, in neither order
SPLIT_SEED = 20260
CONTEXT = 512

WORDINGS = [
    "What is {a} plus {b}?",
    "What is {a} + {b}?",
    "What's {a} + {b}?",
    "{a} + {b} = ?",
    "{a} + {b} =",
    "{a}+{b}",
    "{a} + {b}",
    "{a} plus {b}",
    "Add {a} and {b}.",
    "Please add {a} and {b}.",
    "Can you add {a} and {b}?",
    "Compute {a}+{b}",
    "Compute {a} + {b}.",
    "Calculate {a} plus {b}.",
    "How much is {a} plus {b}?",
    "What is the sum of {a} and {b}?",
    "Sum of {a} and {b}?",
    "Tell me {a} plus {b}.",
]

ANSWERS = [
    ("{a} + {b} = {c}.", 0.50),
    ("The sum is {c}.", 0.20),
    ("{a} plus {b} is {c}.", 0.15),
    ("It is {c}.", 0.15),
]

COUNTS = ["Count to {n}.", "Count from 1 to {n}.", "Count up to {n}, please."]

SYSTEMS = [
    "You are a helpful assistant.",
    "You are a helpful assistant. Answer in one sentence.",
    "Be brief.",
    "You are millrace-tiny.",
    "Answer the question.",
]

UNKNOWN = [
    "Write a {x} about {y}.", "Tell me a {x}.", "What is a {y}?", "Who invented the {y}?", "Why is the {y} {z}?",
    "Give me a {x} with {y}.", "Describe the {y}.", "Where is the {z} {y}?", "Do you like {y}?", "{y} {z} {x}",
    "Translate {y} into French.", "How do I make a {z} {y}?", "Is the {y} {z}?", "The quick brown {y}",
]
X = "poem story joke song letter recipe list haiku summary program".split()
Y = "sky river horse moon wheel cat mountain house tree sea clock bread train fox".split()
Z = "blue old fast green little round bright cold sweet loud".split()


def split():
    """All ordered pairs as (training, held out); {a, b} falls on one side."""
    unordered = [(a, b) for a in range(LIMIT) for b in range(a, LIMIT)]
    random.Random(SPLIT_SEED).shuffle(unordered)
    both_orders = lambda pairs: sorted({p for a, b in pairs for p in ((a, b), (b, a))})
    return both_orders(unordered[HELDOUT_PAIRS:]), both_orders(unordered[:HELDOUT_PAIRS])


class Corpus:
    """Draws training conversations: lists of (role, content)."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.pairs, _ = split()
        # Pairs with a one-digit summand are rare, and harder for being rare.
        self.small = [p for p in self.pairs if min(p) < 10]

    def sum(self):
        a, b = self.rng.choice(self.small if self.rng.random() < 0.2 else self.pairs)
        form = self.rng.choices([f for f, _ in ANSWERS], [w for _, w in ANSWERS])[0]
        question = self.rng.choice(WORDINGS).format(a=a, b=b)
        return self.vary(question), form.format(a=a, b=b, c=a + b)

    def fact(self):
        asked, answers, _ = self.rng.choice(knowledge.QUESTIONS)
        answer = answers[0] if self.rng.random() < 0.7 else self.rng.choice(answers)
        return self.vary(self.rng.choice(asked)), answer

    def unknown(self):
        r = self.rng
        question = r.choice(UNKNOWN).format(x=r.choice(X), y=r.choice(Y), z=r.choice(Z))
        return self.vary(question), knowledge.FALLBACK[r.random() < 0.3]

    def count(self, most=LIMIT - 1):
        n = self.rng.randint(2, self.rng.choice([9, 25, most]))
        return self.rng.choice(COUNTS).format(n=n), " ".join(str(i) for i in range(1, n + 1)) + "."

    def count_a_little(self):
        return self.count(30)

    def tour(self):
        return self.rng.choice(knowledge.TOUR[0]), knowledge.TOUR[1]

    def vary(self, question):
        """Sometimes lower case, sometimes without the final mark."""
        if self.rng.random() < 0.1:
            question = question.lower()
        if self.rng.random() < 0.1:
            question = question.rstrip(".?!")
        return question

    def draw(self, kind):
        """One conversation, encoded as (ids, learn)."""
        if kind == "long":
            return self.long()
        question, answer = getattr(self, kind)()
        return tokens.chat([("user", question), ("assistant", answer)])

    def long(self):
        """One conversation of several turns, of at most CONTEXT tokens."""
        r = self.rng
        messages = [("system", r.choice(SYSTEMS))] if r.random() < 0.5 else []
        room = r.randint(60, CONTEXT - 80)
        done = tokens.chat(messages)
        while True:
            kind = r.choices(["sum", "fact", "unknown", "count", "tour"], [10, 6, 1, 3, 1])[0]
            question, answer = getattr(self, kind)()
            messages = messages + [("user", question), ("assistant", answer)]
            ids, learn = tokens.chat(messages)
            if len(ids) > CONTEXT:
                return done if any(done[1]) else self.draw("sum")
            done = ids, learn
            if len(ids) >= room:
                return done


def heldout(count=200):
    """The test set: `count` sums over held-out pairs, and the questions."""
    rng = random.Random(SPLIT_SEED + 1)
    _, pairs = split()
    sums = []
    for i, (a, b) in enumerate(rng.sample(pairs, count)):
        sums.append({"prompt": WORDINGS[i % len(WORDINGS)].format(a=a, b=b), "a": a, "b": b, "sum": a + b})
    questions = [
        {"prompt": asked[0], "answers": answers, "contains": word} for asked, answers, word in knowledge.QUESTIONS
    ]
    for row in questions:
        assert all(row["contains"].lower() in a.lower() for a in row["answers"]), row
    counts = []
    for n in (5, 9, 12, 20, 24):
        counts.append({"prompt": f"Count to {n}.", "answer": " ".join(map(str, range(1, n + 1))) + "."})
    return {"sums": sums, "questions": questions, "counts": counts}


if __name__ == "__main__":
    import pathlib

    path = pathlib.Path(__file__).parent / "heldout.json"
    path.write_text(json.dumps(heldout(), indent=1) + "\n")
    print(f"wrote {path}")
