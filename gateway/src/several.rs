//! Several answers to one request.

use async_stream::stream;
use futures::{
	stream::{select_all, BoxStream},
	Stream, StreamExt,
};
use millrace_primitives::Usage;
use serde_json::{json, Value};

use crate::answer::{Answer, Delta, Deltas, End, NoAnswer};

/// The deltas of all answers as they come, each with its answer's place. After an error, of which answer ever, nothing
/// comes any more; the others are let go with the stream.
pub type Interleaved = BoxStream<'static, (usize, Result<Delta, NoAnswer>)>;

/// All answers in one stream.
pub fn interleaved(all: Vec<Deltas>) -> Interleaved {
	let count = all.len();
	let mut told = select_all(all.into_iter().enumerate().map(|(index, deltas)| told(index, count, deltas).boxed()));
	let until_error = stream! {
		while let Some((index, delta)) = told.next().await {
			let failed = delta.is_err();
			yield (index, delta);
			if failed {
				return;
			}
		}
	};
	until_error.boxed()
}

/// One answer, to its end or an error, one of which comes.
fn told(index: usize, count: usize, mut deltas: Deltas) -> impl Stream<Item = (usize, Result<Delta, NoAnswer>)> + Send {
	let named = move |why| match count {
		1 => why,
		_ => NoAnswer::OneOf { index, count, why: Box::new(why) },
	};
	stream! {
		while let Some(delta) = deltas.next().await {
			let over = matches!(delta, Ok(Delta::End(_)) | Err(_));
			yield (index, delta.map_err(named));
			if over {
				return;
			}
		}
		yield (index, Err(named(NoAnswer::broke_off())));
	}
}

/// Waits for all answers, in their order.
///
/// # Errors
///
/// The first that comes; the other answers end with it.
pub async fn whole(all: Vec<Deltas>) -> Result<Vec<Answer>, NoAnswer> {
	let mut parts: Vec<(Vec<u8>, Vec<_>, Vec<_>, Option<End>)> = all.iter().map(|_| Default::default()).collect();
	let mut deltas = interleaved(all);
	while let Some((index, delta)) = deltas.next().await {
		let delta = delta?;
		let Some((output, tokens, calls, end)) = parts.get_mut(index) else { continue };
		match delta {
			Delta::Tokens(more) => tokens.extend(more),
			Delta::Piece(piece) => output.extend(piece),
			Delta::Call(call) => calls.push(call),
			Delta::End(told) => *end = Some(told),
		}
	}
	let answer =
		|(output, tokens, calls, end): (_, _, _, Option<End>)| Some(Answer { output, tokens, calls, end: end? });
	parts.into_iter().map(answer).collect::<Option<_>>().ok_or_else(NoAnswer::broke_off)
}

/// What all answers took together.
pub fn usage<'a>(ends: impl IntoIterator<Item = &'a End>) -> Usage {
	ends.into_iter().fold(Usage::default(), |sum, end| Usage {
		input_tokens: sum.input_tokens.saturating_add(end.usage.input_tokens),
		output_tokens: sum.output_tokens.saturating_add(end.usage.output_tokens),
		gpu_ms: sum.gpu_ms.saturating_add(end.usage.gpu_ms),
	})
}

/// What is ours to say of answers: of one as [`End::note`], of several the sum of their fees and the note of each.
pub fn note(ends: &[End]) -> Value {
	match ends {
		[end] => end.note(),
		_ => {
			let fee = ends.iter().fold(0u128, |sum, end| sum.saturating_add(end.fee));
			json!({ "fee": fee.to_string(), "answers": ends.iter().map(End::note).collect::<Vec<_>>() })
		}
	}
}

#[cfg(test)]
mod tests {
	use futures::stream::iter;

	use super::*;
	use crate::answer::fake::Fake;

	fn says(pieces: &[&str]) -> Deltas {
		iter(Fake::says(pieces).0).boxed()
	}

	#[tokio::test]
	async fn answers_should_be_whole_and_in_their_order() {
		let answers = whole(vec![says(&["a", "b"]), says(&["c"])]).await.unwrap();
		assert_eq!(answers.iter().map(Answer::text).collect::<Vec<_>>(), ["ab", "c"]);
		let ends: Vec<_> = answers.into_iter().map(|answer| answer.end).collect();
		assert_eq!(usage(&ends), Usage { input_tokens: 10, output_tokens: 4, gpu_ms: 60 });
		assert_eq!(
			note(&ends),
			json!({ "fee": "18", "answers": [{ "job": 7, "fee": "9" }, { "job": 7, "fee": "9" }] })
		);
		assert_eq!(note(&ends[..1]), json!({ "job": 7, "fee": "9" }));
	}

	#[tokio::test]
	async fn answers_should_all_fail_when_one_does_and_the_others_be_let_go() {
		let (sender, receiver) = tokio::sync::mpsc::channel(1);
		sender.send(Ok(Delta::Piece(b"a".to_vec()))).await.unwrap();
		let endless = futures::stream::unfold(receiver, |mut from| async move { Some((from.recv().await?, from)) });
		let failing = iter([Err(NoAnswer::Expired)]);
		let error = whole(vec![endless.boxed(), failing.boxed()]).await.unwrap_err();
		assert!(matches!(error, NoAnswer::OneOf { index: 1, count: 2, why } if matches!(*why, NoAnswer::Expired)));
		assert!(sender.is_closed());
	}

	#[tokio::test]
	async fn answers_should_fail_when_one_breaks_off() {
		let broken = iter([Ok(Delta::Piece(b"a".to_vec()))]).boxed();
		let error = whole(vec![broken, says(&["b"])]).await.unwrap_err();
		assert!(matches!(error, NoAnswer::OneOf { index: 0, .. }), "{error:?}");
	}

	#[tokio::test]
	async fn error_should_be_bare_when_there_is_one_answer() {
		let error = whole(vec![iter([Err(NoAnswer::Expired)]).boxed()]).await.unwrap_err();
		assert!(matches!(error, NoAnswer::Expired), "{error:?}");
	}
}
