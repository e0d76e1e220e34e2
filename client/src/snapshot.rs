//! The chain's state at one block.

use millrace_primitives::{AccountId32, Attempt, Balance, BlockNumber, ChannelId, JobId, ModelId, Receipt, H256};
use subxt::{
	client::OfflineClientAtBlockT,
	constants::{dynamic, ConstantsClient},
	dynamic::Value,
	ext::{
		frame_decode::{
			storage::{IntoDecodableValues, IntoEncodableValues},
			view_functions,
		},
		scale_decode::DecodeAsType,
	},
	runtime_apis,
	storage::{self, PrefixOf},
	OnlineClientAtBlock, SubstrateConfig,
};

use crate::{
	event::{self, Placed},
	receipt::Subject,
	types::{Balances, BlockRef, EscrowRow, Job, Miner, Model, Offer, Parameters, ReceiptKey},
	wire::{self, Shared},
	Error, Event,
};

/// The chain at one block: what is read of it belongs together.
#[derive(Clone)]
pub struct Snapshot {
	block: BlockRef,
	genesis: H256,
	inner: OnlineClientAtBlock<SubstrateConfig>,
}

/// Bytes of a view function's id, which come before its arguments.
const VIEW_FUNCTION_ID: usize = 32;

/// An account as a storage key.
pub(crate) type Key = Shared<AccountId32>;

pub(crate) fn key(account: &AccountId32) -> Key {
	account.clone().into()
}

impl Snapshot {
	pub(crate) fn new(block: BlockRef, genesis: H256, inner: OnlineClientAtBlock<SubstrateConfig>) -> Self {
		Self { block, genesis, inner }
	}

	/// Hash of the chain's block 0.
	pub(crate) fn genesis(&self) -> H256 {
		self.genesis
	}

	/// The block.
	pub fn block(&self) -> BlockRef {
		self.block
	}

	pub(crate) fn metadata(&self) -> subxt::ArcMetadata {
		self.inner.metadata()
	}

	pub(crate) async fn value<K, V>(&self, pallet: &str, entry: &str, keys: K) -> Result<Option<V>, Error>
	where
		K: IntoEncodableValues + IntoDecodableValues,
		V: DecodeAsType,
	{
		let address = storage::dynamic::<K, V>(pallet, entry);
		match self.inner.storage().try_fetch(address, keys).await? {
			Some(value) => Ok(Some(value.decode()?)),
			None => Ok(None),
		}
	}

	/// All entries of a map below `prefix`, with their whole keys.
	pub(crate) async fn entries<P, K, V>(&self, pallet: &str, entry: &str, prefix: P) -> Result<Vec<(K, V)>, Error>
	where
		P: PrefixOf<K>,
		K: IntoEncodableValues + IntoDecodableValues,
		V: DecodeAsType,
	{
		let address = storage::dynamic::<K, V>(pallet, entry);
		let mut found = Vec::new();
		let mut entries = self.inner.storage().iter(address, prefix).await?;
		while let Some(entry) = entries.next().await {
			let entry = entry?;
			found.push((entry.key()?.decode()?, entry.value().decode()?));
		}
		Ok(found)
	}

	/// Calls a view function of the runtime.
	pub(crate) async fn view<A, V>(&self, pallet: &str, function: &str, args: A) -> Result<V, Error>
	where
		A: view_functions::IntoEncodableValues,
		V: DecodeAsType,
	{
		let metadata = self.inner.metadata();
		let missing = || Error::Incompatible(format!("no view function {pallet}::{function}"));
		let found = metadata.pallet_by_name(pallet).and_then(|pallet| pallet.view_function_by_name(function));
		let output = found.ok_or_else(missing)?.output_ty();
		// subxt's own call (0.51) leaves out the length before the arguments and takes the API's `Result` for the answer.
		let call = subxt::view_functions::dynamic::<A, V>(pallet, function, args);
		let call = self.inner.view_functions().encode_args(&call)?;
		let (id, args) = call.split_first_chunk::<VIEW_FUNCTION_ID>().ok_or_else(missing)?;
		let call = runtime_apis::dynamic::<_, Result<Vec<u8>, Value>>(
			"RuntimeViewFunction",
			"execute_view_function",
			(Shared::from(*id), args.to_vec()),
		);
		let answer = self.inner.runtime_apis().call(call).await?;
		let answer = answer.map_err(|error| Error::Incompatible(format!("{pallet}::{function}: {error}")))?;
		V::decode_as_type(&mut &answer[..], output, metadata.types()).map_err(|error| Error::Decode(error.to_string()))
	}

	/// Everything that happened in the block.
	///
	/// # Errors
	///
	/// When the node does not answer or has dropped the block's state, as all the reads below.
	pub async fn events(&self) -> Result<Vec<Event>, Error> {
		Ok(self.placed_events().await?.into_iter().map(|placed| placed.event).collect())
	}

