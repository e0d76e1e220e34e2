//! `millrace receipt`.

use std::{
	path::{Path, PathBuf},
	time::Duration,
};

use millrace_client::receipt::{
	self, files, json::SignedReceipt, AuthorityId, ExportError, ExportOptions, Subject, Trust, VerifiedOf,
};
use millrace_primitives::{JobId, H256};
use serde_json::{json, Value};

use crate::{
	args::{Export, ReceiptCommand, Verify},
	context::Context,
	error::CliError,
	receipt_json, show,
};

/// How long `ask` waits for the file of its receipt. Finality is about a second behind the best block.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause before another try when the node is away.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs a command for receipts.
///
/// # Errors
///
/// [`CliError::NotFound`] when the job has no receipt, [`CliError::Invalid`] or [`CliError::InvalidJson`] when a file proves
/// none.
pub async fn run(context: &Context, command: ReceiptCommand) -> Result<(), CliError> {
	match command {
		ReceiptCommand::Show { job } => show_receipt(context, job).await,
		ReceiptCommand::List { of } => list_receipts(context, of).await,
		ReceiptCommand::Export(what) => export(context, what).await,
		ReceiptCommand::Verify(what) => verify(context, &what).await,
		ReceiptCommand::Sign { job, key_file, out } => receipt_json::sign(context, job, &key_file, out).await,
		ReceiptCommand::Trust { out, checkpoint } => trust(context, &out, checkpoint).await,
	}
}

async fn show_receipt(context: &Context, job: JobId) -> Result<(), CliError> {
	let at = context.client().await?.at_best().await?;
	let Some(receipt) = at.receipt(job).await? else {
		return Err(CliError::NotFound(match at.job(job).await? {
			Some(_) => format!("job {job} has not ended, so it has no receipt yet"),
			None if job < at.next_job().await? => format!("the receipt of job {job} is no longer in the chain's state"),
			None => format!("the chain knows no job {job}"),
		}));
	};
	context.print(show::receipt(&receipt), || show::receipt_text(&receipt));
	Ok(())
}

async fn list_receipts(context: &Context, of: Option<String>) -> Result<(), CliError> {
	let account = match of {
		Some(account) => context.address(&account)?,
		None => context.own_account()?,
	};
	let receipts = context.client().await?.receipts_of(&account).await?;
	context.print_list("receipts", receipts.iter().map(show::receipt).collect(), || {
		if receipts.is_empty() {
			vec![format!("{account} has no receipts in the chain's state")]
		} else {
			receipts.iter().map(show::receipt_line).collect()
		}
	});
	Ok(())
}

async fn export(context: &Context, what: Export) -> Result<(), CliError> {
	let Export { job, channel, out, block, trust, wait } = what;
	let trust = trust.as_deref().map(read_trust).transpose()?;
	let client = context.client().await?;
	let options = ExportOptions { block, trust, patience: Duration::from_secs(wait) };
	let genesis = client.genesis_hash();
	let of = match (job, channel) {
		(Some(job), _) => Subject::Job(job),
		(None, Some(channel)) => Subject::Channel(channel),
		(None, None) => return Err(CliError::Usage("name a job, or a channel by --channel".into())),
	};
	let bytes = match of {
		Subject::Job(job) => client.export_receipt(job, &options).await?,
		Subject::Channel(channel) => client.export_channel_receipt(channel, &options).await?,
	};
	let path = match (out, of) {
		(Some(path), _) => path,
		(None, Subject::Job(job)) => files::path(&context.receipts()?, genesis, job),
		(None, Subject::Channel(channel)) => files::channel_path(&context.receipts()?, genesis, channel),
	};
	write(&path, &bytes)?;
	let (name, number) = match of {
		Subject::Job(job) => ("job", job),
		Subject::Channel(channel) => ("channel", channel),
	};
	let json = json!({ name: number, "file": path, "bytes": bytes.len() });
	context.print(json, || format!("receipt of {of}, {} bytes: {}", bytes.len(), path.display()));
	Ok(())
}

/// Writes the file of a receipt that was just made; tries again while the node is away.
///
/// # Errors
///
/// When that failed for 30 seconds, or can't succeed.
pub async fn save(context: &Context, job: JobId) -> Result<PathBuf, CliError> {
	let client = context.client().await?;
	let path = files::path(&context.receipts()?, client.genesis_hash(), job);
	let options = ExportOptions { patience: PATIENCE, ..ExportOptions::default() };
	let attempts = async {
		loop {
			match client.export_receipt(job, &options).await {
				Err(error) if error.is_temporary() => tokio::time::sleep(PAUSE).await,
				done => return done,
			}
		}
	};
	let bytes =
		tokio::time::timeout(PATIENCE, attempts).await.map_err(|_| ExportError::NotFinal(Subject::Job(job)))??;
	write(&path, &bytes)?;
	Ok(path)
}

