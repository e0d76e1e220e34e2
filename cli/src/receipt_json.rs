//! Receipts as signed JSON.

use std::{
	path::{Path, PathBuf},
	time::Duration,
};

use millrace_client::receipt::{
	files,
	json::{JsonError, SignedReceipt, Statement, TrustedKeys},
	ExportOptions,
};
use millrace_primitives::JobId;
use serde_json::{json, Value};

use crate::{context::Context, error::CliError, receipt, receipt_key, show};

/// How long to wait until the receipt is final.
const PATIENCE: Duration = Duration::from_secs(60);

/// Signs the receipt of a job.
///
/// # Errors
///
/// [`CliError::Key`] when the key can't be used, [`CliError::Export`] when there is no receipt or the chain does not list
/// the key for its time.
pub async fn sign(context: &Context, job: JobId, key: &Path, out: Option<PathBuf>) -> Result<(), CliError> {
	let signer = receipt_key::read(key)?;
	let client = context.client().await?;
	let options = ExportOptions { patience: PATIENCE, ..ExportOptions::default() };
	let proof = client.export_receipt(job, &options).await?;
	let text = client.sign_receipt(&proof, &signer).await?;
	let path = match out {
		Some(path) => path,
		None => files::json_path(&context.receipts()?, client.genesis_hash(), job),
	};
	receipt::write(&path, &text)?;
	let json = json!({ "job": job, "file": path, "bytes": text.len(), "key_id": signer.public().id() });
	context.print(json, || format!("receipt of job {job}, signed: {}", path.display()));
	Ok(())
}

/// Checks a receipt by the key that the user names, else by those that the chain lists for its miner; the chain's own
/// receipt of the job must not differ, while it is in state.
///
/// # Errors
///
/// [`CliError::InvalidJson`]
pub async fn verify(context: &Context, bytes: &[u8], key: Option<&str>) -> Result<(), CliError> {
	let signed = SignedReceipt::from_bytes(bytes)?;
	let (keys, on_chain) = match key {
		Some(key) => (TrustedKeys::Given(receipt_key::parse(key)?), None),
		None => {
			let client = context.client().await?;
			let keys = client.trusted_receipt_keys(&signed.statement().provider).await?;
			(keys, Some(client.receipt(signed.statement().receipt.job).await?))
		}
	};
	let statement = signed.verify(&keys)?;
	if on_chain.iter().flatten().any(|receipt| *receipt != statement.receipt) {
		return Err(JsonError::NotTheChains.into());
	}
	let compared = on_chain.is_some_and(|receipt| receipt.is_some());
	let json = verified_json(statement, signed.key_id(), key.is_none(), compared);
	context.print(json, || verified_text(statement, signed.key_id(), key.is_none(), compared));
	Ok(())
}

fn verified_json(statement: &Statement, key_id: &str, listed: bool, compared: bool) -> Value {
	json!({
		"valid": true,
		"genesis": show::hash(statement.genesis),
		"key_id": key_id,
		"key_from": if listed { "chain" } else { "argument" },
		"same_on_chain": compared,
		"started_at": statement.started_at,
		"completed_at": statement.completed_at,
		"receipt": show::receipt(&statement.receipt),
	})
}

fn verified_text(statement: &Statement, key_id: &str, listed: bool, compared: bool) -> String {
	let by = if listed {
		"valid: signed by a key that the chain lists for this miner and time"
	} else {
		"valid: signed by the key that you named; whose it is, for which chain and time, is for you to know"
	};
	let chains = if compared { "the same" } else { "not looked at, or no longer in state" };
	[
		by.to_owned(),
		format!("chain            {}", show::hash(statement.genesis)),
		format!("key              {key_id}"),
		format!("chain's receipt  {chains}"),
		show::receipt_text(&statement.receipt),
	]
	.join("\n")
}
