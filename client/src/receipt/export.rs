//! Makes a receipt file from what a node knows.

use std::time::Duration;

use codec::{Decode, DecodeAll, Encode};
use futures::{stream::BoxStream, StreamExt};
use millrace_primitives::{AccountId32, BlockNumber, ChannelId, ChannelReceipt, JobId, Receipt, H256};
use sp_consensus_grandpa::{AuthorityList, SetId, GRANDPA_ENGINE_ID};
use subxt_rpcs::{client::RpcSubscription, rpc_params};
use tokio::time::{timeout_at, Instant};

use super::{tree, verify, verify_channel, ExportError, FileOf, Header, Justification, SetChange, Subject, Trust};
use crate::{BlockRef, Client, Error, Snapshot};

/// What a file shall be made of.
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
	/// The block in which the job ended, for a receipt that has left state; only an archive node has it then.
	pub block: Option<BlockNumber>,
	/// Begin with this set of validators instead of genesis: the file is shorter and proves the receipt only to readers
	/// who trust this set or an earlier one that the file does not need.
	pub trust: Option<Trust>,
	/// How long to wait for the receipt's block to become final.
	pub patience: Duration,
}

/// Receipts of a block as they are read, at most so many at a time.
const READS: usize = 16;

/// A receipt as it is read.
#[derive(Clone)]
enum Found {
	Job(Receipt<AccountId32>),
	Channel(ChannelReceipt<AccountId32>),
}

impl Found {
	/// The receipt in the state `at`.
	async fn read(at: &Snapshot, of: Subject) -> Result<Option<Self>, Error> {
		Ok(match of {
			Subject::Job(job) => at.receipt(job).await?.map(Self::Job),
			Subject::Channel(channel) => at.channel_receipt(channel).await?.map(Self::Channel),
		})
	}

	fn leaf(&self, genesis: &H256) -> Vec<u8> {
		match self {
			Self::Job(receipt) => receipt.leaf(genesis),
			Self::Channel(receipt) => receipt.leaf(genesis),
		}
	}

	fn ended_at(&self) -> BlockNumber {
		match self {
			Self::Job(receipt) => receipt.ended_at,
			Self::Channel(receipt) => receipt.ended_at,
		}
	}
}

/// A receipt's place in its block.
struct Place {
	place: u32,
	path: Vec<H256>,
	root: (H256, u32),
}

impl Client {
	/// Makes the file that proves the receipt of `job`, and checks it as a reader will: against `options.trust`, else
	/// against the validators of genesis, as far as the node still knows them.
	///
	/// The votes are those that the node has stored with a block, every 32 blocks; for a receipt that is younger than
	/// the last ones, they are the next that the node hears of.
	///
	/// # Errors
	///
	/// [`ExportError`]; when [`ExportError::is_temporary`], a later try can succeed.
	pub async fn export_receipt(&self, job: JobId, options: &ExportOptions) -> Result<Vec<u8>, ExportError> {
		self.export(Subject::Job(job), options).await
	}

	/// As [`Client::export_receipt`], of a channel that was settled.
	///
	/// # Errors
	///
	/// As [`Client::export_receipt`].
	pub async fn export_channel_receipt(
		&self,
		channel: ChannelId,
		options: &ExportOptions,
	) -> Result<Vec<u8>, ExportError> {
		self.export(Subject::Channel(channel), options).await
	}

	async fn export(&self, of: Subject, options: &ExportOptions) -> Result<Vec<u8>, ExportError> {
		let end = Instant::now() + options.patience;
		let mut votes = self.justifications().await?;
		let mut heard = None;
		let file = loop {
			match self.make_file(of, options, heard.as_ref()).await {
				Err(error @ (ExportError::NotFinal(_) | ExportError::NotEnded(_))) => {
					heard = match timeout_at(end, votes.next()).await {
						Ok(Some(justification)) => Some(justification?),
						Ok(None) => return Err(Error::Connection("the node stopped telling of votes".into()).into()),
						Err(_) => return Err(error),
					}
				}
				done => break done?,
			}
		};
		let bytes = match file.receipt.clone() {
			Found::Job(receipt) => file.with(receipt).to_bytes(),
			Found::Channel(receipt) => file.with(receipt).to_bytes(),
		};
		let trust = match &options.trust {
			Some(trust) => Some(trust.clone()),
			None => self.trust_at_genesis().await?,
		};
		match (of, trust) {
			(Subject::Job(_), Some(trust)) => {
				verify(&bytes, &trust)?;
			}
			(Subject::Channel(_), Some(trust)) => {
				verify_channel(&bytes, &trust)?;
			}
			(_, None) => {}
		}
		Ok(bytes)
	}

