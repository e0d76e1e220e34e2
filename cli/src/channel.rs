//! `millrace channel`.

use std::path::Path;

use millrace_client::{channel, Channel, ChannelState, Event};
use millrace_primitives::{ChannelId, RunningTotal, Voucher, H256};
use serde::Deserialize;
use serde_json::{json, Value};

use crate::{
	amount,
	args::ChannelCommand,
	context::Context,
	error::CliError,
	miner::rate,
	show::{self, hash, plancks},
	transcript,
};

/// Runs a command for channels.
///
/// # Errors
///
/// What the chain refused, and [`CliError::NotFound`].
pub async fn run(context: &Context, command: ChannelCommand) -> Result<(), CliError> {
	match command {
		ChannelCommand::Open { miner, model, deposit, session_key, max_per_token, max_per_gpu_second } => {
			let limited = max_per_token.is_some() || max_per_gpu_second.is_some();
			let limit = if limited { Some(rate(max_per_token.as_deref(), max_per_gpu_second)?) } else { None };
			let session_key = match session_key {
				Some(address) => context.address(&address)?,
				None => context.own_account()?,
			};
			let model = context.model(&model).await?;
			let done =
				context.send(channel::open(context.address(&miner)?, model.id, session_key, deposit, limit)).await?;
			let opened = done.events.iter().find_map(|event| match event {
				Event::ChannelOpened { channel } => Some(*channel),
				_ => None,
			});
			let mut json = show::transaction(&done);
			json["channel"] = json!(opened);
			context.print(json, || {
				let id = opened.map(|id| id.to_string()).unwrap_or_default();
				format!("channel {id} opened in block {} with {}", done.number, amount::show(deposit))
			});
			Ok(())
		}
		ChannelCommand::TopUp { channel, amount } => {
			let done = format!("channel {channel} topped up by {}", amount::show(amount));
			context.send_and_say(channel::top_up(channel, amount), &done).await
		}
		ChannelCommand::List { address } => {
			let account = match address {
				Some(address) => context.address(&address)?,
				None => context.own_account()?,
			};
			let channels = context.client().await?.channels_of(&account).await?;
			context.print_list("channels", channels.iter().map(as_json).collect(), || {
				if channels.is_empty() {
					vec!["no channels".into()]
				} else {
					channels.iter().map(as_text).collect()
				}
			});
			Ok(())
		}
		ChannelCommand::Show { channel } => {
			let channel = find(context, channel).await?;
			context.print(as_json(&channel), || as_text(&channel));
			Ok(())
		}
		ChannelCommand::Transcript { channel, file } => transcript::run(context, channel, file).await,
		ChannelCommand::Close { channel, voucher } => close(context, channel, voucher.as_deref()).await,
	}
}

async fn find(context: &Context, id: ChannelId) -> Result<Channel, CliError> {
	let found = context.client().await?.channel(id).await?;
	found.ok_or_else(|| CliError::NotFound(format!("there is no channel {id}, or it was forgotten")))
}

async fn close(context: &Context, id: ChannelId, voucher: Option<&Path>) -> Result<(), CliError> {
	let voucher = match voucher {
		Some(path) => Some(read_voucher(path, id)?),
		None => context.last_voucher(id).await?,
	};
	close_with(context, id, voucher).await
}

/// Closes a channel with this voucher, and says what came of it.
///
/// # Errors
///
/// What the chain refused.
pub async fn close_with(context: &Context, id: ChannelId, voucher: Option<Voucher>) -> Result<(), CliError> {
	let done = context.send(channel::close(id, voucher)).await?;
	let settled = done.events.iter().find_map(|event| match event {
		Event::ChannelSettled { paid, refund, .. } => Some((*paid, *refund)),
		_ => None,
	});
	let mut json = show::transaction(&done);
	if let Some((paid, refund)) = settled {
		json["paid"] = plancks(paid);
		json["refund"] = plancks(refund);
	}
	let until = if settled.is_none() { Some(find(context, id).await?.due) } else { None };
	json["settles_at"] = json!(until);
	context.print(json, || match (settled, until) {
		(Some((paid, refund)), _) => {
			let (paid, refund) = (amount::show(paid), amount::show(refund));
			format!("channel {id} settled in block {}: {paid} paid, {refund} given back", done.number)
		}
		(None, Some(until)) => format!("channel {id} closing; it settles in block {until}"),
		(None, None) => format!("channel {id} closed in block {}", done.number),
	});
	Ok(())
}

