"""Train the tiny model and write models/millrace-tiny.gguf.

    python train.py

One CPU thread, one seed. The loss counts only the assistant's answers.
"""

import argparse
import json
import math
import pathlib
import time

import torch
from torch.nn import functional as F

import export
import tokens
from corpus import CONTEXT, Corpus, heldout
from network import Config, Llama

HERE = pathlib.Path(__file__).parent
# One cycle of batches. Questions of similar length share a batch, so that little
# of it is padding.
CYCLE = [
    [("sum", 96)],
    [("sum", 96)],
    [("fact", 40), ("unknown", 6), ("count_a_little", 12)],
    [("sum", 96)],
    [("long", 10)],
]
WARMUP = 100


def pad(rows):
    """[(ids, learn)] -> ids [B, T] and learn [B, T], padded on the right."""
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), longest), tokens.PAD)
    learn = torch.zeros((len(rows), longest), dtype=torch.bool)
    for i, (row, mask) in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        learn[i, : len(row)] = torch.tensor(mask, dtype=torch.bool)
    return ids, learn


def batch(corpus, step):
    kinds = CYCLE[step % len(CYCLE)]
    return pad([corpus.draw(kind) for kind, many in kinds for _ in range(many)])


def loss_of(model, ids, learn):
    """Mean cross-entropy of the answer tokens; only their logits are computed."""
    wanted = learn[:, 1:]
    hidden = model.hidden(ids[:, :-1])[wanted]  # [answer tokens, D]
    return F.cross_entropy(hidden @ model.token_embd.weight.T, ids[:, 1:][wanted])


def rate(step, steps, peak):
    """Linear warm-up, then cosine down to a hundredth of the peak."""
    if step < WARMUP:
        return peak * (step + 1) / WARMUP
    done = (step - WARMUP) / max(1, steps - WARMUP)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


@torch.no_grad()
def quick_check(model, rows):
    """The share of sums that greedy decoding gets right, in PyTorch."""
    right = 0
    for row in rows:
        ids = tokens.prompt(row["prompt"])
        start = len(ids)
        while len(ids) < start + 40:
            best = int(model(torch.tensor([ids]))[0, -1].argmax())
            if best == tokens.IM_END:
                break
            ids.append(best)
        numbers = "".join(c if c.isdigit() else " " for c in tokens.decode(ids[start:])).split()
        right += bool(numbers) and int(numbers[-1]) == row["sum"]
    return right / len(rows)


def main():
    arg = argparse.ArgumentParser()
    arg.add_argument("--steps", type=int, default=6500)
    arg.add_argument("--lr", type=float, default=3e-3)
    arg.add_argument("--seed", type=int, default=1)
    arg.add_argument("--out", type=pathlib.Path, default=HERE / "millrace-tiny.gguf")
    arg.add_argument("--weights", type=pathlib.Path, help="also write the unrounded weights, for export.py")
    arg = arg.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(arg.seed)
    torch.use_deterministic_algorithms(True)
    test = heldout()
    (HERE / "heldout.json").write_text(json.dumps(test, indent=1) + "\n")
    model = Llama(Config(vocab=tokens.VOCAB_SIZE, context=CONTEXT))
    corpus = Corpus(arg.seed)
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
        lr=arg.lr, betas=(0.9, 0.98), fused=True,
    )
    print(f"{sum(p.numel() for p in model.parameters())} parameters", flush=True)
    began = time.time()
    for step in range(arg.steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, arg.steps, arg.lr)
        loss = loss_of(model, *batch(corpus, step))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 500 in (498, 499):
            print(f"step {step + 1} loss {loss.item():.4f} {time.time() - began:.0f} s", flush=True)
        if step % 1000 == 999:
            print(f"held-out sums {quick_check(model, test['sums'][:60]):.3f}", flush=True)
    print(f"held-out sums {quick_check(model, test['sums']):.3f}, {time.time() - began:.0f} s", flush=True)
    export.write(model, arg.out)
    if arg.weights:
        torch.save(model.state_dict(), arg.weights)


if __name__ == "__main__":
    main()
