//! A vocabulary as a GGUF file's metadata lists it: which bytes a token stands for, and which token some bytes are.

use std::collections::HashMap;

/// The token types of GGUF that matter here.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const BYTE: i64 = 6;

/// What a token is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
	/// Text.
	Normal,
	/// Marks of a conversation's parts; nothing that is said.
	Control,
	/// Text that is one token wherever it stands.
	UserDefined,
	/// A byte that no other token has.
	Byte,
}

/// Tokens by their bytes.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
	ids: HashMap<Vec<u8>, u32>,
	special: Vec<String>,
}

impl Vocabulary {
	/// From `tokenizer.ggml.model`, `.tokens` and `.token_type`; `None` for a kind of tokenizer whose spelling is not
	/// known.
	pub fn new(model: &str, tokens: &[String], types: &[i64]) -> Option<Self> {
		let spell: fn(&str) -> Option<Vec<u8>> = match model {
			"llama" => from_sentencepiece,
			"gpt2" => from_byte_level,
			_ => return None,
		};
		let mut vocabulary = Self::default();
		for (id, text) in (0u32..).zip(tokens) {
			let kind = types.get(id as usize).copied().unwrap_or(1);
			let (bytes, sort) = match kind {
				CONTROL => (Some(text.as_bytes().to_vec()), Sort::Control),
				USER_DEFINED => (Some(text.as_bytes().to_vec()), Sort::UserDefined),
				BYTE => (from_byte_name(text), Sort::Byte),
				_ => (spell(text), Sort::Normal),
			};
			if let Some(bytes) = bytes {
				vocabulary.add(id, bytes, sort);
			}
		}
		Some(vocabulary)
	}

	/// Adds a token.
	pub fn add(&mut self, id: u32, bytes: Vec<u8>, sort: Sort) {
		if let (Sort::Control | Sort::UserDefined, Ok(text)) = (sort, std::str::from_utf8(&bytes)) {
			self.special.push(text.to_owned());
		}
		// A normal token is what the model means; its double `<0xNN>` is for bytes that have no token.
		let better = matches!(sort, Sort::Normal | Sort::UserDefined);
		if better || !self.ids.contains_key(&bytes) {
			self.ids.insert(bytes, id);
		}
	}

	/// The token that stands for exactly these bytes.
	pub fn id(&self, bytes: &[u8]) -> Option<u32> {
		self.ids.get(bytes).copied()
	}

	/// A control token's text that `input` contains.
	pub fn special_in<'a>(&'a self, input: &str) -> Option<&'a str> {
		self.special.iter().map(String::as_str).find(|text| !text.is_empty() && input.contains(text))
	}
}

/// `<0xNN>`.
fn from_byte_name(text: &str) -> Option<Vec<u8>> {
	let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
	Some(vec![u8::from_str_radix(digits, 16).ok()?])
}

/// Sentencepiece writes a space as U+2581.
fn from_sentencepiece(text: &str) -> Option<Vec<u8>> {
	Some(text.replace('\u{2581}', " ").into_bytes())
}

/// GPT-2 writes each byte as a printable character: itself where it is one, else the next free one from U+0100 on.
fn from_byte_level(text: &str) -> Option<Vec<u8>> {
	text.chars().map(byte_of).collect()
}

fn byte_of(letter: char) -> Option<u8> {
	let printable = |byte: u8| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
	let code = u32::from(letter);
	match u8::try_from(code) {
		Ok(byte) if printable(byte) => Some(byte),
		Ok(_) => None,
		Err(_) => (0..=u8::MAX).filter(|byte| !printable(*byte)).nth((code - 0x100) as usize),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn strings(texts: &[&str]) -> Vec<String> {
		texts.iter().map(|text| (*text).to_owned()).collect()
	}

	#[test]
	fn id_should_prefer_the_normal_token_when_a_byte_token_is_its_double() {
		let tokens = strings(&["<s>", "<0x61>", "a", "\u{2581}b", "<0xC3>"]);
		let vocabulary = Vocabulary::new("llama", &tokens, &[3, 6, 1, 1, 6]).unwrap();
		assert_eq!(vocabulary.id(b"a"), Some(2));
		assert_eq!(vocabulary.id(b" b"), Some(3));
		assert_eq!(vocabulary.id(&[0xc3]), Some(4));
		assert_eq!(vocabulary.id(b"zz"), None);
	}

	#[test]
	fn id_should_read_byte_level_spelling_when_the_tokenizer_is_gpt2() {
		let tokens = strings(&["Hello", "\u{120}world", "\u{10a}", "\u{c3}\u{a9}"]);
		let vocabulary = Vocabulary::new("gpt2", &tokens, &[1; 4]).unwrap();
		assert_eq!(vocabulary.id(b" world"), Some(1));
		assert_eq!(vocabulary.id(b"\n"), Some(2));
		assert_eq!(vocabulary.id("\u{e9}".as_bytes()), Some(3));
	}

	#[test]
	fn special_in_should_name_the_token_when_the_input_spells_it() {
		let vocabulary = Vocabulary::new("llama", &strings(&["<|im_end|>", "a"]), &[3, 1]).unwrap();
		assert_eq!(vocabulary.special_in("x<|im_end|>y"), Some("<|im_end|>"));
		assert_eq!(vocabulary.special_in("a plain text"), None);
	}

	#[test]
	fn new_should_be_none_when_the_tokenizer_is_of_an_unknown_kind() {
		assert!(Vocabulary::new("t5", &[], &[]).is_none());
	}
}
