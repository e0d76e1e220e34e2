//! `millrace channel transcript`.

use std::path::PathBuf;

use millrace_client::{
	session::{
		chain_folder,
		transcripts::{self, Kept},
		SessionError,
	},
	Channel,
};
use millrace_primitives::ChannelId;
use serde_json::{json, Value};

use crate::{
	amount,
	context::Context,
	error::CliError,
	show::{hash, plancks},
};

/// Shows what was asked and answered in a channel, and whether both sides signed it.
///
/// # Errors
///
/// When the file can't be read, or the node does not answer.
pub async fn run(context: &Context, id: ChannelId, file: Option<PathBuf>) -> Result<(), CliError> {
	let client = context.client().await?;
	let path = match file {
		Some(path) => path,
		None => transcripts::path(&chain_folder(&context.channels()?, client.genesis_hash()), id),
	};
	let answers = transcripts::read(&path).map_err(SessionError::from)?;
	// What it has forgotten is judged no more.
	let channel = client.channel(id).await?;
	let of = |kept: &Kept| (kept.clone(), channel.as_ref().map(|channel| is_signed(kept, channel)));
	let answers: Vec<_> = answers.iter().map(of).collect();
	context.print_list("answers", answers.iter().map(as_json).collect(), || answers.iter().map(as_text).collect());
	Ok(())
}

fn is_signed(kept: &Kept, channel: &Channel) -> bool {
	kept.request.channel == channel.id && kept.is_signed(&channel.session_key, &channel.operator)
}

fn text(bytes: &[u8]) -> String {
	String::from_utf8_lossy(bytes).into_owned()
}

fn as_json((kept, signed): &(Kept, Option<bool>)) -> Value {
	let checkpoint = kept.checkpoint.as_ref().map(|checkpoint| {
		let payload = &checkpoint.payload;
		json!({
			"index": payload.index,
			"last": payload.last,
			"output_hash": hash(payload.output_hash),
			"transcript_root": hash(payload.transcript_root),
			"input_tokens": payload.usage.input_tokens,
			"output_tokens": payload.usage.output_tokens,
			"owed": plancks(payload.total.fee),
		})
	});
	let tokens = kept.entries.iter().map(|entry| {
		let top: Vec<_> = entry.top.iter().map(|other| json!([other.token, other.logprob])).collect();
		json!({ "token": entry.token, "text": text(&entry.bytes), "logprob": entry.logprob, "top": top })
	});
	json!({
		"seq": kept.request.seq,
		"issued_at": kept.request.issued_at,
		"seed": kept.request.seed.to_string(),
		"input": text(&kept.input),
		"output": text(&kept.output),
		"tokens": tokens.collect::<Vec<_>>(),
		"checkpoint": checkpoint,
		"signed": signed,
	})
}

fn as_text((kept, signed): &(Kept, Option<bool>)) -> String {
	let judged = match signed {
		Some(true) => "signed by both",
		Some(false) => "NOT signed by both",
		None => "of a channel that the chain does not know",
	};
	let owed = match &kept.checkpoint {
		Some(checkpoint) => format!("{} owed with it", amount::show(checkpoint.payload.total.fee)),
		None => "no checkpoint".into(),
	};
	let (input, output) = (text(&kept.input), text(&kept.output));
	format!("{} {judged}, {} tokens, {owed}\n  {input:?}\n  {output:?}", kept.request.seq, kept.entries.len())
}