	/// The validators with which the chain began; `None` when the node has dropped the state of block 0 and they have
	/// changed since.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn trust_at_genesis(&self) -> Result<Option<Trust>, Error> {
		let genesis = self.genesis_hash();
		let block = BlockRef { number: 0, hash: genesis };
		match self.authorities(genesis).await {
			Ok(authorities) => Ok(Some(Trust { genesis, block, set_id: 0, authorities })),
			Err(error) if error.is_connection() => Err(error),
			Err(_) => {
				let now = self.trust_at_finalized().await?;
				Ok((now.set_id == 0).then_some(Trust { block, ..now }))
			}
		}
	}

	/// The validators that are in charge after the last final block.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn trust_at_finalized(&self) -> Result<Trust, Error> {
		let (number, hash) = self.finalized_block().await?;
		let set_id = self.runtime_api("GrandpaApi_current_set_id", hash).await?;
		let authorities = self.authorities(hash).await?;
		Ok(Trust { genesis: self.genesis_hash(), block: BlockRef { number, hash }, set_id, authorities })
	}

	async fn authorities(&self, at: H256) -> Result<AuthorityList, Error> {
		self.runtime_api("GrandpaApi_grandpa_authorities", at).await
	}

	async fn runtime_api<T: Decode>(&self, function: &str, at: H256) -> Result<T, Error> {
		let bytes = self.rpc().state_call(function, None, Some(at)).await?;
		T::decode_all(&mut &bytes[..]).map_err(|error| Error::Incompatible(format!("{function}: {error}")))
	}

	/// The votes of each round that the node hears of from now on.
	async fn justifications(&self) -> Result<BoxStream<'static, Result<Justification, Error>>, Error> {
		let votes: RpcSubscription<String> = self
			.raw_rpc()
			.subscribe("grandpa_subscribeJustifications", rpc_params![], "grandpa_unsubscribeJustifications")
			.await?;
		Ok(votes.map(|votes| decode_justification(&from_hex(&votes?)?)).boxed())
	}

	async fn make_file(
		&self,
		of: Subject,
		options: &ExportOptions,
		heard: Option<&Justification>,
	) -> Result<FileOf<Found>, ExportError> {
		let (number, hash) = self.finalized_block().await?;
		let head = self.at(BlockRef { number, hash }).await?;
		let at = match options.block {
			Some(number) => self.at(BlockRef { number, hash: self.canonical(number).await? }).await?,
			None => head.clone(),
		};
		let Some(receipt) = Found::read(&at, of).await? else {
			return Err(self.no_receipt(of, options.block, &head).await?);
		};
		let block = receipt.ended_at();
		if block > number {
			return Err(ExportError::NotFinal(of));
		}
		let Place { place, path, root } = place(&at, of, block).await?;
		let (headers, justification) = self.final_headers(of, block, number, heard).await?;
		if headers.first().and_then(tree::root) != Some(root) {
			return Err(ExportError::Inconsistent(format!("block {block} has another root than its receipts")));
		}
		let first_set = options.trust.as_ref().map_or(0, |trust| trust.set_id);
		let changes = self.changes(of, first_set, block, &head).await?;
		let genesis = self.genesis_hash();
		Ok(FileOf { genesis, receipt, place, path, first_set, changes, headers, justification })
	}

	/// Why the state has no receipt.
	async fn no_receipt(
		&self,
		of: Subject,
		named: Option<BlockNumber>,
		head: &Snapshot,
	) -> Result<ExportError, ExportError> {
		if let Some(block) = named {
			return Ok(ExportError::NotInBlock { of, block });
		}
		let best = self.at_best().await?;
		if Found::read(&best, of).await?.is_some() {
			return Ok(ExportError::NotFinal(of));
		}
		let (known, was) = match of {
			Subject::Job(job) => (best.job(job).await?.is_some(), job < head.next_job().await?),
			Subject::Channel(channel) => (best.channel(channel).await?.is_some(), channel < head.next_channel().await?),
		};
		Ok(match (known, was) {
			(true, _) => ExportError::NotEnded(of),
			(false, true) => ExportError::Gone(of),
			(false, false) => ExportError::Unknown(of),
		})
	}

	/// The headers from `block` on, up to the first that has votes, and these. `last` is the last final block.
	async fn final_headers(
		&self,
		of: Subject,
		block: BlockNumber,
		last: BlockNumber,
		heard: Option<&Justification>,
	) -> Result<(Vec<Header>, Justification), ExportError> {
		let mut headers = Vec::new();
		for number in block..=last {
			let hash = self.canonical(number).await?;
			let (header, stored) = self.header_and_votes(hash).await?;
			headers.push(header);
			let heard = heard.filter(|heard| heard.commit.target_hash == hash).cloned();
			if let Some(justification) = stored.or(heard) {
				return Ok((headers, justification));
			}
		}
		Err(ExportError::NotFinal(of))
	}

	/// The changes of the set of validators from `first_set` on, before `block`.
	async fn changes(
		&self,
		of: Subject,
		first_set: SetId,
		block: BlockNumber,
		head: &Snapshot,
	) -> Result<Vec<SetChange>, ExportError> {
		if let Some(before) = first_set.checked_sub(1) {
			// The set before has ended, and before the receipt's block.
			if head.set_end(before).await?.is_none_or(|end| end >= block) {
				return Err(ExportError::BeforeTrust { of, set: first_set });
			}
		}
		let mut changes = Vec::new();
		for set in first_set.. {
			let Some(end) = head.set_end(set).await?.filter(|end| *end < block) else { break };
			let (header, stored) = self.header_and_votes(self.canonical(end).await?).await?;
			let justification = stored.ok_or_else(|| {
				ExportError::Inconsistent(format!(
					"block {end} ends a set of validators, but the node has no votes for it"
				))
			})?;
			changes.push(SetChange { header, justification });
		}
		Ok(changes)
	}

	pub(super) async fn canonical(&self, number: BlockNumber) -> Result<H256, ExportError> {
		let hash = self.block_hash(number).await?;
		hash.ok_or_else(|| ExportError::Inconsistent(format!("the node has no block {number}")))
	}

	pub(super) async fn header_and_votes(&self, hash: H256) -> Result<(Header, Option<Justification>), ExportError> {
		let missing = || ExportError::Inconsistent(format!("the node has no block {hash:?}"));
		let details = self.rpc().chain_get_block(Some(hash)).await.map_err(Error::from)?.ok_or_else(missing)?;
		let header = Header::decode_all(&mut &details.block.header.encode()[..])
			.map_err(|error| Error::Incompatible(format!("a header: {error}")))?;
		let stored = details.justifications.unwrap_or_default();
		let votes = stored.into_iter().find(|(engine, _)| *engine == GRANDPA_ENGINE_ID);
		Ok((header, votes.map(|(_, votes)| decode_justification(&votes)).transpose()?))
	}
}

