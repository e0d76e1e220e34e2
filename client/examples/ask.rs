//! Asks the development chain's model a question and prints the answer.

use futures::StreamExt;
use millrace_client::{Client, JobRequest, JobUpdate, Signer};
use millrace_primitives::{JobParams, MILLI_MILL};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
	let client = Client::connect("ws://127.0.0.1:9944").await?;
	let bob = client.submitter(Signer::from_uri("//Bob")?);
	let model = client.model_by_name("millrace-tiny").await?.ok_or("no such model")?;
	let request = JobRequest {
		model: model.id,
		input: b"Say hello.".to_vec(),
		params: JobParams::greedy(32),
		max_fee: 50 * MILLI_MILL,
		miner: None,
	};
	let (job, submitted, mut updates) = client.submit_and_follow(&bob, request).await?;
	println!("job {job} in block {}", submitted.number);
	while let Some(update) = updates.next().await {
		match update? {
			JobUpdate::Settled { fee, output, .. } => {
				println!("{} ({fee} plancks)", String::from_utf8_lossy(&output.unwrap_or_default()));
			}
			update => println!("{update:?}"),
		}
	}
	Ok(())
}
