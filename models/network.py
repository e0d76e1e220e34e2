"""A Llama: RMS norm, rotary positions, grouped-query attention, SwiGLU.

Shapes: B conversations, T tokens, D width, H heads, K key/value heads, E = D / H.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Config:
    vocab: int
    context: int
    width: int = 96
    layers: int = 2
    heads: int = 3
    kv_heads: int = 1
    hidden: int = 256
    rope_base: float = 10000.0
    norm_eps: float = 1e-5

    @property
    def head(self):
        return self.width // self.heads


def rope_tables(cfg):
    """cos and sin, each [context, E / 2]."""
    inverse = cfg.rope_base ** (-torch.arange(0, cfg.head, 2).float() / cfg.head)
    angles = torch.arange(cfg.context).float()[:, None] * inverse[None, :]
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):
    """Rotate neighbouring pairs (x[2i], x[2i+1]): the order that GGUF's "llama"
    expects, so the export needs no permutation. x: [B, n, T, E]."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Layer(nn.Module):
    """[B, T, D] -> [B, T, D]"""

    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        kv = cfg.kv_heads * cfg.head
        self.attn_norm = nn.RMSNorm(cfg.width, eps=cfg.norm_eps)
        self.attn_q = nn.Linear(cfg.width, cfg.width, bias=False)
        self.attn_k = nn.Linear(cfg.width, kv, bias=False)
        self.attn_v = nn.Linear(cfg.width, kv, bias=False)
        self.attn_output = nn.Linear(cfg.width, cfg.width, bias=False)
        self.ffn_norm = nn.RMSNorm(cfg.width, eps=cfg.norm_eps)
        self.ffn_gate = nn.Linear(cfg.width, cfg.hidden, bias=False)
        self.ffn_up = nn.Linear(cfg.width, cfg.hidden, bias=False)
        self.ffn_down = nn.Linear(cfg.hidden, cfg.width, bias=False)

    def forward(self, x, cos, sin):
        cfg, (b, t, d) = self.cfg, x.shape
        h = self.attn_norm(x)
        q = self.attn_q(h).view(b, t, cfg.heads, cfg.head).transpose(1, 2)
        k = self.attn_k(h).view(b, t, cfg.kv_heads, cfg.head).transpose(1, 2)
        v = self.attn_v(h).view(b, t, cfg.kv_heads, cfg.head).transpose(1, 2)
        q, k = rotate(q, cos[:t], sin[:t]), rotate(k, cos[:t], sin[:t])
        shared = cfg.heads // cfg.kv_heads
        k, v = k.repeat_interleave(shared, 1), v.repeat_interleave(shared, 1)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # [B, H, T, E]
        x = x + self.attn_output(a.transpose(1, 2).reshape(b, t, d))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))


class Llama(nn.Module):
    """ids [B, T] -> logits [B, T, vocab]; the output matrix is the embedding."""

    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.token_embd = nn.Embedding(cfg.vocab, cfg.width)
        self.blk = nn.ModuleList(Layer(cfg) for _ in range(cfg.layers))
        self.output_norm = nn.RMSNorm(cfg.width, eps=cfg.norm_eps)
        cos, sin = rope_tables(cfg)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                last = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.normal_(p, std=0.05 / (2 * cfg.layers) ** 0.5 if last else 0.05)

    def hidden(self, ids):
        """[B, T] -> [B, T, D], after the last norm."""
        x = self.token_embd(ids)
        for layer in self.blk:
            x = layer(x, self.cos, self.sin)
        return self.output_norm(x)

    def forward(self, ids):
        return self.hidden(ids) @ self.token_embd.weight.T
