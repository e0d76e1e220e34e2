//! The header of a model's file.

use super::header::{header, Gguf};

/// Whether `data` was a header with something of use in it.
pub fn check(data: &[u8]) -> bool {
	let mut rest = data;
	let Ok(found) = header(&mut rest) else { return false };
	let whole = &data[..data.len() - rest.len()];
	assert!(found.template.len() < whole.len());
	assert!(found.template.is_empty() || whole.windows(found.template.len()).any(|part| part == found.template));
	assert_eq!(header(&mut &*whole).ok().as_ref(), Some(&found), "what follows the header counts");
	assert!(header(&mut &whole[..whole.len() - 1]).is_err(), "a header that is cut");
	found != Gguf::default()
}