/// A voucher's file. Plancks are a string.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VoucherFile {
	channel: ChannelId,
	answers: u32,
	input_tokens: u64,
	output_tokens: u64,
	gpu_ms: u64,
	fee: String,
	checkpoint: String,
	signature: String,
}

fn read_voucher(path: &Path, id: ChannelId) -> Result<Voucher, CliError> {
	let bad = |what: &dyn std::fmt::Display| CliError::Usage(format!("{} is no voucher: {what}", path.display()));
	let text = std::fs::read_to_string(path).map_err(|error| bad(&error))?;
	let file: VoucherFile = serde_json::from_str(&text).map_err(|error| bad(&error))?;
	if file.channel != id {
		return Err(bad(&format!("it is for channel {}", file.channel)));
	}
	let fee = file.fee.parse().map_err(|_| bad(&"fee must be a number of plancks in quotes"))?;
	let bytes = |name: &str, text: &str| {
		let digits = text.strip_prefix("0x").unwrap_or(text);
		hex::decode(digits).map_err(|error| bad(&format!("{name}: {error}")))
	};
	let checkpoint = bytes("checkpoint", &file.checkpoint)?;
	let signature = bytes("signature", &file.signature)?;
	Ok(Voucher {
		total: RunningTotal {
			answers: file.answers,
			input_tokens: file.input_tokens,
			output_tokens: file.output_tokens,
			gpu_ms: file.gpu_ms,
			fee,
		},
		checkpoint: H256(checkpoint.try_into().map_err(|_| bad(&"checkpoint must be 32 bytes of hex"))?),
		signature: <[u8; 64]>::try_from(signature).map_err(|_| bad(&"signature must be 64 bytes of hex"))?.into(),
	})
}

fn state(channel: &Channel) -> Value {
	match channel.state {
		ChannelState::Open => json!({ "state": "open" }),
		ChannelState::Closing { owed } => json!({ "state": "closing", "owed": plancks(owed.fee) }),
		ChannelState::Settled { paid } => json!({ "state": "settled", "paid": plancks(paid) }),
	}
}

fn as_json(channel: &Channel) -> Value {
	let mut json = state(channel);
	json["channel"] = json!(channel.id);
	json["client"] = json!(channel.client.to_string());
	json["session_key"] = json!(hash(&channel.session_key));
	json["miner"] = json!(channel.miner.to_string());
	json["operator"] = json!(channel.operator.to_string());
	json["model"] = json!(channel.model);
	json["rate"] = show::rate(channel.rate);
	json["deposit"] = plancks(channel.deposit);
	json["opened_at"] = json!(channel.opened_at);
	json["due"] = json!(channel.due);
	json["equivocated"] = json!(channel.equivocated);
	json
}

fn as_text(channel: &Channel) -> String {
	let state = match channel.state {
		ChannelState::Open => format!("open, closes by itself in block {}", channel.due),
		ChannelState::Closing { owed } => {
			format!("closing, settles in block {} with {} owed", channel.due, amount::show(owed.fee))
		}
		ChannelState::Settled { paid } => {
			format!("settled, {} paid, forgotten in block {}", amount::show(paid), channel.due)
		}
	};
	format!(
		"channel {}: {state}; {} to {} for model {}, {}",
		channel.id,
		amount::show(channel.deposit),
		channel.miner,
		channel.model,
		show::rate_text(channel.rate)
	)
}
