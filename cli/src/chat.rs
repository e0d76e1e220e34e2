//! `millrace chat`: a conversation that is paid for as it runs.

use std::io::{IsTerminal, Write};

use millrace_client::{
	channel,
	conversation::{self, Message, Role},
	session::{wire::RefusalCode, Delta, Session, SessionError},
	Event, Model,
};
use millrace_primitives::{
	job::MAX_INPUT_BYTES, AccountId32, Bid, ChannelId, JobParams, RunningTotal, Sampling, Workload,
};
use rand::{rngs::OsRng, RngCore};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::{amount, args::Chat, channel::close_with, context::Context, error::CliError, request::first_model, show};

/// Runs the command.
///
/// # Errors
///
/// What kept the channel from opening or the session from going on. A refused message ends it too when nobody can react.
pub async fn run(context: &Context, chat: Chat) -> Result<(), CliError> {
	let (id, model) = match chat.channel {
		Some(id) => {
			let found = context.client().await?.channel(id).await?;
			let found = found.ok_or(SessionError::UnknownChannel(id))?;
			(id, context.model(&found.model.to_string()).await?)
		}
		None => open(context, &chat).await?,
	};
	let mut session = Session::connect(context.client().await?, id, context.signer()?, &context.channels()?).await?;
	let talked = talk(context, &chat, &model, &mut session).await;
	let stopped = session.stop().await;
	let total = talked.and_then(|()| Ok(stopped?))?;
	if chat.close {
		return close_with(context, id, context.last_voucher(id).await?).await;
	}
	if !context.json {
		let owed = amount::show(total.fee);
		eprintln!("channel {id} owes {owed}; go on with --channel {id}, or end it with `millrace channel close {id}`");
	}
	Ok(())
}

/// Opens a channel with the miner that was named, or the cheapest one that answers sessions.
async fn open(context: &Context, chat: &Chat) -> Result<(ChannelId, Model), CliError> {
	let model = match &chat.model {
		Some(model) => context.model(model).await?,
		None => first_model(context, &Workload::Chat(Sampling::greedy(1))).await?,
	};
	let Bid { owner: miner, rate, .. } = chosen(context, chat.miner.as_deref(), &model).await?;
	// What the miner asks now: it could ask more until the channel is open.
	let call = channel::open(miner.clone(), model.id, context.own_account()?, chat.deposit, Some(rate));
	let done = context.send(call).await?;
	let opened = done.events.iter().find_map(|event| match event {
		Event::ChannelOpened { channel } => Some(*channel),
		_ => None,
	});
	let id = opened.ok_or_else(|| CliError::Mismatch("the block has no event of the channel's opening".into()))?;
	if context.json {
		println!("{}", json!({ "channel": id, "miner": miner.to_string(), "deposit": show::plancks(chat.deposit) }));
	} else {
		eprintln!("channel {id} opened with {}, to miner {miner}", amount::show(chat.deposit));
	}
	Ok((id, model))
}

/// The miner that was named, or the cheapest one that answers sessions, with what it asks.
async fn chosen(context: &Context, named: Option<&str>, model: &Model) -> Result<Bid<AccountId32>, CliError> {
	let client = context.client().await?;
	let named = named.map(|miner| context.address(miner)).transpose()?;
	for bid in client.bids(model.id, JobParams::greedy(1), 0).await? {
		let is_it = named.as_ref().is_none_or(|miner| *miner == bid.owner);
		if is_it && client.endpoint(&bid.owner).await?.is_some() {
			return Ok(bid);
		}
	}
	let name = &model.name;
	Err(CliError::NotFound(match named {
		Some(miner) => format!("the miner {miner} has no offer for {name}, or answers no sessions"),
		None => format!("no miner of {name} answers sessions; `millrace ask` posts a job instead"),
	}))
}