	pub(crate) async fn placed_events(&self) -> Result<Vec<Placed>, Error> {
		let events = self.raw_events().await?;
		let mut placed = Vec::new();
		for event in events.iter() {
			placed.push(event::place(&event?)?);
		}
		Ok(placed)
	}

	pub(crate) async fn raw_events(&self) -> Result<subxt::events::Events<SubstrateConfig>, Error> {
		Ok(self.inner.events().fetch().await?)
	}

	/// See [`crate::Client::assignments_of`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn assignments_of(&self, operator: &AccountId32) -> Result<Vec<(JobId, Attempt)>, Error> {
		let entries = self.entries::<_, (Key, JobId), Attempt>("Jobs", "AssignmentsOf", (key(operator),)).await?;
		let mut jobs: Vec<_> = entries.into_iter().map(|((_, job), attempt)| (job, attempt)).collect();
		jobs.sort_unstable();
		Ok(jobs)
	}

	/// See [`crate::Client::job`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn job(&self, job: JobId) -> Result<Option<Job>, Error> {
		Ok(self.value::<_, wire::Job>("Jobs", "Jobs", (job,)).await?.map(|found| found.numbered(job)))
	}

	/// See [`crate::Client::input`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn input(&self, job: JobId) -> Result<Option<Vec<u8>>, Error> {
		Ok(self.value::<_, Shared<Vec<u8>>>("Jobs", "Inputs", (job,)).await?.map(|bytes| bytes.0))
	}

	/// See [`crate::Client::output`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn output(&self, job: JobId) -> Result<Option<Vec<u8>>, Error> {
		Ok(self.value::<_, Shared<Vec<u8>>>("Jobs", "Outputs", (job,)).await?.map(|bytes| bytes.0))
	}

	/// See [`crate::Client::jobs_of`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn jobs_of(&self, client: &AccountId32) -> Result<Vec<JobId>, Error> {
		let entries = self.entries::<_, (Key, JobId), ()>("Jobs", "JobsOf", (key(client),)).await?;
		let mut jobs: Vec<_> = entries.into_iter().map(|((_, job), ())| job).collect();
		jobs.sort_unstable();
		Ok(jobs)
	}

	/// See [`crate::Client::receipt`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn receipt(&self, job: JobId) -> Result<Option<Receipt<AccountId32>>, Error> {
		let receipt = self.value::<_, Shared<Receipt<AccountId32>>>("Receipts", "Receipts", (job,)).await?;
		Ok(receipt.map(|receipt| receipt.0))
	}

	/// The jobs and channels whose receipts a block has, in the order of the leaves of its tree, while they are in state.
	///
	/// # Errors
	///
	/// When the node does not answer, or some of the block's receipts have left state.
	pub async fn receipts_in(&self, block: BlockNumber) -> Result<Vec<Subject>, Error> {
		let jobs = self.entries::<_, (BlockNumber, u32), JobId>("Receipts", "Order", (block,)).await?;
		let channels = self.entries::<_, (BlockNumber, u32), ChannelId>("Receipts", "ChannelOrder", (block,)).await?;
		let jobs = jobs.into_iter().map(|((_, place), job)| (place, Subject::Job(job)));
		let channels = channels.into_iter().map(|((_, place), channel)| (place, Subject::Channel(channel)));
		let mut all: Vec<_> = jobs.chain(channels).collect();
		all.sort_unstable_by_key(|(place, _)| *place);
		let whole =
			all.iter().enumerate().all(|(at, (place, _))| usize::try_from(*place).is_ok_and(|place| place == at));
		if !whole {
			return Err(Error::Decode(format!("some receipts of block {block} have left state")));
		}
		Ok(all.into_iter().map(|(_, of)| of).collect())
	}

	/// The last block of a set of validators; `None` while the set has not ended.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn set_end(&self, set: u64) -> Result<Option<BlockNumber>, Error> {
		self.value("Receipts", "SetEnds", (set,)).await
	}

	/// The number that the next job will have.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn next_job(&self) -> Result<JobId, Error> {
		Ok(self.value("Jobs", "NextJobId", ()).await?.unwrap_or_default())
	}

	/// A job's money, until its bytes are pruned.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn escrow(&self, job: JobId) -> Result<Option<EscrowRow>, Error> {
		Ok(self.value::<_, wire::EscrowRow>("Escrow", "Rows", (job,)).await?.map(Into::into))
	}

	/// The block in which the operator of an owner said that the miner takes no more jobs; `None`: it takes jobs, or its
	/// owner has said so.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn drained(&self, owner: &AccountId32) -> Result<Option<BlockNumber>, Error> {
		self.value("Miners", "Drained", (key(owner),)).await
	}

	/// See [`crate::Client::model`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn model(&self, model: ModelId) -> Result<Option<Model>, Error> {
		Ok(self.value::<_, wire::AnyModel>("Models", "Models", (model,)).await?.map(|found| found.named(model)))
	}

	/// See [`crate::Client::model_by_name`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn model_by_name(&self, name: &str) -> Result<Option<Model>, Error> {
		let name = Shared::from(name.as_bytes().to_vec());
		match self.value::<_, ModelId>("Models", "ModelByName", (name,)).await? {
			Some(id) => self.model(id).await,
			None => Ok(None),
		}
	}

	/// See [`crate::Client::models`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn models(&self) -> Result<Vec<Model>, Error> {
		let entries = self.entries::<_, (ModelId,), wire::AnyModel>("Models", "Models", ()).await?;
		let mut models: Vec<_> = entries.into_iter().map(|((id,), model)| model.named(id)).collect();
		models.sort_unstable_by_key(|model| model.id);
		Ok(models)
	}

	/// See [`crate::Client::owner_of`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn owner_of(&self, operator: &AccountId32) -> Result<Option<AccountId32>, Error> {
		Ok(self.value::<_, Key>("Miners", "OwnerOf", (key(operator),)).await?.map(|owner| owner.0))
	}

	/// See [`crate::Client::miner`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn miner(&self, owner: &AccountId32) -> Result<Option<Miner>, Error> {
		let miner = self.value::<_, wire::Miner>("Miners", "Miners", (key(owner),)).await?;
		Ok(miner.map(|miner| miner.of(owner.clone())))
	}

	/// See [`crate::Client::miners`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn miners(&self) -> Result<Vec<Miner>, Error> {
		let entries = self.entries::<_, (Key,), wire::Miner>("Miners", "Miners", ()).await?;
		Ok(entries.into_iter().map(|((owner,), miner)| miner.of(owner.0)).collect())
	}

	/// See [`crate::Client::receipt_keys`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn receipt_keys(&self, owner: &AccountId32) -> Result<Vec<ReceiptKey>, Error> {
		let keys = self.value::<_, Vec<wire::ReceiptKey>>("Miners", "ReceiptKeys", (key(owner),)).await?;
		Ok(keys.unwrap_or_default().into_iter().map(Into::into).collect())
	}

	/// See [`crate::Client::offers_of`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn offers_of(&self, owner: &AccountId32) -> Result<Vec<Offer>, Error> {
		let mut offers = Vec::new();
		let Some(miner) = self.miner(owner).await? else { return Ok(offers) };
		for model in miner.models {
			let offer = self.value::<_, wire::Offer>("Miners", "Offers", (model, key(owner))).await?;
			offers.extend(offer.map(|offer| offer.of(model, owner.clone())));
		}
		Ok(offers)
	}

	/// See [`crate::Client::offers`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn offers(&self, model: ModelId) -> Result<Vec<Offer>, Error> {
		let entries = self.entries::<_, (ModelId, Key), wire::Offer>("Miners", "Offers", (model,)).await?;
		Ok(entries.into_iter().map(|((model, owner), offer)| offer.of(model, owner.0)).collect())
	}

	/// See [`crate::Client::balance`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn balance(&self, account: &AccountId32) -> Result<Balances, Error> {
		let info = self.value::<_, wire::AccountInfo>("System", "Account", (key(account),)).await?;
		Ok(info.map(Into::into).unwrap_or_default())
	}

	/// Transactions of the account up to here.
	pub(crate) async fn nonce(&self, account: &AccountId32) -> Result<u64, Error> {
		let info = self.value::<_, wire::AccountInfo>("System", "Account", (key(account),)).await?;
		Ok(info.map_or(0, |info| info.nonce.into()))
	}

	/// All plancks that exist.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn total_issuance(&self) -> Result<Balance, Error> {
		Ok(self.value::<_, Balance>("Balances", "TotalIssuance", ()).await?.unwrap_or_default())
	}

	/// See [`crate::Client::timestamp`].
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn timestamp(&self) -> Result<u64, Error> {
		Ok(self.value::<_, u64>("Timestamp", "Now", ()).await?.unwrap_or_default())
	}

	/// See [`crate::Client::parameters`].
	///
	/// # Errors
	///
	/// When the node does not answer or the chain does not fit this crate.
	pub async fn parameters(&self) -> Result<Parameters, Error> {
		let existential_deposit = existential_deposit(&self.inner.constants())?;
		let current = self.value::<_, wire::Parameters>("Parameters", "Current", ()).await?;
		let current = current.ok_or_else(|| Error::Incompatible("the chain has no parameters".into()))?;
		Ok(current.with(existential_deposit))
	}

	/// The version of the runtime that wrote this block's state; `None` on a chain that does not note it.
	pub(crate) async fn written_by(&self) -> Result<Option<u32>, Error> {
		let last = self.value::<_, wire::LastRuntimeUpgrade>("System", "LastRuntimeUpgrade", ()).await?;
		Ok(last.map(|last| last.spec_version))
	}
}

/// Reads the existential deposit out of the metadata, for which no node is needed.
pub(crate) fn existential_deposit<C: OfflineClientAtBlockT<SubstrateConfig>>(
	reader: &ConstantsClient<'_, SubstrateConfig, C>,
) -> Result<Balance, Error> {
	Ok(reader.entry(dynamic::<Balance>("Balances", "ExistentialDeposit"))?)
}
