//! Makes receipts as JSON from what a node knows.

use millrace_primitives::{AccountId32, BlockNumber};

use super::{
	statement::{seconds, Statement},
	ReceiptSigner, SignedReceipt, TrustedKeys,
};
use crate::{
	receipt::{ExportError, Header, ReceiptFile, VerifyError},
	Client, Error,
};

impl Client {
	/// Signs as JSON what a receipt file says, such as [`Client::export_receipt`] makes: final, and of this chain. It is
	/// checked as a reader will, against the keys that the chain lists for the miner's owner.
	///
	/// # Errors
	///
	/// [`ExportError::Unsignable`] when the chain lists no such key for the time of the receipt,
	/// [`ExportError::NoMiner`] when nobody did the job.
	pub async fn sign_receipt(&self, file: &[u8], signer: &ReceiptSigner) -> Result<Vec<u8>, ExportError> {
		let ReceiptFile { genesis, receipt, headers, .. } = ReceiptFile::from_bytes(file).map_err(VerifyError::from)?;
		let provider = receipt.miner.clone().ok_or(ExportError::NoMiner(receipt.job))?;
		let ended = headers.first().ok_or(VerifyError::NoHeader)?;
		let (submitted, _) = self.header_and_votes(self.canonical(receipt.submitted_at).await?).await?;
		let (started_at, completed_at) = (time(&submitted)?, time(ended)?);
		let keys = self.trusted_receipt_keys(&provider).await?;
		let statement = Statement { genesis, provider, receipt, started_at, completed_at };
		let text = SignedReceipt::sign(&statement, signer).into_bytes();
		SignedReceipt::from_bytes(&text)?.verify(&keys)?;
		Ok(text)
	}

	/// The keys that check the receipts of an owner's miner, as this chain lists them.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn trusted_receipt_keys(&self, owner: &AccountId32) -> Result<TrustedKeys, Error> {
		let keys = self.receipt_keys(owner).await?;
		Ok(TrustedKeys::Listed { genesis: self.genesis_hash(), owner: owner.clone(), keys })
	}
}

fn time(header: &Header) -> Result<u64, ExportError> {
	let no_slot = |number: BlockNumber| ExportError::Inconsistent(format!("the header of block {number} has no slot"));
	seconds(header).ok_or_else(|| no_slot(header.number))
}
