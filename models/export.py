"""Write a trained model as GGUF, architecture "llama", tokenizer "llama".

    python export.py WEIGHTS.pt OUT.gguf Q8_0

writes the same weights at another quantisation (F32, F16, Q8_0, Q4_0).
"""

import sys

import gguf
import torch

import tokens


def write_vocabulary(out):
    names = [s.encode() for s in tokens.SPECIALS]
    kinds = [gguf.TokenType.UNKNOWN] + [gguf.TokenType.CONTROL] * (len(names) - 1)
    for b in range(256):
        space = b == 0x20
        names.append("\u2581".encode() if space else f"<0x{b:02X}>".encode())
        kinds.append(gguf.TokenType.NORMAL if space else gguf.TokenType.BYTE)
    out.add_tokenizer_model("llama")
    out.add_token_list(names)
    out.add_token_scores([0.0] * len(names))
    out.add_token_types(kinds)
    out.add_bos_token_id(tokens.BOS)
    out.add_eos_token_id(tokens.IM_END)
    out.add_eot_token_id(tokens.IM_END)
    out.add_unk_token_id(tokens.UNK)
    out.add_pad_token_id(tokens.PAD)
    # Both must be said: the default of this tokenizer is true for each, and
    # either would put tokens before the text that training never saw.
    out.add_add_bos_token(False)
    out.add_add_eos_token(False)
    out.add_add_space_prefix(False)
    out.add_chat_template(tokens.CHAT_TEMPLATE)


def write_hyperparameters(out, cfg, kind):
    out.add_name("millrace-tiny")
    out.add_description("A very small model that exercises Millrace: sums below 100, counting, questions about Millrace.")
    out.add_context_length(cfg.context)
    out.add_embedding_length(cfg.width)
    out.add_block_count(cfg.layers)
    out.add_feed_forward_length(cfg.hidden)
    out.add_head_count(cfg.heads)
    out.add_head_count_kv(cfg.kv_heads)
    out.add_rope_dimension_count(cfg.head)
    out.add_rope_freq_base(cfg.rope_base)
    out.add_layer_norm_rms_eps(cfg.norm_eps)
    out.add_vocab_size(cfg.vocab)
    out.add_file_type(
        {"F32": gguf.LlamaFileType.ALL_F32, "F16": gguf.LlamaFileType.MOSTLY_F16,
         "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0, "Q4_0": gguf.LlamaFileType.MOSTLY_Q4_0}[kind]
    )


def write(model, path, kind="F16"):
    """Matrices [rows, columns] go out as `kind`, norm vectors as F32."""
    out = gguf.GGUFWriter(str(path), "llama")
    write_hyperparameters(out, model.cfg, kind)
    write_vocabulary(out)
    for name, tensor in model.state_dict().items():
        data = tensor.detach().float().numpy()
        wanted = gguf.GGMLQuantizationType[kind if data.ndim == 2 else "F32"]
        out.add_tensor(name, gguf.quants.quantize(data, wanted), raw_dtype=wanted)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if __name__ == "__main__":
    from corpus import CONTEXT
    from network import Config, Llama

    source, target, kind = sys.argv[1:]
    model = Llama(Config(vocab=tokens.VOCAB_SIZE, context=CONTEXT))
    model.load_state_dict(torch.load(source, weights_only=True))
    write(model, target, kind)
