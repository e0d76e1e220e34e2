use millrace_primitives::job::payload_hash;

use super::*;

#[test]
fn run_should_have_the_golden_checksum_with_any_number_of_threads() {
	for (input, size, rounds, checksum) in crate::vectors::benches() {
		for threads in [1, 2, 3, 64, 1_000] {
			let found = run(&payload_hash(&input), size, rounds, threads, &CancellationToken::new());
			assert_eq!(found, Some(checksum), "{threads} threads");
		}
	}
}

#[test]
fn run_should_end_without_a_result_when_it_is_cancelled() {
	let cancel = CancellationToken::new();
	cancel.cancel();
	assert_eq!(run(&H256::zero(), 64, 1, 1, &cancel), None);
}

#[tokio::test]
async fn answer_should_be_refused_when_the_model_stands_for_other_rules() {
	let wrong = answer(H256::zero(), H256::zero(), 64, 1, &CancellationToken::new()).await;
	assert_eq!(wrong.unwrap_err().code, FailCode::ModelMissing);
	let right = answer(bench::DIGEST, H256::zero(), 64, 1, &CancellationToken::new()).await.unwrap();
	assert_eq!((right.output.len(), right.usage.output_tokens), (32, 0));
}
