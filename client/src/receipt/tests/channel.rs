//! Files of channels' receipts.

use codec::Encode;
use millrace_primitives::{AccountId32, ChannelReceipt, Rate, RunningTotal, H256};
use sp_runtime::generic::DigestItem;

use super::super::{
	fixtures::*, is_of_channel, tree, verify, verify_channel, ChannelReceiptFile, FormatError, ReceiptFile, Trust,
	VerifyError, CHANNEL_VERSION, VERSION,
};

/// The receipt of a channel that was settled in [`BLOCK`].
pub(super) fn settled() -> ChannelReceipt<AccountId32> {
	ChannelReceipt {
		channel: 4,
		client: AccountId32::new([1; 32]),
		miner: AccountId32::new([2; 32]),
		model_digest: H256::repeat_byte(3),
		rate: Rate::PerToken { input: 3, output: 1_000 },
		total: RunningTotal { answers: 9, input_tokens: 90, output_tokens: 700, gpu_ms: 8_000, fee: 700_270 },
		checkpoint: H256::repeat_byte(5),
		paid: 700_270,
		refund: 299_730,
		opened_at: 2,
		ended_at: BLOCK,
	}
}

/// A sound file of a block in which jobs ended, too.
pub(super) fn sound() -> (ChannelReceiptFile, Trust) {
	let genesis = header(0, H256::zero()).hash();
	let mut leaves: Vec<_> = (0..4).map(|job| receipt(job).leaf(&genesis)).collect();
	leaves[1] = settled().leaf(&genesis);
	let (root, path) = tree::path(&leaves, 1).unwrap();
	let Scene { file, trust, .. } = scene_with(|number, logs| {
		if number == BLOCK {
			*logs = vec![DigestItem::Consensus(*b"MILL", (root, 4u32).encode())];
		}
	});
	(ChannelReceiptFile { place: 1, path, ..file.with(settled()) }, trust)
}

#[test]
fn file_of_a_channel_should_prove_its_receipt_among_those_of_jobs() {
	let (file, trust) = sound();
	let verified = verify_channel(&file.to_bytes(), &trust).unwrap();
	assert_eq!((verified.receipt, verified.place, verified.receipts), (settled(), 1, 4));
	assert_eq!((verified.block.number, verified.finalized.number, verified.changes), (BLOCK, FINAL, 2));
	assert_eq!(ChannelReceiptFile::from_bytes(&file.to_bytes()), Ok(file));
}

#[test]
fn file_of_a_channel_should_be_refused_when_any_byte_is_flipped() {
	let (file, trust) = sound();
	let bytes = file.to_bytes();
	for at in 0..bytes.len() {
		for mask in [1 << (at % 8), 0xff] {
			let mut flipped = bytes.clone();
			flipped[at] ^= mask;
			assert!(verify_channel(&flipped, &trust).is_err(), "byte {at} of {} with {mask:#x}", bytes.len());
		}
	}
}

#[test]
fn file_of_a_channel_should_be_refused_when_its_receipt_was_changed() {
	let (mut file, trust) = sound();
	file.receipt.paid += 1;
	assert_eq!(verify_channel(&file.to_bytes(), &trust), Err(VerifyError::NotInBlock(BLOCK)));
	let (mut file, _) = sound();
	file.receipt.ended_at = 9;
	assert_eq!(verify_channel(&file.to_bytes(), &trust), Err(VerifyError::OtherBlock { said: 9, found: BLOCK }));
}

#[test]
fn file_should_not_pass_for_one_of_the_other_kind() {
	let (channel, trust) = sound();
	let (channel, job) = (channel.to_bytes(), scene().file.to_bytes());
	assert!(is_of_channel(&channel) && !is_of_channel(&job) && !is_of_channel(b"MILLRCPT"));
	let other = |version| VerifyError::Format(FormatError::OtherVersion(version));
	assert_eq!(verify(&channel, &trust), Err(other(CHANNEL_VERSION)));
	assert_eq!(verify_channel(&job, &trust), Err(other(VERSION)));
	let mut relabelled = channel;
	relabelled[8] = VERSION;
	assert!(ReceiptFile::from_bytes(&relabelled).is_err());
}
