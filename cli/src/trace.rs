//! `millrace ask --trace`: every step with its block, and the sums that must match to the planck.

use millrace_client::{Balances, BlockRef, Client, Error, Event, JobUpdate};
use millrace_primitives::{job::payload_hash, AccountId32, Balance, BlockNumber};
use serde_json::{json, Value};

use crate::{
	amount,
	ask::{balance_at, Story},
	error::CliError,
	show,
};

/// Prints steps as they happen.
pub struct Steps<'a> {
	client: &'a Client,
}

fn step(name: &str, what: &str) {
	println!("{name:<11} {what}");
}

fn place(block: BlockRef) -> String {
	format!("block {} ({})", block.number, show::hash(block.hash))
}

fn money(balances: Balances) -> String {
	format!("free {}, held {}", amount::show(balances.free), amount::show(balances.held))
}

impl<'a> Steps<'a> {
	/// Steps of a job on this chain.
	pub fn new(client: &'a Client) -> Self {
		Self { client }
	}

	/// The submission, and the client's money before it.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn submitted(&self, story: &Story) -> Result<(), CliError> {
		let before = balance_at(self.client, parent(self.client, story.submitted.number).await?, &story.client).await?;
		step("before", &format!("client {}: {}", story.client, money(before)));
		step(
			"submitted",
			&format!(
				"job {} in {}, transaction {}",
				story.job,
				place(story.submitted.block()),
				show::hash(story.submitted.tx_hash)
			),
		);
		step(
			"escrowed",
			&format!(
				"{} for the fee, {} for the bytes; transaction fee {}",
				amount::show(story.max_fee),
				amount::show(story.deposit),
				amount::show(story.submitted.fee())
			),
		);
		Ok(())
	}

	/// A later step.
	pub fn update(&self, update: &JobUpdate) {
		match update {
			JobUpdate::Submitted { .. } | JobUpdate::Settled { .. } => {}
			JobUpdate::Assigned { attempt, owner, operator, rate, deadline, block } => step(
				"assigned",
				&format!(
					"to miner {owner} (operator {operator}) in {}: attempt {attempt}, {}, until block {deadline}",
					place(*block),
					show::rate_text(*rate)
				),
			),
			JobUpdate::Completed { usage, output_hash, transcript_root, block } => step(
				"proof",
				&format!(
					"in {}: output {}, transcript {}, {}",
					place(*block),
					show::hash(output_hash),
					show::hash(transcript_root),
					show::usage_text(*usage)
				),
			),
			update => step("update", &crate::ask::describe(update)),
		}
	}

	/// Something about the receipt's file.
	pub fn file(&self, what: &str) {
		step("file", what);
	}

	/// The end, and the sums.
	pub fn ended(&self, story: &Story, audit: &Audit) {
		if let Some(output) = &story.output {
			step("answer", &story.answer_text(output));
		}
		if let (Some(fee), Some(assigned), Some(block)) = (story.fee, &story.assigned, story.settled) {
			step("paid", &format!("{} to {} in {}", amount::show(fee), assigned.owner, place(block)));
		}
		if let Some(refund) = story.refund {
			step("refunded", &format!("{} to {}", amount::show(refund), story.client));
		}
		if let Some(receipt) = &story.receipt {
			step(
				"receipt",
				&format!("job {}, {}, {}", receipt.job, show::outcome(receipt.outcome), amount::show(receipt.fee)),
			);
		}
		for account in &audit.accounts {
			step(account.role, &format!("{} before: {}", account.account, money(account.before)));
			step(
				"",
				&format!("{:width$} after:  {}", "", money(account.after), width = account.account.to_string().len()),
			);
		}
		for check in &audit.checks {
			let sign = if check.holds() { "=" } else { "!=" };
			step(
				"check",
				&format!("{}: {} {sign} {}", check.what, amount::show(check.left), amount::show(check.right)),
			);
		}
	}
}

/// An account's money before and after a job.
pub struct Account {
	role: &'static str,
	account: AccountId32,
	before: Balances,
	after: Balances,
}

/// Two sums that must be equal.
pub struct Check {
	what: &'static str,
	left: Balance,
	right: Balance,
}

impl Check {
	fn holds(&self) -> bool {
		self.left == self.right
	}
}

/// Where a job's money went.
pub struct Audit {
	accounts: Vec<Account>,
	checks: Vec<Check>,
	receipt_fits: bool,
}

impl Audit {
	/// As JSON.
	pub fn json(&self) -> Value {
		json!({
			"accounts": self.accounts.iter().map(|account| json!({
				"role": account.role,
				"account": account.account.to_string(),
				"before": show::balances(account.before),
				"after": show::balances(account.after),
			})).collect::<Vec<_>>(),
			"checks": self.checks.iter().map(|check| json!({
				"what": check.what,
				"left": show::plancks(check.left),
				"right": show::plancks(check.right),
				"ok": check.holds(),
			})).collect::<Vec<_>>(),
			"receipt_fits": self.receipt_fits,
			"ok": self.verdict().is_ok(),
		})
	}

	/// Whether every planck is where it should be.
	///
	/// # Errors
	///
	/// [`CliError::Mismatch`] that names the first sum that is off.
	pub fn verdict(&self) -> Result<(), CliError> {
		if let Some(check) = self.checks.iter().find(|check| !check.holds()) {
			return Err(CliError::Mismatch(format!(
				"{}: {} planck against {} planck",
				check.what, check.left, check.right
			)));
		}
		if !self.receipt_fits {
			return Err(CliError::Mismatch("the receipt does not say what was paid and answered".into()));
		}
		Ok(())
	}
}

