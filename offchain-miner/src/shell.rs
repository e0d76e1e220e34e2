//! Words for a shell.

/// `word` as one word of a POSIX shell's command line.
pub fn quoted(word: &str) -> String {
	let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
	if !word.is_empty() && word.chars().all(plain) {
		return word.to_owned();
	}
	format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn word_should_stay_one_word_when_it_has_special_characters() {
		assert_eq!(quoted("millrace-tiny"), "millrace-tiny");
		assert_eq!(quoted(""), "''");
		assert_eq!(quoted("a; rm -rf $HOME"), "'a; rm -rf $HOME'");
		assert_eq!(quoted("it's"), r"'it'\''s'");
	}
}