/// Answers one line after another until there are no more.
async fn talk(context: &Context, chat: &Chat, model: &Model, session: &mut Session) -> Result<(), CliError> {
	let mut lines = BufReader::new(tokio::io::stdin()).lines();
	let mut said = Vec::new();
	let asks = std::io::stdin().is_terminal();
	loop {
		if asks && !context.json {
			eprint!("> ");
		}
		let Some(line) = lines.next_line().await.map_err(CliError::io("cannot read the message"))? else {
			return Ok(());
		};
		if line.trim().is_empty() {
			continue;
		}
		if chat.no_history {
			said.clear();
		}
		said.push(Message::new(Role::User, line));
		let input = fitting(&mut said, model);
		let max_tokens = chat.sampler.max_tokens.unwrap_or_else(|| model.default_max_tokens(input.len()));
		let workload = Workload::Conversation(chat.sampler.sampling(max_tokens));
		let answered = answer(context, session, workload, input).await;
		match &answered {
			Ok(text) => said.push(Message::new(Role::Assistant, text.as_str())),
			Err(_) => drop(said.pop()),
		}
		match answered.map(drop) {
			Ok(()) => {}
			// Whoever sits there can do something about it.
			Err(error) if asks && error.goes_on() => {
				eprintln!("error: {error}");
				if matches!(error, SessionError::Refused { code: RefusalCode::Exhausted, .. }) {
					let id = session.terms().channel;
					eprintln!(
						"hint: end this with Ctrl-D, then `millrace channel top-up {id} AMOUNT` and --channel {id}"
					);
				}
			}
			Err(error) => return Err(error.into()),
		}
	}
}

/// The conversation as an input, without the oldest turns when it is long: half of the model's context is left for the
/// answer, if a token is a byte.
fn fitting(said: &mut Vec<Message>, model: &Model) -> Vec<u8> {
	let most = usize::try_from((model.context_length / 2).min(MAX_INPUT_BYTES)).unwrap_or(usize::MAX);
	loop {
		let input = conversation::encode(said, None);
		if input.len() <= most || said.len() <= 1 {
			return input;
		}
		// A question and its answer.
		said.drain(..2.min(said.len().saturating_sub(1)));
	}
}

/// One answer, on stdout as it comes. Ctrl-C ends it where it is.
async fn answer(
	context: &Context,
	session: &mut Session,
	workload: Workload,
	input: Vec<u8>,
) -> Result<String, SessionError> {
	let before = session.total();
	let mut answer = session.ask(workload, OsRng.next_u64(), input).await?;
	let mut text = String::new();
	let interrupted = loop {
		tokio::select! {
			delta = answer.next() => match delta? {
				Some(Delta { text: more, .. }) => {
					if !context.json {
						print!("{more}");
						// A closed pipe shows at the next line that is read.
						let _ = std::io::stdout().flush();
					}
					text.push_str(&more);
				}
				None => break false,
			},
			_ = tokio::signal::ctrl_c() => break true,
		}
	};
	if interrupted {
		answer.stop().await?;
	}
	tell(context, session, &before, &text);
	Ok(text)
}

/// Says what an answer cost.
fn tell(context: &Context, session: &Session, before: &RunningTotal, text: &str) {
	let (total, terms) = (session.total(), session.terms());
	let cost = total.fee.saturating_sub(before.fee);
	let output_tokens = total.output_tokens.saturating_sub(before.output_tokens);
	if context.json {
		let line = json!({
			"channel": terms.channel,
			"text": text,
			"input_tokens": total.input_tokens.saturating_sub(before.input_tokens),
			"output_tokens": output_tokens,
			"gpu_ms": total.gpu_ms.saturating_sub(before.gpu_ms),
			"fee": show::plancks(cost),
			"total": show::plancks(total.fee),
			"deposit": show::plancks(terms.deposit),
		});
		println!("{line}");
	} else {
		println!();
		let (cost, owed, deposit) = (amount::show(cost), amount::show(total.fee), amount::show(terms.deposit));
		eprintln!("[{output_tokens} tokens, {cost}; channel {}: {owed} of {deposit}]", terms.channel);
	}
}
