//! From an engine's numbers to the bytes of an embedding.

use std::time::Duration;

use millrace_primitives::{workload::MAX_EMBEDDING_DIMENSIONS, Usage};

use super::{EngineError, Generation};

/// The vector scaled to length 1, as little-endian singles. Engines differ in whether they scale; all answers are alike.
///
/// # Errors
///
/// When it is no vector: empty, too long, of length 0, or with something in it that is no number.
pub(super) fn bytes(vector: &[f32]) -> Result<Vec<u8>, EngineError> {
	let most = usize::try_from(MAX_EMBEDDING_DIMENSIONS).unwrap_or(usize::MAX);
	if vector.is_empty() || vector.len() > most {
		return Err(EngineError::engine(format!("an embedding of {} numbers; 1 to {most} fit", vector.len())));
	}
	let length = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
	if !length.is_finite() || length == 0.0 {
		return Err(EngineError::engine("the embedding has no direction"));
	}
	Ok(vector.iter().flat_map(|number| ((f64::from(*number) / length) as f32).to_le_bytes()).collect())
}

/// What an engine gave for a text of so many tokens, in so much time.
pub(super) fn answer(vector: &[f32], input_tokens: u32, took: Duration) -> Result<Generation, EngineError> {
	let gpu_ms = u32::try_from(took.as_millis()).unwrap_or(u32::MAX).max(1);
	let usage = Usage { input_tokens, output_tokens: 0, gpu_ms };
	Ok(Generation { output: bytes(vector)?, transcript: Vec::new(), usage, times: None })
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn bytes_should_be_a_vector_of_length_one_when_the_engine_does_not_scale() {
		let bytes = bytes(&[3.0, -4.0]).unwrap();
		assert_eq!(bytes, [0.6f32.to_le_bytes(), (-0.8f32).to_le_bytes()].concat());
	}

	#[test]
	fn bytes_should_be_refused_when_they_are_no_vector() {
		for vector in [&[][..], &[0.0, 0.0], &[f32::NAN, 1.0], &[f32::INFINITY], &[1.0; 8_193]] {
			assert!(bytes(vector).is_err(), "{} numbers", vector.len());
		}
		assert_eq!(bytes(&[1.0; 8_192]).unwrap().len(), 32_768);
	}
}
