//! Reading a chain whose runtime changes.
//!
//! A runtime is replaced at the end of a block: that block's state names the new one, but was still written by the old
//! one, in its layout. The next block begins with the migrations.

use std::{
	collections::HashMap,
	sync::{Arc, Mutex},
};

use millrace_primitives::BlockNumber;
use subxt::{
	backend::LegacyBackend, config::substrate::SpecVersionForRange, OnlineClient, OnlineClientAtBlock, SubstrateConfig,
};

use crate::{BlockRef, Client, Error, Snapshot};

/// Which runtime wrote which block.
pub(crate) struct Writers {
	backend: Arc<LegacyBackend<SubstrateConfig>>,
	/// The lowest block known to be written by a version.
	known: Mutex<HashMap<u32, BlockNumber>>,
}

impl Writers {
	pub(crate) fn new(backend: Arc<LegacyBackend<SubstrateConfig>>) -> Self {
		Self { backend, known: Mutex::default() }
	}

	/// A view of the block by the runtime that wrote it; `at` is by the runtime that it names.
	pub(crate) async fn settle(
		&self,
		client: &Client,
		block: BlockRef,
		at: OnlineClientAtBlock<SubstrateConfig>,
	) -> Result<Snapshot, Error> {
		let version = at.spec_version();
		let genesis = client.genesis_hash();
		let snapshot = Snapshot::new(block, genesis, at);
		if self.knows(version, block.number) {
			return Ok(snapshot);
		}
		match snapshot.written_by().await? {
			Some(writer) if writer != version => {
				Ok(Snapshot::new(block, genesis, self.by_parents_runtime(client, block).await?))
			}
			Some(_) | None => {
				self.note(version, block.number);
				Ok(snapshot)
			}
		}
	}

	fn knows(&self, version: u32, block: BlockNumber) -> bool {
		self.known.lock().is_ok_and(|known| known.get(&version).is_some_and(|first| *first <= block))
	}

	fn note(&self, version: u32, block: BlockNumber) {
		if let Ok(mut known) = self.known.lock() {
			let first = known.entry(version).or_insert(block);
			*first = block.min(*first);
		}
	}

	async fn by_parents_runtime(
		&self,
		client: &Client,
		block: BlockRef,
	) -> Result<OnlineClientAtBlock<SubstrateConfig>, Error> {
		let number = u64::from(block.number);
		let parent = client.link(block.hash).await?.parent;
		let before = client.after(BlockRef { number: block.number.saturating_sub(1), hash: parent }).await?;
		let config = SubstrateConfig::builder()
			.set_genesis_hash(client.genesis_hash())
			.set_metadata_for_spec_versions([(before.spec_version(), before.metadata())])
			.set_spec_version_for_block_ranges([SpecVersionForRange {
				block_range: number..number.saturating_add(1),
				spec_version: before.spec_version(),
				transaction_version: before.transaction_version(),
			}])
			.build();
		let online = OnlineClient::from_backend_with_config(config, self.backend.clone()).await?;
		let hash = subxt::backend::BlockRef::from_hash(block.hash);
		Ok(online.at_block_hash_and_number(hash, number).await?)
	}
}
