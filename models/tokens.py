"""The vocabulary: one token per byte, six special tokens, and ChatML.

Ids 0..5 are the special tokens, id 6 + b is the byte b. A space is stored
under the name that sentencepiece vocabularies give it ("\u2581"), every other
byte as "<0xNN>", so no byte has two tokens.
"""

UNK, BOS, EOS, IM_START, IM_END, PAD = range(6)
SPECIALS = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<pad>"]
FIRST_BYTE = len(SPECIALS)
VOCAB_SIZE = FIRST_BYTE + 256

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def encode(text):
    """Plain text (no special tokens in it) to a list of token ids."""
    return [FIRST_BYTE + b for b in text.encode("utf-8")]


def decode(ids):
    """Token ids to text; special tokens vanish."""
    data = bytes(i - FIRST_BYTE for i in ids if i >= FIRST_BYTE)
    return data.decode("utf-8", errors="replace")


def chat(messages):
    """Encode [(role, content), ...] as ChatML.

    Returns (ids, learn), two lists of the same length: `learn[i]` is 1 where
    token i belongs to an assistant's answer, its closing <|im_end|> included.
    """
    ids, learn = [], []
    for role, content in messages:
        head = [IM_START] + encode(role + "\n")
        body = encode(content) + [IM_END]
        ids += head + body + encode("\n")
        learn += [0] * len(head) + [int(role == "assistant")] * len(body) + [0]
    return ids, learn


def prompt(question):
    """Token ids of one question, ready for the assistant to go on."""
    return chat([("user", question)])[0] + [IM_START] + encode("assistant\n")
