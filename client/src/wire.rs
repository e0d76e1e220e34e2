//! The chain's structs as its metadata spells them. Fields are found by name, so that new ones do no harm.

use std::marker::PhantomData;

use millrace_primitives::{
	AccountId32, Attempt, Balance, BlockNumber, JobId, JobParams, ModelId, ModelKind, Outcome, Rate, H256,
};
use subxt::{
	ext::scale_decode::{self, visitor::DecodeAsTypeResult, DecodeAsType, IntoVisitor, TypeResolver, Visitor},
	utils::Static,
};

use crate::{receipt::json::ReceiptPublic, types};

/// A plain SCALE value of a type that the chain and this crate share.
pub(crate) type Shared<T> = Static<T>;

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct Model {
	owner: Shared<AccountId32>,
	name: Shared<Vec<u8>>,
	digest: Shared<H256>,
	template_hash: Shared<H256>,
	context_length: u32,
	template_tokens: u32,
	deposit: Balance,
	retired: bool,
}

impl Model {
	/// Without a kind, as runtimes before version 3 know it.
	pub(crate) fn named(self, id: ModelId, kind: ModelKind) -> types::Model {
		types::Model {
			id,
			owner: self.owner.0,
			// The chain takes UTF-8 only.
			name: String::from_utf8_lossy(&self.name).into_owned(),
			kind,
			digest: self.digest.0,
			template_hash: self.template_hash.0,
			context_length: self.context_length,
			template_tokens: self.template_tokens,
			deposit: self.deposit,
			retired: self.retired,
		}
	}
}

/// The part of a model's entry that runtimes before version 3 do not have.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct Kind {
	kind: Shared<ModelKind>,
}

/// A model's entry of any runtime.
pub(crate) struct AnyModel(pub(crate) Model, pub(crate) ModelKind);

impl AnyModel {
	pub(crate) fn named(self, id: ModelId) -> types::Model {
		self.0.named(id, self.1)
	}
}

/// Reads an [`AnyModel`].
pub(crate) struct AnyModelVisitor<R>(PhantomData<R>);

impl<R: TypeResolver> Visitor for AnyModelVisitor<R> {
	type Value<'scale, 'info> = AnyModel;
	type Error = scale_decode::Error;
	type TypeResolver = R;

	fn unchecked_decode_as_type<'scale, 'info>(
		self,
		input: &mut &'scale [u8],
		id: R::TypeId,
		types: &'info R,
	) -> DecodeAsTypeResult<Self, Result<Self::Value<'scale, 'info>, Self::Error>> {
		let mut again = *input;
		let model = Model::decode_as_type(input, id.clone(), types);
		let kind =
			Kind::decode_as_type(&mut again, id, types).map_or_else(|_| ModelKind::default(), |found| found.kind.0);
		DecodeAsTypeResult::Decoded(model.map(|model| AnyModel(model, kind)))
	}
}

impl IntoVisitor for AnyModel {
	type AnyVisitor<R: TypeResolver> = AnyModelVisitor<R>;

