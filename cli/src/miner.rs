//! `millrace miner`.

use millrace_client::{calls, Miner, Snapshot};
use millrace_primitives::{AccountId32, Rate};

use crate::{
	amount,
	args::{MinerCommand, Switch},
	context::Context,
	error::CliError,
	receipt_key, show,
};

/// Runs a command for miners.
///
/// # Errors
///
/// What the chain refused, and [`CliError::NotFound`].
pub async fn run(context: &Context, command: MinerCommand) -> Result<(), CliError> {
	match command {
		MinerCommand::Register { operator, stake } => {
			let operator = context.address(&operator)?;
			let done = format!("miner registered with operator {operator} and a stake of {}", amount::show(stake));
			context.send_and_say(calls::register_miner(operator, stake), &done).await
		}
		MinerCommand::Offer { model, per_token, per_gpu_second, slots } => {
			let rate = rate(per_token.as_deref(), per_gpu_second)?;
			let model = context.model(&model).await?;
			let done = format!("offer for {} set: {}, {slots} slots", model.name, show::rate_text(rate));
			context.send_and_say(calls::offer(model.id, rate, slots), &done).await
		}
		MinerCommand::Stake { amount } => {
			context.send_and_say(calls::stake(amount), &format!("staked {}", amount::show(amount))).await
		}
		MinerCommand::Unstake { amount } => {
			context.send_and_say(calls::unstake(amount), &format!("unbonding {}", amount::show(amount))).await
		}
		MinerCommand::Withdraw { offer: None } => {
			context.send_and_say(calls::withdraw_unbonded(), "unbonded stake withdrawn").await
		}
		MinerCommand::Withdraw { offer: Some(model) } => {
			let model = context.model(&model).await?;
			let done = format!("offer for {} withdrawn", model.name);
			context.send_and_say(calls::withdraw_offer(model.id), &done).await
		}
		MinerCommand::Status { address } => status(context, address).await,
		MinerCommand::List { model } => list(context, model).await,
		MinerCommand::Ready { state: Switch::On } => context.send_and_say(calls::set_ready(true), "ready").await,
		MinerCommand::Ready { state: Switch::Off } => context.send_and_say(calls::set_ready(false), "not ready").await,
		MinerCommand::Deregister => context.send_and_say(calls::deregister(), "miner deregistered").await,
		MinerCommand::ReceiptKey(command) => receipt_key::run(context, command).await,
	}
}

/// The price that the options name. The command line lets one through, and two amounts with it.
pub fn rate(per_token: Option<&[u128]>, per_gpu_second: Option<u128>) -> Result<Rate, CliError> {
	match (per_token, per_gpu_second) {
		(Some([input, output]), None) => Ok(Rate::PerToken { input: *input, output: *output }),
		(None, Some(price)) => Ok(Rate::PerGpuSecond(price)),
		_ => Err(CliError::Usage("name one price: --per-token INPUT OUTPUT or --per-gpu-second AMOUNT".into())),
	}
}

async fn status(context: &Context, address: Option<String>) -> Result<(), CliError> {
	let account = match address {
		Some(address) => context.address(&address)?,
		None => context.own_account()?,
	};
	let at = context.client().await?.at_best().await?;
	let miner = find(&at, &account)
		.await?
		.ok_or_else(|| CliError::NotFound(format!("{account} is neither a miner's owner nor its operator")))?;
	let offers = at.offers_of(&miner.owner).await?;
	context.print(show::miner(&miner, &offers), || show::miner_text(&miner, &offers));
	Ok(())
}

/// The miner of an owner or operator.
///
/// # Errors
///
/// When the node does not answer.
pub async fn find(at: &Snapshot, account: &AccountId32) -> Result<Option<Miner>, CliError> {
	if let Some(miner) = at.miner(account).await? {
		return Ok(Some(miner));
	}
	match at.owner_of(account).await? {
		Some(owner) => Ok(at.miner(&owner).await?),
		None => Ok(None),
	}
}

async fn list(context: &Context, model: Option<String>) -> Result<(), CliError> {
	let model = match model {
		Some(model) => Some(context.model(&model).await?.id),
		None => None,
	};
	let at = context.client().await?.at_best().await?;
	let mut miners = Vec::new();
	for miner in at.miners().await? {
		let offers = at.offers_of(&miner.owner).await?;
		if model.is_none_or(|model| offers.iter().any(|offer| offer.model == model)) {
			miners.push((miner, offers));
		}
	}
	context.print_list("miners", miners.iter().map(|(miner, offers)| show::miner(miner, offers)).collect(), || {
		if miners.is_empty() {
			vec!["no miners".into()]
		} else {
			miners.iter().map(|(miner, offers)| show::miner_text(miner, offers)).collect()
		}
	});
	Ok(())
}
