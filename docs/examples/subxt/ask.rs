//! Asks what a job would cost, submits it, follows it and reads answer and receipt: subxt alone, with nothing generated.
//!
//! Usage: `cargo run --release --locked -p millrace-tests --example ask-subxt -- ws://127.0.0.1:9944 "What is 17 plus 25?"`

use subxt::{
	dynamic::{self, Value},
	ext::{frame_decode::view_functions, scale_decode::DecodeAsType},
	OnlineClient, OnlineClientAtBlock, SubstrateConfig,
};
use subxt_signer::sr25519::dev;

// Only the fields that are used; the others are skipped.

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Submitted {
	job: u64,
	deposit: u128,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Prices {
	typical: u128,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Quote {
	deposit: u128,
	prices: Option<Prices>,
}

#[derive(DecodeAsType, Debug)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
enum Outcome {
	Settled,
	Failed,
	Expired,
	Cancelled,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Receipt {
	job: u64,
	fee: u128,
	outcome: Outcome,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Receipts {
	items: Vec<Receipt>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct JobView {
	output: Option<Vec<u8>>,
}

type At = OnlineClientAtBlock<SubstrateConfig>;
type Failure = Box<dyn std::error::Error>;

/// Calls a view function. `at.view_functions().call` should do it, but sends the arguments without their length
/// (subxt 0.51).
async fn view<A, R>(at: &At, pallet: &str, function: &str, args: A) -> Result<R, Failure>
where
	A: view_functions::IntoEncodableValues,
	R: DecodeAsType,
{
	let metadata = at.metadata();
	let found = metadata.pallet_by_name(pallet).and_then(|pallet| pallet.view_function_by_name(function));
	let output = found.ok_or("no such view function")?.output_ty();
	let call = dynamic::view_function_call::<A, R>(pallet, function, args);
	let call = at.view_functions().encode_args(&call)?;
	let (id, args) = call.split_at(32);
	let id = [("prefix", Value::from_bytes(&id[..16])), ("suffix", Value::from_bytes(&id[16..]))];
	let call = dynamic::runtime_api_call::<_, Result<Vec<u8>, Value>>(
		"RuntimeViewFunction",
		"execute_view_function",
		(Value::named_composite(id), args.to_vec()),
	);
	let answer = at.runtime_apis().call(call).await?.map_err(|error| format!("{pallet}.{function}: {error}"))?;
	Ok(R::decode_as_type(&mut &answer[..], output, metadata.types())?)
}

fn params() -> Value {
	let sampling = Value::named_composite([
		("max_tokens", Value::u128(64)),
		("temperature_milli", Value::u128(0)),
		("top_k", Value::u128(0)),
		("top_p_milli", Value::u128(1_000)),
	]);
	Value::named_composite([
		("workload", Value::unnamed_variant("Chat", [sampling])),
		("timeout", Value::u128(60)),
		("max_rate", Value::unnamed_variant("None", [])),
	])
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
	let mut args = std::env::args().skip(1);
	let url = args.next().unwrap_or_else(|| "ws://127.0.0.1:9944".into());
	let prompt = args.next().unwrap_or_else(|| "What is 17 plus 25?".into());
	let api = OnlineClient::<SubstrateConfig>::from_insecure_url(&url).await?;
	let (charlie, model) = (dev::charlie(), 0u32);
	let account = charlie.public_key().0;

	let at = api.at_current_block().await?;
	let ask = (model, params(), prompt.len() as u32);
	let quote = view::<_, Result<Quote, Value>>(&at, "Jobs", "quote", ask).await?;
	let quote = quote.map_err(|refused| format!("the job would be refused: {refused}"))?;

	let call = (model, prompt.into_bytes(), params(), 100_000_000_000u128, Value::unnamed_variant("None", []));
	let submit = dynamic::transaction("Jobs", "submit", call);
	let sent = at.transactions().sign_and_submit_then_watch_default(&submit, &charlie).await?;
	let events = sent.wait_for_finalized_success().await?;
	let submitted = events.iter().find_map(|event| {
		let event = event.ok().filter(|event| (event.pallet_name(), event.event_name()) == ("Jobs", "Submitted"))?;
		event.decode_fields_unchecked_as::<Submitted>().ok()
	});
	let Submitted { job, deposit } = submitted.ok_or("the submission has no event")?;

	// A receipt is there as soon as the job has ended.
	let mut blocks = api.stream_blocks().await?;
	let (at, receipt) = loop {
		let at = blocks.next().await.ok_or("the node is gone")??.at().await?;
		let receipts = dynamic::storage::<(u64,), Receipt>("Receipts", "Receipts");
		let found = at.storage().try_fetch(receipts, (job,)).await?.map(|receipt| receipt.decode()).transpose()?;
		if let Some(receipt) = found {
			break (at, receipt);
		}
	};
	let outputs = dynamic::storage::<(u64,), Vec<u8>>("Jobs", "Outputs");
	let output = at.storage().fetch(outputs, (job,)).await?.decode()?;
	let seen = view::<_, Option<JobView>>(&at, "Jobs", "job", (job,)).await?.and_then(|view| view.output);
	let none = Value::unnamed_variant("None", []);
	let receipts = view::<_, Receipts>(&at, "Receipts", "receipts_of", (account, none)).await?.items;

	let listed = receipts.iter().any(|found| found.job == job && found.fee == receipt.fee);
	let said = serde_json::json!({
		"job": job,
		"answer": String::from_utf8_lossy(&output),
		"fee": receipt.fee.to_string(),
		"outcome": format!("{:?}", receipt.outcome),
		"typical": quote.prices.map(|prices| prices.typical.to_string()),
		"matches": quote.deposit == deposit && seen.as_ref() == Some(&output) && listed,
	});
	println!("{said}");
	Ok(())
}
