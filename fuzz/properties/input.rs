//! A job as the client sends it, and the miner's vocabulary that its text is held against.

use codec::{Decode, Encode, MaxEncodedLen};
use millrace_primitives::JobParams;

use super::{scale, vocabulary::Vocabulary};

/// GGUF's types of tokens.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const BYTE: i64 = 6;

/// A job, and a model's tokens.
#[derive(Clone, Encode, Decode)]
pub struct Case {
	/// How it runs.
	pub params: JobParams,
	/// The inline input, UTF-8 or not.
	pub input: Vec<u8>,
	/// The kind of the tokenizer.
	pub kind: String,
	/// Texts and types of its tokens.
	pub tokens: Vec<(String, i8)>,
}

/// Whether `data` was a [`Case`].
pub fn check(data: &[u8]) -> bool {
	let Some(Case { params, input, kind, tokens }) = scale::read::<Case>(data) else { return false };
	assert!(params.encoded_size() <= JobParams::max_encoded_len());
	assert_eq!(scale::read::<JobParams>(&params.encode()).map(|read| read.hash()), Some(params.hash()));
	if let Ok(text) = std::str::from_utf8(&input) {
		for kind in [kind.as_str(), "llama", "gpt2"] {
			special_is_found(kind, &tokens, text);
		}
		sentencepiece_is_read(text);
	}
	byte_level_is_read(&input);
	true
}

/// A control token in the text is named, and nothing else is.
fn special_is_found(kind: &str, tokens: &[(String, i8)], text: &str) {
	let (texts, types): (Vec<_>, Vec<_>) = tokens.iter().map(|(text, kind)| (text.clone(), i64::from(*kind))).unzip();
	let Some(vocabulary) = Vocabulary::new(kind, &texts, &types) else {
		assert!(!matches!(kind, "llama" | "gpt2"));
		return;
	};
	let special = |token: &str| {
		let listed = |(text, kind): (&String, &i64)| text == token && matches!(*kind, CONTROL | USER_DEFINED);
		texts.iter().zip(&types).any(listed)
	};
	let spelled = texts.iter().any(|token| !token.is_empty() && special(token) && text.contains(token.as_str()));
	let found = vocabulary.special_in(text);
	assert_eq!(found.is_some(), spelled);
	assert!(found.is_none_or(|token| text.contains(token) && special(token)));
	assert!(vocabulary.id(text.as_bytes()).is_none_or(|id| (id as usize) < texts.len()));
}

/// What sentencepiece writes for a text is read as that text.
fn sentencepiece_is_read(text: &str) {
	// The sign for a space has no other spelling.
	if !text.contains('\u{2581}') {
		let vocabulary = Vocabulary::new("llama", &[text.replace(' ', "\u{2581}")], &[1]).expect("a known kind");
		assert_eq!(vocabulary.id(text.as_bytes()), Some(0));
	}
}

/// What GPT-2 writes for any bytes is read as those bytes.
fn byte_level_is_read(bytes: &[u8]) {
	let mut letters = [char::REPLACEMENT_CHARACTER; 256];
	let mut next = 0x100;
	for (byte, letter) in (0u32..).zip(&mut letters) {
		*letter = if matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff) {
			char::from_u32(byte).expect("a byte is a character")
		} else {
			next += 1;
			char::from_u32(next - 1).expect("below the surrogates")
		};
	}
	let spelled: String = bytes.iter().map(|byte| letters[usize::from(*byte)]).collect();
	let vocabulary = Vocabulary::new("gpt2", &[spelled], &[1]).expect("a known kind");
	assert_eq!(vocabulary.id(bytes), Some(0));
	if let Some(byte) = bytes.first() {
		let vocabulary = Vocabulary::new("gpt2", &[format!("<0x{byte:02X}>")], &[BYTE]).expect("a known kind");
		assert_eq!(vocabulary.id(&[*byte]), Some(0));
	}
}