/// Makes the tree of the receipt's block anew from the state `at`, in which that block's receipts must still be.
async fn place(at: &Snapshot, of: Subject, block: BlockNumber) -> Result<Place, ExportError> {
	let all = at.receipts_in(block).await?;
	let read = |of| async move { Found::read(at, of).await?.ok_or(ExportError::Gone(of)) };
	let receipts: Vec<_> = futures::stream::iter(all.iter().copied().map(read)).buffered(READS).collect().await;
	let genesis = at.genesis();
	let mut leaves = Vec::with_capacity(receipts.len());
	for receipt in receipts {
		leaves.push(receipt?.leaf(&genesis));
	}
	let found = all.iter().position(|listed| *listed == of).and_then(|place| u32::try_from(place).ok());
	let place = found.ok_or(ExportError::NotInBlock { of, block })?;
	let (root, path) = tree::path(&leaves, place).ok_or(ExportError::NotInBlock { of, block })?;
	let count = u32::try_from(leaves.len()).unwrap_or(u32::MAX);
	Ok(Place { place, path, root: (root, count) })
}

fn decode_justification(bytes: &[u8]) -> Result<Justification, Error> {
	Justification::decode_all(&mut &*bytes).map_err(|error| Error::Incompatible(format!("votes: {error}")))
}

fn from_hex(text: &str) -> Result<Vec<u8>, Error> {
	let digits = text.strip_prefix("0x").unwrap_or(text);
	hex::decode(digits).map_err(|error| Error::Incompatible(format!("votes: {error}")))
}