async fn verify(context: &Context, what: &Verify) -> Result<(), CliError> {
	let trust = match (&what.trust, &what.genesis) {
		(Some(file), _) => Some(read_trust(file)?),
		(None, Some(genesis)) => Some(named_trust(genesis, &what.authorities)?),
		(None, None) => None,
	};
	let bytes = files::read(&what.file).map_err(CliError::io(format!("cannot read {}", what.file.display())))?;
	let trust = match (SignedReceipt::is_json(&bytes), trust) {
		(true, None) => return receipt_json::verify(context, &bytes, what.receipt_key.as_deref()).await,
		(false, Some(trust)) => trust,
		(true, Some(_)) => {
			return Err(CliError::Usage(
				"a receipt as JSON is checked by its miner's receipt key, not by validators: leave them out".into(),
			))
		}
		(false, None) => {
			return Err(CliError::Usage("name the validators to trust: --trust, or --genesis and --authorities".into()))
		}
	};
	if receipt::is_of_channel(&bytes) {
		let verified = receipt::verify_channel(&bytes, &trust)?;
		let (json, text) = (show::channel_receipt(&verified.receipt), show::channel_receipt_text(&verified.receipt));
		context.print(verified_json(&verified, &trust, json), || verified_text(&verified, &trust, text));
	} else {
		let verified = receipt::verify(&bytes, &trust)?;
		let (json, text) = (show::receipt(&verified.receipt), show::receipt_text(&verified.receipt));
		context.print(verified_json(&verified, &trust, json), || verified_text(&verified, &trust, text));
	}
	Ok(())
}

fn verified_json<R>(verified: &VerifiedOf<R>, trust: &Trust, receipt: Value) -> Value {
	json!({
		"valid": true,
		"genesis": show::hash(trust.genesis),
		"block": show::block(verified.block),
		"place": verified.place,
		"receipts": verified.receipts,
		"finalized": show::block(verified.finalized),
		"set_id": verified.set_id,
		"changes": verified.changes,
		"trusted": { "block": show::block(trust.block), "set_id": trust.set_id },
		"receipt": receipt,
	})
}

fn verified_text<R>(verified: &VerifiedOf<R>, trust: &Trust, receipt: String) -> String {
	let VerifiedOf { block, finalized, set_id, changes, .. } = verified;
	[
		"valid: this receipt is in a block that the chain's validators made final".to_owned(),
		format!("chain            {}", show::hash(trust.genesis)),
		format!("in block         {} ({})", block.number, show::hash(block.hash)),
		format!("final by         block {}, set {set_id} of the validators", finalized.number),
		format!("trusted          set {} after block {}; {changes} changes since", trust.set_id, trust.block.number),
		receipt,
	]
	.join("\n")
}

async fn trust(context: &Context, out: &Path, checkpoint: bool) -> Result<(), CliError> {
	let client = context.client().await?;
	let trust = if checkpoint { Some(client.trust_at_finalized().await?) } else { client.trust_at_genesis().await? };
	let trust = trust.ok_or_else(|| {
		CliError::NotFound(
			"this node has dropped the state of genesis; ask an archive node, or take the validators of now with \
			 --checkpoint"
				.into(),
		)
	})?;
	let json = trust.to_json();
	write(out, format!("{json:#}\n").as_bytes())?;
	context.print(json, || {
		let keys = trust.authorities.iter().map(|(key, _)| format!("  {}", show::hash(key)));
		let keys = keys.collect::<Vec<_>>().join("\n");
		format!(
			"{}: chain {}, set {} of the validators, after block {}:\n{keys}",
			out.display(),
			show::hash(trust.genesis),
			trust.set_id,
			trust.block.number
		)
	});
	Ok(())
}

fn read_trust(file: &Path) -> Result<Trust, CliError> {
	let text = std::fs::read_to_string(file).map_err(CliError::io(format!("cannot read {}", file.display())))?;
	Trust::from_json(&text).map_err(|error| CliError::Usage(format!("{}: {error}", file.display())))
}

/// The validators of genesis as the command line names them.
fn named_trust(genesis: &str, authorities: &[String]) -> Result<Trust, CliError> {
	let genesis: H256 =
		genesis.parse().map_err(|_| CliError::Usage(format!("{genesis:?} is no hash; expected 0x and 64 digits")))?;
	let key = |text: &String| -> Result<AuthorityId, CliError> {
		Trust::authority(text).map_err(|_| CliError::Usage(format!("{text:?} is no key; expected 0x and 64 digits")))
	};
	Ok(Trust::at_genesis(genesis, authorities.iter().map(key).collect::<Result<Vec<_>, _>>()?))
}

/// Writes a file.
///
/// # Errors
///
/// [`CliError::Io`]
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
	files::write(path, bytes).map_err(CliError::io(format!("cannot write {}", path.display())))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn trust_should_be_that_of_genesis_when_it_is_named() {
		let hash = |byte: u8| show::hash([byte; 32]);
		let trust = named_trust(&hash(1), &[hash(2), hash(3)]).expect("all are 32 bytes");
		assert_eq!((trust.genesis, trust.set_id, trust.block.number), (H256::repeat_byte(1), 0, 0));
		assert_eq!(trust.block.hash, trust.genesis);
		let keys: Vec<_> = trust.authorities.iter().map(|(key, weight)| (show::hash(key), *weight)).collect();
		assert_eq!(keys, [(hash(2), 1), (hash(3), 1)]);
		assert!(matches!(named_trust("0x12", &[hash(2)]), Err(CliError::Usage(_))));
		assert!(matches!(named_trust(&hash(1), &["x".into()]), Err(CliError::Usage(_))));
	}
}