	fn into_visitor<R: TypeResolver>() -> AnyModelVisitor<R> {
		AnyModelVisitor(PhantomData)
	}
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct Unbonding {
	amount: Balance,
	until: BlockNumber,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct Miner {
	operator: Shared<AccountId32>,
	bonded: Balance,
	unbonding: Vec<Unbonding>,
	slots_offered: u32,
	slots_used: u32,
	ready: bool,
	models: Vec<ModelId>,
}

impl Miner {
	pub(crate) fn of(self, owner: AccountId32) -> types::Miner {
		let unbonding = self.unbonding.into_iter();
		types::Miner {
			owner,
			operator: self.operator.0,
			bonded: self.bonded,
			unbonding: unbonding.map(|u| types::Unbonding { amount: u.amount, until: u.until }).collect(),
			slots_offered: self.slots_offered,
			slots_used: self.slots_used,
			ready: self.ready,
			models: self.models,
		}
	}
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct ReceiptKey {
	key: Shared<[u8; 32]>,
	from: BlockNumber,
	until: Option<BlockNumber>,
	deposit: Balance,
}

impl From<ReceiptKey> for types::ReceiptKey {
	fn from(listed: ReceiptKey) -> Self {
		let ReceiptKey { key, from, until, deposit } = listed;
		Self { key: ReceiptPublic(key.0), from, until, deposit }
	}
}

/// The chain keeps reputations in billionths.
const BILLIONTHS_PER_THOUSANDTH: u32 = 1_000_000;

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct Offer {
	rate: Shared<Rate>,
	slots: u32,
	used: u32,
	reputation: u32,
}

impl Offer {
	pub(crate) fn of(self, model: ModelId, owner: AccountId32) -> types::Offer {
		types::Offer {
			model,
			owner,
			rate: self.rate.0,
			slots: self.slots,
			used: self.used,
			reputation: self.reputation / BILLIONTHS_PER_THOUSANDTH,
		}
	}
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct Assignment {
	owner: Shared<AccountId32>,
	operator: Shared<AccountId32>,
	attempt: Attempt,
	rate: Shared<Rate>,
	seed: u64,
	assigned_at: BlockNumber,
	deadline: BlockNumber,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) enum JobState {
	Queued,
	Assigned(Assignment),
	Ended(Shared<Outcome>),
}

impl From<JobState> for types::JobState {
	fn from(state: JobState) -> Self {
		match state {
			JobState::Queued => Self::Queued,
			JobState::Assigned(assignment) => Self::Assigned(types::Assignment {
				owner: assignment.owner.0,
				operator: assignment.operator.0,
				attempt: assignment.attempt,
				rate: assignment.rate.0,
				seed: assignment.seed,
				assigned_at: assignment.assigned_at,
				deadline: assignment.deadline,
			}),
			JobState::Ended(outcome) => Self::Ended(outcome.0),
		}
	}
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct Job {
	client: Shared<AccountId32>,
	model: ModelId,
	params: Shared<JobParams>,
	input_hash: Shared<H256>,
	input_len: u32,
	max_fee: Balance,
	named: Shared<Option<AccountId32>>,
	submitted_at: BlockNumber,
	due: BlockNumber,
	attempts: Attempt,
	tried: Shared<Vec<AccountId32>>,
	state: JobState,
}

impl Job {
	pub(crate) fn numbered(self, id: JobId) -> types::Job {
		types::Job {
			id,
			client: self.client.0,
			model: self.model,
			params: self.params.0,
			input_hash: self.input_hash.0,
			input_len: self.input_len,
			max_fee: self.max_fee,
			named: self.named.0,
			submitted_at: self.submitted_at,
			due: self.due,
			attempts: self.attempts,
			tried: self.tried.0,
			state: self.state.into(),
		}
	}
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct EscrowRow {
	payer: Shared<AccountId32>,
	fee: Balance,
	deposit: Balance,
	settled: bool,
}

impl From<EscrowRow> for types::EscrowRow {
	fn from(row: EscrowRow) -> Self {
		Self { payer: row.payer.0, fee: row.fee, deposit: row.deposit, settled: row.settled }
	}
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct AccountData {
	free: Balance,
	reserved: Balance,
	frozen: Balance,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct AccountInfo {
	pub(crate) nonce: u32,
	data: AccountData,
}

impl From<AccountInfo> for types::Balances {
	fn from(info: AccountInfo) -> Self {
		Self { free: info.data.free, held: info.data.reserved, frozen: info.data.frozen }
	}
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct Parameters {
	min_fee: Balance,
	deposit_base: Balance,
	deposit_per_byte: Balance,
	queue_timeout: BlockNumber,
	min_timeout: BlockNumber,
	max_timeout: BlockNumber,
	retention_period: BlockNumber,
	min_stake: Balance,
	stake_per_slot: Balance,
	unbonding_period: BlockNumber,
	model_deposit: Balance,
}

impl Parameters {
	pub(crate) fn with(self, existential_deposit: Balance) -> types::Parameters {
		types::Parameters {
			min_fee: self.min_fee,
			deposit_base: self.deposit_base,
			deposit_per_byte: self.deposit_per_byte,
			queue_timeout: self.queue_timeout,
			min_timeout: self.min_timeout,
			max_timeout: self.max_timeout,
			retention_period: self.retention_period,
			min_stake: self.min_stake,
			stake_per_slot: self.stake_per_slot,
			unbonding_period: self.unbonding_period,
			model_deposit: self.model_deposit,
			existential_deposit,
		}
	}
}

/// The runtime that wrote a block's state.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct LastRuntimeUpgrade {
	pub(crate) spec_version: u32,
}