/// Reads the money before the submission's block and after the settlement's, and sets up the sums. They hold when
/// neither account does anything else meanwhile but write blocks.
///
/// # Errors
///
/// When the node does not answer.
pub async fn audit(client: &Client, story: &Story) -> Result<Audit, CliError> {
	let (Some(fee), Some(refund), Some(assigned), Some(settled)) =
		(story.fee, story.refund, &story.assigned, story.settled)
	else {
		return Ok(Audit { accounts: Vec::new(), checks: Vec::new(), receipt_fits: story.receipt.is_some() });
	};
	let before = parent(client, story.submitted.number).await?;
	let mut accounts = Vec::new();
	for (role, account) in [("client", &story.client), ("miner", &assigned.owner)] {
		accounts.push(Account {
			role,
			account: account.clone(),
			before: balance_at(client, before, account).await?,
			after: balance_at(client, settled, account).await?,
		});
	}
	let written = Written::read(client, story.submitted.number, settled, [&story.client, &assigned.owner]).await?;
	let [client_earned, miner_earned] = written.earned;
	let [of_client, of_miner] = [&accounts[0], &accounts[1]];
	let tx_fee = story.submitted.fee();
	let sum = |parts: &[Balance]| parts.iter().fold(0, |sum: Balance, part| sum.saturating_add(*part));
	let mut checks = vec![
		Check { what: "escrowed = paid + refunded", left: story.max_fee, right: sum(&[fee, refund]) },
		Check {
			what: "client's held money after = before + deposit",
			left: of_client.after.held,
			right: sum(&[of_client.before.held, story.deposit]),
		},
	];
	if story.client == assigned.owner {
		checks.push(Check {
			what: "client and miner, one account: before + fees of written blocks = after + transaction fee",
			left: sum(&[of_client.before.total(), client_earned]),
			right: sum(&[of_client.after.total(), tx_fee]),
		});
	} else {
		checks.push(Check {
			what: "client before + fees of written blocks = after + paid + transaction fee",
			left: sum(&[of_client.before.total(), client_earned]),
			right: sum(&[of_client.after.total(), fee, tx_fee]),
		});
		checks.push(Check {
			what: "miner after = before + paid + fees of written blocks",
			left: of_miner.after.total(),
			right: sum(&[of_miner.before.total(), fee, miner_earned]),
		});
	}
	let receipt_fits = story.receipt.as_ref().is_some_and(|receipt| {
		receipt.fee == fee
			&& receipt.miner.as_ref() == Some(&assigned.owner)
			&& story.output.as_ref().is_some_and(|output| payload_hash(output) == receipt.output_hash)
	});
	Ok(Audit { accounts, checks, receipt_fits })
}

/// The block before the one of this height.
async fn parent(client: &Client, number: BlockNumber) -> Result<BlockRef, CliError> {
	let number = number.saturating_sub(1);
	let hash = client.block_hash(number).await?.ok_or_else(|| Error::Incompatible(format!("no block {number}")))?;
	Ok(BlockRef { number, hash })
}

/// What accounts earned with transaction fees because they wrote blocks.
struct Written {
	earned: [Balance; 2],
}

impl Written {
	async fn read(
		client: &Client,
		from: BlockNumber,
		to: BlockRef,
		accounts: [&AccountId32; 2],
	) -> Result<Self, CliError> {
		let mut earned: [Balance; 2] = [0; 2];
		for number in from..=to.number {
			let hash =
				client.block_hash(number).await?.ok_or_else(|| Error::Incompatible(format!("no block {number}")))?;
			let events = client.at(BlockRef { number, hash }).await?.events().await?;
			for (account, earned) in accounts.iter().zip(&mut earned) {
				*earned = earned.saturating_add(author_fees(&events, account));
			}
		}
		Ok(Self { earned })
	}
}

/// The fees of a block that its author got, if that is `account`: right before a fee is reported as paid, the same
/// amount comes to the author.
fn author_fees(events: &[Event], account: &AccountId32) -> Balance {
	let mut earned: Balance = 0;
	let mut deposits = Vec::new();
	for event in events {
		match event {
			Event::Deposited { who, amount } if who == account => deposits.push(*amount),
			Event::FeePaid { fee, .. } => {
				if *fee > 0 && deposits.contains(fee) {
					earned = earned.saturating_add(*fee);
				}
				deposits.clear();
			}
			_ => {}
		}
	}
	earned
}

#[cfg(test)]
mod tests {
	use super::*;

	fn account(id: u8) -> AccountId32 {
		AccountId32::new([id; 32])
	}

	#[test]
	fn author_fees_should_count_only_the_authors_when_a_payer_gets_change() {
		let deposited = |who, amount| Event::Deposited { who: account(who), amount };
		let paid = |who, fee| Event::FeePaid { who: account(who), fee };
		let events = [deposited(1, 3), deposited(2, 10), paid(1, 10), deposited(2, 7), paid(3, 7), paid(3, 0)];
		assert_eq!(author_fees(&events, &account(2)), 17);
		assert_eq!(author_fees(&events, &account(1)), 0);
	}

	#[test]
	fn verdict_should_name_the_sum_when_it_is_off() {
		let check = |left, right| Check { what: "a = b", left, right };
		let audit = |checks, receipt_fits| Audit { accounts: Vec::new(), checks, receipt_fits };
		assert!(audit(vec![check(1, 1)], true).verdict().is_ok());
		let error = audit(vec![check(1, 1), check(1, 2)], true).verdict().expect_err("off");
		assert_eq!(error.to_string(), "the sums do not match: a = b: 1 planck against 2 planck");
		assert!(audit(vec![check(1, 1)], false).verdict().is_err());
	}
}
