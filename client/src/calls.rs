//! The calls that an account can send.

use codec::Encode;
use millrace_primitives::{
	AccountId32, Attempt, Balance, FailCode, JobId, JobParams, ModelId, ModelKind, Proof, Rate, H256,
};
use subxt::{
	ext::scale_encode::{
		self, Composite, CompositeField, EncodeAsFields, EncodeAsType, FieldIter, TypeResolver, Variant,
	},
	transactions::Payload,
	utils::MultiAddress,
};

use crate::receipt::json::ReceiptPublic;

/// A call, ready to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
	pallet: &'static str,
	name: &'static str,
	args: Args,
}

/// A call's arguments by name. They are put in the order that the chain's metadata names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Args(Vec<(&'static str, Arg)>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arg {
	/// Encoded as the metadata says: a balance can be compact.
	Amount(Balance),
	/// SCALE bytes of a type that the chain and this crate share.
	Scale(Vec<u8>),
	/// A variant of one of the chain's enums, by its name, with a number in it.
	Numbered(String, u128),
	/// Another call.
	Call(Box<Call>),
}

impl Call {
	pub(crate) fn new<const N: usize>(
		pallet: &'static str,
		name: &'static str,
		args: [(&'static str, Arg); N],
	) -> Self {
		Self { pallet, name, args: Args(args.into()) }
	}
}

impl Payload for Call {
	type CallData = Args;

	fn pallet_name(&self) -> &str {
		self.pallet
	}

	fn call_name(&self) -> &str {
		self.name
	}

	fn call_data(&self) -> &Args {
		&self.args
	}
}

impl EncodeAsFields for Args {
	fn encode_as_fields_to<R: TypeResolver>(
		&self,
		fields: &mut dyn FieldIter<'_, R::TypeId>,
		types: &R,
		out: &mut Vec<u8>,
	) -> Result<(), scale_encode::Error> {
		let mut found = 0usize;
		for field in fields {
			let name = field.name.unwrap_or_default();
			let Some((_, arg)) = self.0.iter().find(|(known, _)| *known == name) else {
				return Err(scale_encode::Error::custom_string(format!("the call wants the argument {name}")));
			};
			found = found.saturating_add(1);
			arg.encode_as_type_to(field.id, types, out)?;
		}
		if found == self.0.len() {
			Ok(())
		} else {
			Err(scale_encode::Error::custom_str("the call takes fewer arguments"))
		}
	}
}

impl EncodeAsType for Arg {
	fn encode_as_type_to<R: TypeResolver>(
		&self,
		id: R::TypeId,
		types: &R,
		out: &mut Vec<u8>,
	) -> Result<(), scale_encode::Error> {
		let variant = |name: &str, value: CompositeField<'_, R>, out: &mut Vec<u8>| {
			let fields = Composite::new([(None, value)].into_iter());
			Variant { name, fields }.encode_variant_as_type_to(id.clone(), types, out)
		};
		match self {
			Self::Amount(amount) => amount.encode_as_type_to(id, types, out),
			Self::Scale(bytes) => {
				out.extend_from_slice(bytes);
				Ok(())
			}
			Self::Numbered(name, number) => variant(name, CompositeField::new(number), out),
			Self::Call(call) => variant(call.pallet, CompositeField::new(&Inside(call)), out),
		}
	}
}

/// A call as its pallet's enum has it.
struct Inside<'a>(&'a Call);

impl EncodeAsType for Inside<'_> {
	fn encode_as_type_to<R: TypeResolver>(
		&self,
		id: R::TypeId,
		types: &R,
		out: &mut Vec<u8>,
	) -> Result<(), scale_encode::Error> {
		let args = self.0.args.0.iter().map(|(name, arg)| (Some(*name), CompositeField::new(arg)));
		Variant { name: self.0.name, fields: Composite::new(args) }.encode_variant_as_type_to(id, types, out)
	}
}

pub(crate) fn scale<T: Encode>(value: T) -> Arg {
	Arg::Scale(value.encode())
}

/// Posts a job: `input` as it is, at most `max_fee` plancks, to the miner of the owner `miner` or to a drawn one.
pub fn submit(model: ModelId, input: Vec<u8>, params: JobParams, max_fee: Balance, miner: Option<AccountId32>) -> Call {
	Call::new(
		"Jobs",
		"submit",
		[
			("model", scale(model)),
			("input", scale(input)),
			("params", scale(params)),
			("max_fee", Arg::Amount(max_fee)),
			("miner", scale(miner)),
		],
	)
}

/// Withdraws a job that no miner has yet.
pub fn cancel(job: JobId) -> Call {
	Call::new("Jobs", "cancel", [("job", scale(job))])
}

/// Takes a queued job; for a ready miner's operator.
pub fn claim(job: JobId) -> Call {
	Call::new("Jobs", "claim", [("job", scale(job))])
}

/// Posts an answer and its proof; for the attempt's operator, free of charge.
pub fn complete(job: JobId, attempt: Attempt, output: Vec<u8>, proof: Proof) -> Call {
	Call::new(
		"Jobs",
		"complete",
		[("job", scale(job)), ("attempt", scale(attempt)), ("output", scale(output)), ("proof", scale(proof))],
	)
}

/// Gives an attempt up; for the attempt's operator, free of charge.
pub fn fail(job: JobId, attempt: Attempt, code: FailCode) -> Call {
	Call::new("Jobs", "fail", [("job", scale(job)), ("attempt", scale(attempt)), ("code", scale(code))])
}

/// Removes an ended job's bytes and gives its deposit back.
pub fn prune(job: JobId) -> Call {
	Call::new("Jobs", "prune", [("job", scale(job))])
}

/// Registers the sender as a miner's owner with `stake` plancks; `operator` will sign its proofs.
pub fn register_miner(operator: AccountId32, stake: Balance) -> Call {
	Call::new("Miners", "register", [("operator", scale(operator)), ("stake", Arg::Amount(stake))])
}

/// Adds `amount` plancks of stake.
pub fn stake(amount: Balance) -> Call {
	Call::new("Miners", "stake", [("amount", Arg::Amount(amount))])
}

/// Starts to unbond `amount` plancks of stake.
pub fn unstake(amount: Balance) -> Call {
	Call::new("Miners", "unstake", [("amount", Arg::Amount(amount))])
}

/// Releases the stake whose unbonding is over.
pub fn withdraw_unbonded() -> Call {
	Call::new("Miners", "withdraw_unbonded", [])
}

/// Sets what the sender's miner asks for `model`, and how many jobs it takes at once.
pub fn offer(model: ModelId, rate: Rate, slots: u32) -> Call {
	Call::new("Miners", "offer", [("model", scale(model)), ("rate", scale(rate)), ("slots", scale(slots))])
}

/// Takes the offer for `model` back.
pub fn withdraw_offer(model: ModelId) -> Call {
	Call::new("Miners", "withdraw_offer", [("model", scale(model))])
}

/// Says whether the miner takes jobs; for its owner or operator.
pub fn set_ready(ready: bool) -> Call {
	Call::new("Miners", "set_ready", [("ready", scale(ready))])
}

/// Ends the sender's registration; its stake unbonds.
pub fn deregister() -> Call {
	Call::new("Miners", "deregister", [])
}

/// Makes a key the one that signs the receipts of the sender's miner; `possession` is
/// [`ReceiptSigner::possession`](crate::receipt::json::ReceiptSigner::possession) for the sender.
pub fn set_receipt_key(key: ReceiptPublic, possession: [u8; 64]) -> Call {
	Call::new("Miners", "set_receipt_key", [("key", scale(key.0)), ("possession", scale(possession))])
}

/// Ends the use of the sender's receipt key.
pub fn revoke_receipt_key() -> Call {
	Call::new("Miners", "revoke_receipt_key", [])
}

/// Takes an old receipt key of the sender's off the list and frees its deposit.
pub fn forget_receipt_key(key: ReceiptPublic) -> Call {
	Call::new("Miners", "forget_receipt_key", [("key", scale(key.0))])
}

/// Registers a model. `digest` is the sha256 of its weights, for a benchmark of the name of its rules, for a task of its
/// definition; `context_length` and `template_tokens` are 0 for a kind without tokens.
pub fn register_model(
	name: &str,
	kind: ModelKind,
	digest: H256,
	template_hash: H256,
	context_length: u32,
	template_tokens: u32,
) -> Call {
	Call::new(
		"Models",
		"register",
		[
			("name", scale(name.as_bytes())),
			("kind", scale(kind)),
			("digest", scale(digest)),
			("template_hash", scale(template_hash)),
			("context_length", scale(context_length)),
			("template_tokens", scale(template_tokens)),
		],
	)
}

/// Takes a model of the sender out of use.
pub fn retire_model(model: ModelId) -> Call {
	Call::new("Models", "retire", [("model", scale(model))])
}

/// Makes session keys those of the sender, a validator; in force two sessions later. A node makes `keys`, SCALE-encoded,
/// and `proof` by its method `author_rotateKeysWithOwner`.
pub fn set_session_keys(keys: Vec<u8>, proof: Vec<u8>) -> Call {
	Call::new("Session", "set_keys", [("keys", Arg::Scale(keys)), ("proof", scale(proof))])
}

/// Sends `amount` plancks; fails rather than let the sender's account die.
pub fn transfer(to: AccountId32, amount: Balance) -> Call {
	let to = MultiAddress::<AccountId32, ()>::Id(to);
	Call::new("Balances", "transfer_keep_alive", [("dest", scale(to)), ("value", Arg::Amount(amount))])
}

/// Sets the chain's number `name`, as `MinFee`, to `value` plancks or blocks; only governance may, so inside of [`sudo`].
pub fn set_parameter(name: &str, value: u128) -> Call {
	Call::new("Parameters", "set", [("parameter", Arg::Numbered(name.to_owned(), value))])
}

/// Replaces the chain's runtime by this wasm, compressed or not; only governance may, so inside of [`sudo`].
pub fn set_code(wasm: Vec<u8>) -> Call {
	Call::new("System", "set_code", [("code", scale(wasm))])
}

/// Makes a call with all rights and without a limit on its weight; only for the chain's sudo key.
pub fn sudo(call: Call) -> Call {
	// The weight that the sender declares: the call runs alone in a block if it has to.
	let weight = Arg::Scale([0u8; 2].to_vec());
	Call::new("Sudo", "sudo_unchecked_weight", [("call", Arg::Call(Box::new(call))), ("weight", weight)])
}
